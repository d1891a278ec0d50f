using Roomcast.Livestreams.Viewers;

namespace Roomcast.Livestreams;

/// <summary>One track of a publisher as measured.</summary>
/// <param name="Codec">As RFC 6381 writes it.</param>
/// <param name="Kind"><c>audio</c> or <c>video</c>.</param>
/// <param name="Width">Pixels; null for sound.</param>
/// <param name="Height">Pixels; null for sound.</param>
/// <param name="FrameRate">Frames per second over the last 5 s; null for sound.</param>
/// <param name="SampleRateHz">Null for video.</param>
/// <param name="Channels">Null for video.</param>
/// <param name="BitrateBps">Over the last 5 s.</param>
public sealed record PublisherTrackReport(
    string Codec,
    string Kind,
    int? Width,
    int? Height,
    double? FrameRate,
    int? SampleRateHz,
    int? Channels,
    long BitrateBps);

/// <summary>Who publishes to a livestream now, and how well.</summary>
/// <param name="Protocol">For example <c>rtmp</c>.</param>
/// <param name="RemoteAddress">The encoder's address.</param>
/// <param name="Encoder">What it calls itself, or null.</param>
/// <param name="Since">When it was admitted.</param>
/// <param name="Tracks">Its tracks.</param>
/// <param name="BitrateBps">All tracks together over the last 5 s.</param>
/// <param name="KeyframeIntervalSeconds">Longest distance between keyframes over the last minute; null before the second one.</param>
/// <param name="BytesReceived">From the socket.</param>
/// <param name="DroppedFrames">Damaged frames, and frames before the first keyframe.</param>
/// <param name="TimestampJumps">How often the encoder's clock jumped.</param>
/// <param name="Warnings">Machine-readable words, for example <c>long_keyframe_interval</c>, <c>b_frames</c>, <c>low_bitrate</c>.</param>
public sealed record PublisherReport(
    string Protocol,
    string RemoteAddress,
    string? Encoder,
    DateTimeOffset Since,
    IReadOnlyList<PublisherTrackReport> Tracks,
    long BitrateBps,
    double? KeyframeIntervalSeconds,
    long BytesReceived,
    long DroppedFrames,
    long TimestampJumps,
    IReadOnlyList<string> Warnings);

/// <summary>Who watches a livestream now.</summary>
/// <param name="Count">Viewers.</param>
/// <param name="ByPlayer">Viewers by the player's family.</param>
/// <param name="Viewers">At most the 1,000 who came last.</param>
public sealed record ViewersReport(int Count, IReadOnlyDictionary<string, int> ByPlayer, IReadOnlyList<PresentViewer> Viewers);
