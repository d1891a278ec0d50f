using System.Text;
using System.Text.Json;
using System.Text.Unicode;

namespace Roomcast.Relay.Framing;

/// <summary>Why a frame is no message of the protocol.</summary>
internal enum FrameFault
{
    /// <summary>It is one.</summary>
    None,

    /// <summary>It is no JSON.</summary>
    NotJson,

    /// <summary>It is JSON, and neither a request nor a response of JSON-RPC 2.0.</summary>
    NotAMessage,

    /// <summary>It is a request whose parameters are no object.</summary>
    BadParameters,
}

/// <summary>One message of JSON-RPC 2.0: a request when it has a method, otherwise a response.</summary>
/// <param name="Id">The id as it was written, a JSON text or number; null when there is none.</param>
/// <param name="Method">The method; null for a response.</param>
/// <param name="Params">The parameters of a request, an object; undefined for a response.</param>
/// <remarks>Source: the JSON-RPC 2.0 specification, sections 4 and 5. Batches are not spoken here and are refused.</remarks>
internal readonly record struct RelayFrame(string? Id, string? Method, JsonElement Params)
{
    /// <summary>Largest frame that is read, in bytes.</summary>
    public const int MaxBytes = 256 << 10;

    /// <summary>Longest id, in bytes as written.</summary>
    public const int MaxIdBytes = 256;

    /// <summary>Longest name of a method.</summary>
    public const int MaxMethodLength = 128;

    /// <summary>Deepest nesting.</summary>
    public const int MaxDepth = 32;

    private static readonly JsonElement NoParams = JsonDocument.Parse("{}").RootElement;

    private static readonly JsonDocumentOptions Strict = new() { MaxDepth = MaxDepth, AllowDuplicateProperties = false };

    /// <summary>Reads one frame. Whatever it holds, it does not throw.</summary>
    /// <param name="bytes">The frame, whole.</param>
    /// <param name="frame">What it says; its id even when the rest is wrong, as far as it can be read.</param>
    public static FrameFault Read(ReadOnlySpan<byte> bytes, out RelayFrame frame)
    {
        frame = new RelayFrame(null, null, NoParams);
        if (bytes.Length > MaxBytes || !Utf8.IsValid(bytes) || !HasOnlyWholeCharacters(bytes))
        {
            return FrameFault.NotJson;
        }

        JsonElement root;
        try
        {
            var reader = new Utf8JsonReader(bytes, new JsonReaderOptions { MaxDepth = MaxDepth });
            using var document = JsonDocument.ParseValue(ref reader);
            if (reader.BytesConsumed < bytes.TrimEnd(" \t\r\n"u8).Length)
            {
                return FrameFault.NotJson;
            }

            // Once more and strictly: which of two values of one name is meant, nobody can know.
            using var strict = JsonDocument.Parse(bytes.ToArray(), Strict);
            root = strict.RootElement.Clone();
        }
        catch (JsonException)
        {
            return FrameFault.NotJson;
        }

        return root.ValueKind is JsonValueKind.Object ? ReadMessage(root, ref frame) : FrameFault.NotAMessage;
    }

    private static FrameFault ReadMessage(JsonElement root, ref RelayFrame frame)
    {
        if (root.TryGetProperty("id", out var id) && id.ValueKind is not JsonValueKind.Null)
        {
            var written = id.GetRawText();
            if (id.ValueKind is not (JsonValueKind.String or JsonValueKind.Number) || Encoding.UTF8.GetByteCount(written) > MaxIdBytes)
            {
                return FrameFault.NotAMessage;
            }

            frame = frame with { Id = written };
        }

        if (!root.TryGetProperty("jsonrpc", out var version) || version.ValueKind is not JsonValueKind.String || version.GetString() != "2.0")
        {
            return FrameFault.NotAMessage;
        }

        if (!root.TryGetProperty("method", out var method))
        {
            return frame.Id is not null && (root.TryGetProperty("result", out _) || root.TryGetProperty("error", out _))
                ? FrameFault.None
                : FrameFault.NotAMessage;
        }

        if (method.ValueKind is not JsonValueKind.String || method.GetString() is not { Length: > 0 and <= MaxMethodLength } name)
        {
            return FrameFault.NotAMessage;
        }

        frame = frame with { Method = name };
        if (!root.TryGetProperty("params", out var parameters))
        {
            return FrameFault.None;
        }

        if (parameters.ValueKind is not JsonValueKind.Object)
        {
            return FrameFault.BadParameters;
        }

        frame = frame with { Params = parameters };
        return FrameFault.None;
    }

    /// <summary>Whether no text is escaped to half a character, which the rest could not read.</summary>
    private static bool HasOnlyWholeCharacters(ReadOnlySpan<byte> bytes)
    {
        if (bytes.IndexOf("\\u"u8) < 0)
        {
            return true;
        }

        var reader = new Utf8JsonReader(bytes, new JsonReaderOptions { MaxDepth = MaxDepth });
        try
        {
            while (reader.Read())
            {
                if (reader.TokenType is JsonTokenType.String or JsonTokenType.PropertyName && reader.ValueIsEscaped)
                {
                    _ = reader.GetString();
                }
            }

            return true;
        }
        catch (Exception fault) when (fault is JsonException or InvalidOperationException)
        {
            return false;
        }
    }
}
