using System.Text.Json;
using Roomcast.Meetings.History;
using Roomcast.Meetings.Records;
using Roomcast.RealtimeKit.Rest.Requests;

namespace Roomcast.RealtimeKit.Client;

/// <summary>What web clients post as their call statistics: of it, what the report on a peer has room for.</summary>
/// <remarks>
/// <c>{"peerId": …, "payload": {"entries": [{"event", "metaData", "timestamp"}]}}</c>, as
/// <c>@cloudflare/realtimekit</c> 2.0.2 sends it. Its own figures of its media are not among it; those are measured here.
/// </remarks>
internal static class CallStatistics
{
    private const int MaxEntries = 100;

    private static readonly Dictionary<string, ReportedDeviceKind> DeviceEvents = new(StringComparer.Ordinal)
    {
        ["audio_devices_updates"] = ReportedDeviceKind.Audio,
        ["video_devices_updates"] = ReportedDeviceKind.Video,
        ["speaker_devices_updates"] = ReportedDeviceKind.Speaker,
    };

    /// <summary>Reads a post. Null when it is of nobody or tells nothing that is kept.</summary>
    /// <param name="body">The JSON; anything at all.</param>
    /// <param name="now">The wall clock, for entries whose own time cannot be read.</param>
    /// <returns>The presence, and what adds each thing reported to what is known.</returns>
    public static (PeerId PeerId, IReadOnlyList<Func<ClientReport, ClientReport>> Steps)? Read(JsonElement body, DateTimeOffset now)
    {
        if (!PeerId.TryParse(TextOf(body, "peerId"), out var peerId) || Part(Part(body, "payload"), "entries") is not { ValueKind: JsonValueKind.Array } entries)
        {
            return null;
        }

        var steps = entries.EnumerateArray().Take(MaxEntries).Select(entry => StepOf(entry, now)).OfType<Func<ClientReport, ClientReport>>().ToArray();
        return steps.Length == 0 ? null : (peerId, steps);
    }

    private static Func<ClientReport, ClientReport>? StepOf(JsonElement entry, DateTimeOffset now)
    {
        var at = Timestamps.TryReadIso(TextOf(entry, "timestamp") ?? "", out var told, out _) ? told : now;
        var data = Part(entry, "metaData");
        switch (TextOf(entry, "event"))
        {
            case { } name when DeviceEvents.TryGetValue(name, out var kind) && Part(data, "deviceList") is { ValueKind: JsonValueKind.Array } list:
                var devices = list.EnumerateArray().Take(ClientReport.MaxDevices).Select(each => DeviceOf(each)).OfType<ReportedDevice>().ToArray();
                return report => report.WithDevices(kind, at, devices);

            case "selected_microphone_update" or "selected_camera_update" or "selected_speaker_update" when DeviceOf(Part(data, "device")) is { } device:
                return report => report.WithChoice(new DeviceChoice(at, device));

            case "precall_end" when Part(data, "connectionInfo") is { ValueKind: JsonValueKind.Object } network:
                var found = new ReportedNetwork(
                    at,
                    TextOf(network, "effectiveNetworkType"),
                    FlagOf(Part(network, "connectivity"), "reflexive"),
                    FlagOf(Part(network, "connectivity"), "relay"),
                    FlagOf(network, "turnConnectivity"));
                return report => report.WithNetwork(found);

            case "call_join" when Part(Part(Part(data, "peerMetaData"), "deviceInfo"), "cpus") is { ValueKind: JsonValueKind.Number } number
                && number.TryGetInt32(out var processors) && processors is > 0 and <= 4_096:
                return report => report.Processors == processors ? report : report with { Processors = processors };

            default:
                return null;
        }
    }

    private static ReportedDevice? DeviceOf(JsonElement? device) =>
        TextOf(device, "kind") is { Length: > 0 } kind ? new ReportedDevice(TextOf(device, "deviceId") ?? "", kind, TextOf(device, "label") ?? "") : null;

    private static JsonElement? Part(JsonElement? element, string name)
    {
        try
        {
            return element is { ValueKind: JsonValueKind.Object } parent && parent.TryGetProperty(name, out var part) ? part : null;
        }
        catch (InvalidOperationException)
        {
            return null; // The name of another field is half a surrogate pair.
        }
    }

    private static bool? FlagOf(JsonElement? element, string name) => Part(element, name)?.ValueKind switch
    {
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => null,
    };

    // What is no text, or cannot be stored, is none; what is too long is cut, but not within a character.
    private static string? TextOf(JsonElement? element, string name)
    {
        try
        {
            if (Part(element, name) is not { ValueKind: JsonValueKind.String } value || value.GetString() is not { } text || !WireText.IsStorable(text))
            {
                return null;
            }

            return text.Length <= ClientReport.MaxLength ? text : text[..CutOf(text)];
        }
        catch (InvalidOperationException)
        {
            return null; // Half a surrogate pair.
        }
    }

    private static int CutOf(string text) => char.IsHighSurrogate(text[ClientReport.MaxLength - 1]) ? ClientReport.MaxLength - 1 : ClientReport.MaxLength;
}
