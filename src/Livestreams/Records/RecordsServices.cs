using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Roomcast.Livestreams.Records;

/// <summary>Registration of the livestream records.</summary>
public static class RecordsServices
{
    /// <summary>
    /// Adds <see cref="LivestreamStore"/>, <see cref="LivestreamSessionStore"/> and <see cref="LivestreamAnalytics"/>; needs
    /// <c>AddStorage</c>.
    /// </summary>
    public static IServiceCollection AddLivestreamRecords(this IServiceCollection services)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<LivestreamStore>();
        services.TryAddSingleton<LivestreamSessionStore>();
        services.TryAddSingleton<LivestreamAnalytics>();
        return services;
    }
}
