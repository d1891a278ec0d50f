using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Roomcast.Egress.Composition;

/// <summary>Registration of compositions.</summary>
public static class CompositionServices
{
    /// <summary>
    /// Adds <see cref="ICompositions"/>. Whoever has sessions registers an <see cref="ICompositionSource"/>; without one there is no
    /// session to compose. Options: <see cref="CompositionOptions"/>.
    /// </summary>
    public static IServiceCollection AddCompositions(this IServiceCollection services)
    {
        ArgumentNullException.ThrowIfNull(services);
        services.AddMetrics();
        services.AddOptionsWithValidateOnStart<CompositionOptions, CompositionOptionsValidator>();
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<ICompositionSource, NoSessions>();
        services.TryAddSingleton<IMachineLoad, MachineLoad>();
        services.TryAddSingleton<IWorkerLauncher, WorkerLauncher>();
        services.TryAddSingleton<CompositionMetrics>();
        services.TryAddSingleton<SceneDirections>();
        services.TryAddSingleton<ICompositions, Compositions>();
        return services;
    }

    private sealed class NoSessions : ICompositionSource
    {
        public ValueTask<ICompositionReturn?> ConnectAsync(Guid sessionId, ICompositionInput input, CancellationToken cancellationToken) => new((ICompositionReturn?)null);
    }
}
