using Roomcast.Meetings.Media;
using Roomcast.Meetings.Records;
using Roomcast.Meetings.Sessions.Events;
using Roomcast.Meetings.Sessions.Peers;
using Roomcast.Meetings.Sessions.Rules;

namespace Roomcast.Meetings.Sessions.Features;

/// <summary>Which of a peer's media a host stops.</summary>
/// <param name="Audio">The microphone.</param>
/// <param name="Video">The camera.</param>
/// <param name="Screen">The screen.</param>
public readonly record struct MediaChoice(bool Audio, bool Video, bool Screen)
{
    internal bool Holds(MediaProducer producer) =>
        producer.IsScreenShare ? Screen : producer.Kind is MediaKind.Audio ? Audio : Video;
}

/// <summary>What a host does to others: remove, mute, pin; and what everybody may do to the own name.</summary>
public sealed class HostControls(SessionRoom room)
{
    private string _pinned = "";

    /// <summary>Removes peers. Those that are gone already are passed over, since the official client asks twice.</summary>
    public void Kick(SessionPeer peer, IReadOnlyCollection<string> peerIds)
    {
        ArgumentNullException.ThrowIfNull(peer);
        ArgumentNullException.ThrowIfNull(peerIds);
        room.Require(peer, SessionAct.Kick);
        SessionRoom.CheckCount(peerIds.Count);
        foreach (var peerId in peerIds.Distinct(StringComparer.Ordinal))
        {
            if (room.Peers.TryGetValue(peerId, out var other) && other.IsJoined)
            {
                Remove(other);
            }
        }
    }

    /// <summary>Removes everybody, the peer itself as well. The session ends.</summary>
    /// <param name="peer">Who asks for it.</param>
    /// <param name="fromConnected">Whether from the meetings that are connected with this one, too.</param>
    public void KickAll(SessionPeer peer, bool fromConnected)
    {
        ArgumentNullException.ThrowIfNull(peer);
        room.Require(peer, SessionAct.KickAll);
        if (fromConnected)
        {
            room.Connected.InOthers(static other => other.Host.RemoveAll());
        }

        RemoveAll();
    }

    /// <summary>Mutes one peer.</summary>
    public void Mute(SessionPeer peer, string peerId, MediaChoice what)
    {
        ArgumentNullException.ThrowIfNull(peer);
        ArgumentNullException.ThrowIfNull(peerId);
        Require(peer, what);
        room.Media.HoldBack(room.FindJoined(peerId), what, peer.Id);
    }

    /// <summary>Mutes everybody but the peer itself.</summary>
    public void MuteAll(SessionPeer peer, MediaChoice what)
    {
        ArgumentNullException.ThrowIfNull(peer);
        Require(peer, what);
        foreach (var other in room.Joined.Where(other => other != peer).ToArray())
        {
            room.Media.HoldBack(other, what, peer.Id);
        }
    }

    /// <summary>Pins a peer for everybody, or takes the pin away.</summary>
    /// <param name="peer">Who.</param>
    /// <param name="peerId">The peer; empty for none.</param>
    public void Pin(SessionPeer peer, string peerId)
    {
        ArgumentNullException.ThrowIfNull(peer);
        ArgumentNullException.ThrowIfNull(peerId);
        room.Require(peer, SessionAct.PinPeer);
        if (peerId.Length > 0)
        {
            room.FindJoined(peerId);
        }

        SetPin(peerId);
    }

    /// <summary>Changes the own name.</summary>
    public void Rename(SessionPeer peer, string peerId, string name)
    {
        ArgumentNullException.ThrowIfNull(peer);
        ArgumentNullException.ThrowIfNull(name);
        room.Require(peer, SessionAct.EditName);
        if (peerId != peer.Id)
        {
            throw new SessionException(SessionFault.NotAllowed, "you may change only your own name");
        }

        Texts.Check(name.Trim(), "the name", SessionLimits.MaxNameLength);
        peer.Name = name.Trim();
        room.TellJoined(new NameChanged(peer.Id, peer.Name), except: peer);
    }

    /// <summary>Who is pinned; empty for nobody.</summary>
    internal string Pinned => _pinned;

    /// <summary>Takes who is pinned from a session that goes on; nobody has joined it yet.</summary>
    internal void LoadPin(string peerId) => _pinned = peerId;

    /// <summary>Tells a peer that it is removed, and takes it out. It closes its connection itself, or we do after a while.</summary>
    internal void Remove(SessionPeer peer)
    {
        peer.Link?.Tell(new Kicked());
        room.Waiting.SetLetIn(peer.Member, isLetIn: false); // Should it come back, whoever lets people in has the say again.
        if (peer.Link is null)
        {
            room.Attendance.Depart(peer, PresenceState.Gone); // Its connection was lost: there is nothing to wait for.
        }
        else
        {
            peer.CloseAt = room.Now + room.Parts.Options.RemovedLinger;
            room.Attendance.Depart(peer, PresenceState.Connected);
        }

        room.Media.Close(peer);
    }

    /// <summary>Removes everybody and ends the session.</summary>
    /// <returns>How many participants were removed.</returns>
    internal int RemoveAll()
    {
        var joined = room.Joined.Where(peer => !peer.IsGuest).ToArray();
        foreach (var peer in room.Peers.Values.Where(peer => peer.State is PresenceState.Joined or PresenceState.Waiting).ToArray())
        {
            peer.Link?.Tell(new EverybodyKicked());
            peer.CloseAt = room.Now + room.Parts.Options.RemovedLinger;
        }

        // Nobody is told of the others' leaving, since all leave.
        foreach (var peer in room.Peers.Values.ToArray())
        {
            if (peer.State is PresenceState.Joined)
            {
                room.NoteLeft(peer);
            }

            if (peer.State is PresenceState.Joined or PresenceState.Waiting)
            {
                peer.State = PresenceState.Connected;
                room.Media.Close(peer);
            }
        }

        SetPin("");
        room.End(SessionEndReason.EndedByHost);
        return joined.DistinctBy(peer => peer.UserId).Count();
    }

    /// <summary>Takes away the pin of a peer that has left.</summary>
    internal void Forget(SessionPeer peer)
    {
        if (_pinned == peer.Id)
        {
            SetPin("");
        }
    }

    private void SetPin(string peerId)
    {
        if (_pinned != peerId)
        {
            _pinned = peerId;
            room.Memory.KeepPin(peerId);
            room.TellJoined(new PinChanged(peerId));
        }
    }

    private void Require(SessionPeer peer, MediaChoice what)
    {
        if (what == default)
        {
            throw new SessionException(SessionFault.Invalid, "nothing to mute is named");
        }

        if (what.Audio)
        {
            room.Require(peer, SessionAct.MuteAudio);
        }

        if (what.Video)
        {
            room.Require(peer, SessionAct.MuteVideo);
        }

        if (what.Screen)
        {
            room.Require(peer, SessionAct.MuteScreen);
        }
    }
}
