using System.Security.Cryptography;
using Roomcast.Storage;
using Roomcast.Webhooks.Records;

namespace Roomcast.Webhooks.Delivery;

/// <summary>One webhook with deliveries that wait: its lanes run beside each other, and each goes one delivery after the other.</summary>
/// <remarks>
/// A lane asks the storage what is first in it, attempts that until it is taken or given up, and only then goes on. Lanes in
/// memory are bounded; those beyond are found again in the storage when there is room. One with nothing to do whose webhook was
/// changed or sends no more retires: it says so and takes nothing from then on. Thread-safe.
/// </remarks>
internal sealed class Receiver(WebhookId id, ReceiverParts parts, Action<Receiver> retired, CancellationToken stopping) : IDisposable
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
    private bool _isRetired;
    private int _changes;

    /// <summary>Of which webhook.</summary>
    public WebhookId Id => id;

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

    /// <summary>A delivery waits in this lane. False when the receiver has retired, and another is to be told.</summary>
    public bool Add(string name)
    {
        lock (_lock)
        {
            if (_isRetired)
            {
                return false;
            }

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

            return true;
        }
    }

    /// <summary>The webhook was changed or deleted: what waits looks again, and what it failed before counts no more.</summary>
    public void Change()
    {
        lock (_lock)
        {
            _changes++;
            _health.Recover();
            foreach (var lane in _lanes.Values)
            {
                lane.Wake();
            }

            _isRetired |= _lanes.Count == 0 && !_hasOverflown;
        }

        TellIfRetired();
    }

    /// <summary>Finds the lanes in which deliveries wait. False when the receiver has retired, and another is to look.</summary>
    public async Task<bool> FindLanesAsync()
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
            if (!Add(name))
            {
                return false;
            }
        }

        lock (_lock)
        {
            _hasOverflown |= names.Count == most;
        }

        return true;
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
                    TellIfRetired();
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
        var changes = Changes;
        var (target, deliveries) = await parts.Deliveries.TakeAsync(id, lane.Name, TakenAtOnce, stopping);
        if (deliveries.Count == 0)
        {
            lock (_lock)
            {
                if (lane.IsWoken)
                {
                    return true;
                }

                _lanes.Remove(lane.Name);
                _isRetired |= target is null && _lanes.Count == 0 && !_hasOverflown;
                return false;
            }
        }

        if (target is null)
        {
            await parts.Deliveries.CancelAsync(id, lane.Name, stopping);
            return true;
        }

        foreach (var delivery in deliveries)
        {
            if (lane.IsWoken || !await AttemptAsync(lane, target, changes, delivery))
            {
                break; // Something has changed, or this one is not over: what is first now is to be looked up.
            }
        }

        return true;
    }

    /// <summary>Attempts a delivery once it is due. False when it is to be looked up anew.</summary>
    /// <param name="lane">Its lane.</param>
    /// <param name="target">Where it goes.</param>
    /// <param name="changes">How often the webhook had changed when that was looked up.</param>
    /// <param name="delivery">The delivery.</param>
    private async Task<bool> AttemptAsync(Lane lane, string target, int changes, PendingDelivery delivery)
    {
        if (delivery.NextAttemptAt is { } due && due - parts.Clock.GetUtcNow() is var wait && wait > TimeSpan.Zero)
        {
            await PauseAsync(wait, lane);
            return false;
        }

        var now = StoredTime.Now(parts.Clock);
        if (now - delivery.AskedAt >= parts.Options.GiveUpAfter)
        {
            const string Reason = "it has waited for longer than deliveries may";
            WebhookLog.GivenUp(parts.Logger, delivery.Id, delivery.Event, id, delivery.Attempts, Reason);
            await parts.Results.SaveAsync(
                new AttemptResult(delivery, DeliveryStatus.Failed, delivery.Attempts, null, now, null, Reason, Duration: null));
            return true;
        }

        (AttemptOutcome Outcome, TimeSpan Took)? sent;
        await _slots.WaitAsync(stopping);
        try
        {
            if (Standing is var standing and not Standing.OnTrial)
            {
                sent = await SendAsync(standing, target, changes, delivery);
            }
            else
            {
                await _probe.WaitAsync(stopping);
                try
                {
                    if (Standing is not Standing.OnTrial || Changes != changes)
                    {
                        return false; // What the one before has shown, or its owner has changed.
                    }

                    if (RestLeft() is var rest && rest > TimeSpan.Zero)
                    {
                        await PauseAsync(rest, lane);
                        return false;
                    }

                    sent = await SendAsync(Standing.OnTrial, target, changes, delivery);
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

        return sent is { } done && await ConcludeAsync(delivery, done.Outcome, done.Took);
    }

    /// <summary>Sends once there is room. Null when what was looked up before the wait holds no more.</summary>
    private async Task<(AttemptOutcome Outcome, TimeSpan Took)?> SendAsync(
        Standing standing, string target, int changes, PendingDelivery delivery)
    {
        var room = parts.Rooms.Of(standing);
        await room.WaitAsync(stopping);
        try
        {
            // Others went before: the webhook may have been disabled or led elsewhere, or this may be the wrong room by now.
            if (Changes != changes || Standing != standing)
            {
                return null;
            }

            var start = parts.Clock.GetTimestamp();
            var outcome = await parts.Sender.SendAsync(id, target, delivery);
            var took = parts.Clock.GetElapsedTime(start);
            Note(outcome, took);
            return (outcome, took);
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
            new AttemptResult(delivery, status, attempts, now + wait, now, outcome.HttpStatus, outcome.Error, took));
        return status is not DeliveryStatus.Pending;
    }

    private Standing Standing
    {
        get
        {
            lock (_lock)
            {
                return _health.Standing;
            }
        }
    }

    /// <summary>How often the webhook was changed.</summary>
    private int Changes
    {
        get
        {
            lock (_lock)
            {
                return _changes;
            }
        }
    }

    private void TellIfRetired()
    {
        lock (_lock)
        {
            if (!_isRetired)
            {
                return;
            }
        }

        retired(this);
    }

    private TimeSpan RestLeft()
    {
        lock (_lock)
        {
            return _health.RestFrom(parts.Clock.GetUtcNow());
        }
    }

    private void Note(AttemptOutcome outcome, TimeSpan took)
    {
        lock (_lock)
        {
            var wasResting = _health.IsResting;
            if (outcome.Verdict is AttemptVerdict.Delivered)
            {
                _health.Take(took);
                if (wasResting)
                {
                    WebhookLog.Recovered(parts.Logger, id);
                }
            }
            else
            {
                _health.Fail(parts.Clock.GetUtcNow(), took);
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
                _hasOverflown = true; // The next lane to end looks again, or the dispatcher does.
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
}
