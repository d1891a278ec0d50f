using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Roomcast.Storage.Keys;

namespace Roomcast.Storage;

/// <summary>Registration of the storage.</summary>
public static class StorageServices
{
    /// <summary>
    /// Adds <see cref="Database"/>, opened before any hosted service starts, and <see cref="KeyFiles"/>. The host binds and
    /// <see cref="StorageOptionsValidator"/> checks <see cref="StorageOptions"/>.
    /// </summary>
    public static IServiceCollection AddStorage(this IServiceCollection services)
    {
        services.AddOptionsWithValidateOnStart<StorageOptions, StorageOptionsValidator>();
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<Database>();
        services.TryAddSingleton<KeyFiles>();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IHostedService, DatabaseOpening>());
        return services;
    }

    /// <summary>Opens the database in the phase that comes before every hosted service, the web server's among them.</summary>
    private sealed class DatabaseOpening(Database database) : IHostedLifecycleService
    {
        public Task StartingAsync(CancellationToken cancellationToken) => database.OpenAsync(cancellationToken);

        public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
