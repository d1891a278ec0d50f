namespace Roomcast.Rtc.Rtp.Opus;

/// <summary>What an Opus packet says of itself (RFC 6716 section 3.1, RFC 7587).</summary>
/// <remarks>A plain value.</remarks>
/// <param name="Duration">How long it sounds: 2.5 ms to 120 ms.</param>
/// <param name="IsStereo">Whether it is coded as two channels.</param>
/// <param name="IsSilence">Whether it is one of the packets of a byte or two that discontinuous transmission sends.</param>
public readonly record struct OpusPayload(TimeSpan Duration, bool IsStereo, bool IsSilence)
{
    /// <summary>Ticks of the RTP clock in a second, whatever the sample rate is (RFC 7587 section 4.1).</summary>
    public const int ClockRateHz = 48_000;

    private static readonly TimeSpan MaxDuration = TimeSpan.FromMilliseconds(120);

    /// <summary>Reads a packet's payload.</summary>
    /// <returns>False when it is empty, or its frames would last longer than an Opus packet may.</returns>
    public static bool TryRead(ReadOnlySpan<byte> payload, out OpusPayload read)
    {
        /* | config:5 | s:1 | c:2 |   and, with c = 3,   |v|p| frames:6 | */
        read = default;
        if (payload.IsEmpty)
        {
            return false;
        }

        var configuration = payload[0] >> 3;
        var frame = configuration switch
        {
            < 12 => TimeSpan.FromMilliseconds((configuration & 3) switch { 0 => 10, 1 => 20, 2 => 40, _ => 60 }),
            < 16 => TimeSpan.FromMilliseconds((configuration & 1) == 0 ? 10 : 20),
            _ => TimeSpan.FromMicroseconds(2500) * (1 << (configuration & 3)),
        };
        int frames;
        switch (payload[0] & 3)
        {
            case 0:
                frames = 1;
                break;
            case 1 or 2:
                frames = 2;
                break;
            default:
                if (payload.Length < 2)
                {
                    return false;
                }

                frames = payload[1] & 0x3F;
                break;
        }

        var duration = frame * frames;
        if (frames == 0 || duration > MaxDuration)
        {
            return false;
        }

        read = new OpusPayload(duration, (payload[0] & 4) != 0, payload.Length <= 2);
        return true;
    }
}
