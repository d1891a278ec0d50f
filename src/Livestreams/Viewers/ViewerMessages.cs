using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Roomcast.Livestreams.Viewers;

/// <summary>The answer to a status request.</summary>
internal sealed record StatusMessage(string State, string? Name, int Viewers, DateTimeOffset? StartedAt);

/// <summary>The request for a heartbeat's token: the id that a playlist's path carries, or none for a new viewer.</summary>
internal sealed record NewViewerRequest(string? Viewer);

/// <summary>A viewer that may send heartbeats.</summary>
internal sealed record NewViewerMessage(string Viewer, string Token, double IntervalSeconds);

/// <summary>A heartbeat, or a leave (then only the token and the number count).</summary>
internal sealed record HeartbeatRequest(string? Token, string? State, string? Player, double? LatencyMs, long? Number);

/// <summary>The answer to a heartbeat: when the next one is due, and what else a page would have to ask for.</summary>
internal sealed record HeartbeatMessage(double IntervalSeconds, string State, int Viewers);

/// <summary>A refusal.</summary>
internal sealed record ViewerErrorMessage(string Error, string Message);

/// <summary>Writes moments as the REST API does: RFC 3339, UTC, milliseconds, <c>Z</c>.</summary>
internal sealed class ViewerTimeConverter : JsonConverter<DateTimeOffset>
{
    public override DateTimeOffset Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => reader.GetDateTimeOffset();

    public override void Write(Utf8JsonWriter writer, DateTimeOffset value, JsonSerializerOptions options) =>
        writer.WriteStringValue(value.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture));
}

/// <summary>How the messages stand on the wire.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.Never,
    Converters = [typeof(ViewerTimeConverter)])]
[JsonSerializable(typeof(StatusMessage))]
[JsonSerializable(typeof(NewViewerRequest))]
[JsonSerializable(typeof(NewViewerMessage))]
[JsonSerializable(typeof(HeartbeatRequest))]
[JsonSerializable(typeof(HeartbeatMessage))]
[JsonSerializable(typeof(ViewerErrorMessage))]
internal sealed partial class ViewerJson : JsonSerializerContext;
