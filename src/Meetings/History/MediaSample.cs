using Roomcast.Meetings.Media;

namespace Roomcast.Meetings.History;

/// <summary>A track whose figures are kept: one that the peer sent, or received.</summary>
/// <param name="ProducerId">Which one; at most <see cref="MaxIdLength"/> characters.</param>
/// <param name="PeerId">Who sent it; empty when that was not known any more.</param>
/// <param name="Kind">Sound or picture.</param>
/// <param name="IsScreenShare">Whether it was of a shared screen.</param>
public sealed record SampledTrack(string ProducerId, string PeerId, MediaKind Kind, bool IsScreenShare)
{
    /// <summary>Longest id, and longest name of a media section, that is kept.</summary>
    public const int MaxIdLength = 64;

    /// <summary>The media section it came or left in when it began.</summary>
    public string Mid { get; init; } = "";

    /// <summary>What is kept of a track as it was told.</summary>
    public static SampledTrack Of(MediaProducer track)
    {
        ArgumentNullException.ThrowIfNull(track);
        return new SampledTrack(track.Id, track.PeerId, track.Kind, track.IsScreenShare);
    }
}

/// <summary>How a track arrived from the peer, at one moment.</summary>
/// <param name="Track">Which track, by its place in the list of tracks.</param>
/// <param name="BitrateBps">Bits per second over the last half second.</param>
/// <param name="Packets">Packets since it began.</param>
/// <param name="Lost">Packets that never came since it began.</param>
/// <param name="JitterUs">Jitter in microseconds.</param>
public readonly record struct SentSample(int Track, long BitrateBps, long Packets, long Lost, long JitterUs)
{
    /// <summary>What had come of it.</summary>
    public TrackTotals Totals { get; init; }

    /// <summary>How long before the sample this was so, in milliseconds: more than 0 of a track that ended before it.</summary>
    public int AgeMs { get; init; }
}

/// <summary>How a track left to the peer, at one moment.</summary>
/// <param name="Track">Which track, by its place in the list of tracks.</param>
/// <param name="BitrateBps">Bits per second over the last half second.</param>
/// <param name="Packets">Packets that should have reached the peer since it began, by its last report.</param>
/// <param name="Lost">Those of them that had not come.</param>
/// <param name="Repeated">Packets sent again.</param>
/// <param name="JitterUs">Jitter in microseconds, as the peer reported it last.</param>
/// <param name="Freezes">Times that the picture stood still.</param>
/// <param name="IsStarved">Whether nothing was sent for want of bandwidth.</param>
public readonly record struct ReceivedSample(
    int Track, long BitrateBps, long Packets, long Lost, long Repeated, long JitterUs, int Freezes, bool IsStarved)
{
    /// <summary>What had left of it.</summary>
    public TrackTotals Totals { get; init; }

    /// <summary>How long before the sample this was so, in milliseconds: more than 0 of a track that ended before it.</summary>
    public int AgeMs { get; init; }
}

/// <summary>How the media of a peer fared at one moment, as the server measured it.</summary>
/// <param name="At">When, whole milliseconds.</param>
/// <param name="RoundTripMs">To the peer and back; null when not known.</param>
/// <param name="EstimatedBps">What may be sent to the peer, in bits per second, as estimated; 0 when nothing is.</param>
/// <param name="IsTcp">Whether its media went over TCP.</param>
/// <param name="Sent">What the peer sent.</param>
/// <param name="Received">What the peer received.</param>
public sealed record MediaSample(
    DateTimeOffset At,
    int? RoundTripMs,
    long EstimatedBps,
    bool IsTcp,
    IReadOnlyList<SentSample> Sent,
    IReadOnlyList<ReceivedSample> Received);
