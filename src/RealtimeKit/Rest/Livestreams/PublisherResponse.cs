using Roomcast.Livestreams;
using Roomcast.RealtimeKit.Rest.Requests;

namespace Roomcast.RealtimeKit.Rest.Livestreams;

/// <summary>Who publishes now, and how well.</summary>
internal sealed record PublisherResponse
{
    public required string Protocol { get; init; }

    /// <summary>Null for a caller who may only read: it tells where a person is.</summary>
    public required string? RemoteAddress { get; init; }

    public required string? Encoder { get; init; }

    public required DateTimeOffset Since { get; init; }

    public required long BitrateBps { get; init; }

    public required double? KeyframeIntervalSeconds { get; init; }

    public required long BytesReceived { get; init; }

    public required long DroppedFrames { get; init; }

    public required long TimestampJumps { get; init; }

    public required IReadOnlyList<string> Warnings { get; init; }

    public required IReadOnlyList<PublisherTrackResponse> Tracks { get; init; }

    public static PublisherResponse Of(PublisherReport report, KitRequest request) => new()
    {
        Protocol = report.Protocol,
        RemoteAddress = request.SeesSecrets ? report.RemoteAddress : null,
        Encoder = report.Encoder,
        Since = report.Since,
        BitrateBps = report.BitrateBps,
        KeyframeIntervalSeconds = report.KeyframeIntervalSeconds is { } interval ? Math.Round(interval, 3) : null,
        BytesReceived = report.BytesReceived,
        DroppedFrames = report.DroppedFrames,
        TimestampJumps = report.TimestampJumps,
        Warnings = report.Warnings,
        Tracks = [.. report.Tracks.Select(PublisherTrackResponse.Of)],
    };
}

/// <summary>One track of a publisher.</summary>
internal sealed record PublisherTrackResponse(
    string Kind,
    string Codec,
    int? Width,
    int? Height,
    double? FrameRate,
    int? SampleRateHz,
    int? Channels,
    long BitrateBps)
{
    public static PublisherTrackResponse Of(PublisherTrackReport track) => new(
        track.Kind,
        track.Codec,
        track.Width,
        track.Height,
        track.FrameRate is { } rate ? Math.Round(rate, 3) : null,
        track.SampleRateHz,
        track.Channels,
        track.BitrateBps);
}
