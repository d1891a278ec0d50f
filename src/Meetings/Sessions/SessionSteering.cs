using Roomcast.Meetings.Records;
using Roomcast.Meetings.Sessions.Features;
using Roomcast.Meetings.Sessions.Peers;
using Roomcast.Meetings.Sessions.Rules;

namespace Roomcast.Meetings.Sessions;

/// <summary>How something that was asked of a session from outside went.</summary>
public enum SteerOutcome
{
    /// <summary>It is so now; it may have been so before.</summary>
    Done,

    /// <summary>There is no such session under way.</summary>
    NoSession,

    /// <summary>The session has no such peer.</summary>
    NoPeer,

    /// <summary>Only the peer itself can do it, for example switch on a microphone that it switched off.</summary>
    OnlyItself,

    /// <summary>It does not go with the peer's preset, for example a stage where there is none.</summary>
    NotPossible,

    /// <summary>What would be noted is longer than may be; what was noted before stays.</summary>
    TooLong,
}

/// <summary>What the owner of a meeting can do to the session under way, peer by peer, from outside of it. Thread-safe.</summary>
/// <remarks>No permission is asked for: whoever calls owns the meeting. Texts of notes are JSON objects that the caller has checked.</remarks>
public sealed class SessionSteering(MeetingSessions sessions)
{
    /// <summary>Holds back what a peer sends.</summary>
    /// <param name="sessionId">The session.</param>
    /// <param name="peerId">The peer; null for all.</param>
    /// <param name="what">Which of its media.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    public Task<SteerOutcome> MuteAsync(SessionId sessionId, string? peerId, MediaChoice what, CancellationToken cancellationToken) =>
        OnPeersAsync(
            sessionId,
            peerId,
            (room, peer) =>
            {
                room.Media.HoldBack(peer, what, initiatorPeerId: "");
                return SteerOutcome.Done;
            },
            cancellationToken);

    /// <summary>Lets go of what was held back. What a peer has switched off itself, or may not send, stays off.</summary>
    /// <returns><see cref="SteerOutcome.OnlyItself"/> when nothing of one named peer could be let go.</returns>
    public Task<SteerOutcome> UnmuteAsync(SessionId sessionId, string? peerId, MediaChoice what, CancellationToken cancellationToken) =>
        OnPeersAsync(sessionId, peerId, (room, peer) => room.Media.LetGo(peer, what) ? SteerOutcome.Done : SteerOutcome.OnlyItself, cancellationToken);

    /// <summary>Sends a peer no sound of others, and holds back its microphone; or sends it again, and lets go of the microphone.</summary>
    /// <param name="sessionId">The session.</param>
    /// <param name="peerId">The peer; null for all.</param>
    /// <param name="isDeaf">Whether it is to hear nothing.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    public Task<SteerOutcome> DeafenAsync(SessionId sessionId, string? peerId, bool isDeaf, CancellationToken cancellationToken) =>
        OnPeersAsync(
            sessionId,
            peerId,
            (room, peer) =>
            {
                var microphone = new MediaChoice(Audio: true, Video: false, Screen: false);
                room.Media.SetDeaf(peer, isDeaf);
                if (isDeaf)
                {
                    room.Media.HoldBack(peer, microphone, initiatorPeerId: "");
                }
                else
                {
                    room.Media.LetGo(peer, microphone); // What it has switched off itself stays off; it hears all the same.
                }

                return SteerOutcome.Done;
            },
            cancellationToken);

    /// <summary>Removes a peer, as a host does.</summary>
    public Task<SteerOutcome> RemoveAsync(SessionId sessionId, string peerId, CancellationToken cancellationToken) =>
        OnPeersAsync(
            sessionId,
            peerId,
            (room, peer) =>
            {
                room.Host.Remove(peer);
                return SteerOutcome.Done;
            },
            cancellationToken);

    /// <summary>Removes everybody and ends the session at once.</summary>
    public Task<SteerOutcome> EndAsync(SessionId sessionId, CancellationToken cancellationToken) => OnRoomAsync(
        sessionId,
        room =>
        {
            room.Host.RemoveAll();
            return SteerOutcome.Done;
        },
        cancellationToken);

    /// <summary>Lets nobody new in, or lets people in again. Who is in may come back.</summary>
    public Task<SteerOutcome> LockAsync(SessionId sessionId, bool isLocked, CancellationToken cancellationToken) => OnRoomAsync(
        sessionId,
        room =>
        {
            room.IsLocked = isLocked;
            return SteerOutcome.Done;
        },
        cancellationToken);

    /// <summary>Raises or lowers a peer's hand.</summary>
    public Task<SteerOutcome> RaiseHandAsync(SessionId sessionId, string peerId, bool isUp, CancellationToken cancellationToken) => OnPeersAsync(
        sessionId,
        peerId,
        (_, peer) =>
        {
            peer.HasHandUp = isUp;
            return SteerOutcome.Done;
        },
        cancellationToken);

    /// <summary>Changes what is noted of a peer.</summary>
    /// <param name="sessionId">The session.</param>
    /// <param name="peerId">The peer.</param>
    /// <param name="change">Makes the new notes of the old ones; null when they would be too long.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    public Task<SteerOutcome> NoteAsync(SessionId sessionId, string peerId, Func<string, string?> change, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(change);
        return OnPeersAsync(
            sessionId,
            peerId,
            (_, peer) =>
            {
                if (change(peer.Notes) is not { } notes)
                {
                    return SteerOutcome.TooLong;
                }

                peer.Notes = notes;
                return SteerOutcome.Done;
            },
            cancellationToken);
    }

    /// <summary>Changes what is noted of the session.</summary>
    /// <param name="sessionId">The session.</param>
    /// <param name="change">Makes the new notes of the old ones; null when they would be too long.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    public Task<SteerOutcome> NoteAsync(SessionId sessionId, Func<string, string?> change, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(change);
        return OnRoomAsync(
            sessionId,
            room =>
            {
                if (change(room.Notes) is not { } notes)
                {
                    return SteerOutcome.TooLong;
                }

                room.Notes = notes;
                return SteerOutcome.Done;
            },
            cancellationToken);
    }

    /// <summary>Lets somebody of the audience come on stage.</summary>
    /// <param name="sessionId">The session.</param>
    /// <param name="peerId">The peer.</param>
    /// <param name="without">What of its media is held back when it comes, until it switches that on. Of no meaning for one that is there.</param>
    /// <param name="notes">What is noted of it from then on; null to leave that as it is.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    /// <returns><see cref="SteerOutcome.NotPossible"/> where no stage is in force for the peer; nothing is noted then.</returns>
    public Task<SteerOutcome> LetOnStageAsync(
        SessionId sessionId, string peerId, MediaChoice without, string? notes, CancellationToken cancellationToken) =>
        OnPeersAsync(
            sessionId,
            peerId,
            (room, peer) =>
            {
                if (!room.Stage.Place(peer, isOnStage: true, without))
                {
                    return SteerOutcome.NotPossible;
                }

                peer.Notes = notes ?? peer.Notes;
                return SteerOutcome.Done;
            },
            cancellationToken);

    /// <summary>Sends somebody off stage.</summary>
    /// <returns><see cref="SteerOutcome.NotPossible"/> where no stage is in force for the peer.</returns>
    public Task<SteerOutcome> SendOffStageAsync(SessionId sessionId, string peerId, CancellationToken cancellationToken) => OnPeersAsync(
        sessionId, peerId, (room, peer) => room.Stage.Place(peer, isOnStage: false) ? SteerOutcome.Done : SteerOutcome.NotPossible, cancellationToken);

    private Task<SteerOutcome> OnPeersAsync(
        SessionId sessionId, string? peerId, Func<SessionRoom, SessionPeer, SteerOutcome> act, CancellationToken cancellationToken) => OnRoomAsync(
        sessionId,
        room =>
        {
            if (peerId is not null)
            {
                return room.Peers.TryGetValue(peerId, out var named) && named.IsJoined ? act(room, named) : SteerOutcome.NoPeer;
            }

            // Everybody is those who can be seen here: neither what is played, nor who watches or records unseen.
            foreach (var peer in room.Joined.Where(peer => Roster.IsOnRoster(peer) && !peer.IsGuest).ToArray())
            {
                act(room, peer);
            }

            return SteerOutcome.Done;
        },
        cancellationToken);

    private async Task<SteerOutcome> OnRoomAsync(SessionId sessionId, Func<SessionRoom, SteerOutcome> act, CancellationToken cancellationToken) =>
        sessions.Find(sessionId) is { } session
        && await session.AskAsync<object>(room => room.SessionId == sessionId ? act(room) : null, cancellationToken) is SteerOutcome outcome
            ? outcome
            : SteerOutcome.NoSession;
}
