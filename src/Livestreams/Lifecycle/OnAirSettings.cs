using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Roomcast.Livestreams.Records;
using Roomcast.Livestreams.Viewers;

namespace Roomcast.Livestreams.Lifecycle;

/// <summary>What every livestream on air needs, handed down whole.</summary>
internal sealed class OnAirSettings(
    IOptions<LivestreamOptions> options,
    TimeProvider time,
    ILogger<OnAirLivestreams> logger,
    LivestreamStore livestreams,
    LivestreamSessionStore sessions,
    IPackaging packaging,
    ViewerTokens viewerTokens,
    ViewerCountingOptions viewerCounting,
    LivestreamMetrics metrics,
    LivestreamFeeds feeds)
{
    public LivestreamOptions Options { get; } = options.Value;

    public TimeProvider Time { get; } = time;

    public ILogger Logger { get; } = logger;

    public LivestreamStore Livestreams { get; } = livestreams;

    public LivestreamSessionStore Sessions { get; } = sessions;

    public IPackaging Packaging { get; } = packaging;

    public ViewerTokens ViewerTokens { get; } = viewerTokens;

    public ViewerCountingOptions ViewerCounting { get; } = viewerCounting;

    public LivestreamMetrics Metrics { get; } = metrics;

    public LivestreamFeeds Feeds { get; } = feeds;
}
