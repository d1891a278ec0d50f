namespace Roomcast.Meetings.Blobs;

/// <summary>Tells by their first bytes the pictures that a browser may show in place.</summary>
internal static class PictureType
{
    /// <summary>Bytes that tell.</summary>
    public const int HeadLength = 12;

    /// <summary>The media type of a picture that begins with these bytes; null for anything else.</summary>
    public static string? Of(ReadOnlySpan<byte> head) =>
        head.StartsWith((ReadOnlySpan<byte>)[0x89, (byte)'P', (byte)'N', (byte)'G', 0x0D, 0x0A, 0x1A, 0x0A]) ? "image/png"
        : head.StartsWith((ReadOnlySpan<byte>)[0xFF, 0xD8, 0xFF]) ? "image/jpeg"
        : head.StartsWith("GIF87a"u8) || head.StartsWith("GIF89a"u8) ? "image/gif"
        : head.Length >= HeadLength && head.StartsWith("RIFF"u8) && head[8..].StartsWith("WEBP"u8) ? "image/webp"
        : null;

    /// <summary>The type that the ending of a name promises; null when it promises none of these.</summary>
    public static string? PromisedBy(string ending) => ending.ToUpperInvariant() switch
    {
        "PNG" => "image/png",
        "JPG" or "JPEG" => "image/jpeg",
        "GIF" => "image/gif",
        "WEBP" => "image/webp",
        _ => null,
    };
}
