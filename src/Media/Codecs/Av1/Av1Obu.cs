namespace Roomcast.Media.Codecs.Av1;

/// <summary>The kinds of open bitstream units that a server looks at (AV1 specification section 6.2.2).</summary>
public enum Av1ObuType
{
    /// <summary>Sequence header.</summary>
    SequenceHeader = 1,

    /// <summary>Temporal delimiter; MP4 leaves it out.</summary>
    TemporalDelimiter = 2,

    /// <summary>Frame header without the tiles.</summary>
    FrameHeader = 3,

    /// <summary>Tiles of a frame.</summary>
    TileGroup = 4,

    /// <summary>Metadata, for example of high dynamic range.</summary>
    Metadata = 5,

    /// <summary>Frame header and tiles in one.</summary>
    Frame = 6,

    /// <summary>A frame header sent again.</summary>
    RedundantFrameHeader = 7,

    /// <summary>Tile list, for large scale tile decoding; MP4 leaves it out.</summary>
    TileList = 8,

    /// <summary>Padding, to be thrown away.</summary>
    Padding = 15,
}

/// <summary>One open bitstream unit.</summary>
public readonly ref struct Av1Obu
{
    /// <summary>What it holds.</summary>
    public required Av1ObuType Type { get; init; }

    /// <summary>Header, length and payload, as they were found.</summary>
    public required ReadOnlySpan<byte> Whole { get; init; }

    /// <summary>The payload alone.</summary>
    public required ReadOnlySpan<byte> Payload { get; init; }
}
