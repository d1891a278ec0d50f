using System.Buffers;
using System.Buffers.Binary;

namespace Roomcast.Media.Containers.Flv;

/// <summary>What a tag of an FLV file holds.</summary>
public enum FlvTagType
{
    /// <summary>Sound.</summary>
    Audio = 8,

    /// <summary>Picture.</summary>
    Video = 9,

    /// <summary>Metadata in AMF0.</summary>
    Script = 18,
}

/// <summary>The fixed part in front of every tag's body.</summary>
/// <param name="Type">What the tag holds.</param>
/// <param name="BodyLength">Bytes of body, up to 16,777,215.</param>
/// <param name="TimestampMs">Milliseconds from the first tag, modulo 2^32.</param>
public readonly record struct FlvTagHeader(FlvTagType Type, int BodyLength, uint TimestampMs);

/// <summary>Reads FLV files: the header, then tags one after another.</summary>
/// <remarks>Source: Video File Format Specification 10.1, annexes E.2 to E.4.1.</remarks>
public static class FlvFile
{
    /* File  | "FLV" | version:8 | 0:5 | audio:1 | 0:1 | video:1 | header length:32 | then 0:32, the length of no tag |
       Tag   | 0:2 | encrypted:1 | type:5 | body length:24 | timestamp:24 | its high byte:8 | stream id:24 | body |
       and after each tag its length:32. */
    private const int FileHeaderLength = 9;
    private const int TagHeaderLength = 11;
    private const int BackPointerLength = 4;
    private const uint MaxFileHeaderLength = 1_024;

    /// <summary>Reads the file's header. Uses up all of it when done, nothing otherwise.</summary>
    /// <param name="input">The file's beginning.</param>
    /// <returns><c>InvalidData</c> when this is no FLV.</returns>
    public static OperationStatus TryReadHeader(ref SequenceReader<byte> input)
    {
        Span<byte> bytes = stackalloc byte[FileHeaderLength];
        if (!input.TryCopyTo(bytes))
        {
            return OperationStatus.NeedMoreData;
        }

        var length = BinaryPrimitives.ReadUInt32BigEndian(bytes[5..]);
        if (!bytes.StartsWith("FLV"u8) || length is < FileHeaderLength or > MaxFileHeaderLength)
        {
            return OperationStatus.InvalidData;
        }

        if (input.Remaining < length + BackPointerLength)
        {
            return OperationStatus.NeedMoreData;
        }

        input.Advance(length + BackPointerLength);
        return OperationStatus.Done;
    }

    /// <summary>Reads one tag with its body. Uses up both, and the length after them, when done; nothing otherwise.</summary>
    /// <param name="input">The file from the tag on.</param>
    /// <param name="maxBodyLength">Largest body taken, in bytes.</param>
    /// <param name="header">The tag's header.</param>
    /// <param name="body">The tag's body, within the input's memory.</param>
    /// <returns><c>InvalidData</c> when this is no tag, an encrypted one or one too large: there is no way to resume.</returns>
    public static OperationStatus TryReadTag(
        ref SequenceReader<byte> input, int maxBodyLength, out FlvTagHeader header, out ReadOnlySequence<byte> body)
    {
        header = default;
        body = default;
        Span<byte> bytes = stackalloc byte[TagHeaderLength];
        if (!input.TryCopyTo(bytes))
        {
            return OperationStatus.NeedMoreData;
        }

        var type = (FlvTagType)(bytes[0] & 0x1F);
        var isEncrypted = (bytes[0] & 0x20) != 0;
        var length = (bytes[1] << 16) | (bytes[2] << 8) | bytes[3];
        if (type is not (FlvTagType.Audio or FlvTagType.Video or FlvTagType.Script) || isEncrypted || length > maxBodyLength)
        {
            return OperationStatus.InvalidData;
        }

        // The last tag of a file that was cut off may lack its length.
        if (input.Remaining < TagHeaderLength + length)
        {
            return OperationStatus.NeedMoreData;
        }

        // The high byte was added to the format later, and so comes after the low three.
        var timestampMs = (uint)((bytes[7] << 24) | (bytes[4] << 16) | (bytes[5] << 8) | bytes[6]);
        header = new FlvTagHeader(type, length, timestampMs);
        input.Advance(TagHeaderLength);
        body = input.UnreadSequence.Slice(0, length);
        input.Advance(Math.Min(length + BackPointerLength, input.Remaining));
        return OperationStatus.Done;
    }

    /// <summary>Writes the file's header.</summary>
    /// <param name="output">Where to.</param>
    /// <param name="hasAudio">Whether there will be sound.</param>
    /// <param name="hasVideo">Whether there will be a picture.</param>
    public static void WriteHeader(IBufferWriter<byte> output, bool hasAudio, bool hasVideo)
    {
        ArgumentNullException.ThrowIfNull(output);
        var flags = (byte)((hasAudio ? 4 : 0) | (hasVideo ? 1 : 0));
        output.Write<byte>([(byte)'F', (byte)'L', (byte)'V', 1, flags, 0, 0, 0, FileHeaderLength, 0, 0, 0, 0]);
    }

    /// <summary>Writes one tag.</summary>
    /// <param name="output">Where to.</param>
    /// <param name="type">What it holds.</param>
    /// <param name="timestampMs">Milliseconds from the first tag, modulo 2^32.</param>
    /// <param name="head">The first part of the body.</param>
    /// <param name="rest">The rest of it; may be empty.</param>
    public static void WriteTag(
        IBufferWriter<byte> output, FlvTagType type, uint timestampMs, ReadOnlySpan<byte> head, ReadOnlySpan<byte> rest = default)
    {
        ArgumentNullException.ThrowIfNull(output);
        var length = head.Length + rest.Length;
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, 0xFF_FFFF);
        output.Write<byte>(
        [
            (byte)type,
            (byte)(length >> 16), (byte)(length >> 8), (byte)length,
            (byte)(timestampMs >> 16), (byte)(timestampMs >> 8), (byte)timestampMs, (byte)(timestampMs >> 24),
            0, 0, 0,
        ]);
        output.Write(head);
        output.Write(rest);
        BinaryPrimitives.WriteUInt32BigEndian(output.GetSpan(BackPointerLength), (uint)(TagHeaderLength + length));
        output.Advance(BackPointerLength);
    }
}
