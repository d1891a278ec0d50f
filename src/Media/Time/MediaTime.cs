namespace Roomcast.Media.Time;

/// <summary>A point on a feed's program timeline: how long after the feed's first moment a frame is decoded or shown.</summary>
/// <remarks>
/// Counts 100 ns ticks, so that sample counts of every audio rate and 90 kHz video survive a round trip through
/// <see cref="FromTimescale"/> and <see cref="ToTimescale"/> unchanged. It is neither the wall clock nor our monotonic
/// clock; those have types of their own. A difference of two points is a <see cref="TimeSpan"/>. May be negative.
/// </remarks>
/// <param name="Ticks">Ticks of 100 ns since the feed's first moment.</param>
public readonly record struct MediaTime(long Ticks) : IComparable<MediaTime>
{
    /// <summary>Ticks in one second.</summary>
    public const long TicksPerSecond = TimeSpan.TicksPerSecond;

    /// <summary>The feed's first moment.</summary>
    public static MediaTime Zero => default;

    /// <summary>Time since the feed's first moment.</summary>
    public TimeSpan SinceStart => TimeSpan.FromTicks(Ticks);

    /// <summary>Converts a count of a codec's clock, to the nearest tick.</summary>
    /// <param name="value">Units of the clock; any sign.</param>
    /// <param name="timescaleHz">Units in one second, 1 or more.</param>
    public static MediaTime FromTimescale(long value, int timescaleHz)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(timescaleHz, 1);
        return new MediaTime(Rescale(value, TicksPerSecond, timescaleHz));
    }

    /// <summary>Converts to a codec's clock, to the nearest unit.</summary>
    /// <param name="timescaleHz">Units in one second, 1 or more.</param>
    public long ToTimescale(int timescaleHz)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(timescaleHz, 1);
        return Rescale(Ticks, timescaleHz, TicksPerSecond);
    }

    /// <summary>A time span in a codec's clock, to the nearest unit.</summary>
    /// <param name="span">Any length, any sign.</param>
    /// <param name="timescaleHz">Units in one second, 1 or more.</param>
    public static long SpanToTimescale(TimeSpan span, int timescaleHz) => new MediaTime(span.Ticks).ToTimescale(timescaleHz);

    /// <inheritdoc/>
    public int CompareTo(MediaTime other) => Ticks.CompareTo(other.Ticks);

    /// <summary>The later of two points.</summary>
    public static MediaTime Max(MediaTime left, MediaTime right) => left >= right ? left : right;

    /// <summary>The earlier of two points.</summary>
    public static MediaTime Min(MediaTime left, MediaTime right) => left <= right ? left : right;

    /// <summary>The point <paramref name="span"/> after <paramref name="time"/>.</summary>
    public static MediaTime operator +(MediaTime time, TimeSpan span) => new(time.Ticks + span.Ticks);

    /// <summary>The point <paramref name="span"/> before <paramref name="time"/>.</summary>
    public static MediaTime operator -(MediaTime time, TimeSpan span) => new(time.Ticks - span.Ticks);

    /// <summary>How long <paramref name="left"/> is after <paramref name="right"/>.</summary>
    public static TimeSpan operator -(MediaTime left, MediaTime right) => TimeSpan.FromTicks(left.Ticks - right.Ticks);

    /// <summary>Whether one point is before another.</summary>
    public static bool operator <(MediaTime left, MediaTime right) => left.Ticks < right.Ticks;

    /// <summary>Whether one point is after another.</summary>
    public static bool operator >(MediaTime left, MediaTime right) => left.Ticks > right.Ticks;

    /// <summary>Whether one point is at or before another.</summary>
    public static bool operator <=(MediaTime left, MediaTime right) => left.Ticks <= right.Ticks;

    /// <summary>Whether one point is at or after another.</summary>
    public static bool operator >=(MediaTime left, MediaTime right) => left.Ticks >= right.Ticks;

    /// <inheritdoc/>
    public override string ToString() => SinceStart.ToString("c");

    private static long Rescale(long value, long to, long from)
    {
        // Whole seconds first, so that the product cannot overflow; then the rest, rounded half away from zero.
        var (seconds, rest) = Math.DivRem(value, from);
        var scaled = rest * to;
        var rounded = (scaled + (scaled >= 0 ? from / 2 : -(from / 2))) / from;
        return (seconds * to) + rounded;
    }
}
