using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using System.Text;
using System.Text.Json;

namespace Roomcast.Client.Wire;

/// <summary>What a participant token says without being asked: which meeting it is for. The server verifies it, not the client.</summary>
internal static class TokenClaims
{
    private const int MaxLength = 16 << 10;

    /// <summary>Reads the meeting.</summary>
    public static bool TryReadMeeting(string? token, [NotNullWhen(true)] out string? meetingId)
    {
        meetingId = null;
        var parts = token is { Length: > 0 and <= MaxLength } ? token.Split('.') : [];
        if (parts.Length != 3 || !Base64Url.IsValid(parts[1]))
        {
            return false;
        }

        try
        {
            using var claims = JsonDocument.Parse(Base64Url.DecodeFromUtf8(Encoding.ASCII.GetBytes(parts[1])), new JsonDocumentOptions { MaxDepth = 8 });
            if (claims.RootElement.ValueKind is JsonValueKind.Object
                && claims.RootElement.TryGetProperty("meetingId", out var id) && id.ValueKind is JsonValueKind.String
                && id.GetString() is { Length: > 0 and <= 128 } text)
            {
                meetingId = text;
            }
        }
        catch (Exception fault) when (fault is JsonException or FormatException or InvalidOperationException)
        {
            // No token of a participant.
        }

        return meetingId is not null;
    }
}
