using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Roomcast.Meetings.History;

/// <summary>Deletes what sessions left once its time is over: at the start and every hour.</summary>
internal sealed class HistoryClearing(
    SessionFiles files,
    MediaHistoryStore figures,
    ClientReportStore reports,
    IOptions<HistoryOptions> options,
    TimeProvider clock,
    ILogger<HistoryClearing> logger)
    : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromHours(1);

    /// <summary>Deletes what is over now.</summary>
    internal async Task ClearAsync(CancellationToken cancellationToken)
    {
        try
        {
            var before = clock.GetUtcNow() - options.Value.ReportRetention;
            while (await figures.ClearAsync(before, cancellationToken) > 0 || await reports.ClearAsync(before, cancellationToken) > 0)
            {
                // A bounded number at a time, so that other writers come in between.
            }

            await files.DeleteOldAsync(cancellationToken);
        }
        catch (Exception fault) when (!cancellationToken.IsCancellationRequested)
        {
            HistoryLog.NotCleared(logger, fault);
        }
    }

    public override Task StartAsync(CancellationToken cancellationToken)
    {
        files.DeleteLeftovers(); // Before the first file is made.
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
