using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Roomcast.Hls;
using Roomcast.Livestreams.Lifecycle;

namespace Roomcast.Livestreams.Delivery;

/// <summary>Registration of HLS delivery.</summary>
public static class DeliveryServices
{
    /// <summary>
    /// Adds delivery. Options: <see cref="HlsOptions"/> and <see cref="DeliveryOptions"/>. The host adds the
    /// <see cref="PlaybackTokens"/> and <see cref="Viewers.ViewerTokens"/> with their keys. The memory pool of the HTTP server is
    /// replaced by one with larger blocks.
    /// </summary>
    public static IServiceCollection AddLivestreamDelivery(this IServiceCollection services)
    {
        services.AddOptionsWithValidateOnStart<HlsOptions, HlsOptionsValidator>();
        services.AddOptionsWithValidateOnStart<DeliveryOptions, DeliveryOptionsValidator>();
        services.AddMetrics();
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<DeliveryMetrics>();
        services.TryAddSingleton<SegmentFiles>();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IHostedService, SegmentFolderEmptying>());
        services.TryAddSingleton<HeldRequests>();
        services.TryAddSingleton<IPackaging, HlsPackaging>();
        services.TryAddSingleton<ILivePrograms, OnAirPrograms>();
        services.TryAddSingleton<DeliveryHandler>();

        // The HTTP server takes the last one that was added, whether its own came before or comes after.
        services.AddSingleton<IMemoryPoolFactory<byte>, LargeBlockPoolFactory>();
        return services;
    }

    /// <summary>
    /// Answers players under <c>/live/</c>. Comes before routing, for nothing of it is needed here: what is not delivery's,
    /// such as <c>/live/{id}/status</c>, is passed on.
    /// </summary>
    public static IApplicationBuilder UseLivestreamDelivery(this IApplicationBuilder app)
    {
        var handler = app.ApplicationServices.GetRequiredService<DeliveryHandler>();
        return app.Use((context, next) => handler.TryAnswer(context) ?? next(context));
    }

    /// <summary>By the time hosted services start, the data folder is known to be this server's alone.</summary>
    private sealed class SegmentFolderEmptying(SegmentFiles files) : IHostedService
    {
        public Task StartAsync(CancellationToken cancellationToken)
        {
            files.DeleteLeftovers();
            return Task.CompletedTask;
        }

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
