using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using Roomcast.Hls;
using Roomcast.Livestreams.Delivery;
using Roomcast.Livestreams.Ingest;
using Roomcast.Livestreams.Lifecycle;
using Roomcast.Livestreams.Meetings;
using Roomcast.Livestreams.Records;
using Roomcast.Livestreams.Viewers;
using Roomcast.Storage.Keys;

namespace Roomcast.Livestreams;

/// <summary>Registration of livestreams.</summary>
public static class LivestreamServices
{
    private const string ViewerKeyFile = "viewer-tokens.key";
    private const string PlaybackKeyFile = "playback-tokens.key";

    /// <summary>
    /// Adds livestreams: their records, ingest, what keeps them on air, delivery, and the counting of viewers. It needs <c>AddStorage</c>
    /// and <c>AddAccounts</c>. Options: <see cref="LivestreamOptions"/>, <see cref="IngestOptions"/>, <see cref="HlsOptions"/>,
    /// <see cref="DeliveryOptions"/>, <see cref="ViewerCountingOptions"/>.
    /// </summary>
    public static IServiceCollection AddLivestreams(this IServiceCollection services)
    {
        services.AddLivestreamRecords();
        services.AddLivestreamLifecycle();
        services.AddOptions<ViewerCountingOptions>();
        services.TryAddSingleton(provider => provider.GetRequiredService<IOptions<ViewerCountingOptions>>().Value);
        services.AddRtmpIngest();
        services.AddViewers();
        services.TryAddSingleton<IMeetingLivestreams, NoMeetingLivestreams>();
        services.AddLivestreamDelivery();
        services.TryAddSingleton(provider => new ViewerTokens(
            provider.GetRequiredService<KeyFiles>().GetOrCreate(ViewerKeyFile, ViewerTokens.MinKeyLength)));
        services.TryAddSingleton(provider => new PlaybackTokens(
            provider.GetRequiredService<KeyFiles>().GetOrCreate(PlaybackKeyFile, PlaybackTokens.MinKeyLength)));
        return services;
    }
}
