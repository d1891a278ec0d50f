using Roomcast.Meetings.Sessions.Events;

namespace Roomcast.Meetings.Sessions.Peers;

/// <summary>The way from a session to one peer: its connection, in whatever dialect.</summary>
/// <remarks>
/// Called by the session's loop alone, which must not be held up: a link never blocks and never throws. One whose peer does
/// not keep up closes itself in a way that makes the peer come back.
/// </remarks>
public interface IPeerLink
{
    /// <summary>What the client at its end tells of itself; null when nothing is known.</summary>
    History.PeerClient? Client => null;

    /// <summary>Tells the peer what happened.</summary>
    void Tell(SessionEvent happened);

    /// <summary>Closes the connection once all that was told has been sent.</summary>
    void Close(LinkCloseReason reason);
}

/// <summary>Why a session closes the connection of a peer.</summary>
public enum LinkCloseReason
{
    /// <summary>The peer was removed, rejected, or the session has ended: it shall not come back by itself.</summary>
    Removed,

    /// <summary>Another connection of the same peer has taken its place.</summary>
    Replaced,

    /// <summary>The server stops: the peer shall come back.</summary>
    Draining,

    /// <summary>The server failed: the peer shall come back.</summary>
    Failed,
}
