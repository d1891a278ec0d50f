using System.Buffers.Binary;

namespace Roomcast.Media.Containers.Flv;

/// <summary>How a tag's body is to go beyond the classic form.</summary>
/// <param name="IsExtended">Whether H.264 and AAC too take the form with a FourCC. Other codecs have no other.</param>
/// <param name="TrackIndex">The track, 0 to 255, when it is to be named by multitrack.</param>
/// <param name="NanosecondOffset">What to add to the timestamp, 0 to 999,999.</param>
public readonly record struct FlvExtension(bool IsExtended, int? TrackIndex = null, int NanosecondOffset = 0);

/// <summary>Writes what stands in front of the payload in an FLV audio or video tag.</summary>
/// <remarks>Source and layout: <see cref="FlvTagBodyReader"/>.</remarks>
public static class FlvTagBodyWriter
{
    /// <summary>Bytes that any header needs at most.</summary>
    public const int MaxHeaderLength = 24;

    /// <summary>Writes the header of a video packet.</summary>
    /// <param name="target">At least <see cref="MaxHeaderLength"/> bytes.</param>
    /// <param name="codec">A video codec.</param>
    /// <param name="type">What the packet is.</param>
    /// <param name="isKeyframe">Whether decoding can start here.</param>
    /// <param name="compositionTimeMs">How long after decoding it is shown, -8,388,608 to 8,388,607; H.264 and H.265 only.</param>
    /// <param name="extension">Whether and how the form is extended.</param>
    /// <returns>Bytes written; the payload follows.</returns>
    public static int WriteVideoHeader(
        Span<byte> target, Codec codec, FlvPacketType type, bool isKeyframe, int compositionTimeMs = 0, FlvExtension extension = default)
    {
        var frameType = isKeyframe ? 1 : 2;
        if (codec is Codec.H264 && !IsExtended(extension))
        {
            target[0] = (byte)((frameType << 4) | FlvCodecs.ClassicAvc);
            target[1] = (byte)TypeNumber(type);
            WriteUInt24(target[2..], compositionTimeMs);
            return 5;
        }

        var hasTime = codec is Codec.H264 or Codec.H265 && type is FlvPacketType.CodedFrame;
        const int CodedFramesX = 3;
        var number = hasTime && compositionTimeMs == 0 ? CodedFramesX : TypeNumber(type);
        var at = WriteExtended(target, (byte)(0x80 | (frameType << 4)), number, multitrackNumber: 6, codec, extension);
        if (hasTime && number != CodedFramesX)
        {
            WriteUInt24(target[at..], compositionTimeMs);
            at += 3;
        }

        return at;
    }

    /// <summary>Writes the header of an audio packet.</summary>
    /// <param name="target">At least <see cref="MaxHeaderLength"/> bytes.</param>
    /// <param name="codec">An audio codec.</param>
    /// <param name="type">What the packet is.</param>
    /// <param name="extension">Whether and how the form is extended.</param>
    /// <returns>Bytes written; the payload follows.</returns>
    public static int WriteAudioHeader(Span<byte> target, Codec codec, FlvPacketType type, FlvExtension extension = default)
    {
        if (codec is Codec.Aac && !IsExtended(extension))
        {
            target[0] = (FlvCodecs.ClassicAac << 4) | 0x0F; // AAC always says 44 kHz, 16 bits, stereo.
            target[1] = (byte)TypeNumber(type);
            return 2;
        }

        return WriteExtended(target, 9 << 4, TypeNumber(type), multitrackNumber: 5, codec, extension);
    }

    private static bool IsExtended(FlvExtension extension) =>
        extension.IsExtended || extension.TrackIndex is not null || extension.NanosecondOffset != 0;

    private static int WriteExtended(
        Span<byte> target, byte first, int packetType, int multitrackNumber, Codec codec, FlvExtension extension)
    {
        const int ModEx = 7;
        var next = extension.TrackIndex is null ? packetType : multitrackNumber;
        var at = 1;
        if (extension.NanosecondOffset != 0)
        {
            target[0] = (byte)(first | ModEx);
            target[at] = 2; // Three bytes.
            WriteUInt24(target[(at + 1)..], extension.NanosecondOffset);
            target[at + 4] = (byte)next; // Modifier 0, a timestamp offset.
            at += 5;
        }
        else
        {
            target[0] = (byte)(first | next);
        }

        if (extension.TrackIndex is not null)
        {
            target[at++] = (byte)packetType; // Multitrack type 0, one track.
        }

        BinaryPrimitives.WriteUInt32BigEndian(target[at..], FlvCodecs.FourCcOf(codec));
        at += 4;
        if (extension.TrackIndex is { } index)
        {
            target[at++] = (byte)index;
        }

        return at;
    }

    private static int TypeNumber(FlvPacketType type) => type switch
    {
        FlvPacketType.SequenceStart => 0,
        FlvPacketType.CodedFrame => 1,
        FlvPacketType.SequenceEnd => 2,
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "Only media packets are written."),
    };

    private static void WriteUInt24(Span<byte> target, int value)
    {
        target[0] = (byte)(value >> 16);
        target[1] = (byte)(value >> 8);
        target[2] = (byte)value;
    }
}
