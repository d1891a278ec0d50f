using Roomcast.Media.Codecs.NalUnits;

namespace Roomcast.Media.Codecs.H265;

/// <summary>What is inside one frame of H.265, found by a walk over its NAL units.</summary>
/// <param name="HasPicture">Whether it holds a slice of the base layer.</param>
/// <param name="IsRandomAccess">Whether the picture is an IRAP picture (IDR, CRA, BLA): decoding can start here.</param>
/// <param name="IsIdr">Whether it is an IDR picture.</param>
/// <param name="HasParameterSets">Whether it holds a VPS, SPS or PPS: ask <see cref="HevcConfiguration.TryUpdateFrom"/>.</param>
/// <param name="IsEndOfSequence">Whether it ends the coded video sequence or the bitstream.</param>
public readonly record struct H265AccessUnit(
    bool HasPicture, bool IsRandomAccess, bool IsIdr, bool HasParameterSets, bool IsEndOfSequence)
{
    /// <summary>Whether decoding can start here.</summary>
    public bool IsKeyframe => HasPicture && IsRandomAccess;

    /// <summary>Looks into a frame.</summary>
    /// <param name="payload">NAL units behind their lengths.</param>
    /// <param name="nalLengthSize">Bytes of each length, 1 to 4.</param>
    /// <param name="unit">What was found until the end, or until the first wrong length.</param>
    /// <returns>False when a length points past the end of the frame.</returns>
    public static bool TryInspect(ReadOnlySpan<byte> payload, int nalLengthSize, out H265AccessUnit unit)
    {
        var found = default(H265AccessUnit);
        var reader = new NalUnitReader(payload, nalLengthSize);
        while (reader.TryRead(out var nalUnit))
        {
            if (HevcNalUnit.LayerOf(nalUnit) != 0)
            {
                continue;
            }

            var type = HevcNalUnit.TypeOf(nalUnit);
            found = type switch
            {
                <= HevcNalUnitType.LastSlice => found with
                {
                    HasPicture = true,
                    IsRandomAccess = found.IsRandomAccess
                        || type is >= HevcNalUnitType.FirstRandomAccess and <= HevcNalUnitType.LastRandomAccess,
                    IsIdr = found.IsIdr || type is HevcNalUnitType.IdrWithLeading or HevcNalUnitType.IdrWithoutLeading,
                },
                HevcNalUnitType.VideoParameterSet
                    or HevcNalUnitType.SequenceParameterSet
                    or HevcNalUnitType.PictureParameterSet => found with { HasParameterSets = true },
                HevcNalUnitType.EndOfSequence or HevcNalUnitType.EndOfBitstream => found with { IsEndOfSequence = true },
                _ => found,
            };
        }

        unit = found;
        return !reader.IsMalformed;
    }
}
