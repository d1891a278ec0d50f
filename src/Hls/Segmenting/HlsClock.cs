using Roomcast.Media.Time;

namespace Roomcast.Hls.Segmenting;

/// <summary>The clock in which parts and segments are measured: 90 kHz, in which video keeps its times without loss.</summary>
internal static class HlsClock
{
    /// <summary>Units in one second.</summary>
    public const int Hz = 90_000;

    /// <summary>A length in units, to the nearest.</summary>
    public static long Units(TimeSpan span) => MediaTime.SpanToTimescale(span, Hz);

    /// <summary>A length of seconds in units, to the nearest.</summary>
    public static long Units(double seconds) => (long)Math.Round(seconds * Hz);

    /// <summary>A count of another clock in units, to the nearest.</summary>
    public static long FromTimescale(long value, int timescaleHz) => timescaleHz == Hz
        ? value
        : (long)(((((Int128)value * Hz) << 1) + timescaleHz) / ((Int128)timescaleHz << 1));

    /// <summary>Units as a length.</summary>
    public static TimeSpan ToSpan(long units) => MediaTime.FromTimescale(units, Hz).SinceStart;
}
