using System.Text.Json;
using System.Text.Json.Nodes;
using Roomcast.Egress.Recording;
using Roomcast.Meetings.Records;
using Roomcast.RealtimeKit.Rest.Answers;
using Roomcast.RealtimeKit.Rest.Meetings;
using Roomcast.RealtimeKit.Rest.Requests;

namespace Roomcast.RealtimeKit.Rest.Recordings;

/// <summary>What a body says of a recording to be started.</summary>
internal sealed class RecordingRequest
{
    private const int MaxUserIds = 100;
    private const int MaxIdLength = 256;

    private static readonly JsonShape Extras = JsonShape.Object(
        ("rtmp_out_config", JsonShape.Object(("rtmp_url", JsonShape.Address("rtmp", "rtmps")))),
        ("interactive_config", JsonShape.Object(["type"], ("type", JsonShape.Word("ID3")))),
        ("url", JsonShape.Address("http", "https")));

    private static readonly JsonShape Layer = JsonShape.Object(
        ("media_kind", JsonShape.Word("audio", "video")),
        ("file_name_prefix", MeetingConfigs.Prefix));

    private static readonly JsonShape Layers = JsonShape.Object(("default", Layer));

    private readonly JsonObject? _config;
    private readonly JsonObject? _extras;
    private readonly JsonObject? _layer;

    /// <summary>Reads every field; what is wrong is noted by the reader.</summary>
    public RecordingRequest(BodyReader body, bool isTracks)
    {
        MeetingId = body.ReadText("meeting_id", MaxIdLength, isNullable: false, minLength: 1, isRequired: true).Value ?? "";
        AllowsOthers = body.ReadFlag("allow_multiple_recordings").Value ?? false;
        IsTracks = isTracks || body.ReadWord("type", new Dictionary<string, RecordingKind>
        {
            ["composite"] = RecordingKind.Composite,
            ["track"] = RecordingKind.Tracks,
        }).Value is RecordingKind.Tracks;
        UserIds = body.ReadTexts("user_ids", 0, MaxUserIds, MaxIdLength, isRequired: false) ?? [];
        _config = WithoutNulls(body.ReadWhole((element, faults) => MeetingConfigs.Recording.Read(element, "", faults)) as JsonObject);
        _extras = body.ReadWhole((element, faults) => Extras.Read(element, "", faults)) as JsonObject;
        _layer = body.ReadWhole(ReadLayer);
        if (_extras?["url"] is not null && IsTracks)
        {
            body.AddFault("url", "cannot be had for single tracks");
        }
    }

    /// <summary>The meeting, as given.</summary>
    public string MeetingId { get; }

    /// <summary>Whether it may run beside another.</summary>
    public bool AllowsOthers { get; }

    /// <summary>Whether single tracks are recorded.</summary>
    public bool IsTracks { get; }

    /// <summary>For tracks: whose.</summary>
    public IReadOnlyList<string> UserIds { get; }

    /// <summary>The web page to be recorded in place of the meeting's composition; null for none.</summary>
    public Uri? Page => (string?)_extras?["url"] is { } address ? new Uri(address) : null;

    /// <summary>What is to be recorded: the request before the meeting's configuration before the defaults.</summary>
    /// <param name="meetingConfig">The meeting's <c>recording_config</c>; null when it has none.</param>
    /// <param name="recordings">Know which RTMP addresses can be served.</param>
    /// <param name="faults">What cannot be had, or does not go together.</param>
    public RecordingPlan ToPlan(string? meetingConfig, Egress.Recording.Recordings recordings, out IReadOnlyList<FieldFault> faults)
    {
        var ofMeeting = meetingConfig is null ? [] : JsonNode.Parse(meetingConfig)!.AsObject();
        if (IsTracks)
        {
            ofMeeting.Remove("live_streaming_config"); // Of the composed picture: single tracks are not pushed.
        }

        var effective = MeetingConfigs.MergeRecording(ofMeeting, _config ?? []);
        var pushAddress = (string?)_extras?["rtmp_out_config"]?["rtmp_url"];
        var plan = RecordingPlans.Of(
            effective, pushAddress, recordings, IsTracks, _extras?["interactive_config"] is not null, out faults);
        if (Page is { } page && !recordings.MayShow(page))
        {
            faults =
            [
                .. faults,
                FieldFault.InBody("/url", "url must not lead into a private network; the setting recording_page_private_networks allows some"),
            ];
        }

        return IsTracks
            ? plan with
            {
                UserIds = UserIds,
                RecordsPictures = (string?)_layer?["media_kind"] is "video",
                FileNamePrefix = (string?)_layer?["file_name_prefix"] ?? plan.FileNamePrefix,
            }
            : plan;
    }

    // Null is as if it were not there; as a storage alone, where it is a value, it says that the meeting's is not to be used.
    private static JsonObject? WithoutNulls(JsonObject? config)
    {
        if (config is null)
        {
            return null;
        }

        var own = MergePatch.Apply([], config);
        if (config.TryGetPropertyValue("storage_config", out var storage) && storage is null)
        {
            own["storage_config"] = null;
        }

        return own;
    }

    // Older clients send a list with one layer. Of layers by their names there is one that anything is recorded of.
    private static JsonObject? ReadLayer(JsonElement body, ICollection<FieldFault> faults)
    {
        if (body.ValueKind is not JsonValueKind.Object || !body.TryGetProperty("layers", out var layers))
        {
            return null;
        }

        return layers.ValueKind switch
        {
            JsonValueKind.Null => null,
            JsonValueKind.Array => layers.GetArrayLength() is 0 ? null : Layer.Read(layers[0], "/layers/0", faults) as JsonObject,
            _ => (Layers.Read(layers, "/layers", faults) as JsonObject)?["default"] as JsonObject,
        };
    }
}
