namespace Roomcast.Rtc.Rtcp;

/// <summary>A moment as sender reports carry it: seconds since 1900 as 32.32 fixed point (RFC 3550 section 4).</summary>
/// <param name="Value">Seconds in the high half, their fraction in the low one.</param>
public readonly record struct NtpTime(ulong Value)
{
    private static readonly DateTimeOffset Epoch = new(1900, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>The middle 32 bits, which receiver reports give back: 16.16 seconds.</summary>
    public uint Middle => (uint)(Value >> 16);

    /// <summary>A moment of the wall clock.</summary>
    public static NtpTime From(DateTimeOffset moment) =>
        new((ulong)(((UInt128)(ulong)(moment - Epoch).Ticks << 32) / TimeSpan.TicksPerSecond));

    /// <summary>The moment on the wall clock, until the year 2036.</summary>
    public DateTimeOffset ToDateTimeOffset() => Epoch.AddTicks((long)(((UInt128)Value * TimeSpan.TicksPerSecond) >> 32));

    /// <summary>This moment and so much more.</summary>
    public NtpTime Add(TimeSpan time) =>
        new(Value + (ulong)(long)(((Int128)time.Ticks << 32) / TimeSpan.TicksPerSecond));

    /// <summary>How much later it is than another, less than 68 years apart.</summary>
    public TimeSpan Since(NtpTime earlier) =>
        TimeSpan.FromTicks((long)(((Int128)(long)(Value - earlier.Value) * TimeSpan.TicksPerSecond) >> 32));
}
