using Roomcast.Meetings.Media;
using Roomcast.Meetings.Sessions.Peers;
using Roomcast.Meetings.Sessions.Rules;

namespace Roomcast.Meetings.Sessions.Features;

/// <summary>Peers that say they were in the media side already, and are answered once they have transports or know that they have none.</summary>
/// <remarks>Belongs to the session's loop.</remarks>
internal sealed class MediaReturns
{
    // The client gives up a question after 5 s and asks again.
    private static readonly TimeSpan LongestHold = TimeSpan.FromSeconds(4);

    // A browser takes 5 to 8 s to find out that nobody answers on a transport, and the client another 2 s to make a new one.
    private static readonly TimeSpan TransportsLostAfter = TimeSpan.FromSeconds(9);

    private readonly SessionRoom _room;
    private readonly Action<SessionPeer, Answer<bool>> _askForTransports;

    // Transports that peers say they had before were lost then, all at once.
    private TimeSpan _transportsLostAt;

    /// <param name="room">The session.</param>
    /// <param name="askForTransports">Asks the media side whether a peer has transports of both directions.</param>
    public MediaReturns(SessionRoom room, Action<SessionPeer, Answer<bool>> askForTransports)
    {
        _room = room;
        _askForTransports = askForTransports;
        _transportsLostAt = room.Parts.ServerStartedAt;
    }

    /// <summary>All transports are lost from now on.</summary>
    public void LoseTransports() => _transportsLostAt = _room.Now;

    /// <summary>Holds an answer up until the peer may have it.</summary>
    public void Hold(SessionPeer peer, Answer<bool> answer)
    {
        peer.HeldReturn = new HeldReturn(answer, _room.Now);
        TryRelease(peer);
    }

    /// <summary>Whether the peer is held up already. Then it is this answer that it waits for.</summary>
    public bool IsAskedAgain(SessionPeer peer, Answer<bool> answer)
    {
        if (peer.HeldReturn is not { } held)
        {
            return false;
        }

        peer.HeldReturn = held with { Answer = answer, AskedAt = _room.Now };
        TryRelease(peer);
        return true;
    }

    /// <summary>Holds a transport up that was asked for before the peer has asked to enter.</summary>
    public static void HoldTransport(SessionPeer peer, TransportDirection direction, HeldTransport held)
    {
        if (peer.HeldTransports.Remove(direction, out var older))
        {
            Refuse(older, "you asked for another one meanwhile");
        }

        peer.HeldTransports[direction] = held;
    }

    /// <summary>The peer asks to enter: it has thrown away what it asked for before, or makes it anew.</summary>
    public static void GiveUpTransports(SessionPeer peer)
    {
        peer.HasAskedIn = true;
        DropTransports(peer, "you entered the media side meanwhile; ask again");
    }

    /// <summary>Makes none of the transports that are held up.</summary>
    /// <param name="peer">Whose.</param>
    /// <param name="reason">Why, for who asked for them.</param>
    public static void DropTransports(SessionPeer peer, string reason)
    {
        foreach (var held in peer.HeldTransports.Values)
        {
            Refuse(held, reason);
        }

        peer.HeldTransports.Clear();
    }

    /// <summary>Lets those in whose transports are there by now, and opens the transports of those that do not ask to enter.</summary>
    public void LookAround()
    {
        foreach (var peer in _room.Peers.Values)
        {
            foreach (var (direction, held) in peer.HeldTransports)
            {
                if (_room.Now - held.AskedAt >= LongestHold)
                {
                    peer.HeldTransports.Remove(direction);
                    held.Open();
                }
            }

            if (peer.HeldReturn is { Answer: not null })
            {
                TryRelease(peer);
            }
        }
    }

    private static void Refuse(HeldTransport held, string reason) => held.Answer.Refuse(new SessionException(SessionFault.WrongState, reason));

    private void TryRelease(SessionPeer peer) => _askForTransports(peer, new(
        hasTransports => Release(peer, hasTransports),
        refusal =>
        {
            var held = peer.HeldReturn;
            peer.HeldReturn = null;
            held?.Answer?.Refuse(refusal);
        }));

    private void Release(SessionPeer peer, bool hasTransports)
    {
        if (peer.HeldReturn is not { Answer: { } answer } held)
        {
            return;
        }

        if (hasTransports || _room.Now - _transportsLostAt >= TransportsLostAfter)
        {
            peer.HeldReturn = null;
            answer.Give(true);
        }
        else if (_room.Now - held.AskedAt >= LongestHold)
        {
            peer.HeldReturn = held with { Answer = null };
            answer.Refuse(new SessionException(SessionFault.WrongState, "your transports are gone; ask again with new ones"));
        }
    }
}
