using Roomcast.Media.Codecs.NalUnits;

namespace Roomcast.Media.Codecs.H264;

/// <summary>What is inside one frame of H.264, found by a walk over its NAL units.</summary>
/// <param name="HasPicture">Whether it holds a slice; a frame of parameter sets or SEI alone shows nothing.</param>
/// <param name="IsIdr">Whether the picture is an IDR picture.</param>
/// <param name="RecoveryFrames">
/// From a recovery point SEI: how many frames after this one the picture is right again; 0 is as good as an IDR picture
/// for those who join here. Null without such SEI.
/// </param>
/// <param name="HasParameterSets">Whether it holds an SPS or a PPS: ask <see cref="AvcConfiguration.TryUpdateFrom"/>.</param>
/// <param name="HasAccessUnitDelimiter">Whether it holds a delimiter, which length-prefixed frames do not need.</param>
/// <param name="IsEndOfSequence">Whether it ends the coded video sequence or the stream.</param>
public readonly record struct H264AccessUnit(
    bool HasPicture, bool IsIdr, int? RecoveryFrames, bool HasParameterSets, bool HasAccessUnitDelimiter, bool IsEndOfSequence)
{
    private const int RecoveryPoint = 6;
    private const int MaxSeiBytesRead = 256;

    /// <summary>Whether decoding can start here: an IDR picture, or a recovery point that is right at once.</summary>
    public bool IsKeyframe => HasPicture && (IsIdr || RecoveryFrames == 0);

    /// <summary>Looks into a frame.</summary>
    /// <param name="payload">NAL units behind their lengths.</param>
    /// <param name="nalLengthSize">Bytes of each length, 1 to 4.</param>
    /// <param name="unit">What was found until the end, or until the first wrong length.</param>
    /// <returns>False when a length points past the end of the frame.</returns>
    public static bool TryInspect(ReadOnlySpan<byte> payload, int nalLengthSize, out H264AccessUnit unit)
    {
        var found = default(H264AccessUnit);
        var reader = new NalUnitReader(payload, nalLengthSize);
        while (reader.TryRead(out var nalUnit))
        {
            found = AvcNalUnit.TypeOf(nalUnit) switch
            {
                AvcNalUnitType.Slice or AvcNalUnitType.SlicePartitionA => found with { HasPicture = true },
                AvcNalUnitType.IdrSlice => found with { HasPicture = true, IsIdr = true },
                AvcNalUnitType.SupplementalEnhancement => found with { RecoveryFrames = ReadRecovery(nalUnit) ?? found.RecoveryFrames },
                AvcNalUnitType.SequenceParameterSet or AvcNalUnitType.PictureParameterSet => found with { HasParameterSets = true },
                AvcNalUnitType.AccessUnitDelimiter => found with { HasAccessUnitDelimiter = true },
                AvcNalUnitType.EndOfSequence or AvcNalUnitType.EndOfStream => found with { IsEndOfSequence = true },
                _ => found,
            };
        }

        unit = found;
        return !reader.IsMalformed;
    }

    /// <summary>Copies a frame without its access unit delimiters and filler.</summary>
    /// <param name="payload">NAL units behind their lengths.</param>
    /// <param name="nalLengthSize">Bytes of each length, 1 to 4; the copy keeps it.</param>
    /// <param name="destination">At least as long as the payload.</param>
    /// <param name="written">Bytes written.</param>
    /// <returns>False when a length points past the end of the frame; what came before it was copied.</returns>
    public static bool TryCopyWithoutDelimiters(
        ReadOnlySpan<byte> payload, int nalLengthSize, Span<byte> destination, out int written)
    {
        written = 0;
        var reader = new NalUnitReader(payload, nalLengthSize);
        while (reader.TryRead(out var nalUnit))
        {
            if (AvcNalUnit.TypeOf(nalUnit) is AvcNalUnitType.AccessUnitDelimiter or AvcNalUnitType.Filler)
            {
                continue;
            }

            for (var i = nalLengthSize - 1; i >= 0; i--)
            {
                destination[written++] = (byte)(nalUnit.Length >> (8 * i));
            }

            nalUnit.CopyTo(destination[written..]);
            written += nalUnit.Length;
        }

        return !reader.IsMalformed;
    }

    // Section 7.3.2.3: messages of | type in steps of 255 | size in steps of 255 | payload |.
    private static int? ReadRecovery(ReadOnlySpan<byte> nalUnit)
    {
        Span<byte> rbsp = stackalloc byte[MaxSeiBytesRead];
        ReadOnlySpan<byte> rest = rbsp[..EmulationPrevention.Remove(nalUnit[1..], rbsp)];
        while (TryReadSteps(ref rest, out var type) && TryReadSteps(ref rest, out var size))
        {
            if (type == RecoveryPoint)
            {
                var bits = new Buffers.BitReader(rest[..Math.Min(size, rest.Length)]);
                var frames = bits.ReadExpGolomb(max: ushort.MaxValue);
                return bits.HasFailed ? null : frames;
            }

            if (size >= rest.Length)
            {
                break;
            }

            rest = rest[size..];
        }

        return null;
    }

    private static bool TryReadSteps(ref ReadOnlySpan<byte> rest, out int value)
    {
        value = 0;
        while (!rest.IsEmpty)
        {
            var step = rest[0];
            rest = rest[1..];
            value += step;
            if (step != byte.MaxValue)
            {
                return true;
            }
        }

        return false;
    }
}
