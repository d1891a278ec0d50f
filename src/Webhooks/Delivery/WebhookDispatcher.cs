using System.Collections.Concurrent;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Roomcast.Webhooks.Records;

namespace Roomcast.Webhooks.Delivery;

/// <summary>Sends what waits: what is added while the server runs as it comes, what an earlier run left behind at the start.</summary>
/// <remarks>For one server: several on one database would each send everything, under the same ids.</remarks>
internal sealed class WebhookDispatcher : BackgroundService
{
    /// <summary>How often what waits is looked for, should its bell not have been heard, and what is old is swept.</summary>
    private static readonly TimeSpan RoundInterval = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan StartRetry = TimeSpan.FromSeconds(2);

    private readonly ConcurrentDictionary<WebhookId, Receiver> _receivers = new();
    private readonly CancellationTokenSource _stopping = new();
    private readonly AttemptRooms _rooms = new();
    private readonly DeliveryStore _deliveries;
    private readonly WebhookOptions _options;
    private readonly TimeProvider _clock;
    private readonly ILogger _logger;
    private readonly ReceiverParts _parts;
    private readonly ResultBook _results;
    private readonly WebhookBell _bell;
    private Task _writing = Task.CompletedTask;

    public WebhookDispatcher(
        WebhookBell bell,
        DeliveryStore deliveries,
        WebhookSender sender,
        WebhookMetrics metrics,
        IOptions<WebhookOptions> options,
        TimeProvider clock,
        ILogger<WebhookDispatcher> logger)
    {
        _bell = bell;
        _deliveries = deliveries;
        _options = options.Value;
        _clock = clock;
        _logger = logger;
        _results = new ResultBook(results => deliveries.SaveAsync(results, CancellationToken.None), clock, logger);
        _parts = new ReceiverParts(deliveries, _results, sender, _options, metrics, clock, logger, _rooms);
        metrics.Lanes = () => _receivers.Values.Sum(receiver => receiver.LaneCount);
        metrics.Resting = () => _receivers.Values.Count(receiver => receiver.IsResting);
    }

    /// <summary>Webhooks that are held in memory.</summary>
    public int ReceiverCount => _receivers.Count;

    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        _writing = _results.RunAsync(_stopping.Token);

        // What is added from now on rings; what was added before is found.
        _bell.Listen(Add, Change);
        await base.StartAsync(cancellationToken);
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        _bell.Ignore();
        await _stopping.CancelAsync();
        await base.StopAsync(cancellationToken);

        // Attempts under way are let finish, within the time that each has, and kept.
        await Task.WhenAll(_receivers.Values.Select(receiver => receiver.StopAsync())).WaitAsync(cancellationToken);
        _results.Complete();
        await _writing.WaitAsync(cancellationToken);
    }

    public override void Dispose()
    {
        foreach (var receiver in _receivers.Values)
        {
            receiver.Dispose();
        }

        _stopping.Dispose();
        _rooms.Dispose();
        base.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            using var timer = new PeriodicTimer(RoundInterval, _clock);
            do
            {
                await FindAsync(stoppingToken);
                await SweepAsync(stoppingToken);
            }
            while (await timer.WaitForNextTickAsync(stoppingToken));
        }
        catch (OperationCanceledException)
        {
            // The server stops.
        }
    }

    private Receiver Of(WebhookId id) =>
        _receivers.GetOrAdd(id, static (id, self) => new Receiver(id, self._parts, self.Drop, self._stopping.Token), this);

    private void Add(WebhookId id, string lane)
    {
        for (var receiver = Of(id); !receiver.Add(lane); receiver = Of(id))
        {
            Drop(receiver);
        }
    }

    private void Change(WebhookId id)
    {
        if (_receivers.TryGetValue(id, out var receiver))
        {
            receiver.Change();
        }
    }

    private void Drop(Receiver receiver)
    {
        if (_receivers.TryRemove(KeyValuePair.Create(receiver.Id, receiver)))
        {
            receiver.Dispose();
        }
    }

    private async Task FindAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                foreach (var id in await _deliveries.FindBusyAsync(cancellationToken))
                {
                    for (var receiver = Of(id); !await receiver.FindLanesAsync(); receiver = Of(id))
                    {
                        Drop(receiver);
                    }
                }

                return;
            }
            catch (Exception fault) when (!cancellationToken.IsCancellationRequested)
            {
                WebhookLog.StoreFailed(_logger, fault, "What waits to be delivered");
                await Task.Delay(StartRetry, _clock, cancellationToken);
            }
        }
    }

    private async Task SweepAsync(CancellationToken cancellationToken)
    {
        try
        {
            if (await _deliveries.SweepAsync(_options.LogRetention, cancellationToken) is var rows and > 0)
            {
                WebhookLog.Swept(_logger, rows);
            }
        }
        catch (Exception fault) when (!cancellationToken.IsCancellationRequested)
        {
            WebhookLog.StoreFailed(_logger, fault, "The delivery log");
        }
    }
}

/// <summary>Brings word of new deliveries from the stores to the dispatcher, while there is one that listens.</summary>
internal sealed class WebhookBell : IWebhookWatch
{
    private volatile Ears? _ears;

    public void Listen(Action<WebhookId, string> added, Action<WebhookId> changed) => _ears = new Ears(added, changed);

    public void Ignore() => _ears = null;

    public void Added(WebhookId webhookId, string lane) => _ears?.Added(webhookId, lane);

    public void Changed(WebhookId webhookId) => _ears?.Changed(webhookId);

    private sealed record Ears(Action<WebhookId, string> Added, Action<WebhookId> Changed);
}
