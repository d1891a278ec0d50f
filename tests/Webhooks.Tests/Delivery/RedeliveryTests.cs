using Microsoft.AspNetCore.Http;
using Roomcast.Storage;
using Roomcast.TestKit;
using Roomcast.TestKit.Databases;
using Roomcast.TestKit.Webhooks;
using Roomcast.Webhooks.Records;

namespace Roomcast.Webhooks.Tests.Delivery;

/// <summary>Deliveries that are asked for again.</summary>
public abstract class RedeliveryTests(DatabaseEngine engine) : DatabaseTests(engine)
{
    [Fact]
    public async Task One_that_is_older_than_deliveries_may_wait_is_sent_again_all_the_same()
    {
        var clock = new ManualClock();
        await using var receiver = await TestReceiver.StartAsync(500);
        await using var hooks = await new Hooks(Database, Options, options => options.RetryDelays = [], clock).StartAsync();
        var app = await Hooks.NewAppAsync(Database);
        var webhook = await hooks.NewWebhookAsync(app, receiver.Address);
        await hooks.HappenAsync(app, "lane", 1);
        var failed = Assert.Single(await hooks.WaitAsync(webhook.Id, all => all is [{ Status: DeliveryStatus.Failed }]));

        receiver.Answer(200);
        clock.Advance(TimeSpan.FromDays(2));
        var asked = await hooks.Deliveries.RedeliverAsync(webhook.Id, failed.Id, CancellationToken.None);

        Assert.Equal((DeliveryStatus.Pending, 0, 500), (asked!.Delivery.Status, asked.Delivery.Attempts, asked.Delivery.LastStatus));
        var kept = Assert.Single(await hooks.WaitAsync(webhook.Id, all => all[0].Status is not DeliveryStatus.Pending));
        Assert.Equal((DeliveryStatus.Delivered, 1, 200), (kept.Status, kept.Attempts, kept.LastStatus));
        Assert.Equal([failed.Id.ToString(), failed.Id.ToString()], receiver.Received.Select(each => each.DeliveryId));
    }

    [Fact]
    public async Task One_that_has_waited_too_long_is_given_up_and_what_came_of_its_last_attempt_stays()
    {
        var clock = new ManualClock();
        await using var receiver = await TestReceiver.StartAsync(503);
        await using var hooks = await new Hooks(Database, Options, options => options.RetryDelays = [TimeSpan.FromDays(1)], clock).StartAsync();
        var app = await Hooks.NewAppAsync(Database);
        var webhook = await hooks.NewWebhookAsync(app, receiver.Address);
        await hooks.HappenAsync(app, "lane", 1);
        var waiting = Assert.Single(await hooks.WaitAsync(webhook.Id, all => all is [{ Attempts: 1 }]));

        clock.Advance(TimeSpan.FromDays(2));

        var kept = Assert.Single(await hooks.WaitAsync(webhook.Id, all => all[0].Status is not DeliveryStatus.Pending));
        Assert.Equal((DeliveryStatus.Failed, 1, 503), (kept.Status, kept.Attempts, kept.LastStatus));
        Assert.Contains("longer", kept.LastError, StringComparison.Ordinal);
        Assert.Equal((waiting.LastAttemptAt, waiting.LastDuration), (kept.LastAttemptAt, kept.LastDuration));
        Assert.Null(kept.NextAttemptAt);
        Assert.Single(receiver.Received);
    }

    [Fact]
    public async Task One_asked_for_while_it_is_attempted_does_not_end_with_what_comes_of_that_attempt()
    {
        using var released = new SemaphoreSlim(0);
        var attempts = 0;
        await using var receiver = await TestReceiver.StartAsync(async (_, context) =>
        {
            var status = Interlocked.Increment(ref attempts) == 1 ? StatusCodes.Status404NotFound : StatusCodes.Status200OK;
            await released.WaitAsync();
            context.Response.StatusCode = status;
        });
        var clock = new ManualClock(); // Both are asked for in the same moment.
        await using var hooks = await new Hooks(Database, Options, clock: clock).StartAsync();
        var app = await Hooks.NewAppAsync(Database);
        var webhook = await hooks.NewWebhookAsync(app, receiver.Address);
        await hooks.HappenAsync(app, "lane", 1);
        await receiver.WaitForAsync(1);

        var id = Assert.Single(await hooks.ListAsync(webhook.Id)).Id;
        await hooks.Deliveries.RedeliverAsync(webhook.Id, id, CancellationToken.None);
        released.Release(10);

        var kept = Assert.Single(await hooks.WaitAsync(webhook.Id, all => all[0].Status is not DeliveryStatus.Pending));
        Assert.Equal((DeliveryStatus.Delivered, 1), (kept.Status, kept.Attempts));
        Assert.Equal(2, receiver.Received.Count);
    }

    public sealed class Sqlite() : RedeliveryTests(DatabaseEngine.Sqlite);

    public sealed class Postgres() : RedeliveryTests(DatabaseEngine.Postgres);
}
