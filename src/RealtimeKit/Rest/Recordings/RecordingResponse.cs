using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Roomcast.Egress.Recording;
using Roomcast.Meetings.Records;
using Roomcast.RealtimeKit.Rest.Meetings;

namespace Roomcast.RealtimeKit.Rest.Recordings;

/// <summary>A recording as this API tells it; <c>err_message</c> and <c>download_urls</c> are additions of ours.</summary>
internal sealed record RecordingResponse
{
    public static readonly IReadOnlyDictionary<string, RecordingStatus> StatusWords = new Dictionary<string, RecordingStatus>
    {
        ["INVOKED"] = RecordingStatus.Invoked,
        ["RECORDING"] = RecordingStatus.Recording,
        ["PAUSED"] = RecordingStatus.Paused,
        ["UPLOADING"] = RecordingStatus.Uploading,
        ["UPLOADED"] = RecordingStatus.Uploaded,
        ["ERRORED"] = RecordingStatus.Errored,
    };

    public static string WordOf(RecordingStatus status) => StatusWords.First(word => word.Value == status).Key;

    public required Guid Id { get; init; }

    public required string Status { get; init; }

    public required DateTimeOffset InvokedTime { get; init; }

    public required string OutputFileName { get; init; }

    public required Guid? SessionId { get; init; }

    public required DateTimeOffset? StartedTime { get; init; }

    public required DateTimeOffset? StoppedTime { get; init; }

    public required long? FileSize { get; init; }

    public required string? DownloadUrl { get; init; }

    public required string? AudioDownloadUrl { get; init; }

    public required DateTimeOffset? DownloadUrlExpiry { get; init; }

    public required int RecordingDuration { get; init; }

    public required JsonObject? StorageConfig { get; init; }

    public required string? ErrMessage { get; init; }

    /// <summary>For single tracks, by layer.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<LayerFilesResponse>? DownloadUrls { get; init; }

    /// <summary>Not in lists.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public RecordingReasonResponse? StartReason { get; init; }

    /// <summary>Not in lists, and not before it stopped.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public RecordingReasonResponse? StopReason { get; init; }

    /// <summary>In lists alone, and of single tracks.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public MeetingResponse? Meeting { get; init; }

    /// <summary>Of single tracks.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public Guid? MeetingId { get; init; }

    /// <summary>Of single tracks: <c>TRACK</c>.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Type { get; init; }

    public static RecordingResponse Of(RecordingRecord recording, Egress.Recording.Recordings recordings) =>
        Plain(recording, recordings) with
        {
            StartReason = new RecordingReasonResponse(
                recording.StartReason is RecordingStartReason.OnStart ? "RECORD_ON_START" : "API_CALL",
                RecordingCallerResponse.Of(recording.Starter)),
            StopReason = recording.StopReason is not { } reason ? null : new RecordingReasonResponse(
                reason switch
                {
                    // The words of this API are three: how long it may be was asked for with the start.
                    RecordingStopReason.Asked or RecordingStopReason.MaxLength => "API_CALL",
                    RecordingStopReason.SessionEnded or RecordingStopReason.AllPeersLeft => "ALL_PEERS_LEFT",
                    _ => "INTERNAL_ERROR",
                },
                RecordingCallerResponse.Of(recording.Stopper)),
        };

    public static RecordingResponse OfTracks(RecordingRecord recording, Egress.Recording.Recordings recordings) =>
        Of(recording, recordings) with { MeetingId = recording.MeetingId, Type = "TRACK" };

    public static RecordingResponse InList(RecordingRecord recording, Egress.Recording.Recordings recordings, Meeting? meeting) =>
        Plain(recording, recordings) with { Meeting = meeting is null ? null : MeetingResponse.InList(meeting) };

    private static RecordingResponse Plain(RecordingRecord recording, Egress.Recording.Recordings recordings) => new()
    {
        Id = recording.Id.Value,
        Status = WordOf(recording.Status),
        InvokedTime = recording.CreatedAt,
        OutputFileName = recording.OutputFileName,
        SessionId = recording.SessionId,
        StartedTime = recording.StartedAt,
        StoppedTime = recording.StoppedAt,
        FileSize = recording.FileSize,
        DownloadUrl = recordings.AddressOf(recording, recording.MediaFile),
        AudioDownloadUrl = recordings.AddressOf(recording, recording.AudioFile),
        DownloadUrlExpiry = recording.LinksExpireAt,
        RecordingDuration = (int)Math.Round(recording.Duration.TotalSeconds),
        StorageConfig = recording.Plan.StorageTold is { } told ? JsonNode.Parse(told)!.AsObject() : null,
        ErrMessage = recording.ErrorMessage,
        DownloadUrls = recording.TrackFiles.Count == 0 ? null :
        [
            .. recording.TrackFiles.GroupBy(file => file.Layer, StringComparer.Ordinal).Select(layer => new LayerFilesResponse(
                layer.Key,
                layer.ToDictionary(file => file.FileName, file => new TrackFileResponse(recordings.AddressOf(recording, file.FileName))))),
        ],
    };
}

/// <summary>Why, and who asked.</summary>
internal sealed record RecordingReasonResponse(
    string Reason, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] RecordingCallerResponse? Caller);

/// <summary>Who asked. The one field of another spelling is as published.</summary>
internal sealed record RecordingCallerResponse(string Type, string Name, [property: JsonPropertyName("user_Id")] string UserId)
{
    public static RecordingCallerResponse? Of(RecordingCaller? caller) =>
        caller is null ? null : new RecordingCallerResponse(caller.IsParticipant ? "USER" : "ORGANIZATION", caller.Name ?? "", caller.Id);
}

/// <summary>The files of a layer, by their names.</summary>
internal sealed record LayerFilesResponse(string LayerName, IReadOnlyDictionary<string, TrackFileResponse> DownloadUrls);

/// <summary>Where a file is.</summary>
internal sealed record TrackFileResponse(string? DownloadUrl);

/// <summary>What starting a track recording answers.</summary>
internal sealed record TrackRecordingResponse(RecordingResponse Recording);
