namespace Roomcast.Media;

/// <summary>One audio or video flow of a feed: its codec and everything a decoder must know before the first frame.</summary>
/// <remarks>
/// Immutable. When the codec parameters change, the feed gets a new <see cref="Track"/> with the same id. Frames carry
/// H.264 and H.265 as length-prefixed NAL units (ISO/IEC 14496-15), AV1 as low-overhead OBUs without temporal
/// delimiters, AAC as raw access units, Opus as packets.
/// </remarks>
public sealed class Track
{
    /// <summary>Number of the track within its feed, from 0; frames refer to it.</summary>
    public required int Id { get; init; }

    /// <summary>What it is encoded with.</summary>
    public required Codec Codec { get; init; }

    /// <summary>
    /// The decoder configuration as MP4 stores it: the body of avcC, hvcC, av1C or vpcC, the AAC AudioSpecificConfig,
    /// or the OpusHead packet of RFC 7845 section 5.1 without its magic.
    /// </summary>
    public required ReadOnlyMemory<byte> Configuration { get; init; }

    /// <summary>The codec as RFC 6381 writes it, for example <c>avc1.640028</c> or <c>mp4a.40.2</c>.</summary>
    public required string CodecString { get; init; }

    /// <summary>Width of the picture as shown, in pixels; 0 for sound.</summary>
    public int Width { get; init; }

    /// <summary>Height of the picture as shown, in pixels; 0 for sound.</summary>
    public int Height { get; init; }

    /// <summary>Frames per second that the codec configuration declares, 0 when it declares none.</summary>
    public double FrameRate { get; init; }

    /// <summary>Audio samples per second that a decoder puts out, 0 for video.</summary>
    public int SampleRateHz { get; init; }

    /// <summary>Audio channels, 0 for video.</summary>
    public int Channels { get; init; }

    /// <summary>Samples in one audio frame when the codec fixes it (1,024 for AAC-LC), otherwise 0.</summary>
    public int SamplesPerFrame { get; init; }

    /// <summary>Sound or picture.</summary>
    public TrackKind Kind => Codec is Codec.Aac or Codec.Opus ? TrackKind.Audio : TrackKind.Video;

    /// <summary>Whether a decoder set up for one can go on with the other: same id, codec and configuration.</summary>
    public bool IsSameFormatAs(Track other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return Id == other.Id && Codec == other.Codec && Configuration.Span.SequenceEqual(other.Configuration.Span);
    }

    /// <inheritdoc/>
    public override string ToString() => Kind is TrackKind.Video
        ? $"{Id}:{CodecString} {Width}x{Height}"
        : $"{Id}:{CodecString} {SampleRateHz} Hz {Channels} ch";
}
