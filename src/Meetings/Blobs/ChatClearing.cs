using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Roomcast.Meetings.Records;

namespace Roomcast.Meetings.Blobs;

/// <summary>Deletes chat files and messages whose time is over: at the start and every hour.</summary>
internal sealed class ChatClearing(
    ChatFiles files, ChatMessageStore messages, IOptions<ChatFileOptions> options, TimeProvider clock, ILogger<ChatClearing> logger)
    : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromHours(1);

    /// <summary>Deletes what is over now.</summary>
    internal async Task ClearAsync(CancellationToken cancellationToken)
    {
        try
        {
            files.DeleteOld();
            while (await messages.DeletePassingAsync(clock.GetUtcNow() - options.Value.Retention, cancellationToken) > 0)
            {
                // A bounded number at a time, so that other writers come in between.
            }
        }
        catch (Exception fault) when (!cancellationToken.IsCancellationRequested)
        {
            ChatFileLog.NotCleared(logger, fault);
        }
    }

    public override Task StartAsync(CancellationToken cancellationToken)
    {
        files.DeleteLeftovers(); // Before the first upload.
        return base.StartAsync(cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, clock);
        do
        {
            await ClearAsync(stoppingToken);
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }
}
