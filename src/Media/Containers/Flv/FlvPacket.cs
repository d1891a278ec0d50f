namespace Roomcast.Media.Containers.Flv;

/// <summary>What one packet inside an FLV tag is.</summary>
public enum FlvPacketType
{
    /// <summary>The decoder configuration: avcC, hvcC, av1C, vpcC, AudioSpecificConfig or OpusHead.</summary>
    SequenceStart,

    /// <summary>One access unit.</summary>
    CodedFrame,

    /// <summary>The track pauses or ends.</summary>
    SequenceEnd,

    /// <summary>Something that is no media: a seek command, colour metadata, a channel layout.</summary>
    Other,
}

/// <summary>One packet of one track inside an FLV audio or video tag.</summary>
public readonly record struct FlvPacket
{
    /// <summary>What it is.</summary>
    public FlvPacketType Type { get; init; }

    /// <summary>What it is encoded with; null for what Roomcast does not carry, and <see cref="CodecName"/> then says what.</summary>
    public Codec? Codec { get; init; }

    /// <summary>The codec's name for people.</summary>
    public string CodecName { get; init; }

    /// <summary>The track of its kind within the stream; 0 is the default one and the only one without multitrack.</summary>
    public int TrackIndex { get; init; }

    /// <summary>Whether the tag claims that decoding can start here; always true for sound.</summary>
    public bool IsKeyframe { get; init; }

    /// <summary>How long after decoding it is shown, in milliseconds; may be negative; 0 for sound.</summary>
    public int CompositionTimeMs { get; init; }

    /// <summary>What to add to the tag's timestamp, 0 to 999,999 nanoseconds.</summary>
    public int NanosecondOffset { get; init; }

    /// <summary>Where the payload begins within the tag's body.</summary>
    public int Offset { get; init; }

    /// <summary>Bytes of payload; 0 is possible.</summary>
    public int Length { get; init; }
}

/// <summary>How a step through a tag's body went.</summary>
public enum FlvReadResult
{
    /// <summary>There is a packet.</summary>
    Packet,

    /// <summary>There is no further packet.</summary>
    End,

    /// <summary>The rest of the body is no FLV.</summary>
    Malformed,
}
