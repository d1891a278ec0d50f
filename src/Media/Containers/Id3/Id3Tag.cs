using System.Buffers.Binary;

namespace Roomcast.Media.Containers.Id3;

/// <summary>Writes ID3 tags of version 2.4, as players of HLS take them among media.</summary>
/// <remarks>
/// Source: id3v2.4.0-structure sections 3.1 and 4, id3v2.4.0-frames section 4.2.6.
/// <code>
/// "ID3" | 04 00 | flags | size of what follows: 4 bytes of 7 bits
/// "TXXX" | size of what follows | flags, 2 bytes | 03: UTF-8 | description | 00 | value
/// </code>
/// </remarks>
public static class Id3Tag
{
    /// <summary>Longest value, in bytes.</summary>
    public const int MaxValueLength = 1 << 20;

    private const int HeaderLength = 10;
    private const byte Utf8 = 3;

    /// <summary>Writes a tag with one text of the user's own (TXXX).</summary>
    /// <param name="description">What the text is, in UTF-8 without zeros.</param>
    /// <param name="value">The text, in UTF-8 without zeros; at most <see cref="MaxValueLength"/>.</param>
    /// <returns>The tag, an array of its exact size.</returns>
    public static byte[] OfText(ReadOnlySpan<byte> description, ReadOnlySpan<byte> value)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(value.Length, MaxValueLength, nameof(value));
        var frameLength = 1 + description.Length + 1 + value.Length;
        var tag = new byte[HeaderLength + HeaderLength + frameLength];
        "ID3\u0004"u8.CopyTo(tag);
        WriteSize(tag.AsSpan(6), HeaderLength + frameLength);
        var frame = tag.AsSpan(HeaderLength);
        "TXXX"u8.CopyTo(frame);
        WriteSize(frame[4..], frameLength);
        frame = frame[HeaderLength..];
        frame[0] = Utf8;
        description.CopyTo(frame[1..]);
        value.CopyTo(frame[(1 + description.Length + 1)..]);
        return tag;
    }

    // Seven bits in each byte, so that no byte looks like the beginning of a frame of MPEG sound.
    private static void WriteSize(Span<byte> output, int size) => BinaryPrimitives.WriteInt32BigEndian(
        output, ((size & 0xFE0_0000) << 3) | ((size & 0x1F_C000) << 2) | ((size & 0x3F80) << 1) | (size & 0x7F));
}
