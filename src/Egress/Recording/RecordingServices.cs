using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Roomcast.Egress.Composition;
using Roomcast.Egress.Push;
using Roomcast.Egress.Recording.Pages;
using Roomcast.Storage.Blobs;

namespace Roomcast.Egress.Recording;

/// <summary>Registration of recordings.</summary>
public static class RecordingServices
{
    /// <summary>
    /// Adds <see cref="Recordings"/>; needs <c>AddStorage</c>, <c>AddBlobs</c> and, to record anything, an <see cref="IRecordedSessions"/>, and takes
    /// <see cref="ICompositions"/>, <see cref="ICompositionSource"/>, <see cref="PushJobs"/>, <see cref="IPageHost"/> and every
    /// <see cref="IRecordingListener"/> where there are such. Options: <see cref="RecordingOptions"/>, of which the host sets the folder.
    /// </summary>
    public static IServiceCollection AddRecordings(this IServiceCollection services)
    {
        services.AddOptionsWithValidateOnStart<RecordingOptions, RecordingOptionsValidator>();
        services.AddMetrics();
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<IRecordedSessions, NoRecordedSessions>();
        services.TryAddSingleton<RecordingMetrics>();
        services.TryAddSingleton<RecordingStore>();
        services.TryAddSingleton<RecordingAnalytics>();
        services.TryAddSingleton(provider => new RecordingFolder(provider.GetRequiredService<IOptions<RecordingOptions>>().Value.Folder));
        services.TryAddSingleton<RecordingConverter>();
        services.AddOptionsWithValidateOnStart<RecordingPageOptions, RecordingPageOptionsValidator>();
        services.TryAddSingleton<PageConnections>();
        services.TryAddSingleton(provider => new RecordedPages(
            provider.GetRequiredService<IOptions<RecordingPageOptions>>(),
            provider.GetRequiredService<IOptions<RecordingOptions>>(),
            provider.GetService<IPageHost>(),
            provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<ILogger<RecordedPages>>()));
        services.TryAddSingleton<RecordingDelivery>();
        services.TryAddSingleton<WatermarkFetch>();
        services.TryAddSingleton(provider => new Recordings(
            provider.GetRequiredService<RecordingStore>(),
            provider.GetRequiredService<RecordingDelivery>(),
            provider.GetRequiredService<RecordingFolder>(),
            new RecordingOutside(
                provider.GetRequiredService<IRecordedSessions>(),
                provider.GetService<ICompositions>(),
                provider.GetService<ICompositionSource>(),
                provider.GetService<PushJobs>(),
                [.. provider.GetServices<IRecordingListener>()]),
            provider.GetRequiredService<WatermarkFetch>(),
            provider.GetRequiredService<RecordingConverter>(),
            provider.GetRequiredService<RecordedPages>(),
            provider.GetRequiredService<IBlobStore>(),
            provider.GetRequiredService<IOptions<RecordingOptions>>(),
            provider.GetRequiredService<RecordingMetrics>(),
            provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<ILogger<Recordings>>()));
        services.AddHostedService(provider => provider.GetRequiredService<Recordings>());
        return services;
    }
}
