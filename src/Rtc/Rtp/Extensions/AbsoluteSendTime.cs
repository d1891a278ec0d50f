namespace Roomcast.Rtc.Rtp.Extensions;

/// <summary>The time of sending as <c>abs-send-time</c> carries it: seconds modulo 64 as 6.18 fixed point, some 3.8 µs a step.</summary>
public static class AbsoluteSendTime
{
    private const int FractionBits = 18;

    /// <summary>The 24 bits for a moment.</summary>
    /// <param name="now">Monotonic time; only differences matter to the receiver.</param>
    public static uint From(TimeSpan now) =>
        (uint)((UInt128)now.Ticks * (1 << FractionBits) / TimeSpan.TicksPerSecond) & 0x00FF_FFFF;

    /// <summary>How much later one moment is than another, less than 32 s apart.</summary>
    public static TimeSpan Difference(uint later, uint earlier)
    {
        var steps = (int)((later - earlier) << 8) >> 8; // Sign-extended from 24 bits.
        return TimeSpan.FromTicks(steps * TimeSpan.TicksPerSecond / (1 << FractionBits));
    }
}
