using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Roomcast.Transports.Rtc;

namespace Roomcast.Meetings.Media;

/// <summary>Registers media of meetings.</summary>
public static class MediaServices
{
    /// <summary>Adds <see cref="MediaRooms"/>, the WebRTC port they live on, and the engines between the two. The host starts
    /// <see cref="RtcHost"/>, and calls <see cref="MediaRooms.CloseAllAsync"/> before it stops it.</summary>
    public static IServiceCollection AddMeetingMedia(this IServiceCollection services)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<MediaMetrics>();
        services.TryAddSingleton<MediaEngines>();
        services.TryAddSingleton<IRtcEngineFactory>(static provider => provider.GetRequiredService<MediaEngines>());
        services.AddRtcHost();
        services.TryAddSingleton(static provider =>
        {
            // The host makes the engines, and then knows its candidates.
            var host = provider.GetRequiredService<RtcHost>();
            var engines = provider.GetRequiredService<MediaEngines>();
            engines.Candidates = () => host.Candidates;
            return new MediaRooms(() => engines.All, provider.GetRequiredService<ILogger<MediaRooms>>());
        });
        return services;
    }
}
