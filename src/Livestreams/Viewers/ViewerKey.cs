using System.Buffers;
using System.Buffers.Binary;
using System.Buffers.Text;

namespace Roomcast.Livestreams.Viewers;

/// <summary>A viewer id taken apart: 128 random bits, and the short code that shows whether we made it.</summary>
/// <remarks>As text: the 24 bytes in base64url without padding, always 32 characters.</remarks>
/// <param name="Random">What tells viewers apart.</param>
/// <param name="Code">The first 8 bytes of the HMAC over livestream and <paramref name="Random"/>.</param>
internal readonly record struct ViewerKey(UInt128 Random, ulong Code)
{
    /// <summary>Characters of an id.</summary>
    public const int TextLength = 32;

    private const int ByteLength = 24;

    /// <summary>Reads an id. Says nothing about whether its code is right.</summary>
    public static bool TryRead(ReadOnlySpan<char> text, out ViewerKey key)
    {
        key = default;
        Span<byte> bytes = stackalloc byte[ByteLength];
        if (text.Length != TextLength
            || Base64Url.DecodeFromChars(text, bytes, out _, out var written) != OperationStatus.Done
            || written != ByteLength)
        {
            return false;
        }

        key = new ViewerKey(BinaryPrimitives.ReadUInt128BigEndian(bytes), BinaryPrimitives.ReadUInt64BigEndian(bytes[16..]));
        return true;
    }

    /// <summary>The id as it stands in paths and messages.</summary>
    public string ToText()
    {
        Span<byte> bytes = stackalloc byte[ByteLength];
        BinaryPrimitives.WriteUInt128BigEndian(bytes, Random);
        BinaryPrimitives.WriteUInt64BigEndian(bytes[16..], Code);
        return Base64Url.EncodeToString(bytes);
    }

    /// <summary>A name for reports: it cannot be used as an id.</summary>
    public string ToReportName() => ((ulong)(Random >> 64)).ToString("x16", System.Globalization.CultureInfo.InvariantCulture);
}
