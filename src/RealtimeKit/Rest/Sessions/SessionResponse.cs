using Roomcast.Meetings.Records;

namespace Roomcast.RealtimeKit.Rest.Sessions;

/// <summary>A session under way, as this API tells it.</summary>
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
    public static SessionResponse Of(SessionRecord session, TimeSpan presence) => new(
        session.Id.Value,
        session.MeetingId.Value,
        session.MeetingTitle,
        session.AppId.Value,
        "meeting",
        "LIVE",
        session.PresentPeers,
        session.MostPeers,
        Math.Round(presence.TotalMinutes, 3),
        session.CreatedAt,
        session.StartedAt,
        session.UpdatedAt);
}
