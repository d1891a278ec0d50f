using System.Text.Json.Serialization;
using Roomcast.RealtimeKit.Rest.Answers;

namespace Roomcast.RealtimeKit.Webhooks;

/// <summary>The app whose meeting it is.</summary>
internal sealed record OrganizerPayload(Guid Id, string? Name);

/// <summary>The session of which an event tells. <c>roomName</c> is the meeting's id, and the status is <c>LIVE</c> even when it has ended, as published.</summary>
internal sealed record MeetingPayload(
    Guid Id,
    Guid SessionId,
    string Title,
    Guid RoomName,
    string Status,
    DateTimeOffset CreatedAt,
    DateTimeOffset StartedAt,
    DateTimeOffset? EndedAt,
    OrganizerPayload OrganizedBy);

/// <summary>A session has begun or ended.</summary>
internal sealed record MeetingEvent(string Event, MeetingPayload Meeting, string? Reason);

/// <summary>One who was there; <c>clientSpecificId</c> is an older name for the same value.</summary>
internal sealed record ParticipantPayload(
    Guid PeerId,
    string UserDisplayName,
    string CustomParticipantId,
    string ClientSpecificId,
    DateTimeOffset JoinedAt,
    DateTimeOffset? LeftAt);

/// <summary>A peer has joined or left.</summary>
internal sealed record ParticipantEvent(string Event, MeetingPayload Meeting, ParticipantPayload Participant);

/// <summary>The chat of a session can be downloaded.</summary>
internal sealed record ChatSyncedEvent(
    string Event,
    Guid SessionId,
    Guid MeetingId,
    string Title,
    string ChatDownloadUrl,
    DateTimeOffset ChatDownloadUrlExpiry,
    DateTimeOffset CreatedAt,
    DateTimeOffset StartedAt,
    DateTimeOffset? EndedAt,
    OrganizerPayload OrganizedBy);

/// <summary>The transcript of a session can be downloaded.</summary>
internal sealed record TranscriptEvent(
    string Event, MeetingPayload Meeting, string TranscriptDownloadUrl, DateTimeOffset TranscriptDownloadUrlExpiry);

/// <summary>The summary of a session can be downloaded.</summary>
internal sealed record SummaryEvent(
    string Event, MeetingPayload Meeting, string SummaryDownloadUrl, DateTimeOffset SummaryDownloadUrlExpiry);

/// <summary>Who asked for a recording to stop.</summary>
internal sealed record CallerPayload(string Type, string Name, [property: JsonPropertyName("user_Id")] string UserId);

/// <summary>Why a recording stopped.</summary>
internal sealed record StopReasonPayload(string Reason, CallerPayload? Caller);

/// <summary>A recording; keys without a value are left out.</summary>
internal sealed record RecordingPayload
{
    public required Guid Id { get; init; }

    public required Guid RecordingId { get; init; }

    public required Guid MeetingId { get; init; }

    public required Guid OrganizationId { get; init; }

    [JsonPropertyName("roomUUID")]
    public required Guid RoomUuid { get; init; }

    public required string Status { get; init; }

    public DateTimeOffset? StartedTime { get; init; }

    public DateTimeOffset? StoppedTime { get; init; }

    public long? FileSize { get; init; }

    public required string OutputFileName { get; init; }

    public required int RecordingDuration { get; init; }

    public string? DownloadUrl { get; init; }

    public string? AudioDownloadUrl { get; init; }

    public DateTimeOffset? DownloadUrlExpiry { get; init; }

    public StopReasonPayload? StopReason { get; init; }
}

/// <summary>A recording was asked for, or stands elsewhere.</summary>
internal sealed record RecordingEvent(string Event, MeetingPayload? Meeting, RecordingPayload Recording);

/// <summary>A livestream was made, went live or off air.</summary>
internal sealed record LivestreamEvent(
    string Event,
    Guid StreamId,
    string Status,
    bool ManualIngest,
    string PlaybackUrl,
    string IngestServer,
    string? StreamKey,
    MeetingPayload? Meeting);

/// <summary>How events are written: camelCase, compact, keys without a value left out, moments in milliseconds.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    Converters = [typeof(TimestampConverter)])]
[JsonSerializable(typeof(MeetingEvent))]
[JsonSerializable(typeof(ParticipantEvent))]
[JsonSerializable(typeof(ChatSyncedEvent))]
[JsonSerializable(typeof(TranscriptEvent))]
[JsonSerializable(typeof(SummaryEvent))]
[JsonSerializable(typeof(RecordingEvent))]
[JsonSerializable(typeof(LivestreamEvent))]
internal sealed partial class WebhookJson : JsonSerializerContext;
