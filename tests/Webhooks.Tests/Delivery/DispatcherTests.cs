using System.Net;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Http;
using Roomcast.Storage;
using Roomcast.TestKit;
using Roomcast.TestKit.Databases;
using Roomcast.TestKit.Webhooks;
using Roomcast.Webhooks.Records;
using Roomcast.Webhooks.Signing;

namespace Roomcast.Webhooks.Tests.Delivery;

/// <summary>Deliveries to real receivers on loopback ports, good ones and bad ones.</summary>
public abstract class DispatcherTests(DatabaseEngine engine) : DatabaseTests(engine)
{
    private static readonly TimeSpan Long = TimeSpan.FromDays(1);

    [Fact]
    public async Task A_delivery_arrives_signed_over_the_bytes_as_they_came()
    {
        await using var receiver = await TestReceiver.StartAsync();
        await using var hooks = await new Hooks(Database, Options).StartAsync();
        var app = await Hooks.NewAppAsync(Database);
        var webhook = await hooks.NewWebhookAsync(app, receiver.Address);

        await hooks.HappenAsync(app, "ä", 1);
        await receiver.WaitForAsync(1);
        var kept = Assert.Single(await hooks.WaitAsync(webhook.Id, all => all is [{ Status: DeliveryStatus.Delivered }]));

        var received = receiver.Received[0];
        using var key = RSA.Create();
        key.ImportFromPem(hooks.Get<WebhookSigner>().PublicKey);
        Assert.True(key.KeySize >= 2_048);
        Assert.True(key.VerifyData(
            received.Body, Convert.FromBase64String(received.Headers["rtk-signature"]), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1));
        Assert.Equal(Hooks.BodyOf("happened", "ä", 1), received.Body);
        Assert.Equal("application/json", received.Headers["content-type"]);
        Assert.Equal("Tests/1", received.Headers["user-agent"]);
        Assert.Equal((webhook.Id.ToString(), kept.Id.ToString()), (received.Headers["rtk-webhook-id"], received.DeliveryId));
        Assert.Equal((1, 200, null), (kept.Attempts, kept.LastStatus, kept.LastError));
        Assert.NotNull(kept.DeliveredAt);
    }

    [Fact]
    public async Task A_lane_keeps_its_order_through_failures_and_every_attempt_has_the_same_id()
    {
        var attempts = 0;
        await using var receiver = await TestReceiver.StartAsync((_, context) =>
        {
            // Two of three attempts fail, each in another way.
            context.Response.StatusCode = (Interlocked.Increment(ref attempts) % 3) switch { 1 => 500, 2 => 429, _ => 200 };
            return Task.CompletedTask;
        });
        await using var hooks = await new Hooks(Database, Options).StartAsync();
        var app = await Hooks.NewAppAsync(Database);
        var webhook = await hooks.NewWebhookAsync(app, receiver.Address);

        for (var i = 0; i < 6; i++)
        {
            await hooks.HappenAsync(app, "lane", i);
        }

        await hooks.WaitAsync(webhook.Id, all => all.All(each => each.Status is DeliveryStatus.Delivered));
        Assert.Equal([0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4, 5, 5, 5], receiver.Received.Select(each => Hooks.Read(each).Number));
        Assert.Equal(6, receiver.Received.Select(each => each.DeliveryId).Distinct().Count());
    }

    [Fact]
    public async Task Lanes_run_beside_each_other_and_each_in_its_order()
    {
        await using var receiver = await TestReceiver.StartAsync();
        await using var hooks = await new Hooks(Database, Options).StartAsync();
        var app = await Hooks.NewAppAsync(Database);
        var webhook = await hooks.NewWebhookAsync(app, receiver.Address);

        await Task.WhenAll(Enumerable.Range(0, 10).Select(async lane =>
        {
            for (var i = 0; i < 8; i++)
            {
                await hooks.HappenAsync(app, $"lane {lane}", i);
            }
        }));

        await hooks.WaitAsync(webhook.Id, all => all.Count == 80 && all.All(each => each.Status is DeliveryStatus.Delivered));
        Assert.Equal(80, receiver.Received.Count);
        Assert.All(
            receiver.Received.Select(Hooks.Read).GroupBy(each => each.Lane),
            lane => Assert.Equal(Enumerable.Range(0, 8), lane.Select(each => each.Number)));
    }

    [Fact]
    public async Task A_receiver_that_hangs_or_is_not_there_delays_nobody_else()
    {
        using var released = new SemaphoreSlim(0);
        await using var hanging = await TestReceiver.StartAsync((_, _) => released.WaitAsync());
        await using var good = await TestReceiver.StartAsync();
        var gone = await TestReceiver.StartAsync();
        await gone.DisposeAsync();
        await using var hooks = await new Hooks(Database, Options, options => options.Timeout = TimeSpan.FromSeconds(30)).StartAsync();
        var app = await Hooks.NewAppAsync(Database);
        await hooks.NewWebhookAsync(app, hanging.Address);
        await hooks.NewWebhookAsync(app, gone.Address);
        var webhook = await hooks.NewWebhookAsync(app, good.Address);

        for (var i = 0; i < 20; i++)
        {
            await hooks.HappenAsync(app, $"lane {i % 5}", i);
        }

        await hooks.WaitAsync(webhook.Id, all => all.All(each => each.Status is DeliveryStatus.Delivered));
        Assert.Equal(20, good.Received.Count);
        released.Release(1_000); // All that the hanging one holds; then nothing waits for the end of its time.
    }

    [Fact]
    public async Task An_attempt_has_its_time_and_no_more()
    {
        using var released = new SemaphoreSlim(0);
        await using var receiver = await TestReceiver.StartAsync((_, _) => released.WaitAsync());
        await using var hooks = await new Hooks(Database, Options, options =>
        {
            options.Timeout = TimeSpan.FromMilliseconds(300);
            options.RetryDelays = [Long];
        }).StartAsync();
        var app = await Hooks.NewAppAsync(Database);
        var webhook = await hooks.NewWebhookAsync(app, receiver.Address);

        await hooks.HappenAsync(app, "lane", 1);

        var kept = Assert.Single(await hooks.WaitAsync(webhook.Id, all => all[0].Attempts == 1));
        Assert.Equal((DeliveryStatus.Pending, null), (kept.Status, kept.LastStatus));
        Assert.Contains("within 0.3 s", kept.LastError, StringComparison.Ordinal);
        Assert.True(kept.NextAttemptAt > kept.LastAttemptAt + (Long * 0.89));
        released.Release(10);
    }

    [Theory]
    [InlineData(400)]
    [InlineData(404)]
    [InlineData(302)]
    public async Task What_will_never_be_taken_is_not_sent_again_and_the_next_goes_on(int status)
    {
        await using var elsewhere = await TestReceiver.StartAsync();
        await using var receiver = await TestReceiver.StartAsync((received, context) =>
        {
            context.Response.StatusCode = Hooks.Read(received).Number == 0 ? status : 200;
            context.Response.Headers.Location = elsewhere.Address.ToString();
            return Task.CompletedTask;
        });
        await using var hooks = await new Hooks(Database, Options).StartAsync();
        var app = await Hooks.NewAppAsync(Database);
        var webhook = await hooks.NewWebhookAsync(app, receiver.Address);

        await hooks.HappenAsync(app, "lane", 0);
        await hooks.HappenAsync(app, "lane", 1);

        var kept = await hooks.WaitAsync(webhook.Id, all => all.All(each => each.Status is not DeliveryStatus.Pending));
        Assert.Equal([DeliveryStatus.Failed, DeliveryStatus.Delivered], kept.OrderBy(each => each.LastStatus == 200).Select(each => each.Status));
        Assert.Equal(2, receiver.Received.Count);
        Assert.Empty(elsewhere.Received);
    }

    [Fact]
    public async Task After_the_last_retry_it_is_given_up_and_the_next_goes_on()
    {
        await using var receiver = await TestReceiver.StartAsync((received, context) =>
        {
            context.Response.StatusCode = Hooks.Read(received).Number == 0 ? 503 : 200;
            return Task.CompletedTask;
        });
        await using var hooks = await new Hooks(
            Database, Options, options => options.RetryDelays = [.. Enumerable.Repeat(TimeSpan.FromMilliseconds(10), 2)]).StartAsync();
        var app = await Hooks.NewAppAsync(Database);
        var webhook = await hooks.NewWebhookAsync(app, receiver.Address);

        await hooks.HappenAsync(app, "lane", 0);
        await hooks.HappenAsync(app, "lane", 1);

        await hooks.WaitAsync(webhook.Id, all => all.All(each => each.Status is not DeliveryStatus.Pending));
        Assert.Equal([0, 0, 0, 1], receiver.Received.Select(each => Hooks.Read(each).Number));
    }

    [Fact]
    public async Task What_a_stopped_server_left_goes_out_at_the_next_start_in_order_and_under_the_same_ids()
    {
        await using var receiver = await TestReceiver.StartAsync(500);
        var app = await Hooks.NewAppAsync(Database);
        Webhook webhook;
        await using (var first = await new Hooks(Database, Options, options => options.RetryDelays = [TimeSpan.FromSeconds(1), Long]).StartAsync())
        {
            webhook = await first.NewWebhookAsync(app, receiver.Address);
            await first.HappenAsync(app, "lane", 0);
            await first.HappenAsync(app, "lane", 1);
            await first.HappenAsync(app, "other", 2);
            await first.WaitAsync(webhook.Id, all => all.Count(each => each.Attempts >= 1) == 2);
        }

        var before = receiver.Received.Count;
        receiver.Answer(200);
        await using var second = await new Hooks(Database, Options).StartAsync();
        foreach (var waiting in await second.ListAsync(webhook.Id))
        {
            // One whose wait is long is asked for by hand.
            await second.Deliveries.RedeliverAsync(webhook.Id, waiting.Id, CancellationToken.None);
        }

        await second.WaitAsync(webhook.Id, all => all.All(each => each.Status is DeliveryStatus.Delivered));
        Assert.Equal(3, receiver.Received.Select(each => each.DeliveryId).Distinct().Count());
        var lane = receiver.Received.Skip(before).Select(Hooks.Read).Where(each => each.Lane == "lane").Select(each => each.Number).Distinct();
        Assert.Equal([0, 1], lane);
    }

    [Fact]
    public async Task A_private_address_is_not_delivered_to_unless_a_setting_allows()
    {
        await using var receiver = await TestReceiver.StartAsync();
        var app = await Hooks.NewAppAsync(Database);
        await using var hooks = await new Hooks(Database, Options, options => options.PrivateNetworks = [IPNetwork.Parse("10.0.0.0/8")]).StartAsync();
        var byAddress = await hooks.NewWebhookAsync(app, receiver.Address);
        var byName = await hooks.NewWebhookAsync(app, new UriBuilder(receiver.Address) { Host = "localhost" }.Uri);

        await hooks.HappenAsync(app, "lane", 1);

        foreach (var webhook in new[] { byAddress, byName })
        {
            var kept = Assert.Single(await hooks.WaitAsync(webhook.Id, all => all[0].Status is DeliveryStatus.Failed));
            Assert.Equal(1, kept.Attempts);
            Assert.Contains("no public address", kept.LastError, StringComparison.Ordinal);
        }

        Assert.Empty(receiver.Received);
        var targets = hooks.Get<WebhookTargets>();
        Assert.Equal(
            [false, false, false, false, true, true],
            new[] { "http://127.0.0.1/", "http://localhost/", "http://[::1]/", "http://169.254.169.254/", "http://10.1.2.3/", "https://hooks.example.org/" }
                .Select(url => targets.MayLead(new Uri(url))));
    }

    [Fact]
    public async Task A_disabled_or_deleted_webhook_gets_no_more_and_what_waits_is_cancelled()
    {
        await using var receiver = await TestReceiver.StartAsync(500);
        await using var hooks = await new Hooks(Database, Options, options => options.RetryDelays = [Long]).StartAsync();
        var app = await Hooks.NewAppAsync(Database);
        var disabled = await hooks.NewWebhookAsync(app, receiver.Address);
        var deleted = await hooks.NewWebhookAsync(app, receiver.Address);
        await hooks.HappenAsync(app, "lane", 0);
        await hooks.HappenAsync(app, "lane", 1);
        await hooks.WaitAsync(disabled.Id, all => all[0].Attempts == 1 || all[1].Attempts == 1);
        await hooks.WaitAsync(deleted.Id, all => all[0].Attempts == 1 || all[1].Attempts == 1);

        await hooks.Webhooks.UpdateAsync(app, disabled.Id, draft => draft with { IsEnabled = false }, CancellationToken.None);
        await hooks.Webhooks.DeleteAsync(app, deleted.Id, CancellationToken.None);

        foreach (var id in new[] { disabled.Id, deleted.Id })
        {
            await hooks.WaitAsync(id, all => all.All(each => each.Status is DeliveryStatus.Cancelled));
        }

        Assert.Equal(2, receiver.Received.Count);
    }

    [Fact]
    public async Task Another_key_signs_from_the_next_start_on_and_the_one_before_stays_known()
    {
        await using var receiver = await TestReceiver.StartAsync();
        var app = await Hooks.NewAppAsync(Database);
        string before;
        await using (var first = new Hooks(Database, Options))
        {
            before = first.Get<WebhookSigner>().PublicKey;
            await first.NewWebhookAsync(app, receiver.Address);
        }

        await using (var same = new Hooks(Database, Options))
        {
            Assert.Equal(before, same.Get<WebhookSigner>().PublicKey);
        }

        await using var second = await new Hooks(Database, Options, options => options.SigningKey = 2).StartAsync();
        await second.HappenAsync(app, "lane", 1);
        await receiver.WaitForAsync(1);

        var signer = second.Get<WebhookSigner>();
        Assert.NotEqual(before, signer.PublicKey);
        Assert.Equal([signer.PublicKey, before], signer.PublicKeys);
        using var key = RSA.Create();
        key.ImportFromPem(signer.PublicKey);
        Assert.True(key.VerifyData(
            receiver.Received[0].Body,
            Convert.FromBase64String(receiver.Received[0].Headers["rtk-signature"]),
            HashAlgorithmName.SHA256,
            RSASignaturePadding.Pkcs1));
    }

    public sealed class Sqlite() : DispatcherTests(DatabaseEngine.Sqlite);

    public sealed class Postgres() : DispatcherTests(DatabaseEngine.Postgres);
}
