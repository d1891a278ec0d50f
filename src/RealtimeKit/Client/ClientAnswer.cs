using System.Buffers;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Roomcast.RealtimeKit.Rest.Answers;

namespace Roomcast.RealtimeKit.Client;

/// <summary>A success as the web client reads it: JSON, written by whoever answers.</summary>
internal sealed class ClientAnswer(Action<Utf8JsonWriter> write) : KitAnswer
{
    public override int Status => StatusCodes.Status200OK;

    /// <summary>The payload under <c>data</c>, where most calls look for it.</summary>
    public static ClientAnswer Data(Action<Utf8JsonWriter> write) => new(json =>
    {
        json.WritePropertyName("data");
        json.WriteStartObject();
        write(json);
        json.WriteEndObject();
    });

    protected override void WriteBody(IBufferWriter<byte> output)
    {
        using var json = new Utf8JsonWriter(output);
        json.WriteStartObject();
        json.WriteBoolean("success", true);
        write(json);
        json.WriteEndObject();
    }
}
