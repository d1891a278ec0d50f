using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Roomcast.Accounts;
using Roomcast.Storage;
using Roomcast.TestKit;
using Roomcast.TestKit.Webhooks;
using Roomcast.Webhooks.Delivery;
using Roomcast.Webhooks.Records;

namespace Roomcast.Webhooks.Tests;

/// <summary>Webhooks as the server has them, over a database that outlives them: several of these one after the other are restarts.</summary>
internal sealed class Hooks : IAsyncDisposable
{
    private readonly ServiceProvider _services;
    private readonly Database _database;

    public Hooks(Database database, StorageOptions storage, Action<WebhookOptions>? configure = null, TimeProvider? clock = null)
    {
        _database = database;
        var services = new ServiceCollection();
        services.AddLogging();
        services.AddSingleton(database);
        services.AddSingleton(clock ?? TimeProvider.System);
        services.AddSingleton(Options.Create(storage));
        services.AddSingleton<Storage.Keys.KeyFiles>();
        services.AddSingleton(new WebhookWire("Tests/1", ["rtk-signature"], ["rtk-uuid"], ["rtk-webhook-id"]));
        services.AddWebhooks();
        services.Configure<WebhookOptions>(options =>
        {
            options.PrivateNetworks = [IPNetwork.Parse("127.0.0.0/8")];
            options.RetryDelays = [.. Enumerable.Repeat(TimeSpan.FromMilliseconds(50), 5)];
            options.Timeout = TimeSpan.FromSeconds(10);
            configure?.Invoke(options);
        });
        _services = services.BuildServiceProvider();
    }

    public WebhookStore Webhooks => Get<WebhookStore>();

    public DeliveryStore Deliveries => Get<DeliveryStore>();

    /// <summary>Webhooks that what sends them holds in memory.</summary>
    public int ReceiverCount => _services.GetServices<IHostedService>().OfType<WebhookDispatcher>().Single().ReceiverCount;

    public T Get<T>()
        where T : notnull => _services.GetRequiredService<T>();

    /// <summary>An app of a fresh account.</summary>
    public static async Task<AppId> NewAppAsync(Database database)
    {
        var account = await new AccountStore(database, TimeProvider.System).CreateAsync("An account", CancellationToken.None);
        return (await new AppStore(database, TimeProvider.System).CreateAsync(account.Id, "An app", CancellationToken.None)).Id;
    }

    public async Task<Hooks> StartAsync()
    {
        foreach (var service in _services.GetServices<IHostedService>())
        {
            await service.StartAsync(CancellationToken.None);
        }

        return this;
    }

    public async Task StopAsync()
    {
        foreach (var service in _services.GetServices<IHostedService>())
        {
            await service.StopAsync(CancellationToken.None);
        }
    }

    public async Task<Webhook> NewWebhookAsync(AppId appId, Uri url, params string[] events) =>
        (await Webhooks.CreateAsync(
            appId, new WebhookDraft("A webhook", url.ToString(), events.Length > 0 ? events : ["happened"], IsEnabled: true), CancellationToken.None))!;

    /// <summary>Has something happen, numbered within its lane.</summary>
    public Task HappenAsync(AppId appId, string lane, int number, string name = "happened") => _database.WriteAsync(
        transaction => Get<WebhookOutbox>().AddAsync(transaction, appId, name, lane, () => Task.FromResult(BodyOf(name, lane, number))),
        CancellationToken.None);

    public static byte[] BodyOf(string name, string lane, int number) =>
        Encoding.UTF8.GetBytes(new JsonObject { ["event"] = name, ["lane"] = lane, ["number"] = number }.ToJsonString());

    public static (string Lane, int Number) Read(ReceivedWebhook received) =>
        (received.Payload["lane"]!.GetValue<string>(), received.Payload["number"]!.GetValue<int>());

    /// <summary>All deliveries of a webhook, oldest first.</summary>
    public async Task<IReadOnlyList<WebhookDelivery>> ListAsync(WebhookId id) =>
        (await Deliveries.ListAsync(
            id, new DeliveryQuery(new PageRequest(1, 100), null, default, SortOrder.Ascending), CancellationToken.None)).Items;

    /// <summary>Waits until the deliveries of a webhook are as they should be.</summary>
    public async Task<IReadOnlyList<WebhookDelivery>> WaitAsync(WebhookId id, Func<IReadOnlyList<WebhookDelivery>, bool> isDone)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        while (true)
        {
            var deliveries = await ListAsync(id);
            if (isDone(deliveries))
            {
                return deliveries;
            }

            Assert.False(
                patience.IsCancellationRequested,
                string.Join("; ", deliveries.Select(each => $"{each.Status} {each.Attempts} {each.LastStatus} {each.LastError}")));
            await Task.Delay(20, CancellationToken.None);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        await _services.DisposeAsync();
    }
}
