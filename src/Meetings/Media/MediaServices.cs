using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Roomcast.Transports.Rtc;

namespace Roomcast.Meetings.Media;

/// <summary>Registers media of meetings.</summary>
public static class MediaServices
{
    /// <summary>Adds <see cref="MediaRooms"/>, the WebRTC port they live on, and the engines between the two. To be called after
    /// whatever runs <see cref="RtcHost"/> was added, as rooms are to be closed before the port stops.</summary>
    public static IServiceCollection AddMeetingMedia(this IServiceCollection services)
    {
        services.AddRtcHost();
        services.TryAddSingleton<MediaMetrics>();
        services.TryAddSingleton<MediaEngines>();
        services.Replace(ServiceDescriptor.Singleton<IRtcEngineFactory>(static provider => provider.GetRequiredService<MediaEngines>()));
        services.TryAddSingleton(static provider =>
        {
            // The host makes the engines, and then knows its candidates.
            var host = provider.GetRequiredService<RtcHost>();
            var engines = provider.GetRequiredService<MediaEngines>();
            engines.Candidates = () => host.Candidates;
            engines.LocalCandidates = () => host.LocalCandidates;
            return new MediaRooms(() => engines.All, provider.GetRequiredService<ILogger<MediaRooms>>());
        });
        services.AddHostedService<MediaRoomsEnd>();
        return services;
    }
}
