using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Roomcast.Transports.Rtc;

/// <summary>Registers the WebRTC port.</summary>
public static class RtcServices
{
    /// <summary>Adds <see cref="RtcHost"/>. Its engines come from the <see cref="IRtcEngineFactory"/> that the owner of the
    /// sessions registers; the host is started by whoever has bound its sockets.</summary>
    public static IServiceCollection AddRtcHost(this IServiceCollection services)
    {
        services.AddOptions<RtcHostOptions>();
        services.AddMetrics();
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<IRtcEngineFactory, IdleRtcEngines>();
        services.TryAddSingleton<RtcMetrics>();
        services.TryAddSingleton<RtcHost>();
        return services;
    }
}
