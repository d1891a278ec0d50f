using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Roomcast.Meetings.Records;

namespace Roomcast.RealtimeKit.Rest.Meetings;

/// <summary>A meeting as this API tells it.</summary>
internal sealed record MeetingResponse
{
    public static readonly IReadOnlyDictionary<string, MeetingStatus> StatusWords = new Dictionary<string, MeetingStatus>
    {
        ["ACTIVE"] = MeetingStatus.Active,
        ["INACTIVE"] = MeetingStatus.Inactive,
    };

    public required Guid Id { get; init; }

    public required string Title { get; init; }

    public required string Status { get; init; }

    public required bool PersistChat { get; init; }

    public required bool RecordOnStart { get; init; }

    public required bool LiveStreamOnStart { get; init; }

    public required bool SummarizeOnEnd { get; init; }

    public required bool TranscribeOnEnd { get; init; }

    public required int SessionKeepAliveTimeInSecs { get; init; }

    /// <summary>Left out when it was not given, and in lists.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public JsonObject? AiConfig { get; init; }

    /// <summary>Left out when it was not given; without secrets.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public JsonObject? RecordingConfig { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required DateTimeOffset UpdatedAt { get; init; }

    public static MeetingResponse Of(Meeting meeting) =>
        InList(meeting) with { AiConfig = MeetingConfigs.Told(meeting.Settings.AiConfig) };

    public static MeetingResponse InList(Meeting meeting) => new()
    {
        Id = meeting.Id.Value,
        Title = meeting.Title,
        Status = meeting.Status is MeetingStatus.Active ? "ACTIVE" : "INACTIVE",
        PersistChat = meeting.Settings.PersistsChat,
        RecordOnStart = meeting.Settings.RecordsOnStart,
        LiveStreamOnStart = meeting.Settings.GoesLiveOnStart,
        SummarizeOnEnd = meeting.Settings.SummarizesOnEnd,
        TranscribeOnEnd = meeting.Settings.TranscribesOnEnd,
        SessionKeepAliveTimeInSecs = (int)meeting.Settings.KeepAlive.TotalSeconds,
        RecordingConfig = MeetingConfigs.Told(meeting.Settings.RecordingConfig),
        CreatedAt = meeting.CreatedAt,
        UpdatedAt = meeting.UpdatedAt,
    };
}
