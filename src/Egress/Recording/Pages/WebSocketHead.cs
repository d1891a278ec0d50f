using System.Text;

namespace Roomcast.Egress.Recording.Pages;

/// <summary>What the beginning of a connection says: whether a page opens a socket of the web at <c>/ws</c>.</summary>
/// <remarks>Source: RFC 6455 section 4.1. Only a browser's own request comes here, so that no more is asked of it than its key.</remarks>
/// <param name="IsOther">Whether it is something else.</param>
/// <param name="Key">The key of the whole request; null while it is not whole.</param>
internal readonly record struct WebSocketHead(bool IsOther, string? Key)
{
    private const int KeyLength = 24; // Base64 of 16 bytes.

    private static ReadOnlySpan<byte> Start => "GET /ws HTTP/1.1\r\n"u8;

    /// <summary>Reads what has come.</summary>
    public static WebSocketHead Read(ReadOnlySpan<byte> bytes)
    {
        var known = Math.Min(bytes.Length, Start.Length);
        if (!bytes[..known].SequenceEqual(Start[..known]))
        {
            return new WebSocketHead(true, null);
        }

        var end = bytes.IndexOf("\r\n\r\n"u8);
        if (end < 0)
        {
            return default;
        }

        foreach (var line in Encoding.Latin1.GetString(bytes[..end]).Split("\r\n").Skip(1))
        {
            var colon = line.IndexOf(':', StringComparison.Ordinal);
            if (colon > 0 && line.AsSpan(0, colon).Equals("Sec-WebSocket-Key", StringComparison.OrdinalIgnoreCase)
                && line.AsSpan(colon + 1).Trim() is { Length: KeyLength } key)
            {
                // A client speaks on only once it has been answered.
                return end + 4 == bytes.Length ? new WebSocketHead(false, key.ToString()) : new WebSocketHead(true, null);
            }
        }

        return new WebSocketHead(true, null);
    }
}
