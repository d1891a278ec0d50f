using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Roomcast.Client.Relay;

/// <summary>Frames of the socket: objects of JSON-RPC 2.0, one in each.</summary>
internal static class RelayFrame
{
    /// <summary>Largest frame that is taken, in bytes: a room of ten thousand members.</summary>
    public const int MaxBytes = 16 << 20;

    /// <summary>The code of the JSON-RPC error for a method that there is not.</summary>
    public const int UnknownMethod = -32601;

    private static readonly JsonDocumentOptions Reading = new() { MaxDepth = 64 };
    private static readonly JsonWriterOptions Writing = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Reads a frame. Null when it is no object; whoever gets one disposes of it.</summary>
    public static JsonDocument? Read(ReadOnlyMemory<byte> frame)
    {
        if (frame.Length > MaxBytes)
        {
            return null;
        }

        try
        {
            var document = JsonDocument.Parse(frame, Reading);
            if (document.RootElement.ValueKind is JsonValueKind.Object)
            {
                return document;
            }

            document.Dispose();
        }
        catch (JsonException)
        {
            // Not of this protocol.
        }

        return null;
    }

    /// <summary>Why a response refuses; null when it does not.</summary>
    public static RelayException? RefusalOf(JsonElement response)
    {
        if (response.Has("error", out var error) && error.ValueKind is JsonValueKind.Object)
        {
            return RelayException.Of(CodeOf(error) ?? "", error.Text("message") ?? "The server refused it.");
        }

        return response.Has("result", out var result) && CodeOf(result) is { } code && !IsSuccess(code)
            ? RelayException.Of(code, result.Text("message") ?? "The server refused it.")
            : null;
    }

    /// <summary>What a response says.</summary>
    public static JsonElement ResultOf(JsonElement response) =>
        !response.Has("result", out var result) ? default
        : result.Has("result", out var inner) && inner.ValueKind is not JsonValueKind.Null ? inner
        : result;

    public static byte[] Request(string id, string method, JsonObject parameters) => Write(writer =>
    {
        writer.WriteString("id", id);
        writer.WriteString("method", method);
        writer.WritePropertyName("params");
        parameters.WriteTo(writer);
    });

    /// <summary>An answer to a request of the server.</summary>
    public static byte[] Answer(JsonElement id, Action<Utf8JsonWriter>? result = null) => Write(writer =>
    {
        writer.WritePropertyName("id");
        id.WriteTo(writer);
        writer.WriteStartObject("result");
        result?.Invoke(writer);
        writer.WriteEndObject();
    });

    /// <summary>The answer to a request that is none of the protocol.</summary>
    public static byte[] RefuseMethod(JsonElement id) => Write(writer =>
    {
        writer.WritePropertyName("id");
        id.WriteTo(writer);
        writer.WriteStartObject("error");
        writer.WriteNumber("code", UnknownMethod);
        writer.WriteString("message", "there is no such method");
        writer.WriteEndObject();
    });

    private static string? CodeOf(JsonElement holder) => !holder.Has("code", out var code) ? null
        : code.ValueKind is JsonValueKind.Number ? code.GetRawText()
        : code.Text();

    private static bool IsSuccess(string code) => code is ['2', >= '0' and <= '9', >= '0' and <= '9'];

    private static byte[] Write(Action<Utf8JsonWriter> rest)
    {
        var buffer = new ArrayBufferWriter<byte>(512);
        using (var writer = new Utf8JsonWriter(buffer, Writing))
        {
            writer.WriteStartObject();
            writer.WriteString("jsonrpc", "2.0");
            rest(writer);
            writer.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }
}
