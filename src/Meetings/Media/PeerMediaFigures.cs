namespace Roomcast.Meetings.Media;

/// <summary>How one peer's media does at a moment.</summary>
/// <param name="PeerId">Whose.</param>
/// <param name="Transports">Its transports.</param>
/// <param name="Producers">What it sends.</param>
/// <param name="Consumers">What it receives.</param>
public sealed record PeerMediaFigures(
    string PeerId,
    IReadOnlyList<TransportFigures> Transports,
    IReadOnlyList<ProducerFigures> Producers,
    IReadOnlyList<ConsumerFigures> Consumers)
{
    /// <summary>What it sent and does not send any more: what has ended since the last time this was asked, oldest first.</summary>
    public IReadOnlyList<EndedProducer> EndedProducers { get; init; } = [];

    /// <summary>What it received and does not receive any more, in the same way.</summary>
    public IReadOnlyList<EndedConsumer> EndedConsumers { get; init; } = [];
}

/// <summary>What a track had come to when its sender ended it.</summary>
/// <param name="Track">As others were told of it.</param>
/// <param name="Figures">How it did at the end.</param>
/// <param name="Ago">How long before this was asked that was.</param>
public sealed record EndedProducer(MediaProducer Track, ProducerFigures Figures, TimeSpan Ago);

/// <summary>What a track had come to when it was not sent to the peer any more.</summary>
/// <param name="Track">As the peer was told of it.</param>
/// <param name="Figures">How it did at the end.</param>
/// <param name="Ago">How long before this was asked that was.</param>
public sealed record EndedConsumer(MediaProducer Track, ConsumerFigures Figures, TimeSpan Ago);

/// <summary>How one transport does.</summary>
/// <param name="TransportId">Which one.</param>
/// <param name="Direction">Its direction.</param>
/// <param name="IsConnected">Whether media can flow.</param>
/// <param name="IsTcp">Whether it goes over TCP.</param>
/// <param name="EstimatedBps">What may be sent to the peer, in bits per second, as estimated.</param>
/// <param name="RoundTripTime">To the peer and back; null when not known.</param>
public sealed record TransportFigures(
    string TransportId, TransportDirection Direction, bool IsConnected, bool IsTcp, long EstimatedBps, TimeSpan? RoundTripTime);

/// <summary>How one track arrives, over all its encodings.</summary>
/// <param name="ProducerId">Which one.</param>
/// <param name="Kind">Sound or picture.</param>
/// <param name="BitrateBps">Bits per second over the last half second.</param>
/// <param name="PacketsReceived">Packets since it began.</param>
/// <param name="PacketsLost">Packets that never came since it began; at least 0.</param>
/// <param name="Jitter">Of the best encoding that arrives (RFC 3550 section 6.4.1).</param>
/// <param name="Rids">Encodings that arrive now, best first; empty for a track of one encoding.</param>
public sealed record ProducerFigures(
    string ProducerId,
    MediaKind Kind,
    long BitrateBps,
    long PacketsReceived,
    long PacketsLost,
    TimeSpan Jitter,
    IReadOnlyList<string> Rids)
{
    /// <summary>The media section it comes in.</summary>
    public string Mid { get; init; } = "";

    /// <summary>What came of it. The source and the pictures are those of the best encoding that arrives, and the keyframes asked for those
    /// that its sender was asked for.</summary>
    public TrackTotals Totals { get; init; }
}

/// <summary>What a track came to since it began.</summary>
/// <param name="Ssrc">The source of its packets; 0 while there are none.</param>
/// <param name="Bytes">Bytes of payload, without what was sent again.</param>
/// <param name="Pictures">Its pictures; nothing of sound.</param>
public readonly record struct TrackTotals(uint Ssrc, long Bytes, PictureFigures Pictures);

/// <summary>How the pictures of a track do.</summary>
/// <param name="Count">Pictures since it began.</param>
/// <param name="Keyframes">Keyframes among them.</param>
/// <param name="Width">Width in pixels by now; 0 when not known, and while there are none.</param>
/// <param name="Height">Height in pixels by now; 0 when not known, and while there are none.</param>
/// <param name="LossIndications">Keyframes asked for since it began, by a picture loss indication.</param>
/// <param name="IntraRequests">Keyframes asked for since it began, by a full intra request.</param>
public readonly record struct PictureFigures(
    long Count, long Keyframes, int Width, int Height, long LossIndications, long IntraRequests);

/// <summary>How one track leaves to the peer.</summary>
/// <param name="ProducerId">Which one.</param>
/// <param name="Kind">Sound or picture.</param>
/// <param name="BitrateBps">Bits per second over the last half second.</param>
/// <param name="PacketsExpected">Packets that should have reached the peer by its last report, those that never came to the server among them.</param>
/// <param name="PacketsLost">Those of them that had not come, as the peer reported.</param>
/// <param name="PacketsRepeated">Packets sent again.</param>
/// <param name="Jitter">As the peer reported it last.</param>
/// <param name="Rid">The encoding being sent; null for a track of one encoding, and while nothing is sent.</param>
/// <param name="IsStarved">Whether nothing is sent for want of bandwidth.</param>
/// <param name="Freezes">Times that the picture stood still for more than 500 ms as far as is known here: nothing could be sent
/// although the track was arriving.</param>
public sealed record ConsumerFigures(
    string ProducerId,
    MediaKind Kind,
    long BitrateBps,
    long PacketsExpected,
    long PacketsLost,
    long PacketsRepeated,
    TimeSpan Jitter,
    string? Rid,
    bool IsStarved,
    int Freezes)
{
    /// <summary>The media section it leaves in.</summary>
    public string Mid { get; init; } = "";

    /// <summary>What left of it; the keyframes asked for are those that its receiver asked for.</summary>
    public TrackTotals Totals { get; init; }
}
