using Roomcast.Media.Buffers;

namespace Roomcast.Media.Codecs.Vp9;

/// <summary>The beginning of a frame of VP9 (VP9 bitstream specification section 6.2).</summary>
/// <param name="IsKeyframe">Whether decoding can start here.</param>
/// <param name="Width">Width of a keyframe in pixels; 0 for other frames.</param>
/// <param name="Height">Height of a keyframe in pixels; 0 for other frames.</param>
public readonly record struct Vp9FrameHeader(bool IsKeyframe, int Width, int Height)
{
    private const uint FrameMarker = 2;
    private const uint SyncCode = 0x49_83_42;
    private const uint Srgb = 7;

    /// <summary>Reads a frame's header.</summary>
    /// <param name="payload">The frame.</param>
    /// <param name="header">The header, when right.</param>
    /// <returns>False when this is not VP9.</returns>
    public static bool TryRead(ReadOnlySpan<byte> payload, out Vp9FrameHeader header)
    {
        header = default;
        var bits = new BitReader(payload);
        if (bits.ReadBits(2) != FrameMarker)
        {
            return false;
        }

        var profile = bits.ReadBits(1) | (bits.ReadBits(1) << 1);
        if (profile == 3)
        {
            bits.Skip(1);
        }

        var showsExisting = bits.ReadBit();
        if (showsExisting)
        {
            return !bits.HasFailed;
        }

        var isKeyframe = !bits.ReadBit();
        bits.Skip(2); // show_frame, error_resilient_mode
        if (!isKeyframe || bits.HasFailed)
        {
            return !bits.HasFailed;
        }

        if (bits.ReadBits(24) != SyncCode)
        {
            return false;
        }

        bits.Skip(profile >= 2 ? 1 : 0); // ten_or_twelve_bit
        if (bits.ReadBits(3) != Srgb)
        {
            bits.Skip(profile is 1 or 3 ? 4 : 1); // color_range, and subsampling
        }
        else if (profile is 1 or 3)
        {
            bits.Skip(1);
        }

        header = new Vp9FrameHeader(true, 1 + (int)bits.ReadBits(16), 1 + (int)bits.ReadBits(16));
        return !bits.HasFailed;
    }
}
