using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Roomcast.Relay.Framing;

/// <summary>Codes of JSON-RPC errors. The client treats only <see cref="Unauthorized"/> specially.</summary>
internal enum RelayError
{
    /// <summary>The frame is no JSON.</summary>
    NotJson = -32700,

    /// <summary>The frame is no message, or comes at the wrong time.</summary>
    BadRequest = -32600,

    /// <summary>No such method.</summary>
    UnknownMethod = -32601,

    /// <summary>The parameters are no object.</summary>
    BadParameters = -32602,

    /// <summary>A fault of ours.</summary>
    Internal = -32603,

    /// <summary>Authentication failed, or a call before it.</summary>
    Unauthorized = -32002,
}

/// <summary>Writes frames.</summary>
internal static class RelayWriter
{
    // Frames are no part of a page: only what JSON itself needs is escaped.
    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = false };

    /// <summary>A response.</summary>
    /// <param name="id">The request's id as it was written.</param>
    /// <param name="result">What it says.</param>
    public static byte[] Result(string id, JsonObject result) => Write(id, writer =>
    {
        writer.WritePropertyName("result");
        result.WriteTo(writer);
    });

    /// <summary>A response that refuses by an error of JSON-RPC.</summary>
    /// <param name="id">The request's id as it was written; null when it could not be read.</param>
    /// <param name="code">Why.</param>
    /// <param name="message">For a person.</param>
    public static byte[] Error(string? id, RelayError code, string message) => Write(id ?? "null", writer =>
    {
        writer.WriteStartObject("error");
        writer.WriteNumber("code", (int)code);
        writer.WriteString("message", message);
        writer.WriteEndObject();
    });

    /// <summary>A request of ours.</summary>
    /// <param name="id">Its id, a text.</param>
    /// <param name="method">The method.</param>
    /// <param name="parameters">Its parameters.</param>
    public static byte[] Request(string id, string method, JsonObject parameters) => Write($"\"{id}\"", writer =>
    {
        writer.WriteString("method", method);
        writer.WritePropertyName("params");
        parameters.WriteTo(writer);
    });

    private static byte[] Write(string id, Action<Utf8JsonWriter> rest)
    {
        var buffer = new ArrayBufferWriter<byte>(512);
        using (var writer = new Utf8JsonWriter(buffer, Options))
        {
            writer.WriteStartObject();
            writer.WriteString("jsonrpc", "2.0");
            writer.WritePropertyName("id");
            writer.WriteRawValue(id);
            rest(writer);
            writer.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }
}
