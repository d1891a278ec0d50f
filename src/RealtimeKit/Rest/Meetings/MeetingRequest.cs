using System.Text.Json.Nodes;
using Roomcast.Meetings.Records;
using Roomcast.RealtimeKit.Rest.Answers;
using Roomcast.RealtimeKit.Rest.Requests;

namespace Roomcast.RealtimeKit.Rest.Meetings;

/// <summary>What a body says of a meeting: for making, changing and replacing one alike.</summary>
internal sealed class MeetingRequest
{
    private const int MaxTitleLength = 256;

    private readonly Func<string, bool> _mayStoreAt;
    private readonly Given<string> _title;
    private readonly MeetingStatus? _status;
    private readonly bool? _persistsChat;
    private readonly Given<bool?> _recordsOnStart;
    private readonly Given<bool?> _goesLiveOnStart;
    private readonly bool? _summarizesOnEnd;
    private readonly bool? _transcribesOnEnd;
    private readonly int? _keepAliveSeconds;
    private readonly JsonObject? _ai;
    private readonly JsonObject? _recording;

    /// <summary>Reads every field; what is wrong is noted by the reader.</summary>
    /// <param name="body">The body.</param>
    /// <param name="readsStatus">Whether the status may be set.</param>
    /// <param name="mayStoreAt">Whether a host may be stored at.</param>
    public MeetingRequest(BodyReader body, bool readsStatus, Func<string, bool> mayStoreAt)
    {
        _mayStoreAt = mayStoreAt;
        _title = body.ReadText("title", MaxTitleLength, isNullable: true);
        _status = readsStatus ? body.ReadWord("status", MeetingResponse.StatusWords).Value : null;
        _persistsChat = body.ReadFlag("persist_chat").Value;
        _recordsOnStart = body.ReadFlag("record_on_start", isNullable: true);
        _goesLiveOnStart = body.ReadFlag("live_stream_on_start", isNullable: true);
        _summarizesOnEnd = body.ReadFlag("summarize_on_end").Value;
        _transcribesOnEnd = body.ReadFlag("transcribe_on_end").Value;
        _keepAliveSeconds = body.ReadWholeNumber(
            "session_keep_alive_time_in_secs",
            (int)Meeting.MinKeepAlive.TotalSeconds,
            (int)Meeting.MaxKeepAlive.TotalSeconds).Value;
        _ai = body.ReadShape(MeetingConfigs.AiField, MeetingConfigs.Ai);
        _recording = body.ReadShape(MeetingConfigs.RecordingField, MeetingConfigs.Recording);
    }

    /// <summary>The title; null where the body does not tell one. A title of null is an empty one.</summary>
    public string? Title => _title.IsGiven ? _title.Value ?? "" : null;

    /// <summary>What the settings become of those that hold now.</summary>
    /// <param name="before">Those of now; the defaults for a new meeting and for one that is replaced.</param>
    /// <param name="faults">What does not go together.</param>
    /// <param name="stored">The recording configuration that is kept now; null for a new meeting, and for none.</param>
    public MeetingSettings Settings(MeetingSettings before, out IReadOnlyList<FieldFault> faults, string? stored = null)
    {
        var recording = Merge(before.RecordingConfig, _recording, MeetingConfigs.MergeRecording);
        MeetingConfigs.Uncover(recording, stored);

        // What is kept was taken when the rules may have been others: who changes something else is not held up by it.
        faults = recording is null || _recording is null ? [] : MeetingConfigs.FaultsOf(recording, _mayStoreAt);
        return before with
        {
            PersistsChat = _persistsChat ?? before.PersistsChat,
            RecordsOnStart = _recordsOnStart.Value ?? (_recordsOnStart.IsGiven ? false : before.RecordsOnStart),
            GoesLiveOnStart = _goesLiveOnStart.Value ?? (_goesLiveOnStart.IsGiven ? false : before.GoesLiveOnStart),
            SummarizesOnEnd = _summarizesOnEnd ?? before.SummarizesOnEnd,
            TranscribesOnEnd = _transcribesOnEnd ?? before.TranscribesOnEnd,
            KeepAlive = _keepAliveSeconds is { } seconds ? TimeSpan.FromSeconds(seconds) : before.KeepAlive,
            AiConfig = Merge(before.AiConfig, _ai, MergePatch.Apply)?.ToJsonString(),
            RecordingConfig = recording?.ToJsonString(),
        };
    }

    /// <summary>What the meeting becomes of the one that is: only what the body tells changes.</summary>
    public Meeting Change(Meeting before) => before with
    {
        Title = Title ?? before.Title,
        Status = _status ?? before.Status,
        Settings = Settings(before.Settings, out _, before.Settings.RecordingConfig),
    };

    /// <summary>What the meeting becomes when it is replaced: what the body does not tell goes back to the defaults; the status stays.</summary>
    public Meeting Replace(Meeting before) => before with
    {
        Title = Title ?? "",
        Settings = Settings(new MeetingSettings(), out _, before.Settings.RecordingConfig),
    };

    private static JsonObject? Merge(string? before, JsonObject? change, Func<JsonObject, JsonObject, JsonObject> merge) =>
        change is null ? (before is null ? null : JsonNode.Parse(before)!.AsObject())
        : merge(before is null ? [] : JsonNode.Parse(before)!.AsObject(), change);
}
