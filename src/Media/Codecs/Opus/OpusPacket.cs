namespace Roomcast.Media.Codecs.Opus;

/// <summary>Reads how long a packet of Opus lasts (RFC 6716 section 3.1).</summary>
public static class OpusPacket
{
    /* | configuration:5 | stereo:1 | code:2 | then for code 3: | variable:1 | padding:1 | frames:6 | */

    // No packet may last longer than 120 ms (section 3.4, R5).
    private const int MaxSamples = OpusConfiguration.SampleRateHz * 120 / 1_000;

    /// <summary>Reads the duration from the packet's first two bytes.</summary>
    /// <param name="packet">The packet; of a multistream packet any stream, for all last equally long.</param>
    /// <param name="samples">Samples per channel at 48 kHz, 120 to 5,760.</param>
    /// <returns>False when the packet is empty or breaks the rules for its length.</returns>
    public static bool TryReadSamples(ReadOnlySpan<byte> packet, out int samples)
    {
        samples = 0;
        if (packet.IsEmpty)
        {
            return false;
        }

        var frames = 1;
        switch (packet[0] & 3)
        {
            case 1 or 2:
                frames = 2;
                break;
            case 3:
                frames = packet.Length < 2 ? 0 : packet[1] & 0x3F;
                break;
            default:
                break;
        }

        var total = frames * SamplesPerFrame(packet[0] >> 3);
        if (total is 0 or > MaxSamples)
        {
            return false;
        }

        samples = total;
        return true;
    }

    // Table 2: SILK at 10, 20, 40, 60 ms; hybrid at 10, 20 ms; CELT at 2.5, 5, 10, 20 ms.
    private static int SamplesPerFrame(int configuration) => configuration switch
    {
        < 12 => (configuration & 3) switch { 0 => 480, 1 => 960, 2 => 1_920, _ => 2_880 },
        < 16 => (configuration & 1) == 0 ? 480 : 960,
        _ => 120 << (configuration & 3),
    };
}
