using Roomcast.Rtc.Congestion;

namespace Roomcast.Sfu.Routing;

/// <summary>Finds out whether a path whose estimate has room for not one video carries one all the same.</summary>
/// <remarks>
/// <para>While no video is sent, nothing is by which the estimate could grow. So a burst of padding goes out every few seconds, five
/// small packets that delay sound by little. Where it arrives as quickly as the video would need, padding follows for two seconds that
/// takes a little more than the video: some paths let bursts pass and no more, and nobody is to see a picture that is gone again at once.
/// Only where that gets through is the video itself sent on trial. The trial ends when a queue fills; but not in its first second, as the
/// keyframe that it begins with fills any. The same second is given to a picture that the estimate itself had room for.</para>
/// <para>Each trial that failed doubles the wait for the next one, and so does a picture that was soon gone again.</para>
/// <para>A state machine without a clock; it sends nothing itself. Not thread-safe.</para>
/// </remarks>
internal sealed class VideoTrial(BandwidthEstimator estimator, BandwidthProbe burst)
{
    private const double ShareThrough = 0.9;

    // Pictures do not all take the same; and of what takes two seconds nearly all has been reported on by their end.
    private const double SteadyHeadroom = 1.1;
    private const double ShareSteady = 0.95;
    private const double BearableLoss = 0.02;
    private const int MaxDoublings = 2;

    private static readonly TimeSpan BurstInterval = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan QuickBurstInterval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan BurstLost = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Length = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Judged = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan MaxWait = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan Lasting = TimeSpan.FromSeconds(10);

    private TimeSpan? _roomSince;
    private TimeSpan? _nextAt;
    private TimeSpan? _burstAt;
    private long _burstBps;
    private TimeSpan? _steadySince;
    private long _steadyBps;
    private TimeSpan? _sendingSince;
    private bool _isProven; // That the path carries it: by padding, or by an estimate that had room.
    private TimeSpan _notBefore;
    private int _failures;

    /// <summary>Whether a video is being sent on trial.</summary>
    public bool IsSending => _sendingSince is not null;

    /// <summary>Notes that the estimate has room for a video.</summary>
    public void OnRoom(TimeSpan now)
    {
        if (_isProven && _sendingSince is { } begun && now - begun < Judged)
        {
            return; // Its keyframe may take the estimate down again.
        }

        if (_steadySince is not null)
        {
            burst.End();
        }

        _roomSince ??= now;
        _nextAt = null;
        _burstAt = null;
        _steadySince = null;
        _sendingSince = null;
        if (now - _roomSince >= Lasting)
        {
            _failures = 0;
            _notBefore = default;
        }
    }

    /// <summary>Goes on while the estimate has room for no video.</summary>
    /// <param name="costBps">What the video takes, in bits per second.</param>
    /// <param name="burstBps">At what rate a burst tries the path, in bits per second; null when none can be sent.</param>
    /// <param name="isGuess">Whether the estimate is no more than a guess, since nothing was sent yet.</param>
    /// <param name="now">Monotonic time.</param>
    /// <returns>Whether the video is to be sent now.</returns>
    public bool Sends(long costBps, long? burstBps, bool isGuess, TimeSpan now)
    {
        if (_roomSince is { } since)
        {
            _roomSince = null;
            burst.End();
            if (!isGuess && now - since < Judged)
            {
                _sendingSince = since; // It may be its own keyframe that took the room.
                _isProven = true;
            }
            else if (!isGuess)
            {
                _nextAt = now + BurstInterval;
                if (now - since < Lasting)
                {
                    Fail(now);
                    _nextAt = _notBefore;
                }
            }
        }

        if (_sendingSince is { } begun)
        {
            return GoesOn(begun, now);
        }

        if (_steadySince is { } steady)
        {
            JudgeSteady(steady, now);
            return IsSending;
        }

        if (_burstAt is { } burstAt)
        {
            var arrivedBps = burst.IsActive ? null : estimator.ProbeArrivedBps(burst.Cluster);
            if (arrivedBps is not null || now - burstAt >= BurstLost)
            {
                Judge(arrivedBps ?? 0, costBps, now);
            }

            return IsSending;
        }

        _nextAt ??= isGuess ? now : now + BurstInterval;
        if (now < _nextAt)
        {
            return false;
        }

        if (burstBps is { } rateBps && !isGuess)
        {
            if (burst.TryBegin(rateBps, now))
            {
                _burstAt = now;
                _burstBps = rateBps;
            }
        }
        else if (now >= _notBefore)
        {
            _sendingSince = now;
            _isProven = false;
        }

        return IsSending;
    }

    private void Judge(long arrivedBps, long costBps, TimeSpan now)
    {
        burst.End();
        _burstAt = null;
        _nextAt = now + (arrivedBps >= ShareThrough * _burstBps ? QuickBurstInterval : BurstInterval);
        if (arrivedBps >= costBps && now >= _notBefore && !estimator.IsOverused)
        {
            _steadySince = now;
            _steadyBps = (long)(SteadyHeadroom * costBps);
            burst.Begin(_steadyBps, Length);
        }
    }

    /// <summary>Judges the padding that takes as much as the video would, once it has ended or a queue fills.</summary>
    private void JudgeSteady(TimeSpan since, TimeSpan now)
    {
        if (!estimator.IsOverused && now - since < Length)
        {
            return;
        }

        var isThrough = !estimator.IsOverused && estimator.LossRatio <= BearableLoss
            && estimator.ProbeArrivedBps(burst.Cluster) >= ShareSteady * _steadyBps;
        burst.End();
        _steadySince = null;
        if (isThrough)
        {
            _sendingSince = now;
            _isProven = true;
        }
        else
        {
            _nextAt = now + BurstInterval;
            Fail(now);
        }
    }

    private bool GoesOn(TimeSpan since, TimeSpan now)
    {
        var isThrough = now - since >= Judged && estimator.TryTrustSending(now);
        var isFull = estimator.IsOverused && (!_isProven || now - since >= Judged);
        if (!isThrough && !isFull && now - since < Length)
        {
            return true;
        }

        _sendingSince = null;
        _nextAt = now + BurstInterval;
        if (!isThrough)
        {
            Fail(now);
        }

        return isThrough;
    }

    private void Fail(TimeSpan now)
    {
        _failures = Math.Min(_failures + 1, MaxDoublings);
        var wait = BurstInterval * (1 << _failures);
        _notBefore = now + (wait < MaxWait ? wait : MaxWait);
    }
}
