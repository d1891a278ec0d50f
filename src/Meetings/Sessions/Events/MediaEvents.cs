using Roomcast.Meetings.Media;
using Roomcast.Meetings.Sessions.Features;

namespace Roomcast.Meetings.Sessions.Events;

/// <summary>A peer is ready to send and receive.</summary>
public sealed record MediaPeerJoined(MediaPeerView Peer) : SessionEvent;

/// <summary>A peer has left the media side.</summary>
public sealed record MediaPeerLeft(string PeerId) : SessionEvent;

/// <summary>A peer begins to send something.</summary>
public sealed record ProducerOpened(MediaProducer Producer) : SessionEvent;

/// <summary>What a peer sends is paused or goes on.</summary>
/// <param name="Producer">What, as it stands now.</param>
/// <param name="InitiatorPeerId">Who did it: the peer itself, or one that may mute others; empty when it was the server.</param>
public sealed record ProducerPaused(MediaProducer Producer, string InitiatorPeerId) : SessionEvent;

/// <summary>A peer has stopped sending something.</summary>
public sealed record ProducerClosed(MediaProducer Producer) : SessionEvent;

/// <summary>The peer pinned for everybody; empty when none is.</summary>
public sealed record PinChanged(string PeerId) : SessionEvent;

/// <summary>Who speaks now.</summary>
/// <param name="PeerIds">Those who spoke last, the latest first.</param>
/// <param name="Dropped">Those that were in the order before and are no longer.</param>
public sealed record SpeakersHeard(IReadOnlyList<string> PeerIds, IReadOnlyList<string> Dropped) : SessionEvent;

/// <summary>The media side began anew; every peer enters it again.</summary>
public sealed record MediaRestarted : SessionEvent;
