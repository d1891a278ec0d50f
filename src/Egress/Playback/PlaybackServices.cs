using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Roomcast.Egress.Composition;

namespace Roomcast.Egress.Playback;

/// <summary>Registration of playbacks.</summary>
public static class PlaybackServices
{
    /// <summary>
    /// Adds <see cref="SessionPlaybacks"/>. Whoever has sessions registers an <see cref="IPlaybackStage"/>; without one there is
    /// nowhere to play. Options: <see cref="PlaybackOptions"/>, and of <see cref="CompositionOptions"/> the worker's program and niceness.
    /// </summary>
    public static IServiceCollection AddSessionPlaybacks(this IServiceCollection services)
    {
        ArgumentNullException.ThrowIfNull(services);
        services.AddOptionsWithValidateOnStart<PlaybackOptions, PlaybackOptionsValidator>();
        services.AddOptionsWithValidateOnStart<CompositionOptions, CompositionOptionsValidator>();
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<IPlaybackStage, NoStage>();
        services.TryAddSingleton<IPlayerLauncher, PlayerLauncher>();
        services.TryAddSingleton(provider => new SessionPlaybacks(
            provider.GetRequiredService<IPlayerLauncher>(),
            provider.GetRequiredService<IPlaybackStage>(),
            provider.GetRequiredService<IOptions<PlaybackOptions>>(),
            provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<ILogger<SessionPlaybacks>>()));
        services.AddHostedService(provider => provider.GetRequiredService<SessionPlaybacks>());
        return services;
    }

    private sealed class NoStage : IPlaybackStage
    {
        public ValueTask<IPlaybackSeat?> EnterAsync(
            SessionPlayback playback, bool hasSound, bool hasPicture, IPlaybackListener listener, CancellationToken cancellationToken) => new((IPlaybackSeat?)null);
    }
}
