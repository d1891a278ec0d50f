namespace Roomcast.Meetings.Media;

/// <summary>Why a transport was lost.</summary>
public enum TransportLossReason
{
    /// <summary>The peer said goodbye: it closed its connection, or left the page.</summary>
    ClosedByPeer,

    /// <summary>The peer never came, or its handshake never ended.</summary>
    ConnectTimedOut,

    /// <summary>The peer has not been heard for 30 s.</summary>
    ConsentExpired,

    /// <summary>The handshake failed: another certificate than its description says, or nothing in common.</summary>
    HandshakeFailed,

    /// <summary>A datagram or a request of the peer met a fault of ours, or what was due on its transport did.</summary>
    Fault,
}

/// <summary>Something that happened in a room without being asked for.</summary>
public abstract record MediaEvent;

/// <summary>Media can flow on a transport. Comes once for each transport.</summary>
/// <param name="PeerId">Whose it is.</param>
/// <param name="TransportId">Which one.</param>
/// <param name="Direction">Its direction.</param>
public sealed record TransportConnected(string PeerId, string TransportId, TransportDirection Direction) : MediaEvent;

/// <summary>A transport is gone, and with it its producers or its consumers. The peer stays in the room.</summary>
/// <param name="PeerId">Whose it was.</param>
/// <param name="TransportId">Which one.</param>
/// <param name="Direction">Its direction.</param>
/// <param name="Reason">Why.</param>
/// <param name="Dropped">The producers that ended with it, as they last were.</param>
public sealed record TransportLost(
    string PeerId, string TransportId, TransportDirection Direction, TransportLossReason Reason, IReadOnlyList<MediaProducer> Dropped)
    : MediaEvent;

/// <summary>The order in which peers spoke has changed.</summary>
/// <param name="PeerIds">Who has spoken, the present speaker first; at most <see cref="MediaRoom.MaxSpeakers"/>.</param>
public sealed record SpeakersChanged(IReadOnlyList<string> PeerIds) : MediaEvent;

/// <summary>Others are talking than before. Unlike the first of <see cref="SpeakersChanged"/>, who falls silent is not among them.</summary>
/// <param name="PeerIds">Who is talking, in no order; at most <see cref="MediaRoom.MaxSpeakers"/>.</param>
public sealed record TalkingChanged(IReadOnlyList<string> PeerIds) : MediaEvent;

/// <summary>A fault of ours has ended the room: all transports are gone. The last event of its room.</summary>
public sealed record RoomFailed : MediaEvent;
