using Roomcast.Accounts;
using Roomcast.Storage;

namespace Roomcast.Webhooks.Records;

/// <summary>The webhooks as kept. One of another app is answered as one that does not exist.</summary>
public sealed class WebhookStore
{
    /// <summary>Most webhooks of an app.</summary>
    public const int MaxPerApp = 25;

    private const string Columns = "id, app_id, name, url, events, is_enabled, created_at, updated_at";

    private readonly Database _database;
    private readonly TimeProvider _clock;
    private readonly IWebhookWatch _watch;

    internal WebhookStore(Database database, TimeProvider clock, IWebhookWatch watch)
    {
        _database = database;
        _clock = clock;
        _watch = watch;
    }

    /// <summary>Makes a webhook with a fresh id. Null when the app has <see cref="MaxPerApp"/>.</summary>
    /// <exception cref="StorageException">There is no such app (<see cref="StorageFailure.Constraint"/>).</exception>
    public Task<Webhook?> CreateAsync(AppId appId, WebhookDraft draft, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(draft);
        var now = StoredTime.Now(_clock);
        var webhook = new Webhook(new WebhookId(Guid.NewGuid()), appId, draft, now, now);
        return _database.WriteAsync(
            async transaction =>
            {
                // Writing the app's row makes two of these wait for each other, who would otherwise both count too few.
                await transaction.ExecuteAsync("UPDATE apps SET created_at = created_at WHERE id = @Id", new { Id = appId.Value });
                var count = await transaction.QueryValueAsync<long>(
                    "SELECT count(*) FROM webhooks WHERE app_id = @AppId AND deleted_at IS NULL", new { AppId = appId.Value });
                if (count >= MaxPerApp)
                {
                    return null;
                }

                await transaction.ExecuteAsync(
                    $"""
                    INSERT INTO webhooks ({Columns})
                    VALUES (@Id, @AppId, @Name, @Url, @Events, @IsEnabled, @CreatedAt, @UpdatedAt)
                    """,
                    Parameters(webhook));
                return webhook;
            },
            cancellationToken);
    }

    /// <summary>Finds a webhook of an app; null when the app has none of this id.</summary>
    public Task<Webhook?> FindAsync(AppId appId, WebhookId id, CancellationToken cancellationToken) =>
        _database.ReadAsync(transaction => FindAsync(transaction, appId, id), cancellationToken);

    /// <summary>All webhooks of an app, oldest first.</summary>
    public Task<IReadOnlyList<Webhook>> ListAsync(AppId appId, CancellationToken cancellationToken) =>
        _database.ReadAsync<IReadOnlyList<Webhook>>(
            async transaction =>
            {
                var rows = await transaction.QueryAsync<WebhookRow>(
                    $"""
                    SELECT {Columns} FROM webhooks WHERE app_id = @AppId AND deleted_at IS NULL
                    ORDER BY created_at, id LIMIT {MaxPerApp}
                    """,
                    new { AppId = appId.Value });
                return [.. rows.Select(row => row.ToWebhook())];
            },
            cancellationToken);

    /// <summary>Changes a webhook; null when the app has none of this id.</summary>
    /// <param name="appId">The app.</param>
    /// <param name="id">The webhook.</param>
    /// <param name="change">Makes the new of the old; may run more than once.</param>
    /// <param name="cancellationToken">Stops the write.</param>
    public Task<Webhook?> UpdateAsync(
        AppId appId, WebhookId id, Func<WebhookDraft, WebhookDraft> change, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(change);
        return _database.WriteAsync(
            async transaction =>
            {
                if (await FindAsync(transaction, appId, id) is not { } webhook)
                {
                    return null;
                }

                var changed = webhook with { Draft = change(webhook.Draft), UpdatedAt = StoredTime.Now(_clock) };
                await transaction.ExecuteAsync(
                    """
                    UPDATE webhooks SET name = @Name, url = @Url, events = @Events, is_enabled = @IsEnabled, updated_at = @UpdatedAt
                    WHERE id = @Id
                    """,
                    Parameters(changed));
                transaction.AfterCommit(() => _watch.Changed(id));
                return changed;
            },
            cancellationToken);
    }

    /// <summary>Deletes a webhook: nothing more is sent to it. Returns what was deleted, or null.</summary>
    public Task<Webhook?> DeleteAsync(AppId appId, WebhookId id, CancellationToken cancellationToken) =>
        _database.WriteAsync(
            async transaction =>
            {
                if (await FindAsync(transaction, appId, id) is not { } webhook)
                {
                    return null;
                }

                await transaction.ExecuteAsync(
                    "UPDATE webhooks SET url = '', is_enabled = @IsEnabled, updated_at = @Now, deleted_at = @Now WHERE id = @Id",
                    new { IsEnabled = false, Now = StoredTime.Now(_clock), Id = id.Value });
                transaction.AfterCommit(() => _watch.Changed(id));
                return webhook;
            },
            cancellationToken);

    /// <summary>Those of an app that are to hear of an event, in the transaction of the fact.</summary>
    internal static async Task<IReadOnlyList<WebhookId>> FindListenersAsync(DatabaseTransaction transaction, AppId appId, string name)
    {
        var rows = await transaction.QueryAsync<WebhookRow>(
            "SELECT id, events FROM webhooks WHERE app_id = @AppId AND deleted_at IS NULL AND is_enabled = @IsEnabled",
            new { AppId = appId.Value, IsEnabled = true });
        return [.. rows.Where(row => row.Names.Contains(name, StringComparer.Ordinal)).Select(row => new WebhookId(row.Id))];
    }

    /// <summary>Where to send; null when nothing is to be sent any more.</summary>
    internal static Task<string?> FindTargetAsync(DatabaseTransaction transaction, WebhookId id) =>
        transaction.QueryValueAsync<string>(
            "SELECT url FROM webhooks WHERE id = @Id AND deleted_at IS NULL AND is_enabled = @IsEnabled",
            new { Id = id.Value, IsEnabled = true });

    private static async Task<Webhook?> FindAsync(DatabaseTransaction transaction, AppId appId, WebhookId id) =>
        (await transaction.QueryRowAsync<WebhookRow>(
            $"SELECT {Columns} FROM webhooks WHERE id = @Id AND app_id = @AppId AND deleted_at IS NULL",
            new { Id = id.Value, AppId = appId.Value }))?.ToWebhook();

    private static object Parameters(Webhook webhook) => new
    {
        Id = webhook.Id.Value,
        AppId = webhook.AppId.Value,
        webhook.Draft.Name,
        webhook.Draft.Url,
        Events = string.Join(' ', webhook.Draft.Events),
        webhook.Draft.IsEnabled,
        webhook.CreatedAt,
        webhook.UpdatedAt,
    };

    private sealed class WebhookRow
    {
        public Guid Id { get; init; }

        public Guid AppId { get; init; }

        public string Name { get; init; } = "";

        public string Url { get; init; } = "";

        public string Events { get; init; } = "";

        public bool IsEnabled { get; init; }

        public DateTimeOffset CreatedAt { get; init; }

        public DateTimeOffset UpdatedAt { get; init; }

        public string[] Names => Events.Split(' ', StringSplitOptions.RemoveEmptyEntries);

        public Webhook ToWebhook() =>
            new(new WebhookId(Id), new AppId(AppId), new WebhookDraft(Name, Url, Names, IsEnabled), CreatedAt, UpdatedAt);
    }
}

/// <summary>Is told of what concerns the sending of deliveries, once it is committed. No call blocks or throws.</summary>
internal interface IWebhookWatch
{
    /// <summary>A delivery of this lane waits.</summary>
    void Added(WebhookId webhookId, string lane);

    /// <summary>The webhook was changed or deleted.</summary>
    void Changed(WebhookId webhookId);
}
