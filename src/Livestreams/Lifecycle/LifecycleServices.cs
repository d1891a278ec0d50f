using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Roomcast.Livestreams.Ingest;
using Roomcast.Livestreams.Records;
using Roomcast.Livestreams.Viewers;

namespace Roomcast.Livestreams.Lifecycle;

/// <summary>Registration of what keeps livestreams on air.</summary>
public static class LifecycleServices
{
    /// <summary>Adds the directory of livestreams and the gate for ingest. Options: <see cref="LivestreamOptions"/>.</summary>
    public static IServiceCollection AddLivestreamLifecycle(this IServiceCollection services)
    {
        services.AddOptionsWithValidateOnStart<LivestreamOptions, LivestreamOptionsValidator>();
        services.AddMetrics();
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<LivestreamMetrics>();
        services.TryAddSingleton<LivestreamFeeds>();
        services.TryAddSingleton<OnAirSettings>();
        services.TryAddSingleton<OnAirLivestreams>();
        services.TryAddSingleton<ILiveAudience, LiveAudience>();
        services.TryAddSingleton<IIngestGate>(provider => provider.GetRequiredService<OnAirLivestreams>());
        services.AddHostedService(provider => provider.GetRequiredService<OnAirLivestreams>());
        services.TryAddSingleton(provider => new LivestreamDirectory(
            provider.GetRequiredService<LivestreamStore>(),
            provider.GetRequiredService<LivestreamSessionStore>(),
            provider.GetRequiredService<LivestreamAnalytics>(),
            provider.GetRequiredService<OnAirLivestreams>()));
        return services;
    }
}
