namespace Roomcast.Meetings.Media;

/// <summary>A transport that was made.</summary>
/// <param name="TransportId">Its id, never used before.</param>
/// <param name="AnswerSdp">The answer, with all of our candidates.</param>
/// <param name="ReplacedTransportId">The transport of the same direction that it took the place of; null when there was none.</param>
/// <param name="Dropped">The producers that ended with the replaced one, as they last were.</param>
public sealed record CreatedTransport(
    string TransportId, string AnswerSdp, string? ReplacedTransportId, IReadOnlyList<MediaProducer> Dropped);

/// <summary>A track that a peer wants to send.</summary>
/// <param name="Kind">Sound or picture.</param>
/// <param name="IsPaused">Whether it begins held back.</param>
/// <param name="IsScreenShare">Whether it shows or sounds a shared screen.</param>
/// <param name="AppData">Passed on unread.</param>
/// <param name="Mid">The media section of the track; when null it is found by <paramref name="Msid"/>, and else is the last
/// live one of its kind.</param>
/// <param name="MimeType">As the peer names it; empty or null to go by the description. audio/opus and video/VP8 are forwarded.</param>
/// <param name="OfferSdp">The peer's offer.</param>
/// <param name="Msid">Stream and track with a space between, or null.</param>
/// <param name="TransportId">The transport; null for the peer's only one.</param>
public sealed record ProduceRequest(
    MediaKind Kind,
    bool IsPaused,
    bool IsScreenShare,
    string AppData,
    string? Mid,
    string? MimeType,
    string OfferSdp,
    string? Msid = null,
    string? TransportId = null);

/// <summary>A track that a peer is about to send.</summary>
/// <param name="Producer">The track.</param>
/// <param name="AnswerSdp">The answer to the offer.</param>
public sealed record Produced(MediaProducer Producer, string AnswerSdp);

/// <summary>A track that has ended.</summary>
/// <param name="Producer">The track as it last was.</param>
/// <param name="AnswerSdp">The answer to the offer; null when none was given.</param>
public sealed record ClosedProducer(MediaProducer Producer, string? AnswerSdp);

/// <summary>A track that a peer wants to receive.</summary>
/// <param name="ProducerId">Which one.</param>
/// <param name="PreferredRid">The encoding that is wanted: f, h or q, or null for the best. The next one in the order
/// of character codes, which is that of falling quality, is sent when it does not exist or does not fit.</param>
public sealed record ConsumeRequest(string ProducerId, string? PreferredRid = null);

/// <summary>What became of one <see cref="ConsumeRequest"/>.</summary>
/// <param name="ProducerId">As requested.</param>
/// <param name="Producer">The track; null when it was refused.</param>
/// <param name="Mid">The media section in the offer; null when it was refused. A track that the peer consumes already keeps its.</param>
/// <param name="TrackId">The id of the track in the offer; null when it was refused.</param>
/// <param name="Error">Why it was refused; null when it was not.</param>
public sealed record ConsumedTrack(
    string ProducerId, MediaProducer? Producer, string? Mid, string? TrackId, MediaErrorCode? Error);

/// <summary>What became of the requests to consume.</summary>
/// <param name="Tracks">One entry for each request, in their order.</param>
/// <param name="OfferSdp">The offer that has the new sections, to be completed by
/// <see cref="MediaRoom.CompleteConsumeAsync"/>; null when there are none.</param>
public sealed record Consumed(IReadOnlyList<ConsumedTrack> Tracks, string? OfferSdp);

/// <summary>Which encoding of a track a peer wants.</summary>
/// <param name="ProducerId">The track; empty to go by <paramref name="Mid"/>.</param>
/// <param name="Mid">The media section on the peer's receiving transport; null to go by the producer.</param>
/// <param name="PreferredRid">f, h or q.</param>
/// <param name="IsLarge">Whether the peer shows the picture large: then the worst of several encodings is not meant, whatever its name.</param>
public sealed record LayerPreference(string ProducerId, string? Mid, string PreferredRid, bool IsLarge = false);
