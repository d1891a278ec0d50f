using Roomcast.Server.Configuration;
using Roomcast.Server.Observability.Health;
using Roomcast.Server.Observability.Metrics;

namespace Roomcast.Server.Observability;

/// <summary>Registration of everything by which the server is watched.</summary>
internal static class ObservabilityServices
{
    /// <summary>Adds metrics, health and telemetry; the log comes with <see cref="ServerLogging"/>.</summary>
    public static IServiceCollection AddObservability(this IServiceCollection services)
    {
        services.AddMetrics();
        services.AddSingleton<MetricsPage>();
        services.AddSingleton<Readiness>();
        services.AddHostedService<ServerMeter>();
        services.AddHostedService<Telemetry>();
        return services;
    }

    /// <summary>Starts listening to meters, before the features make theirs, and maps <c>/metrics</c>, <c>/healthz</c> and <c>/readyz</c>.</summary>
    public static void MapObservability(this WebApplication app, SettingValues settings)
    {
        _ = app.Services.GetRequiredService<MetricsPage>();
        app.MapMetrics(settings);
        app.MapHealth();
    }
}
