using Roomcast.Accounts;

namespace Roomcast.Meetings.Records;

/// <summary>Why a session ended.</summary>
public enum SessionEndReason
{
    /// <summary>The last peer had left, and the meeting's keep-alive time was over.</summary>
    EverybodyLeft,

    /// <summary>A host or the API ended it for everybody.</summary>
    EndedByHost,

    /// <summary>The server stopped without ending it.</summary>
    ServerStopped,
}

/// <summary>One time a meeting takes place, as kept: from the first join until it has ended.</summary>
public sealed record SessionRecord
{
    /// <summary>Its id.</summary>
    public required SessionId Id { get; init; }

    /// <summary>The app.</summary>
    public required AppId AppId { get; init; }

    /// <summary>The meeting.</summary>
    public required MeetingId MeetingId { get; init; }

    /// <summary>The session of the parent meeting during which it began, where the meeting was made next to another; null otherwise.</summary>
    public SessionId? ParentId { get; init; }

    /// <summary>The meeting's title when the session began.</summary>
    public required string MeetingTitle { get; init; }

    /// <summary>When the first joined.</summary>
    public required DateTimeOffset StartedAt { get; init; }

    /// <summary>When it ended; null while it lasts.</summary>
    public DateTimeOffset? EndedAt { get; init; }

    /// <summary>Why it ended; null while it lasts.</summary>
    public SessionEndReason? EndReason { get; init; }

    /// <summary>Peers that are in it.</summary>
    public required int PresentPeers { get; init; }

    /// <summary>Most peers that were in it at once.</summary>
    public required int MostPeers { get; init; }

    /// <summary>How long all its peers were there, added up, as of <see cref="UpdatedAt"/>; final once it has ended.</summary>
    public TimeSpan Presence { get; init; }

    /// <summary>When the row was made.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>When the row last changed.</summary>
    public required DateTimeOffset UpdatedAt { get; init; }

    /// <summary>Whether it was under way already when it was to begin; known only to <see cref="SessionRecordStore.BeginAsync"/>, and not kept.</summary>
    public bool IsContinued { get; init; }
}

/// <summary>One who joins a session.</summary>
/// <param name="Id">The peer, as its client calls it.</param>
/// <param name="ParticipantId">The participant.</param>
/// <param name="CustomId">The customer's own name for the participant.</param>
/// <param name="DisplayName">What the others see.</param>
/// <param name="PresetName">The preset.</param>
/// <param name="ViewType">The preset's kind of meeting.</param>
public sealed record JoiningPeer(
    PeerId Id, ParticipantId ParticipantId, string CustomId, string DisplayName, string PresetName, Presets.ViewType ViewType)
{
    /// <summary>What its client tells of itself; null when nothing is known.</summary>
    public History.PeerClient? Client { get; init; }
}

/// <summary>The presence of a peer in a session, as kept.</summary>
public sealed record PeerRecord
{
    /// <summary>The session.</summary>
    public required SessionId SessionId { get; init; }

    /// <summary>The peer.</summary>
    public required PeerId Id { get; init; }

    /// <summary>The participant.</summary>
    public required ParticipantId ParticipantId { get; init; }

    /// <summary>The customer's own name for the participant.</summary>
    public required string CustomId { get; init; }

    /// <summary>What the others saw.</summary>
    public required string DisplayName { get; init; }

    /// <summary>The preset's name.</summary>
    public required string PresetName { get; init; }

    /// <summary>The preset's kind of meeting.</summary>
    public required Presets.ViewType ViewType { get; init; }

    /// <summary>When it joined for the first time.</summary>
    public required DateTimeOffset JoinedAt { get; init; }

    /// <summary>When it left for the last time; null while it is there.</summary>
    public DateTimeOffset? LeftAt { get; init; }

    /// <summary>When the presence that is or was the last one began.</summary>
    public required DateTimeOffset PresentSince { get; init; }

    /// <summary>How long it had been there in presences before that one.</summary>
    public required TimeSpan PresentBefore { get; init; }

    /// <summary>What its client told of itself; null when nothing is known, or it was deleted since.</summary>
    public History.PeerClient? Client { get; init; }

    /// <summary>In a consolidated list: the peers of the participant that this one stands for, itself among them, by the time they joined. Otherwise empty.</summary>
    public IReadOnlyList<PeerRecord> Merged { get; init; } = [];

    /// <summary>When the row was made.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>When the row last changed.</summary>
    public required DateTimeOffset UpdatedAt { get; init; }

    /// <summary>How long it has been there, all presences together, times away left out.</summary>
    /// <param name="now">The wall clock, for a peer that is still there.</param>
    public TimeSpan DurationAt(DateTimeOffset now)
    {
        var last = (LeftAt ?? now) - PresentSince;
        return PresentBefore + (last > TimeSpan.Zero ? last : TimeSpan.Zero);
    }
}
