namespace Roomcast.Media.Codecs.H264;

/// <summary>The NAL unit types of H.264 that a server looks at (ISO/IEC 14496-10 table 7-1).</summary>
public enum AvcNalUnitType
{
    /// <summary>A slice of a picture that is not an IDR picture.</summary>
    Slice = 1,

    /// <summary>Data partition A, the first of the slice types 2 to 4.</summary>
    SlicePartitionA = 2,

    /// <summary>A slice of an IDR picture: nothing after it refers to anything before it.</summary>
    IdrSlice = 5,

    /// <summary>Supplemental enhancement information: captions, recovery points, clocks.</summary>
    SupplementalEnhancement = 6,

    /// <summary>Sequence parameter set.</summary>
    SequenceParameterSet = 7,

    /// <summary>Picture parameter set.</summary>
    PictureParameterSet = 8,

    /// <summary>Marks where an access unit begins.</summary>
    AccessUnitDelimiter = 9,

    /// <summary>End of the coded video sequence.</summary>
    EndOfSequence = 10,

    /// <summary>End of the stream.</summary>
    EndOfStream = 11,

    /// <summary>Filler, to be thrown away.</summary>
    Filler = 12,
}

/// <summary>Reads the header byte of a NAL unit.</summary>
public static class AvcNalUnit
{
    /// <summary>The type in the low five bits of the first byte; 0 for an empty unit.</summary>
    public static AvcNalUnitType TypeOf(ReadOnlySpan<byte> nalUnit) => nalUnit.IsEmpty ? 0 : (AvcNalUnitType)(nalUnit[0] & 0x1F);
}
