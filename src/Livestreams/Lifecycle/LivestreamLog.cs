using Microsoft.Extensions.Logging;
using Roomcast.Livestreams.Ingest;
using Roomcast.Livestreams.Records;

namespace Roomcast.Livestreams.Lifecycle;

/// <summary>Event ids 2300-2349.</summary>
internal static partial class LivestreamLog
{
    [LoggerMessage(2301, LogLevel.Information,
        "Livestream {LivestreamId} has a publisher over {Protocol} from {RemoteAddress}, encoder {Encoder}.")]
    public static partial void PublisherCame(
        ILogger logger, LivestreamId livestreamId, string protocol, string remoteAddress, string? encoder);

    [LoggerMessage(2302, LogLevel.Information,
        "The publisher of livestream {LivestreamId} has left ({Reason}) after {IngestSeconds:F1} s of media.")]
    public static partial void PublisherLeft(
        ILogger logger, LivestreamId livestreamId, IngestEndReason reason, double ingestSeconds);

    [LoggerMessage(2303, LogLevel.Information, "Livestream {LivestreamId} is live from {Protocol}: {Tracks}.")]
    public static partial void WentLive(ILogger logger, LivestreamId livestreamId, string protocol, string tracks);

    [LoggerMessage(2304, LogLevel.Information,
        "Livestream {LivestreamId} is off air ({Cause}) after {IngestSeconds:F1} s of media and {ViewerSeconds:F1} s watched.")]
    public static partial void WentOffAir(
        ILogger logger, LivestreamId livestreamId, LivestreamInput cause, double ingestSeconds, double viewerSeconds);

    [LoggerMessage(2305, LogLevel.Error, "Packaging livestream {LivestreamId} failed; it goes off air.")]
    public static partial void PackagingFailed(ILogger logger, Exception fault, LivestreamId livestreamId);

    [LoggerMessage(2306, LogLevel.Error,
        "A change of livestream {LivestreamId} could not be stored; the media goes on, and it is tried again until it is stored.")]
    public static partial void StoreFailed(ILogger logger, Exception fault, LivestreamId livestreamId);

    [LoggerMessage(2307, LogLevel.Error, "The figures of {SessionCount} livestream sessions could not be stored; they are tried again.")]
    public static partial void FiguresFailed(ILogger logger, Exception fault, int sessionCount);

    [LoggerMessage(2308, LogLevel.Warning,
        "{SessionCount} livestream sessions were open when the server stopped without warning; they are closed at their last stored moment.")]
    public static partial void OrphansClosed(ILogger logger, int sessionCount);

    [LoggerMessage(2309, LogLevel.Error, "The loop of livestream {LivestreamId} failed; it is off air until somebody publishes again.")]
    public static partial void LoopFailed(ILogger logger, Exception fault, LivestreamId livestreamId);

    [LoggerMessage(2310, LogLevel.Error, "What became of livestream {LivestreamId} cannot be stored; it is not tried again.")]
    public static partial void NotStorable(ILogger logger, Exception fault, LivestreamId livestreamId);

    [LoggerMessage(2311, LogLevel.Warning,
        "The end of livestream {LivestreamId} could not be stored before the server stopped; its next start closes the session.")]
    public static partial void LeftOpen(ILogger logger, LivestreamId livestreamId);
}
