using Roomcast.Media.Buffers;

namespace Roomcast.Media.Codecs.Av1;

/// <summary>What is inside one frame of AV1, a temporal unit, found by a walk over its OBUs.</summary>
/// <param name="HasFrame">Whether it holds a frame at all.</param>
/// <param name="IsKeyframe">Whether its first frame is a key frame that is shown: decoding can start here.</param>
/// <param name="HasSequenceHeader">Whether it holds a sequence header.</param>
/// <param name="HasTemporalDelimiter">Whether it holds a temporal delimiter, which MP4 wants removed.</param>
public readonly record struct Av1TemporalUnit(bool HasFrame, bool IsKeyframe, bool HasSequenceHeader, bool HasTemporalDelimiter)
{
    /// <summary>Looks into a frame.</summary>
    /// <param name="payload">OBUs in the low-overhead format.</param>
    /// <param name="unit">What was found until the end, or until the first wrong OBU.</param>
    /// <returns>False when an OBU is malformed.</returns>
    public static bool TryInspect(ReadOnlySpan<byte> payload, out Av1TemporalUnit unit)
    {
        var found = default(Av1TemporalUnit);
        var reader = new Av1ObuReader(payload);
        while (reader.TryRead(out var obu))
        {
            found = obu.Type switch
            {
                Av1ObuType.SequenceHeader => found with { HasSequenceHeader = true },
                Av1ObuType.TemporalDelimiter => found with { HasTemporalDelimiter = true },
                Av1ObuType.Frame or Av1ObuType.FrameHeader when !found.HasFrame =>
                    found with { HasFrame = true, IsKeyframe = IsShownKeyframe(obu.Payload) },
                _ => found,
            };
        }

        unit = found;
        return !reader.IsMalformed;
    }

    /// <summary>Copies a frame without temporal delimiters, tile lists and padding (AV1 in ISOBMFF section 2.4).</summary>
    /// <param name="payload">OBUs in the low-overhead format.</param>
    /// <param name="destination">At least as long as the payload.</param>
    /// <param name="written">Bytes written.</param>
    /// <returns>False when an OBU is malformed; what came before it was copied.</returns>
    public static bool TryCopyWithoutDelimiters(ReadOnlySpan<byte> payload, Span<byte> destination, out int written)
    {
        written = 0;
        var reader = new Av1ObuReader(payload);
        while (reader.TryRead(out var obu))
        {
            if (obu.Type is Av1ObuType.TemporalDelimiter or Av1ObuType.TileList or Av1ObuType.Padding)
            {
                continue;
            }

            obu.Whole.CopyTo(destination[written..]);
            written += obu.Whole.Length;
        }

        return !reader.IsMalformed;
    }

    // Section 5.9.2: show_existing_frame, frame_type (0 is a key frame), show_frame. A still picture, whose header is
    // shorter, is not a live stream.
    private static bool IsShownKeyframe(ReadOnlySpan<byte> frameHeader)
    {
        var bits = new BitReader(frameHeader);
        return !bits.ReadBit() && bits.ReadBits(2) == 0 && bits.ReadBit();
    }
}
