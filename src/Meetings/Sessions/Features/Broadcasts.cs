using Roomcast.Meetings.Sessions.Events;
using Roomcast.Meetings.Sessions.Peers;
using Roomcast.Meetings.Sessions.Rules;

namespace Roomcast.Meetings.Sessions.Features;

/// <summary>Messages of applications, passed on unread. The spotlight is one that is kept for those who come later.</summary>
public sealed class Broadcasts(SessionRoom room)
{
    private (BroadcastMessage Message, string PeerId)? _spotlight;

    /// <summary>Sends to everybody else that has joined.</summary>
    /// <param name="peer">Who.</param>
    /// <param name="message">What.</param>
    /// <param name="isSpotlight">Whether it leads the others' view.</param>
    public void Send(SessionPeer peer, BroadcastMessage message, bool isSpotlight)
    {
        ArgumentNullException.ThrowIfNull(peer);
        Check(peer, message, isSpotlight);
        Keep(peer, message, isSpotlight);
        room.TellJoined(new BroadcastHeard(message, IsTargeted: false), except: peer);
    }

    /// <summary>Sends to some others.</summary>
    public void SendTo(SessionPeer peer, BroadcastMessage message, IReadOnlyCollection<string> peerIds, bool isSpotlight)
    {
        ArgumentNullException.ThrowIfNull(peer);
        ArgumentNullException.ThrowIfNull(peerIds);
        Check(peer, message, isSpotlight);
        SessionRoom.CheckCount(peerIds.Count);
        var heard = new BroadcastHeard(message, IsTargeted: true);
        foreach (var peerId in peerIds.Distinct(StringComparer.Ordinal))
        {
            if (peerId != peer.Id && room.Peers.TryGetValue(peerId, out var other) && other.IsJoined)
            {
                other.Link?.Tell(heard);
            }
        }
    }

    /// <summary>Sends to everybody in connected meetings, or in this one.</summary>
    public void SendToMeetings(SessionPeer peer, BroadcastMessage message, IReadOnlyCollection<string> meetingIds)
    {
        ArgumentNullException.ThrowIfNull(peer);
        ArgumentNullException.ThrowIfNull(meetingIds);
        room.Require(peer, SessionAct.BroadcastToMeetings);
        Check(message);
        SessionRoom.CheckCount(meetingIds.Count);
        room.Connected.TellOthers(meetingIds, () => new BroadcastHeard(message, IsTargeted: true), peer);
    }

    /// <summary>Tells a peer that has just joined what is in the spotlight.</summary>
    internal void Welcome(SessionPeer peer)
    {
        if (_spotlight is { } spotlight && peer.IsJoined)
        {
            peer.Link?.Tell(new BroadcastHeard(spotlight.Message, IsTargeted: true));
        }
    }

    /// <summary>Ends the spotlight of a peer that has left.</summary>
    internal void Forget(SessionPeer peer)
    {
        if (_spotlight?.PeerId == peer.Id)
        {
            _spotlight = null;
        }
    }

    private static void Check(BroadcastMessage message)
    {
        Texts.Check(message.Type, "the type", SessionLimits.MaxBroadcastTypeLength);
        if (message.Payload.Length > SessionLimits.MaxBroadcastBytes)
        {
            throw new SessionException(SessionFault.Invalid, $"the message is larger than {SessionLimits.MaxBroadcastBytes} bytes");
        }
    }

    private void Check(SessionPeer peer, BroadcastMessage message, bool isSpotlight)
    {
        room.Require(peer, isSpotlight ? SessionAct.Spotlight : SessionAct.Broadcast);
        Check(message);
    }

    private void Keep(SessionPeer peer, BroadcastMessage message, bool isSpotlight)
    {
        if (isSpotlight)
        {
            _spotlight = (message, peer.Id);
        }
    }
}
