namespace Roomcast.Media.Codecs.H265;

/// <summary>The NAL unit types of H.265 that a server looks at (ISO/IEC 23008-2 table 7-1). 0 to 31 are slices.</summary>
public enum HevcNalUnitType
{
    /// <summary>The first type of pictures at which decoding can start (IRAP): a broken link access picture.</summary>
    FirstRandomAccess = 16,

    /// <summary>An IDR picture with leading pictures that can be decoded.</summary>
    IdrWithLeading = 19,

    /// <summary>An IDR picture without leading pictures.</summary>
    IdrWithoutLeading = 20,

    /// <summary>A clean random access picture: leading pictures may have to be thrown away.</summary>
    CleanRandomAccess = 21,

    /// <summary>The last type of pictures at which decoding can start, reserved.</summary>
    LastRandomAccess = 23,

    /// <summary>The last type of slices.</summary>
    LastSlice = 31,

    /// <summary>Video parameter set.</summary>
    VideoParameterSet = 32,

    /// <summary>Sequence parameter set.</summary>
    SequenceParameterSet = 33,

    /// <summary>Picture parameter set.</summary>
    PictureParameterSet = 34,

    /// <summary>Marks where an access unit begins.</summary>
    AccessUnitDelimiter = 35,

    /// <summary>End of the coded video sequence.</summary>
    EndOfSequence = 36,

    /// <summary>End of the bitstream.</summary>
    EndOfBitstream = 37,

    /// <summary>Filler, to be thrown away.</summary>
    Filler = 38,

    /// <summary>Supplemental enhancement information in front of the slices.</summary>
    SupplementalEnhancement = 39,
}

/// <summary>Reads the two header bytes of a NAL unit.</summary>
public static class HevcNalUnit
{
    /// <summary>Bytes of the header.</summary>
    public const int HeaderLength = 2;

    /// <summary>The type in the first byte, 0 to 63; 0, a slice, for an empty unit.</summary>
    public static HevcNalUnitType TypeOf(ReadOnlySpan<byte> nalUnit) =>
        nalUnit.IsEmpty ? 0 : (HevcNalUnitType)((nalUnit[0] >> 1) & 0x3F);

    /// <summary>The layer, 0 for the picture everybody decodes; above 0 for scalable or multiview additions.</summary>
    public static int LayerOf(ReadOnlySpan<byte> nalUnit) =>
        nalUnit.Length < HeaderLength ? 0 : ((nalUnit[0] & 1) << 5) | (nalUnit[1] >> 3);
}
