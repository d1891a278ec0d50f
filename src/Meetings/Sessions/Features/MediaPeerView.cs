using Roomcast.Meetings.Media;

namespace Roomcast.Meetings.Sessions.Features;

/// <summary>A peer on the media side, with what it sends.</summary>
/// <param name="PeerId">The peer.</param>
/// <param name="UserId">The participant.</param>
/// <param name="Name">The name it goes by.</param>
/// <param name="Producers">What it sends.</param>
public sealed record MediaPeerView(string PeerId, string UserId, string Name, IReadOnlyList<MediaProducer> Producers);

/// <summary>What a peer learns once it is ready to send and receive.</summary>
/// <param name="Others">The others that are.</param>
/// <param name="Pinned">Who is pinned for everybody; empty for nobody.</param>
/// <param name="Speakers">Those who spoke last, the latest first.</param>
public sealed record MediaSnapshot(IReadOnlyList<MediaPeerView> Others, string Pinned, IReadOnlyList<string> Speakers);
