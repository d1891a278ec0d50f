using System.Security.Cryptography;
using Microsoft.Extensions.Logging;
using Roomcast.Storage;
using Roomcast.Webhooks.Records;

namespace Roomcast.Webhooks.Delivery;

/// <summary>What receivers share.</summary>
/// <param name="Deliveries">The deliveries as kept.</param>
/// <param name="Results">Where results go.</param>
/// <param name="Sender">Makes attempts.</param>
/// <param name="Options">How.</param>
/// <param name="Metrics">Counts them.</param>
/// <param name="Clock">The time.</param>
/// <param name="Logger">Told of failures.</param>
/// <param name="Healthy">Attempts under way to receivers that answer.</param>
/// <param name="Failing">Attempts under way to receivers that do not: however many there are, they take no room from the others.</param>
internal sealed record ReceiverParts(
    DeliveryStore Deliveries,
    ResultBook Results,
    WebhookSender Sender,
    WebhookOptions Options,
    WebhookMetrics Metrics,
    TimeProvider Clock,
    ILogger Logger,
    SemaphoreSlim Healthy,
    SemaphoreSlim Failing);

/// <summary>One webhook with deliveries that wait: its lanes run beside each other, and each goes one delivery after the other.</summary>
/// <remarks>
/// A lane asks the storage what is first in it, attempts that until it is taken or given up, and only then goes on. Lanes in
/// memory are bounded; those beyond are found again in the storage when there is room. Thread-safe.
/// </remarks>
internal sealed class Receiver(WebhookId id, ReceiverParts parts, CancellationToken stopping) : IDisposable
{
    internal const int MaxLanes = 1_000;

    private const int TakenAtOnce = 8;

    private static readonly TimeSpan StoreRetry = TimeSpan.FromSeconds(2);

    private readonly Lock _lock = new();
    private readonly Dictionary<string, Lane> _lanes = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim _slots = new(parts.Options.MaxInFlight);
    private readonly SemaphoreSlim _probe = new(1);
    private readonly ReceiverHealth _health = new();
    private bool _hasOverflown;

    /// <summary>Lanes at work.</summary>
    public int LaneCount
    {
        get
        {
            lock (_lock)
            {
                return _lanes.Count;
            }
        }
    }

    /// <summary>Whether it failed so often that it is tried now and then only.</summary>
    public bool IsResting
    {
        get
        {
            lock (_lock)
            {
                return _health.IsResting;
            }
        }
    }

    /// <summary>A delivery waits in this lane.</summary>
    public void Add(string name)
    {
        lock (_lock)
        {
            if (_lanes.TryGetValue(name, out var known))
            {
                known.Wake();
            }
            else if (stopping.IsCancellationRequested)
            {
                // The next start finds it.
            }
            else if (_lanes.Count >= MaxLanes)
            {
                _hasOverflown = true;
            }
            else
            {
                var lane = new Lane(name);
                _lanes.Add(name, lane);
                using (ExecutionContext.SuppressFlow())
                {
                    lane.Run = Task.Run(() => RunAsync(lane), CancellationToken.None);
                }
            }
        }
    }

    /// <summary>The webhook was changed or deleted: what waits looks again, and what it failed before counts no more.</summary>
    public void Change()
    {
        lock (_lock)
        {
            _health.Recover();
            foreach (var lane in _lanes.Values)
            {
                lane.Wake();
            }
        }
    }

    /// <summary>Finds the lanes in which deliveries wait.</summary>
    public async Task FindLanesAsync()
    {
        int most;
        lock (_lock)
        {
            most = _lanes.Count + MaxLanes;
            _hasOverflown = false;
        }

        var names = await parts.Deliveries.FindBusyLanesAsync(id, most, stopping);
        foreach (var name in names)
        {
            Add(name);
        }

        lock (_lock)
        {
            _hasOverflown |= names.Count == most;
        }
    }

    /// <summary>Waits until no attempt is under way; the server stops.</summary>
    public Task StopAsync()
    {
        lock (_lock)
        {
            return Task.WhenAll(_lanes.Values.Select(lane => lane.Run));
        }
    }

    public void Dispose()
    {
        _slots.Dispose();
        _probe.Dispose();
    }

    private async Task RunAsync(Lane lane)
    {
        while (!stopping.IsCancellationRequested)
        {
            try
            {
                if (!await WorkAsync(lane))
                {
                    await RefillAsync();
                    return;
                }
            }
            catch (OperationCanceledException) when (stopping.IsCancellationRequested)
            {
                return;
            }
            catch (StorageException fault)
            {
                WebhookLog.StoreFailed(parts.Logger, fault, "Deliveries");
                await PauseAsync(StoreRetry, lane: null);
            }
            catch (Exception fault)
            {
                WebhookLog.LaneFailed(parts.Logger, fault, id);
                await PauseAsync(StoreRetry, lane: null);
            }
        }
    }

    /// <summary>Attempts what is first in the lane. False when it is empty, and gone.</summary>
    private async Task<bool> WorkAsync(Lane lane)
    {
        lane.Settle();
        var (target, deliveries) = await parts.Deliveries.TakeAsync(id, lane.Name, TakenAtOnce, stopping);
        if (deliveries.Count == 0)
        {
            lock (_lock)
            {
                return lane.IsWoken || !_lanes.Remove(lane.Name);
            }
        }

        if (target is null)
        {
            await parts.Deliveries.CancelAsync(id, lane.Name, stopping);
            return true;
        }

        foreach (var delivery in deliveries)
        {
            if (lane.IsWoken || !await AttemptAsync(lane, target, delivery))
            {
                break; // Something has changed, or this one is not over: what is first now is to be looked up.
            }
        }

        return true;
    }

    /// <summary>Attempts a delivery once it is due. False when it is to be looked up anew.</summary>
    private async Task<bool> AttemptAsync(Lane lane, string target, PendingDelivery delivery)
    {
        if (delivery.NextAttemptAt is { } due && due - parts.Clock.GetUtcNow() is var wait && wait > TimeSpan.Zero)
        {
            await PauseAsync(wait, lane);
            return false;
        }

        var now = StoredTime.Now(parts.Clock);
        if (now - delivery.CreatedAt >= parts.Options.GiveUpAfter)
        {
            const string Reason = "it has waited for longer than deliveries may";
            WebhookLog.GivenUp(parts.Logger, delivery.Id, delivery.Event, id, delivery.Attempts, Reason);
            await parts.Results.SaveAsync(
                new AttemptResult(delivery.Id, DeliveryStatus.Failed, delivery.Attempts, null, now, null, Reason, TimeSpan.Zero));
            return true;
        }

        AttemptOutcome outcome;
        TimeSpan took;
        await _slots.WaitAsync(stopping);
        try
        {
            if (!IsFailing)
            {
                (outcome, took) = await SendAsync(parts.Healthy, target, delivery);
            }
            else
            {
                await _probe.WaitAsync(stopping);
                try
                {
                    if (RestLeft() is var rest && rest > TimeSpan.Zero)
                    {
                        await PauseAsync(rest, lane);
                        return false;
                    }

                    (outcome, took) = await SendAsync(parts.Failing, target, delivery);
                }
                finally
                {
                    _probe.Release();
                }
            }
        }
        finally
        {
            _slots.Release();
        }

        return await ConcludeAsync(delivery, outcome, took);
    }

    private async Task<(AttemptOutcome Outcome, TimeSpan Took)> SendAsync(SemaphoreSlim room, string target, PendingDelivery delivery)
    {
        await room.WaitAsync(stopping);
        try
        {
            var start = parts.Clock.GetTimestamp();
            var outcome = await parts.Sender.SendAsync(id, target, delivery);
            Note(outcome);
            return (outcome, parts.Clock.GetElapsedTime(start));
        }
        finally
        {
            room.Release();
        }
    }

    /// <summary>Keeps what came of an attempt. False when the delivery is to be attempted again.</summary>
    private async Task<bool> ConcludeAsync(PendingDelivery delivery, AttemptOutcome outcome, TimeSpan took)
    {
        var now = StoredTime.Now(parts.Clock);
        var attempts = delivery.Attempts + 1;
        var wait = outcome.Verdict is AttemptVerdict.Later
            ? RetryPlan.Next(parts.Options.RetryDelays, attempts, outcome.RetryAfter, RandomNumberGenerator.GetInt32(1_001) / 1_000.0)
            : null;
        var status = outcome.Verdict is AttemptVerdict.Delivered ? DeliveryStatus.Delivered
            : wait is null ? DeliveryStatus.Failed
            : DeliveryStatus.Pending;
        switch (status)
        {
            case DeliveryStatus.Delivered:
                parts.Metrics.Attempted("delivered", took);
                parts.Metrics.Arrived(now - delivery.CreatedAt);
                WebhookLog.Delivered(parts.Logger, delivery.Id, delivery.Event, id, outcome.HttpStatus, took.TotalMilliseconds, attempts);
                break;
            case DeliveryStatus.Pending:
                parts.Metrics.Attempted("retried", took);
                WebhookLog.Retried(parts.Logger, delivery.Id, delivery.Event, id, attempts, outcome.Error, wait!.Value.TotalSeconds);
                break;
            default:
                parts.Metrics.Attempted("failed", took);
                WebhookLog.GivenUp(parts.Logger, delivery.Id, delivery.Event, id, attempts, outcome.Error);
                break;
        }

        await parts.Results.SaveAsync(
            new AttemptResult(delivery.Id, status, attempts, now + wait, now, outcome.HttpStatus, outcome.Error, took));
        return status is not DeliveryStatus.Pending;
    }

    private bool IsFailing
    {
        get
        {
            lock (_lock)
            {
                return _health.IsFailing;
            }
        }
    }

    private TimeSpan RestLeft()
    {
        lock (_lock)
        {
            return _health.RestFrom(parts.Clock.GetUtcNow());
        }
    }

    private void Note(AttemptOutcome outcome)
    {
        lock (_lock)
        {
            var wasResting = _health.IsResting;
            if (outcome.Verdict is AttemptVerdict.Delivered)
            {
                _health.Recover();
                if (wasResting)
                {
                    WebhookLog.Recovered(parts.Logger, id);
                }
            }
            else
            {
                _health.Fail(parts.Clock.GetUtcNow());
                if (!wasResting && _health.IsResting)
                {
                    WebhookLog.Resting(parts.Logger, id, _health.Failures, ReceiverHealth.Rest.TotalMinutes);
                }
            }
        }
    }

    private async Task RefillAsync()
    {
        lock (_lock)
        {
            if (!_hasOverflown || _lanes.Count > MaxLanes / 2)
            {
                return;
            }
        }

        try
        {
            await FindLanesAsync();
        }
        catch (Exception fault) when (fault is StorageException or OperationCanceledException)
        {
            lock (_lock)
            {
                _hasOverflown = true; // The next lane to end looks again.
            }
        }
    }

    private async Task PauseAsync(TimeSpan time, Lane? lane)
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        var delay = Task.Delay(time, parts.Clock, over.Token);
        await (lane is null ? delay : Task.WhenAny(delay, lane.Woken)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await over.CancelAsync();
    }

    /// <summary>What must arrive in order.</summary>
    private sealed class Lane(string name)
    {
        private volatile TaskCompletionSource _woken = New();

        public string Name => name;

        public Task Run { get; set; } = Task.CompletedTask;

        /// <summary>Whether something was added or changed since <see cref="Settle"/>.</summary>
        public bool IsWoken => _woken.Task.IsCompleted;

        public Task Woken => _woken.Task;

        public void Wake() => _woken.TrySetResult();

        public void Settle()
        {
            if (IsWoken)
            {
                _woken = New();
            }
        }

        private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
