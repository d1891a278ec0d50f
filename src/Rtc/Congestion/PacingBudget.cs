namespace Roomcast.Rtc.Congestion;

/// <summary>Spreads bursts, above all keyframes, over time, so that no router's queue has to hold them at once.</summary>
/// <remarks>
/// A bucket of bytes that fills with the rate, holds <see cref="Depth"/> of it at most, and may be overdrawn by one
/// packet. The queue of waiting packets is the owner's, and so is the choice not to let sound wait in it. A pure
/// state machine; not thread-safe.
/// </remarks>
public sealed class PacingBudget
{
    /// <summary>How long a silence may be made up for at once.</summary>
    public static readonly TimeSpan Depth = TimeSpan.FromMilliseconds(10);

    private double _bytes;
    private TimeSpan? _updatedAt;

    /// <summary>Bits per second that may leave; more than the target, so that a queue empties: libwebrtc takes 2.5 times.</summary>
    public long RateBps { get; set; }

    /// <summary>Whether a packet may leave now.</summary>
    public bool MaySend(TimeSpan now)
    {
        Fill(now);
        return _bytes > 0;
    }

    /// <summary>Notes a packet that leaves.</summary>
    public void OnSent(int bytes, TimeSpan now)
    {
        Fill(now);
        _bytes -= bytes;
    }

    /// <summary>When the next packet may leave.</summary>
    public TimeSpan NextAt(TimeSpan now)
    {
        Fill(now);
        return _bytes > 0 || RateBps <= 0 ? now : now + TimeSpan.FromSeconds((1 - _bytes) * 8 / RateBps);
    }

    private void Fill(TimeSpan now)
    {
        var most = RateBps / 8.0 * Depth.TotalSeconds;
        _bytes = _updatedAt is { } last ? _bytes + (RateBps / 8.0 * Math.Max(0, (now - last).TotalSeconds)) : most;
        _bytes = Math.Min(_bytes, most);
        _updatedAt = now;
    }
}
