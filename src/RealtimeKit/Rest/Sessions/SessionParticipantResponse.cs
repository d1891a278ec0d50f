using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Roomcast.Meetings.History;
using Roomcast.Meetings.Records;
using Roomcast.RealtimeKit.Rest.Answers;

namespace Roomcast.RealtimeKit.Rest.Sessions;

/// <summary>A peer of a session, as this API tells it; <c>user_agent</c> and <c>sdk_version</c> are additions of ours.</summary>
internal sealed record SessionParticipantResponse
{
    public required Guid Id { get; init; }

    public required Guid UserId { get; init; }

    public required string CustomParticipantId { get; init; }

    public required string DisplayName { get; init; }

    /// <summary>Not where the peer is told by its id alone.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? PresetName { get; init; }

    /// <summary>In minutes.</summary>
    public required double Duration { get; init; }

    public required DateTimeOffset JoinedAt { get; init; }

    /// <summary>Absent while it is there.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public DateTimeOffset? LeftAt { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required DateTimeOffset UpdatedAt { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? UserAgent { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? SdkVersion { get; init; }

    /// <summary>Where they were asked for.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public PeerEventResponse[]? PeerEvents { get; init; }

    /// <summary>Where the peer is told by its id alone.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public Guid? SessionId { get; init; }

    /// <summary>Where the peer is told by its id alone: the name of its preset.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Role { get; init; }

    /// <summary>Not in lists.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public JsonObject? PeerReport { get; init; }

    /// <summary>Tells a peer.</summary>
    /// <param name="peer">Which.</param>
    /// <param name="now">The wall clock, for one that is still there.</param>
    /// <param name="events">What happened to it; null when that was not asked for.</param>
    public static SessionParticipantResponse Of(PeerRecord peer, DateTimeOffset now, IEnumerable<PeerEvent>? events) => new()
    {
        Id = peer.Id.Value,
        UserId = peer.ParticipantId.Value,
        CustomParticipantId = peer.CustomId,
        DisplayName = peer.DisplayName,
        PresetName = peer.PresetName,
        Duration = Minutes.Rounded(peer.DurationAt(now)),
        JoinedAt = peer.JoinedAt,
        LeftAt = peer.LeftAt,
        CreatedAt = peer.CreatedAt,
        UpdatedAt = peer.UpdatedAt,
        UserAgent = peer.Client?.UserAgent,
        SdkVersion = peer.Client?.SdkVersion,
        PeerEvents = events is null ? null : [.. events.Select(happened => PeerEventResponse.Of(happened, peer))],
    };
}

/// <summary>Something that happened to a peer.</summary>
internal sealed record PeerEventResponse(
    Guid Id,
    string EventName,
    DateTimeOffset CreatedAt,
    DateTimeOffset UpdatedAt,
    double MinutesConsumed,
    Guid ParticipantId,
    Guid PeerId,
    string PresetViewType,
    Guid SessionId,
    string? SocketSessionId)
{
    public static PeerEventResponse Of(PeerEvent happened, PeerRecord peer) => new(
        happened.Id,
        WordOf(happened.Kind),
        happened.At,
        happened.At,
        Minutes.Rounded(happened.Stayed),
        peer.ParticipantId.Value,
        peer.Id.Value,
        WordOf(peer.ViewType),
        peer.SessionId.Value,
        null);

    /// <summary>Tells what happened to peers, in order of time.</summary>
    public static PeerEventResponse[] Of(IReadOnlyList<PeerRecord> peers, ILookup<PeerId, PeerEvent> events) =>
    [
        .. peers.SelectMany(peer => events[peer.Id].Select(happened => Of(happened, peer))).OrderBy(happened => happened.CreatedAt),
    ];

    public static string WordOf(PeerEventKind kind) => kind switch
    {
        PeerEventKind.Created => "PEER_CREATED",
        PeerEventKind.Joining => "PEER_JOINING",
        _ => "PEER_LEAVING",
    };

    public static string WordOf(Roomcast.Meetings.Presets.ViewType viewType) =>
        Roomcast.Meetings.Presets.PresetJson.ViewTypes.First(word => word.Value == viewType).Key;
}

/// <summary>A page of peers.</summary>
internal sealed record SessionParticipantListResponse(SessionParticipantResponse[] Participants);

/// <summary>One peer.</summary>
internal sealed record OneSessionParticipantResponse(SessionParticipantResponse Participant);

/// <summary>Where the chat of a session is.</summary>
internal sealed record ChatDownloadResponse(string ChatDownloadUrl, DateTimeOffset ChatDownloadUrlExpiry);

/// <summary>Where the transcript of a session is. The one field of another spelling is as published.</summary>
internal sealed record TranscriptDownloadResponse(
    [property: JsonPropertyName("sessionId")] Guid SessionId, string TranscriptDownloadUrl, DateTimeOffset TranscriptDownloadUrlExpiry);

/// <summary>Where the summary of a session is, in the spelling that is published for it alone.</summary>
internal sealed record SummaryDownloadResponse(
    [property: JsonPropertyName("sessionId")] Guid SessionId,
    [property: JsonPropertyName("summaryDownloadUrl")] string SummaryDownloadUrl,
    [property: JsonPropertyName("summaryDownloadUrlExpiry")] DateTimeOffset SummaryDownloadUrlExpiry);

/// <summary>How far the summary of a session is.</summary>
internal sealed record SummaryStatusResponse(Guid SessionId, string Status);
