using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Roomcast.Storage.Keys;
using Roomcast.TestKit;

namespace Roomcast.Storage.Tests;

public sealed class StorageServicesTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_host_opens_the_database_before_its_services_start_and_closes_it_at_the_end()
    {
        using (var host = Build(services => services.AddHostedService<UsesTheDatabase>()))
        {
            await host.StartAsync();
            Assert.Equal(32, host.Services.GetRequiredService<KeyFiles>().GetOrCreate("k", 32).Length);
            await host.StopAsync();
        }

        using var next = Build(_ => { });
        await next.StartAsync(); // The folder is free again.
        await next.StopAsync();
    }

    [Fact]
    public async Task A_host_with_options_that_cannot_be_does_not_start()
    {
        using var host = Build(services => services.Configure<StorageOptions>(options => options.MaxConnections = 0));

        var fault = await Assert.ThrowsAsync<OptionsValidationException>(() => host.StartAsync());
        Assert.Contains(nameof(StorageOptions.MaxConnections), fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_host_whose_folder_cannot_be_used_does_not_start()
    {
        await File.WriteAllTextAsync(_folder.PathOf("file"), "");
        using var host = Build(services => services.Configure<StorageOptions>(options => options.DataFolder = _folder.PathOf("file")));

        var fault = await Assert.ThrowsAsync<StorageException>(() => host.StartAsync());
        Assert.Equal(StorageFailure.AccessDenied, fault.Failure);
    }

    private IHost Build(Action<IServiceCollection> configure)
    {
        var builder = Host.CreateEmptyApplicationBuilder(settings: null);
        builder.Logging.ClearProviders();
        builder.Services.Configure<StorageOptions>(options => options.DataFolder = _folder.Path);
        builder.Services.AddStorage();
        configure(builder.Services);
        return builder.Build();
    }

    private sealed class UsesTheDatabase(Database database) : IHostedService
    {
        public Task StartAsync(CancellationToken cancellationToken) => database.CheckAsync(cancellationToken);

        public Task StopAsync(CancellationToken cancellationToken) => database.CheckAsync(cancellationToken);
    }
}
