using Roomcast.Meetings.Sessions.Events;
using Roomcast.Meetings.Sessions.Peers;
using Roomcast.Meetings.Sessions.Rules;

namespace Roomcast.Meetings.Sessions.Features;

/// <summary>Joining, leaving, and who is there.</summary>
public sealed class Attendance(SessionRoom room)
{
    private readonly List<(SessionPeer Peer, Answer<PeerView> Answer)> _beginning = [];
    private int _told;

    /// <summary>How many have joined, hidden ones not counted.</summary>
    public int Count => room.Joined.Count(peer => !peer.May.HiddenParticipant && !peer.IsGuest);

    internal TimeSpan? EmptySince { get; private set; }

    private bool HasPeople => room.Joined.Any(peer => !peer.IsGuest);

    /// <summary>Joins, or begins to wait. One that has joined already is told how it stands.</summary>
    /// <param name="peer">Who.</param>
    /// <param name="name">The name it wants to go by; heeded when it may choose one, or has none of its own.</param>
    /// <param name="picture">Address of the picture it wants to show; null or empty for the participant's own.</param>
    /// <param name="answer">Takes how the peer stands then.</param>
    public void Join(SessionPeer peer, string? name, string? picture, Answer<PeerView> answer)
    {
        ArgumentNullException.ThrowIfNull(peer);
        room.Require(peer, SessionAct.Join);
        Name(peer, name, picture);
        if (peer.IsJoined)
        {
            answer.Give(peer.View);
        }
        else if (room.IsLocked && peer.Stage is null && !peer.IsGuest)
        {
            throw new SessionException(SessionFault.NotAllowed, "this meeting is locked: nobody new is let in");
        }
        else if (room.Waiting.MustWait(peer))
        {
            room.Waiting.Add(peer);
            answer.Give(peer.View);
        }
        else if (room.SessionId is null && peer.IsGuest)
        {
            throw new SessionException(SessionFault.NotAllowed, "no session is under way, and a program of the server's begins none");
        }
        else if (room.SessionId is null)
        {
            Begin(peer, answer);
        }
        else
        {
            Enter(peer);
            answer.Give(peer.View);
        }
    }

    /// <summary>Leaves and stays connected.</summary>
    public void Leave(SessionPeer peer)
    {
        ArgumentNullException.ThrowIfNull(peer);
        room.Require(peer, SessionAct.Leave);
        Depart(peer, PresenceState.Connected);
    }

    /// <summary>
    /// Everybody that has joined; nobody for a peer that waits, or that has not joined and may not see the list. Once it has joined it
    /// must know of them all the same: it can receive nothing of a peer that it does not know.
    /// </summary>
    public IReadOnlyList<PeerView> List(SessionPeer peer)
    {
        ArgumentNullException.ThrowIfNull(peer);
        room.Require(peer, SessionAct.ListPeers);
        return room.Sees(peer) && (peer.IsJoined || peer.May.ShowParticipantList) ? [.. room.Joined.Select(other => other.View)] : [];
    }

    /// <summary>Those that have joined and whose name or custom id contains something, by name, page by page.</summary>
    public IReadOnlyList<PeerView> Search(SessionPeer peer, string text, int skip, int limit)
    {
        ArgumentNullException.ThrowIfNull(peer);
        ArgumentNullException.ThrowIfNull(text);
        room.Require(peer, SessionAct.SearchPeers);
        return !room.Sees(peer)
            ? []
            :
            [
                .. room.Joined
                    .Select(other => other.View)
                    .Where(other => text.Length == 0
                        || other.Name.Contains(text, StringComparison.OrdinalIgnoreCase)
                        || other.CustomId.Contains(text, StringComparison.OrdinalIgnoreCase))
                    .OrderBy(other => other.Name, StringComparer.OrdinalIgnoreCase)
                    .ThenBy(other => other.PeerId, StringComparer.Ordinal)
                    .Skip(Math.Max(0, skip))
                    .Take(limit <= 0 ? SessionLimits.MaxIds : Math.Min(limit, SessionLimits.MaxIds)),
            ];
    }

    /// <summary>One that has joined.</summary>
    public PeerView Find(SessionPeer peer, string peerId)
    {
        ArgumentNullException.ThrowIfNull(peer);
        ArgumentNullException.ThrowIfNull(peerId);
        room.Require(peer, SessionAct.ListPeers);
        return room.Sees(peer)
            ? room.FindJoined(peerId).View
            : throw new SessionException(SessionFault.NotFound, "there is no such participant here");
    }

    /// <summary>Refuses a peer that may not read the session's title and beginning.</summary>
    public void CheckMayRead(SessionPeer peer)
    {
        ArgumentNullException.ThrowIfNull(peer);
        room.Require(peer, SessionAct.ReadSession);
    }

    /// <summary>Begins the session; whoever joins in the meantime comes in with the first.</summary>
    private void Begin(SessionPeer peer, Answer<PeerView> answer)
    {
        _beginning.Add((peer, answer));
        if (_beginning.Count > 1)
        {
            return;
        }

        var startedAt = room.WallClock;
        var parentId = room.Connected.ParentSessionId;
        room.Ask(() => room.Parts.Recorder.BeginAsync(room.Meeting, parentId, startedAt), new(
            begun =>
            {
                room.Start(begun.Session);
                room.Polls.Load(begun.Polls);
                foreach (var (first, reply) in Beginners())
                {
                    // It may have asked twice, or gone, while the storage was at work.
                    if (first.State is PresenceState.Connected && first.Link is not null)
                    {
                        Enter(first);
                    }

                    if (first.IsJoined)
                    {
                        reply.Give(first.View);
                    }
                    else
                    {
                        reply.Refuse(new SessionException(SessionFault.NotJoined, "you have left meanwhile"));
                    }
                }

                EmptySince ??= HasPeople ? null : room.Now;
            },
            refusal =>
            {
                foreach (var (_, reply) in Beginners())
                {
                    reply.Refuse(refusal);
                }
            }));

        (SessionPeer Peer, Answer<PeerView> Answer)[] Beginners()
        {
            var beginners = _beginning.ToArray();
            _beginning.Clear();
            return beginners;
        }
    }

    private void Enter(SessionPeer peer)
    {
        var isReturn = peer.Stage is not null;
        peer.Stage ??= StageRules.AtJoin(peer.Preset);
        peer.State = PresenceState.Joined;
        room.Waiting.SetLetIn(peer.Member, isLetIn: true); // However it came in: should its connection be lost, it does not wait again.
        peer.JoinedAt = room.WallClock;
        room.Connected.Forget(peer);
        if (!peer.IsGuest)
        {
            EmptySince = null;
            room.Parts.Metrics.PeerJoined();
            room.Parts.Recorder.Joined(room, peer);
        }

        room.TellJoined(new PeerJoined(peer.View), except: peer);
        if (room.SessionId is { } sessionId && !peer.IsGuest)
        {
            foreach (var observer in room.Parts.Observers())
            {
                observer.PeerJoined(room.Meeting.Id, sessionId, peer.View);
            }
        }

        if (isReturn && peer.Stage is StageState.Requested)
        {
            room.Stage.TellRequests();
        }

        room.Later(() =>
        {
            TellCount();
            room.Broadcasts.Welcome(peer);
            room.Waiting.Welcome(peer);
            room.Stage.Welcome(peer);
            room.Connected.TellChange();
        });
    }

    /// <summary>Takes a peer out of the session, into a state that says how.</summary>
    internal void Depart(SessionPeer peer, PresenceState into)
    {
        var wasJoined = peer.IsJoined;
        var wasWaiting = peer.State is PresenceState.Waiting;
        var view = peer.View;
        peer.State = into;
        if (wasWaiting)
        {
            room.Waiting.TellChange();
        }

        if (wasJoined)
        {
            room.NoteLeft(peer);
            room.TellJoined(new PeerLeft(view));
            if (peer.Stage is StageState.Requested)
            {
                room.Stage.TellRequests();
            }
        }

        // After the others know that the peer left: the other order leaves dead sections in their transports.
        room.Media.Depart(peer);
        if (wasJoined)
        {
            room.Connected.Forget(peer);
            room.Broadcasts.Forget(peer);
            room.Host.Forget(peer);
            TellCount();
            room.Connected.TellChange();
            if (!HasPeople)
            {
                EmptySince ??= room.Now;
            }
        }

        if (into is PresenceState.Gone)
        {
            room.Peers.Remove(peer.Id);
        }
    }

    /// <summary>Begins anew after a session has ended.</summary>
    internal void Reset()
    {
        _told = 0;
        EmptySince = null;
    }

    /// <summary>Tells how many there are: whoever joins must learn it, though one that hides changes nothing.</summary>
    private void TellCount()
    {
        var count = Count;
        room.TellJoined(new PeerCountChanged(count));
        if (count != _told)
        {
            _told = count;
            if (room.SessionId is { } sessionId)
            {
                foreach (var observer in room.Parts.Observers())
                {
                    observer.CountChanged(room.Meeting.Id, sessionId, count);
                }
            }
        }
    }

    private static void Name(SessionPeer peer, string? name, string? picture)
    {
        if (name?.Trim() is { Length: > 0 } wanted && (peer.May.CanEditDisplayName || string.IsNullOrEmpty(peer.Member.Participant.Name)))
        {
            peer.Name = Texts.Cut(wanted, SessionLimits.MaxNameLength);
        }

        // A page's own picture is shown to others, so it must be an address of the web and nothing else.
        if (picture is { Length: > 0 and <= SessionLimits.MaxAddressLength }
            && Uri.TryCreate(picture, UriKind.Absolute, out var address)
            && (address.Scheme == Uri.UriSchemeHttps || address.Scheme == Uri.UriSchemeHttp))
        {
            peer.Picture = picture;
        }
    }
}
