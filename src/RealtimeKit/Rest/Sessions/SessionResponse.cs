using System.Text.Json.Serialization;
using Roomcast.Meetings.Records;
using Roomcast.RealtimeKit.Rest.Answers;

namespace Roomcast.RealtimeKit.Rest.Sessions;

/// <summary>A session, as this API tells it.</summary>
internal sealed record SessionResponse(
    Guid Id,
    Guid AssociatedId,
    string MeetingDisplayName,
    Guid OrganizationId,
    string Type,
    string Status,
    int LiveParticipants,
    int MaxConcurrentParticipants,
    double MinutesConsumed,
    DateTimeOffset CreatedAt,
    DateTimeOffset StartedAt,
    DateTimeOffset UpdatedAt)
{
    /// <summary>Absent while it lasts.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public DateTimeOffset? EndedAt { get; init; }

    /// <summary>Where it was asked for: the sessions of connected meetings that began during this one.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public SessionResponse[]? BreakoutRooms { get; init; }

    /// <summary>Tells a session.</summary>
    /// <param name="session">Which.</param>
    /// <param name="presence">How long all peers have been there; null for what the record itself says.</param>
    public static SessionResponse Of(SessionRecord session, TimeSpan? presence = null) => new(
        session.Id.Value,
        session.MeetingId.Value,
        session.MeetingTitle,
        session.AppId.Value,
        "meeting",
        session.EndedAt is null ? "LIVE" : "ENDED",
        session.PresentPeers,
        session.MostPeers,
        Minutes.Rounded(presence ?? session.Presence),
        session.CreatedAt,
        session.StartedAt,
        session.UpdatedAt)
    {
        EndedAt = session.EndedAt,
    };
}

/// <summary>A page of sessions.</summary>
internal sealed record SessionListResponse(SessionResponse[] Sessions);
