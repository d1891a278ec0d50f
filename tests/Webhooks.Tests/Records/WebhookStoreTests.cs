using Microsoft.Data.Sqlite;
using Npgsql;
using Roomcast.Storage;
using Roomcast.TestKit.Databases;
using Roomcast.Webhooks.Delivery;
using Roomcast.Webhooks.Records;

namespace Roomcast.Webhooks.Tests.Records;

public abstract class WebhookStoreTests(DatabaseEngine engine) : DatabaseTests(engine)
{
    private static readonly Uri Anywhere = new("https://hooks.example.org/events");

    [Fact]
    public async Task What_is_undone_is_told_to_nobody_and_what_is_run_again_once()
    {
        await using var hooks = new Hooks(Database, Options);
        var app = await Hooks.NewAppAsync(Database);
        var webhook = await hooks.NewWebhookAsync(app, Anywhere);
        var outbox = hooks.Get<WebhookOutbox>();
        var rung = new List<(WebhookId, string)>();
        hooks.Get<WebhookBell>().Listen((id, lane) => rung.Add((id, lane)), _ => { });

        await Assert.ThrowsAsync<InvalidOperationException>(() => Database.WriteAsync(
            async transaction =>
            {
                await outbox.AddAsync(transaction, app, "happened", "a", () => Task.FromResult(Hooks.BodyOf("happened", "a", 1)));
                throw new InvalidOperationException("The fact is undone.");
            },
            CancellationToken.None));
        Assert.Empty(await hooks.ListAsync(webhook.Id));
        Assert.Empty(rung);

        var runs = 0;
        await Database.WriteAsync(
            async transaction =>
            {
                await outbox.AddAsync(transaction, app, "happened", "a", () => Task.FromResult(Hooks.BodyOf("happened", "a", 2)));
                if (++runs < 3)
                {
                    throw MakeConflict();
                }
            },
            CancellationToken.None);
        Assert.Equal(3, runs);
        Assert.Equal([(webhook.Id, "a")], rung);
        var told = Assert.Single(await hooks.ListAsync(webhook.Id));
        Assert.Equal((DeliveryStatus.Pending, 0, "happened"), (told.Status, told.Attempts, told.Event));
        var body = (await hooks.Deliveries.FindAsync(webhook.Id, told.Id, CancellationToken.None))!.Body;
        Assert.Equal(Hooks.BodyOf("happened", "a", 2), body.ToArray());
    }

    [Fact]
    public async Task Only_enabled_webhooks_of_the_app_that_asked_for_the_event_hear_of_it()
    {
        await using var hooks = new Hooks(Database, Options);
        var (app, other) = (await Hooks.NewAppAsync(Database), await Hooks.NewAppAsync(Database));
        var first = await hooks.NewWebhookAsync(app, Anywhere, "happened", "else");
        var second = await hooks.NewWebhookAsync(app, Anywhere, "happened");
        var deaf = await hooks.NewWebhookAsync(app, Anywhere, "else");
        var foreign = await hooks.NewWebhookAsync(other, Anywhere);
        var disabled = await hooks.NewWebhookAsync(app, Anywhere);
        await hooks.Webhooks.UpdateAsync(app, disabled.Id, draft => draft with { IsEnabled = false }, CancellationToken.None);
        var deleted = await hooks.NewWebhookAsync(app, Anywhere);
        await hooks.Webhooks.DeleteAsync(app, deleted.Id, CancellationToken.None);

        await hooks.HappenAsync(app, "a", 1);

        foreach (var (webhook, count) in new[] { (first, 1), (second, 1), (deaf, 0), (foreign, 0), (disabled, 0), (deleted, 0) })
        {
            Assert.Equal(count, (await hooks.ListAsync(webhook.Id)).Count);
        }
    }

    [Fact]
    public async Task An_app_has_at_most_25_webhooks_however_many_are_made_at_once()
    {
        await using var hooks = new Hooks(Database, Options);
        var app = await Hooks.NewAppAsync(Database);
        var draft = new WebhookDraft("x", Anywhere.ToString(), ["happened"], IsEnabled: true);

        var made = await Task.WhenAll(Enumerable.Range(0, 30).Select(_ => hooks.Webhooks.CreateAsync(app, draft, CancellationToken.None)));

        Assert.Equal(WebhookStore.MaxPerApp, made.Count(webhook => webhook is not null));
        Assert.Equal(WebhookStore.MaxPerApp, (await hooks.Webhooks.ListAsync(app, CancellationToken.None)).Count);
    }

    [Fact]
    public async Task The_log_is_forgotten_after_its_time_and_with_its_webhook()
    {
        var clock = new TestKit.ManualClock();
        await using var hooks = new Hooks(Database, Options, clock: clock);
        var app = await Hooks.NewAppAsync(Database);
        var webhook = await hooks.NewWebhookAsync(app, Anywhere);
        var doomed = await hooks.NewWebhookAsync(app, Anywhere);
        await hooks.HappenAsync(app, "a", 1);
        clock.Advance(TimeSpan.FromDays(20));
        await hooks.HappenAsync(app, "a", 2);
        clock.Advance(TimeSpan.FromDays(15));

        await hooks.Deliveries.SweepAsync(TimeSpan.FromDays(30), CancellationToken.None);
        var left = Assert.Single(await hooks.ListAsync(webhook.Id));
        Assert.Equal(
            Hooks.BodyOf("happened", "a", 2), (await hooks.Deliveries.FindAsync(webhook.Id, left.Id, CancellationToken.None))!.Body.ToArray());

        await hooks.Webhooks.DeleteAsync(app, doomed.Id, CancellationToken.None);
        await hooks.Deliveries.CancelAsync(doomed.Id, "a", CancellationToken.None);
        await hooks.Deliveries.SweepAsync(TimeSpan.FromDays(30), CancellationToken.None);
        Assert.Empty(await hooks.ListAsync(doomed.Id));

        // A fact that was begun before may still name it, so that its row stays for a while.
        Assert.Equal(2, await CountWebhooksAsync());
        clock.Advance(TimeSpan.FromMinutes(61));
        await hooks.Deliveries.SweepAsync(TimeSpan.FromDays(30), CancellationToken.None);
        Assert.Equal(1, await CountWebhooksAsync());
    }

    [Fact]
    public async Task Lists_of_deliveries_are_walked_by_an_index()
    {
        foreach (var status in new DeliveryStatus?[] { null, DeliveryStatus.Failed })
        {
            var query = new DeliveryQuery(new PageRequest(1, 20), status, default, SortOrder.Descending);
            var plan = await QueryPlan.OfAsync(Database, DeliveryStore.ListQuery(new WebhookId(Guid.NewGuid()), query));

            Assert.Empty(plan.Faults);
            Assert.Contains(status is null ? "webhook_deliveries_by_age" : "webhook_deliveries_by_status", plan.Indexes);
        }
    }

    private Task<long> CountWebhooksAsync() => Database.ReadAsync(
        transaction => transaction.QueryValueAsync<long>("SELECT count(*) FROM webhooks"), CancellationToken.None);

    // What the engine's driver throws when the whole transaction is to be run again.
    private Exception MakeConflict() => Engine is DatabaseEngine.Sqlite
        ? new SqliteException("The database is locked.", 5)
        : new PostgresException("Another was quicker.", "ERROR", "ERROR", PostgresErrorCodes.SerializationFailure);

    public sealed class Sqlite() : WebhookStoreTests(DatabaseEngine.Sqlite);

    public sealed class Postgres() : WebhookStoreTests(DatabaseEngine.Postgres);
}
