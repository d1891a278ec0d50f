using Roomcast.Accounts;
using Roomcast.Meetings.History;

namespace Roomcast.Meetings.Records;

/// <summary>A row of <c>meeting_sessions</c>, as it is read.</summary>
internal sealed class SessionRow
{
    public Guid Id { get; init; }

    public Guid AppId { get; init; }

    public Guid MeetingId { get; init; }

    public Guid? ParentId { get; init; }

    public string MeetingTitle { get; init; } = "";

    public DateTimeOffset StartedAt { get; init; }

    public DateTimeOffset? EndedAt { get; init; }

    public string? EndReason { get; init; }

    public int PresentPeers { get; init; }

    public int MostPeers { get; init; }

    public double PresenceSeconds { get; init; }

    public DateTimeOffset CreatedAt { get; init; }

    public DateTimeOffset UpdatedAt { get; init; }

    public SessionRecord ToSession() => new()
    {
        Id = new SessionId(Id),
        AppId = new AppId(AppId),
        MeetingId = new MeetingId(MeetingId),
        ParentId = ParentId is { } parent ? new SessionId(parent) : null,
        MeetingTitle = MeetingTitle,
        StartedAt = StartedAt,
        EndedAt = EndedAt,
        EndReason = EndReason is null ? null : SessionWords.ReadReason(EndReason),
        PresentPeers = PresentPeers,
        MostPeers = MostPeers,
        Presence = TimeSpan.FromSeconds(PresenceSeconds),
        CreatedAt = CreatedAt,
        UpdatedAt = UpdatedAt,
    };
}

/// <summary>A row of <c>session_peers</c>, as it is read.</summary>
internal sealed class PeerRow
{
    public Guid SessionId { get; init; }

    public Guid Id { get; init; }

    public Guid ParticipantId { get; init; }

    public string CustomId { get; init; } = "";

    public string DisplayName { get; init; } = "";

    public string PresetName { get; init; } = "";

    public string ViewType { get; init; } = "";

    public DateTimeOffset JoinedAt { get; init; }

    public DateTimeOffset? LeftAt { get; init; }

    public DateTimeOffset PresentSince { get; init; }

    public double SecondsBefore { get; init; }

    public string? UserAgent { get; init; }

    public string? RemoteAddress { get; init; }

    public string? SdkVersion { get; init; }

    public DateTimeOffset CreatedAt { get; init; }

    public DateTimeOffset UpdatedAt { get; init; }

    public PeerRecord ToPeer() => new()
    {
        SessionId = new SessionId(SessionId),
        Id = new PeerId(Id),
        ParticipantId = new ParticipantId(ParticipantId),
        CustomId = CustomId,
        DisplayName = DisplayName,
        PresetName = PresetName,
        ViewType = SessionWords.ReadViewType(ViewType),
        JoinedAt = JoinedAt,
        LeftAt = LeftAt,
        PresentSince = PresentSince,
        PresentBefore = TimeSpan.FromSeconds(SecondsBefore),
        Client = UserAgent is null && RemoteAddress is null && SdkVersion is null
            ? null
            : new PeerClient(UserAgent, RemoteAddress, SdkVersion),
        CreatedAt = CreatedAt,
        UpdatedAt = UpdatedAt,
    };
}
