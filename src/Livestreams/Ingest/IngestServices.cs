using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Roomcast.Transports.Tcp;

namespace Roomcast.Livestreams.Ingest;

/// <summary>Registration of ingest.</summary>
public static class IngestServices
{
    /// <summary>
    /// Adds <see cref="RtmpIngest"/>, which needs an <see cref="IIngestGate"/>. The host tells it where to listen, and stops it.
    /// Options: <see cref="IngestOptions"/>.
    /// </summary>
    public static IServiceCollection AddRtmpIngest(this IServiceCollection services)
    {
        services.AddOptionsWithValidateOnStart<IngestOptions, IngestOptionsValidator>();
        services.AddMetrics();
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<TransportMetrics>();
        services.TryAddSingleton<RtmpIngest>();
        return services;
    }
}
