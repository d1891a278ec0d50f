using Microsoft.AspNetCore.Http;
using Roomcast.Storage;
using Roomcast.TestKit.Databases;
using Roomcast.TestKit.Webhooks;
using Roomcast.Webhooks.Records;

namespace Roomcast.Webhooks.Tests.Delivery;

/// <summary>Webhooks that are changed while deliveries to them wait for their turn.</summary>
public sealed class ChangedWebhookTests() : DatabaseTests(DatabaseEngine.Sqlite)
{
    private const int Lanes = 10;

    [Theory]
    [InlineData("disabled", false)]
    [InlineData("disabled", true)]
    [InlineData("deleted", false)]
    [InlineData("deleted", true)]
    [InlineData("moved", false)]
    [InlineData("moved", true)]
    public async Task Only_attempts_under_way_still_reach_the_address_as_it_was(string change, bool hasTaken)
    {
        using var released = new SemaphoreSlim(0);
        await using var elsewhere = await TestReceiver.StartAsync();
        await using var receiver = await TestReceiver.StartAsync(async (received, context) =>
        {
            if (received.Event == "happened")
            {
                await released.WaitAsync();
                context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
            }
        });
        await using var hooks = await new Hooks(Database, Options, options =>
        {
            options.MaxInFlight = 2;
            options.Timeout = TimeSpan.FromSeconds(30);
        }).StartAsync();
        var app = await Hooks.NewAppAsync(Database);
        var webhook = await hooks.NewWebhookAsync(app, receiver.Address, "happened", "proven");
        if (hasTaken)
        {
            await hooks.HappenAsync(app, "proven", 0, "proven");
            await hooks.WaitAsync(webhook.Id, all => all is [{ Status: DeliveryStatus.Delivered }]);
        }

        // Of one that has taken nothing yet, all but one wait for each other; of one that has, all but two for a slot.
        for (var i = 0; i < Lanes; i++)
        {
            await hooks.HappenAsync(app, $"lane {i}", i);
        }

        var before = hasTaken ? 3 : 1;
        await receiver.WaitForAsync(before);
        switch (change)
        {
            case "deleted":
                await hooks.Webhooks.DeleteAsync(app, webhook.Id, CancellationToken.None);
                break;
            case "disabled":
                await hooks.Webhooks.UpdateAsync(app, webhook.Id, draft => draft with { IsEnabled = false }, CancellationToken.None);
                break;
            default:
                await hooks.Webhooks.UpdateAsync(
                    app, webhook.Id, draft => draft with { Url = elsewhere.Address.ToString() }, CancellationToken.None);
                break;
        }

        released.Release(1_000);

        var kept = await hooks.WaitAsync(webhook.Id, all => all.All(each => each.Status is not DeliveryStatus.Pending));
        var end = change == "moved" ? DeliveryStatus.Delivered : DeliveryStatus.Cancelled;
        Assert.All(kept.Where(each => each.Event == "happened"), each => Assert.Equal(end, each.Status));
        Assert.Equal(before, receiver.Received.Count);
        Assert.Equal(change == "moved" ? Lanes : 0, elsewhere.Received.Count);
    }

    [Fact]
    public async Task What_was_changed_or_deleted_is_held_in_memory_no_longer_than_deliveries_wait()
    {
        await using var receiver = await TestReceiver.StartAsync();
        await using var failing = await TestReceiver.StartAsync(500);
        await using var hooks = await new Hooks(
            Database, Options, options => options.RetryDelays = [TimeSpan.FromHours(1)]).StartAsync();
        var app = await Hooks.NewAppAsync(Database);

        for (var i = 0; i < 5; i++)
        {
            var idle = await hooks.NewWebhookAsync(app, receiver.Address, "never");
            await hooks.Webhooks.UpdateAsync(app, idle.Id, draft => draft with { Name = "Another" }, CancellationToken.None);
            await hooks.Webhooks.DeleteAsync(app, idle.Id, CancellationToken.None);
        }

        Assert.Equal(0, hooks.ReceiverCount);

        var changed = await hooks.NewWebhookAsync(app, receiver.Address);
        var deleted = await hooks.NewWebhookAsync(app, failing.Address);
        for (var i = 1; i <= 3; i++)
        {
            await hooks.HappenAsync(app, "lane", i);
            await hooks.WaitAsync(changed.Id, all => all.Count == i && all.All(each => each.Status is DeliveryStatus.Delivered));
            await hooks.Webhooks.UpdateAsync(app, changed.Id, draft => draft with { Name = $"Name {i}" }, CancellationToken.None);
        }

        await hooks.WaitAsync(deleted.Id, all => all.Any(each => each.Attempts == 1));
        await hooks.Webhooks.DeleteAsync(app, deleted.Id, CancellationToken.None);
        await hooks.Webhooks.DeleteAsync(app, changed.Id, CancellationToken.None);

        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        while (hooks.ReceiverCount > 0)
        {
            await Task.Delay(20, patience.Token);
        }
    }
}
