using Roomcast.Meetings.Presets;
using Roomcast.Meetings.Sessions.Events;
using Roomcast.Meetings.Sessions.Peers;
using Roomcast.Meetings.Sessions.Rules;

namespace Roomcast.Meetings.Sessions.Features;

/// <summary>Those who wait to be let in. They neither see the session nor are seen in it.</summary>
public sealed class WaitingRoom(SessionRoom room)
{
    /// <summary>All who wait, for one who may answer them.</summary>
    public IReadOnlyList<PeerView> List(SessionPeer peer)
    {
        ArgumentNullException.ThrowIfNull(peer);
        room.Require(peer, SessionAct.AnswerWaiting);
        return Waiting();
    }

    /// <summary>Lets participants in: they are told, and join again.</summary>
    public void Admit(SessionPeer peer, IReadOnlyCollection<string> userIds)
    {
        ArgumentNullException.ThrowIfNull(peer);
        ArgumentNullException.ThrowIfNull(userIds);
        room.Require(peer, SessionAct.AnswerWaiting);
        LetIn(Named(userIds));
    }

    /// <summary>Rejects participants: they are told and may ask again.</summary>
    public void Reject(SessionPeer peer, IReadOnlyCollection<string> userIds)
    {
        ArgumentNullException.ThrowIfNull(peer);
        ArgumentNullException.ThrowIfNull(userIds);
        room.Require(peer, SessionAct.AnswerWaiting);
        var rejected = Named(userIds);
        foreach (var other in rejected)
        {
            other.State = PresenceState.Connected;
            other.Link?.Tell(new Rejected());
        }

        if (rejected.Count > 0)
        {
            TellChange();
        }
    }

    /// <summary>Whether a peer may not simply join.</summary>
    internal bool MustWait(SessionPeer peer) => !peer.Member.IsLetIn && peer.May.WaitingRoomType switch
    {
        WaitingRoomType.Skip => false,
        WaitingRoomType.OnPrivilegedUserEntry =>
            !peer.May.AcceptWaitingRequests && !room.Joined.Any(other => room.May(other, SessionAct.AnswerWaiting)),
        _ => true,
    };

    /// <summary>Notes whether a participant need not wait again in this session.</summary>
    internal void SetLetIn(SessionMember member, bool isLetIn)
    {
        if (member.IsLetIn != isLetIn)
        {
            member.IsLetIn = isLetIn;

            // Who never waits does not after a restart either.
            if (member.Preset.Permissions.WaitingRoomType is not WaitingRoomType.Skip)
            {
                room.Memory.Keep(member);
            }
        }
    }

    internal void Add(SessionPeer peer)
    {
        if (peer.State is not PresenceState.Waiting)
        {
            peer.State = PresenceState.Waiting;
            TellChange();
        }
    }

    /// <summary>Lets in those who only waited for somebody like this peer, and tells it of the others.</summary>
    internal void Welcome(SessionPeer peer)
    {
        if (!peer.IsJoined || !room.May(peer, SessionAct.AnswerWaiting))
        {
            return;
        }

        LetIn([.. room.Peers.Values.Where(other => other.State is PresenceState.Waiting && !MustWait(other))]);
        if (Waiting() is { Count: > 0 } waiting)
        {
            peer.Link?.Tell(new WaitingChanged(waiting));
        }
    }

    /// <summary>Lets in those whose preset has come to let them in by itself.</summary>
    internal void LookAgain() => LetIn([.. room.Peers.Values.Where(other => other.State is PresenceState.Waiting && !MustWait(other))]);

    internal void TellChange() => room.TellThoseWhoMay(SessionAct.AnswerWaiting, new WaitingChanged(Waiting()));

    private List<PeerView> Waiting() => [.. room.Peers.Values.Where(peer => peer.State is PresenceState.Waiting).Select(peer => peer.View)];

    private List<SessionPeer> Named(IReadOnlyCollection<string> userIds)
    {
        SessionRoom.CheckCount(userIds.Count);
        var wanted = userIds.ToHashSet(StringComparer.Ordinal);
        return [.. room.Peers.Values.Where(peer => peer.State is PresenceState.Waiting && wanted.Contains(peer.UserId))];
    }

    private void LetIn(List<SessionPeer> peers)
    {
        foreach (var other in peers)
        {
            SetLetIn(other.Member, isLetIn: true);
            other.State = PresenceState.Connected;
            other.Link?.Tell(new LetIn());
        }

        if (peers.Count > 0)
        {
            TellChange();
        }
    }
}
