using Microsoft.Extensions.Logging;
using Roomcast.Feeds;

namespace Roomcast.Egress.Push;

/// <summary>The push of one feed to one target, for as long as the feed lives: connects, publishes, and comes back after failures.</summary>
/// <remarks>
/// One loop owns it. It reads the feed as any other subscriber and so can slow or harm neither the feed nor another push.
/// Thread-safe.
/// </remarks>
public sealed class PushJob : IAsyncDisposable
{
    private static readonly TimeSpan LookAround = TimeSpan.FromSeconds(1);

    // Timers know no shorter one.
    private static readonly TimeSpan ShortestDelay = TimeSpan.FromMilliseconds(1);

    private readonly string _label;
    private readonly PushAddress _address;
    private readonly Feed _feed;
    private readonly IPushDialer _dialer;
    private readonly PushOptions _options;
    private readonly TimeProvider _time;
    private readonly PushMetrics _metrics;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _stopping = new();
    private readonly PushProgress _progress;
    private readonly Lock _lock = new();
    private readonly Task _loop;

    private PushState _state = PushState.Connecting;
    private PushReason _reason;
    private string? _detail;
    private int _attempt;
    private DateTimeOffset? _until;
    private DateTimeOffset _since;
    private long? _publishingSince;
    private PushReason _stopReason = PushReason.Removed;

    internal PushJob(
        string label, PushAddress address, Feed feed, IPushDialer dialer, PushOptions options, TimeProvider time, PushMetrics metrics, ILogger logger)
    {
        _label = label;
        _address = address;
        _feed = feed;
        _dialer = dialer;
        _options = options;
        _time = time;
        _metrics = metrics;
        _logger = logger;
        _since = time.GetUtcNow();
        _progress = new PushProgress(feed, Follow, () => Changed?.Invoke(Status));
        metrics.Add(this);
        _loop = Task.Run(RunAsync);
    }

    /// <summary>Called, from any thread, whenever the state, its reason or the attempt has changed, and when a connection was sent its first picture; it must not block.</summary>
    public event Action<PushStatus>? Changed;

    /// <summary>How it stands.</summary>
    public PushStatus Status
    {
        get
        {
            lock (_lock)
            {
                return new PushStatus(_state, _reason, _detail, _attempt, _until, _since, _progress.Bytes, _progress.DroppedTime)
                {
                    HasSentPicture = _progress.HasSentPicture,
                };
            }
        }
    }

    /// <summary>Media that is lost to the target for good; grows only.</summary>
    internal TimeSpan LostTime => _progress.LostTime;

    /// <summary>Done when it has ended or was rejected. Never fails.</summary>
    public Task Completion => _loop;

    /// <summary>Ends it: the target is told, and has 3 s for that. Returns when it is over; further calls wait for the same end.</summary>
    /// <param name="reason">Why, for <see cref="PushStatus.Reason"/>.</param>
    public async Task StopAsync(PushReason reason = PushReason.Removed)
    {
        lock (_lock)
        {
            if (!_stopping.IsCancellationRequested)
            {
                _stopReason = reason;
            }
        }

        await _stopping.CancelAsync();
        await _loop;
    }

    /// <summary>Ends it.</summary>
    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _stopping.Dispose();
    }

    /// <summary>Says what is pushed where, without the key.</summary>
    public override string ToString() => $"{_label} to {_address}";

    private async Task RunAsync()
    {
        try
        {
            await PushAsync();
        }
        catch (Exception fault)
        {
            // Ours, and it ends this push only.
            PushLog.Failed(_logger, fault, _label, _address.Covered);
            Move(PushState.Ended, PushReason.Fault, null, _attempt);
        }
        finally
        {
            _progress.End();
            _metrics.Remove(this, _progress.Bytes, _progress.LostTime);
        }
    }

    private async Task PushAsync()
    {
        for (var failures = 0; ;)
        {
            _progress.Begin();
            Move(PushState.Connecting, _reason, _detail, failures + 1);
            PushOutcome outcome;
            using (var attempt = new PushAttempt(_address, _feed, _dialer, _options, _time, _progress))
            {
                outcome = await attempt.RunAsync(() => _stopReason, _stopping.Token);
            }

            _progress.Left();

            if (outcome.IsEnd)
            {
                End(outcome.Reason);
                return;
            }

            if (outcome.IsFinal(_progress.HasPublished))
            {
                PushLog.Rejected(_logger, _label, _address.Covered, outcome.Reason, outcome.Detail);
                _metrics.Failed(outcome.Reason);
                Move(PushState.Rejected, outcome.Reason, outcome.Detail, failures + 1);
                return;
            }

            if (_progress.IsPublishing && PublishedFor() >= PushBackoff.Health)
            {
                failures = 0;
            }

            failures++;
            _metrics.Failed(outcome.Reason);

            // Who asks us to come back does not want us to wait.
            var wait = outcome.Reason is PushReason.ReconnectRequested && failures == 1 ? TimeSpan.Zero : PushBackoff.After(failures);
            PushLog.Retrying(_logger, _label, _address.Covered, outcome.Reason, outcome.Detail, failures, wait.TotalSeconds);
            Move(PushState.Backoff, outcome.Reason, outcome.Detail, failures, _time.GetUtcNow() + wait);
            if (await WaitAsync(wait) is { } ended)
            {
                End(ended);
                return;
            }
        }
    }

    private void End(PushReason reason)
    {
        _progress.End();
        PushLog.Ended(_logger, _label, _address.Covered, reason, _progress.Bytes, _progress.DroppedTime.TotalSeconds);
        Move(PushState.Ended, reason, null, _attempt);
    }

    private TimeSpan PublishedFor()
    {
        lock (_lock)
        {
            return _publishingSince is { } since ? _time.GetElapsedTime(since) : TimeSpan.Zero;
        }
    }

    /// <returns>Why there is nothing to wait for; null when the time is up.</returns>
    private async Task<PushReason?> WaitAsync(TimeSpan wait)
    {
        var began = _time.GetTimestamp();
        while (true)
        {
            if (_stopping.IsCancellationRequested)
            {
                return _stopReason;
            }

            if (_feed.IsEnded)
            {
                return PushReason.LivestreamEnded;
            }

            var left = wait - _time.GetElapsedTime(began);
            if (left < ShortestDelay)
            {
                return null;
            }

            await Task.Delay(left < LookAround ? left : LookAround, _time, _stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    // What the connection tells on the way.
    private void Follow()
    {
        PushState state;
        lock (_lock)
        {
            state = _progress.IsWedged ? PushState.Wedged : PushState.Publishing;
            if (_state is PushState.Connecting)
            {
                _publishingSince = _time.GetTimestamp();
            }
        }

        if (state is PushState.Wedged)
        {
            PushLog.Wedged(_logger, _label, _address.Covered, _options.StallTimeout.TotalSeconds);
        }
        else
        {
            PushLog.Publishing(_logger, _label, _address.Covered, _attempt);
        }

        Move(state, state is PushState.Wedged ? PushReason.Wedged : _reason, state is PushState.Wedged ? null : _detail, _attempt);
    }

    private void Move(PushState state, PushReason reason, string? detail, int attempt, DateTimeOffset? until = null)
    {
        lock (_lock)
        {
            if (_state != state)
            {
                _since = _time.GetUtcNow();
            }

            (_state, _reason, _detail, _attempt, _until) = (state, reason, detail, attempt, until);
            if (state is PushState.Connecting)
            {
                _publishingSince = null;
            }
        }

        Changed?.Invoke(Status);
    }
}
