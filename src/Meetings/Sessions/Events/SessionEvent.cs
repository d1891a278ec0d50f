using System.Text.Json.Nodes;
using Roomcast.Meetings.Sessions.Peers;

namespace Roomcast.Meetings.Sessions.Events;

/// <summary>Something that happened in a session, told to the peers it concerns.</summary>
public abstract record SessionEvent
{
    /// <summary>
    /// Where a dialect keeps its own form of the event, so that it is made once for all who are told. The session's loop
    /// tells one link after the other, so this needs no lock.
    /// </summary>
    public object? WireForm { get; set; }
}

/// <summary>A peer has joined.</summary>
public sealed record PeerJoined(PeerView Peer) : SessionEvent;

/// <summary>A peer has left, or lost its connection.</summary>
public sealed record PeerLeft(PeerView Peer) : SessionEvent;

/// <summary>So many peers are there now, hidden ones not counted.</summary>
public sealed record PeerCountChanged(int Count) : SessionEvent;

/// <summary>The receiver is removed from the session.</summary>
public sealed record Kicked : SessionEvent;

/// <summary>Everybody is removed, and the session ends.</summary>
public sealed record EverybodyKicked : SessionEvent;

/// <summary>All who wait to be let in now; told to those who may answer them.</summary>
public sealed record WaitingChanged(IReadOnlyList<PeerView> Waiting) : SessionEvent;

/// <summary>The receiver may join now.</summary>
public sealed record LetIn : SessionEvent;

/// <summary>The receiver is not let in.</summary>
public sealed record Rejected : SessionEvent;

/// <summary>A peer's standing towards the stage has changed.</summary>
public sealed record StageChanged(string PeerId, string UserId, StageState Stage) : SessionEvent;

/// <summary>All who ask to come on stage now; told to those who may answer them.</summary>
public sealed record StageRequestsChanged(IReadOnlyList<PeerView> Requests) : SessionEvent;

/// <summary>The receiver may come on stage.</summary>
public sealed record StageGranted : SessionEvent;

/// <summary>The receiver may not come on stage.</summary>
public sealed record StageDenied : SessionEvent;

/// <summary>Permissions of a participant have changed.</summary>
/// <param name="UserId">Whose.</param>
/// <param name="Patch">What changed, in the shape of the preset's <c>permissions</c>.</param>
public sealed record PermissionsChanged(string UserId, JsonObject Patch) : SessionEvent;

/// <summary>A peer goes by another name now.</summary>
public sealed record NameChanged(string PeerId, string Name) : SessionEvent;

/// <summary>A message of an application.</summary>
/// <param name="Message">What was sent.</param>
/// <param name="IsTargeted">Whether it was sent to some, by name.</param>
public sealed record BroadcastHeard(BroadcastMessage Message, bool IsTargeted) : SessionEvent;

/// <summary>A message of an application from one peer to others. What it means is theirs to know.</summary>
/// <param name="Type">Its kind, chosen by the application.</param>
/// <param name="Payload">Its content, at most <see cref="SessionLimits.MaxBroadcastBytes"/>.</param>
/// <param name="TimestampMs">When it was sent, as its sender told, in milliseconds since 1970.</param>
public sealed record BroadcastMessage(string Type, ReadOnlyMemory<byte> Payload, long TimestampMs);
