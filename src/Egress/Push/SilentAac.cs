using System.Collections.Immutable;

namespace Roomcast.Egress.Push;

/// <summary>AAC-LC without a sound, for targets that want a sound track where the livestream has none.</summary>
/// <remarks>
/// A frame that codes no spectral line (<c>max_sfb</c> of 0) decodes to zeros at every sample rate, so one constant frame does
/// for all. Source: ISO/IEC 14496-3, sections 1.6.2.1 (AudioSpecificConfig) and 4.4.2 (raw_data_block).
/// </remarks>
internal static class SilentAac
{
    /// <summary>Samples per second.</summary>
    public const int SampleRateHz = 48_000;

    /// <summary>Channels.</summary>
    public const int Channels = 2;

    /// <summary>Samples in a frame.</summary>
    public const int SamplesPerFrame = 1_024;

    /// <summary>The AudioSpecificConfig: AAC-LC, 48 kHz, stereo.</summary>
    public static readonly ImmutableArray<byte> Configuration = Pack((2, 5), (3, 4), (2, 4), (0, 3));

    /// <summary>One frame: a pair of channels without spectrum, and the end.</summary>
    public static readonly ImmutableArray<byte> Frame = Pack(
        (1, 3), (0, 4), (1, 1), // id_syn_ele: channel pair; element_instance_tag; common_window
        (0, 1), (0, 2), (0, 1), (0, 6), (0, 1), // ics_info: reserved, only long window, sine shape, max_sfb, no prediction
        (0, 2), // ms_mask_present
        (0, 8), (0, 1), (0, 1), (0, 1), // first channel: global_gain, no pulses, no TNS, no gain control
        (0, 8), (0, 1), (0, 1), (0, 1), // second channel
        (7, 3)); // end

    /// <summary>When a frame is heard after the first one, in milliseconds.</summary>
    /// <param name="index">How many went before it.</param>
    public static long TimeMs(long index) => index * SamplesPerFrame * 1_000 / SampleRateHz;

    private static ImmutableArray<byte> Pack(params ReadOnlySpan<(int Value, int Bits)> fields)
    {
        var bytes = ImmutableArray.CreateBuilder<byte>();
        var (current, filled) = (0, 0);
        foreach (var (value, bits) in fields)
        {
            for (var bit = bits - 1; bit >= 0; bit--)
            {
                current = (current << 1) | ((value >> bit) & 1);
                if (++filled == 8)
                {
                    bytes.Add((byte)current);
                    (current, filled) = (0, 0);
                }
            }
        }

        if (filled > 0)
        {
            bytes.Add((byte)(current << (8 - filled)));
        }

        return bytes.ToImmutable();
    }
}
