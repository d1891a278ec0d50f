using Roomcast.Meetings.Records;
using Roomcast.Meetings.Sessions.Peers;

namespace Roomcast.Meetings.Sessions.Following;

/// <summary>Learns who is in each session of this server and how they stand, change by change.</summary>
/// <remarks>
/// Called by each session's loop, after <see cref="ISessionObserver.Began"/> of the session and before its
/// <see cref="ISessionObserver.Ended"/>; whoever is there at the end is not told to leave. No call blocks or throws. Hidden
/// peers and recorders are not on the roster.
/// </remarks>
public interface IRosterObserver
{
    /// <summary>Somebody is in the session.</summary>
    void Arrived(SessionId sessionId, RosterPeer peer);

    /// <summary>Somebody stands otherwise than before.</summary>
    void Changed(SessionId sessionId, RosterPeer peer, RosterPeer before);

    /// <summary>Somebody has left, or lost the connection.</summary>
    void Departed(SessionId sessionId, RosterPeer peer);

    /// <summary>The session itself stands otherwise than before.</summary>
    void Changed(SessionId sessionId, SessionTraits traits);
}

/// <summary>How somebody in a session stands, at one moment.</summary>
/// <param name="PeerId">The presence.</param>
/// <param name="UserId">The participant.</param>
/// <param name="Name">The name it goes by here.</param>
/// <param name="CustomId">The participant's id in the customer's own words.</param>
/// <param name="JoinedAt">When it joined.</param>
/// <param name="Stage">Where it stands towards the stage.</param>
/// <param name="HasMicrophone">Whether it sends sound of its own that is not held back.</param>
/// <param name="HasCamera">Whether it sends a picture of its own that is not held back.</param>
/// <param name="HasScreen">Whether it shows a screen.</param>
/// <param name="HasHandUp">Whether its hand is raised.</param>
/// <param name="Notes">What the meeting's owner has noted of it: a JSON object.</param>
public sealed record RosterPeer(
    string PeerId,
    string UserId,
    string Name,
    string CustomId,
    DateTimeOffset JoinedAt,
    StageState Stage,
    bool HasMicrophone,
    bool HasCamera,
    bool HasScreen,
    bool HasHandUp,
    string Notes)
{
    /// <summary>Whether it is sent no sound of others.</summary>
    public bool IsDeaf { get; init; }

    /// <summary>Whether it is the server's own, and no person's.</summary>
    public bool IsGuest { get; init; }

    /// <summary>Whether it is on stage; where there is no stage, everybody is.</summary>
    public bool IsOnStage => Stage is StageState.On;
}

/// <summary>How a session stands, apart from who is in it.</summary>
/// <param name="IsLocked">Whether nobody new is let in.</param>
/// <param name="SpeakerId">The peer who speaks, or spoke last; null before anybody did.</param>
/// <param name="PinnedId">The peer that a host pinned for everybody; null when none is.</param>
/// <param name="Notes">What the meeting's owner has noted of the session: a JSON object.</param>
public sealed record SessionTraits(bool IsLocked, string? SpeakerId, string? PinnedId, string Notes)
{
    /// <summary>Those of a session that has just begun.</summary>
    public static readonly SessionTraits Fresh = new(false, null, null, "{}");

    /// <summary>The peers who are talking at the moment, at most <see cref="Media.MediaRoom.MaxSpeakers"/>; empty in silence. Another list whenever it changes.</summary>
    public IReadOnlyList<string> TalkingIds { get; init; } = [];
}
