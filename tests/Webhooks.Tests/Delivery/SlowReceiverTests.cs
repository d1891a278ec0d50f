using Roomcast.Storage;
using Roomcast.TestKit;
using Roomcast.TestKit.Databases;
using Roomcast.TestKit.Webhooks;
using Roomcast.Webhooks.Delivery;
using Roomcast.Webhooks.Records;

namespace Roomcast.Webhooks.Tests.Delivery;

/// <summary>Receivers that take everything, each time just before its time is over.</summary>
public sealed class SlowReceiverTests() : DatabaseTests(DatabaseEngine.Sqlite)
{
    private const int Webhooks = 16;

    [Fact]
    public async Task However_many_slow_receivers_have_deliveries_they_leave_room_for_the_quick()
    {
        using var released = new SemaphoreSlim(0);
        var clock = new ManualClock();
        await using var slow = await TestReceiver.StartAsync(async (received, _) =>
        {
            if (received.Event == "slow")
            {
                await released.WaitAsync();
            }
            else
            {
                clock.Advance(TimeSpan.FromSeconds(2.9));
            }
        });
        await using var quick = await TestReceiver.StartAsync();
        await using var hooks = await new Hooks(Database, Options, clock: clock).StartAsync();
        var app = await Hooks.NewAppAsync(Database);
        var last = await hooks.NewWebhookAsync(app, quick.Address, "quick");
        await hooks.HappenAsync(app, "lane", 0, "quick");
        await hooks.WaitAsync(last.Id, all => all is [{ Status: DeliveryStatus.Delivered }]);
        for (var i = 0; i < Webhooks; i++)
        {
            var webhook = await hooks.NewWebhookAsync(app, slow.Address, "slow", $"first-{i}");
            await hooks.HappenAsync(app, "lane", 0, $"first-{i}");
            await hooks.WaitAsync(webhook.Id, all => all is [{ Status: DeliveryStatus.Delivered }]);
        }

        // As many lanes as each may send beside each other: were they quick, they would take all the room there is.
        for (var i = 0; i < new WebhookOptions().MaxInFlight; i++)
        {
            await hooks.HappenAsync(app, $"lane {i}", i, "slow");
        }

        await slow.WaitForAsync(Webhooks + AttemptRooms.MostSlow);
        await hooks.HappenAsync(app, "lane", 1, "quick");

        await hooks.WaitAsync(last.Id, all => all.Count == 2 && all.All(each => each.Status is DeliveryStatus.Delivered));
        Assert.Equal(Webhooks + AttemptRooms.MostSlow, slow.Received.Count);
        released.Release(1_000);
    }

    [Fact]
    public async Task One_that_has_taken_nothing_yet_is_tried_one_delivery_at_a_time()
    {
        using var released = new SemaphoreSlim(0);
        await using var receiver = await TestReceiver.StartAsync((_, _) => released.WaitAsync());
        await using var hooks = await new Hooks(Database, Options, clock: new ManualClock()).StartAsync();
        var app = await Hooks.NewAppAsync(Database);
        var webhook = await hooks.NewWebhookAsync(app, receiver.Address);
        for (var i = 0; i < 5; i++)
        {
            await hooks.HappenAsync(app, $"lane {i}", i);
        }

        await receiver.WaitForAsync(1);
        Assert.Single(receiver.Received);
        released.Release();

        // It has taken one: now the others come beside each other.
        await receiver.WaitForAsync(5);
        released.Release(10);
        await hooks.WaitAsync(webhook.Id, all => all.All(each => each.Status is DeliveryStatus.Delivered));
    }
}
