namespace Roomcast.Rtc.Congestion;

/// <summary>Raises the rate while the path is at ease, and lowers it when a queue fills.</summary>
/// <remarks>
/// Source: draft-ietf-rmcat-gcc-02 section 5.5: multiplicative steps until the capacity has been met once, additive ones
/// near it, and 0.85 of what gets through when it is exceeded.
/// </remarks>
internal sealed class RateControl(BandwidthLimits limits)
{
    private const double Decrease = 0.85;
    private const double IncreasePerSecond = 1.08;
    private const double ResponseSeconds = 0.1;
    private const double PacketBits = 1200 * 8;

    // Below this share of the rate it is the application that sends little, not the path that carries little.
    private const double ApplicationLimited = 0.6;

    private bool _isHolding;
    private double _capacityBps;
    private double _capacityVariance = 0.4;
    private TimeSpan? _updatedAt;
    private TimeSpan? _decreasedAt;

    /// <summary>Bits per second.</summary>
    public double RateBps { get; private set; } = limits.StartBps;

    /// <summary>When the rate was last lowered to what got through; null before the first time.</summary>
    public TimeSpan? MeasuredAt { get; private set; }

    /// <summary>Draws the conclusion from one report.</summary>
    /// <param name="load">What the delay says.</param>
    /// <param name="acknowledgedBps">What gets through; null when not known yet.</param>
    /// <param name="sendingBps">What is being sent; null when not known yet.</param>
    /// <param name="roundTrip">Time there and back.</param>
    /// <param name="now">Monotonic time.</param>
    public void Update(PathLoad load, long? acknowledgedBps, long? sendingBps, TimeSpan roundTrip, TimeSpan now)
    {
        var elapsed = _updatedAt is { } last ? Math.Min((now - last).TotalSeconds, 1) : 0;
        _updatedAt = now;
        switch (load)
        {
            case PathLoad.Overused:
                // That little gets through of what is not being sent is no reason for haste.
                var isApplicationLimited = sendingBps < ApplicationLimited * RateBps;
                if (_decreasedAt is not { } decreasedAt || now - decreasedAt >= Clamp(roundTrip, 10, 200)
                    || (acknowledgedBps < RateBps / 2 && !isApplicationLimited))
                {
                    Lower(acknowledgedBps, isApplicationLimited, now);
                }

                break;

            case PathLoad.Underused:
                _isHolding = true; // The queue empties; sending more now would fill it again.
                break;

            case PathLoad.Normal when _isHolding:
                _isHolding = false;
                break;

            default:
                Raise(acknowledgedBps, roundTrip, elapsed);
                break;
        }

        RateBps = Math.Clamp(RateBps, limits.MinBps, limits.MaxBps);
    }

    /// <summary>Takes over what a probe has shown to get through.</summary>
    public void RaiseTo(double rateBps)
    {
        if (rateBps > RateBps)
        {
            RateBps = Math.Min(rateBps, limits.MaxBps);
            ForgetCapacityIfBeyond(RateBps);
        }
    }

    /// <summary>Takes what gets through for what the path carries, as its queue is full.</summary>
    /// <param name="acknowledgedBps">What gets through.</param>
    /// <param name="now">Monotonic time.</param>
    public void LowerTo(long acknowledgedBps, TimeSpan now)
    {
        Lower(acknowledgedBps, isApplicationLimited: false, now);
        RateBps = Math.Clamp(RateBps, limits.MinBps, limits.MaxBps);
    }

    private void Lower(long? acknowledgedBps, bool isApplicationLimited, TimeSpan now)
    {
        if (isApplicationLimited || acknowledgedBps is not { } measured)
        {
            RateBps *= Decrease; // What gets through is what was sent, and no measure of the path.
        }
        else
        {
            RateBps = Math.Min(RateBps, Decrease * measured);
            LearnCapacity(measured);
            MeasuredAt = now;
        }

        _isHolding = true;
        _decreasedAt = now;
    }

    private void Raise(long? acknowledgedBps, TimeSpan roundTrip, double elapsed)
    {
        // What is not sent is not tested: the rate does not run away from what gets through.
        var ceiling = acknowledgedBps is { } acknowledged ? (1.5 * acknowledged) + 10_000 : double.MaxValue;
        if (RateBps >= ceiling)
        {
            return;
        }

        double raised;
        ForgetCapacityIfBeyond(acknowledgedBps ?? RateBps);
        if (_capacityBps > 0)
        {
            var perSecond = Math.Max(4_000, PacketBits / (roundTrip.TotalSeconds + ResponseSeconds));
            raised = RateBps + (perSecond * elapsed);
        }
        else
        {
            raised = Math.Max(RateBps * Math.Pow(IncreasePerSecond, elapsed), RateBps + (1_000 * elapsed));
        }

        RateBps = Math.Min(raised, ceiling);
    }

    private void LearnCapacity(double measuredBps)
    {
        if (_capacityBps > 0 && measuredBps < LowerBound())
        {
            _capacityBps = 0; // Far below what was thought: the path has changed.
        }

        if (_capacityBps == 0)
        {
            _capacityBps = measuredBps;
            return;
        }

        const double weight = 0.05;
        var normal = Math.Max(_capacityBps, 1);
        _capacityBps = ((1 - weight) * _capacityBps) + (weight * measuredBps);
        var error = _capacityBps - measuredBps;
        _capacityVariance = Math.Clamp(((1 - weight) * _capacityVariance) + (weight * error * error / normal / 1_000), 0.4, 2.5);
    }

    private void ForgetCapacityIfBeyond(double rateBps)
    {
        if (_capacityBps > 0 && rateBps > _capacityBps + (3 * Deviation()))
        {
            _capacityBps = 0; // The path carries more than it did.
        }
    }

    private double LowerBound() => _capacityBps - (3 * Deviation());

    // The variance is kept in kbit/s relative to the capacity, as libwebrtc does.
    private double Deviation() => Math.Sqrt(_capacityVariance * _capacityBps * 1_000);

    private static TimeSpan Clamp(TimeSpan time, int minMs, int maxMs) =>
        TimeSpan.FromMilliseconds(Math.Clamp(time.TotalMilliseconds, minMs, maxMs));
}
