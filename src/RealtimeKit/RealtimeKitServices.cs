using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Roomcast.RealtimeKit.Rest;
using Roomcast.RealtimeKit.Rest.Access;
using Roomcast.RealtimeKit.Rest.OpenApi;
using Roomcast.RealtimeKit.Webhooks;

namespace Roomcast.RealtimeKit;

/// <summary>Registration of the RealtimeKit REST API.</summary>
public static class RealtimeKitServices
{
    /// <summary>
    /// Adds the API. It needs accounts (<c>AddAccounts</c>), livestreams, their
    /// <see cref="Livestreams.PublicAddresses"/> and a <see cref="TimeProvider"/>.
    /// </summary>
    /// <param name="services">Where to.</param>
    /// <param name="configure">Sets the options, typically by binding a section of the settings.</param>
    public static IServiceCollection AddRealtimeKit(
        this IServiceCollection services, Action<RealtimeKitOptions>? configure = null)
    {
        var options = services.AddOptionsWithValidateOnStart<RealtimeKitOptions, RealtimeKitOptionsValidator>();
        if (configure is not null)
        {
            options.Configure(configure);
        }

        services.AddMetrics();
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<RealtimeKitMetrics>();
        services.TryAddSingleton<RateLimits>();
        services.TryAddSingleton<KitDoor>();
        services.TryAddSingleton<UnmatchedRoutes>();
        services.TryAddSingleton<OpenApiDocument>();
        services.AddRealtimeKitWebhooks();
        return services;
    }
}
