using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Roomcast.Meetings.Media;

/// <summary>Registers media of meetings.</summary>
public static class MediaServices
{
    /// <summary>Adds <see cref="MediaRooms"/>.</summary>
    public static IServiceCollection AddMeetingMedia(this IServiceCollection services)
    {
        services.TryAddSingleton<MediaRooms>();
        return services;
    }
}
