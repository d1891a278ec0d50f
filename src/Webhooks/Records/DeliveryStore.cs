using Roomcast.Storage;

namespace Roomcast.Webhooks.Records;

/// <summary>The deliveries as kept: those that wait, and the log of those that are over.</summary>
public sealed class DeliveryStore
{
    private const string Columns =
        "id, webhook_id, event, status, attempts, next_attempt_at, last_attempt_at, last_status, last_error, last_duration_ms, "
        + "delivered_at, created_at, updated_at";

    private const int SweepAtOnce = 500;

    /// <summary>A transaction that began before a webhook was deleted may still put out to it: its row stays for longer than any lasts.</summary>
    private static readonly TimeSpan DeletedFor = TimeSpan.FromHours(1);

    private readonly Database _database;
    private readonly TimeProvider _clock;
    private readonly IWebhookWatch _watch;

    internal DeliveryStore(Database database, TimeProvider clock, IWebhookWatch watch)
    {
        _database = database;
        _clock = clock;
        _watch = watch;
    }

    /// <summary>Lists the deliveries of a webhook by page.</summary>
    public Task<Page<WebhookDelivery>> ListAsync(WebhookId webhookId, DeliveryQuery query, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(query);
        PageBounds.ThrowIfInvalid(query.Page);
        return _database.ReadAsync(
            transaction => ListQuery(webhookId, query).ReadAsync<DeliveryRow, WebhookDelivery>(
                transaction, query.Page, query.Order, row => row.ToDelivery()),
            cancellationToken);
    }

    /// <summary>Finds a delivery of a webhook with its bytes; null when it has none of this id.</summary>
    public Task<WebhookDeliveryBody?> FindAsync(WebhookId webhookId, DeliveryId id, CancellationToken cancellationToken) =>
        _database.ReadAsync(transaction => FindAsync(transaction, webhookId, id), cancellationToken);

    /// <summary>
    /// Has a delivery attempted anew, under the same id and in the order of what happened: one that waits comes first at once.
    /// Null when the webhook has none of this id.
    /// </summary>
    public Task<WebhookDeliveryBody?> RedeliverAsync(WebhookId webhookId, DeliveryId id, CancellationToken cancellationToken) =>
        _database.WriteAsync(
            async transaction =>
            {
                var lane = await transaction.QueryValueAsync<string>(
                    "SELECT lane FROM webhook_deliveries WHERE id = @Id AND webhook_id = @WebhookId",
                    new { Id = id.Value, WebhookId = webhookId.Value });
                if (lane is null)
                {
                    return null;
                }

                await transaction.ExecuteAsync(
                    """
                    UPDATE webhook_deliveries
                    SET status = 'PENDING', attempts = 0, next_attempt_at = NULL, delivered_at = NULL, updated_at = @Now,
                        asked_at = CASE WHEN asked_at >= @Now THEN asked_at + 1 ELSE @Now END
                    WHERE id = @Id
                    """,
                    new { Now = StoredTime.Now(_clock), Id = id.Value });
                transaction.AfterCommit(() => _watch.Added(webhookId, lane));
                return await FindAsync(transaction, webhookId, id);
            },
            cancellationToken);

    internal static PagedQuery ListQuery(WebhookId webhookId, DeliveryQuery query)
    {
        var list = new PagedQuery(Columns, "webhook_deliveries")
            .Where("webhook_id = @WebhookId", "WebhookId", webhookId.Value)
            .WhereCreated(query.Created);
        if (query.Created is { From: null, To: null })
        {
            list.CountedFor(query.Status is { } only ? $"{webhookId}/{DeliveryRow.Write(only)}" : webhookId.ToString());
        }

        return query.Status is { } status ? list.Where("status = @Status", "Status", DeliveryRow.Write(status)) : list;
    }

    /// <summary>The webhooks for which deliveries wait.</summary>
    internal Task<IReadOnlyList<WebhookId>> FindBusyAsync(CancellationToken cancellationToken) =>
        _database.ReadAsync<IReadOnlyList<WebhookId>>(
            async transaction =>
            [
                .. (await transaction.QueryAsync<Guid>("SELECT DISTINCT webhook_id FROM webhook_deliveries WHERE status = 'PENDING'"))
                    .Select(id => new WebhookId(id)),
            ],
            cancellationToken);

    /// <summary>Lanes of a webhook in which deliveries wait.</summary>
    internal Task<IReadOnlyList<string>> FindBusyLanesAsync(WebhookId webhookId, int most, CancellationToken cancellationToken) =>
        _database.ReadAsync(
            transaction => transaction.QueryAsync<string>(
                "SELECT DISTINCT lane FROM webhook_deliveries WHERE webhook_id = @Id AND status = 'PENDING' ORDER BY lane LIMIT @Most",
                new { Id = webhookId.Value, Most = most }),
            cancellationToken);

    /// <summary>The first of a lane that wait, and where they go; no target when the webhook sends nothing any more.</summary>
    internal Task<(string? Target, IReadOnlyList<PendingDelivery> Deliveries)> TakeAsync(
        WebhookId webhookId, string lane, int most, CancellationToken cancellationToken) =>
        _database.ReadAsync<(string?, IReadOnlyList<PendingDelivery>)>(
            async transaction =>
            {
                var rows = await transaction.QueryAsync<PendingRow>(
                    """
                    SELECT d.id, d.event, d.attempts, d.next_attempt_at, d.created_at, d.asked_at, e.body
                    FROM webhook_deliveries d JOIN webhook_events e ON e.sequence = d.event_sequence
                    WHERE d.webhook_id = @WebhookId AND d.lane = @Lane AND d.status = 'PENDING'
                    ORDER BY d.event_sequence LIMIT @Most
                    """,
                    new { WebhookId = webhookId.Value, Lane = lane, Most = most });
                return (await WebhookStore.FindTargetAsync(transaction, webhookId), [.. rows.Select(row => row.ToPending())]);
            },
            cancellationToken);

    /// <summary>Keeps what came of many attempts, in one transaction; not of those that were asked for again meanwhile.</summary>
    internal Task SaveAsync(IReadOnlyCollection<AttemptResult> results, CancellationToken cancellationToken) =>
        _database.WriteAsync(
            async transaction =>
            {
                // Always in one order, so that two writers cannot hold each other's next row.
                foreach (var result in results.OrderBy(result => result.Of.Id.Value))
                {
                    await transaction.ExecuteAsync(
                        result.Duration is null
                            ? """
                            UPDATE webhook_deliveries
                            SET status = @Status, next_attempt_at = NULL, last_error = @Error, updated_at = @At
                            WHERE id = @Id AND status = 'PENDING' AND attempts = @Before AND asked_at = @AskedAt
                            """
                            : """
                            UPDATE webhook_deliveries
                            SET status = @Status, attempts = @Attempts, next_attempt_at = @NextAttemptAt, last_attempt_at = @At,
                                last_status = @HttpStatus, last_error = @Error, last_duration_ms = @DurationMs,
                                delivered_at = @DeliveredAt, updated_at = @At
                            WHERE id = @Id AND status = 'PENDING' AND attempts = @Before AND asked_at = @AskedAt
                            """,
                        new
                        {
                            Status = DeliveryRow.Write(result.Status),
                            result.Attempts,
                            result.NextAttemptAt,
                            result.At,
                            result.HttpStatus,
                            result.Error,
                            DurationMs = (long?)result.Duration?.TotalMilliseconds,
                            DeliveredAt = result.Status is DeliveryStatus.Delivered ? result.At : (DateTimeOffset?)null,
                            Id = result.Of.Id.Value,
                            Before = result.Of.Attempts,
                            result.Of.AskedAt,
                        });
                }
            },
            cancellationToken);

    /// <summary>Cancels all of a lane that wait.</summary>
    /// <returns>How many.</returns>
    internal Task<int> CancelAsync(WebhookId webhookId, string lane, CancellationToken cancellationToken) =>
        _database.WriteAsync(
            transaction => transaction.ExecuteAsync(
                """
                UPDATE webhook_deliveries
                SET status = 'CANCELLED', next_attempt_at = NULL, last_error = 'the webhook was disabled or deleted', updated_at = @Now
                WHERE webhook_id = @WebhookId AND lane = @Lane AND status = 'PENDING'
                """,
                new { Now = StoredTime.Now(_clock), WebhookId = webhookId.Value, Lane = lane }),
            cancellationToken);

    /// <summary>Forgets some of what is older than the log is kept, whatever has become of it, and what was deleted.</summary>
    /// <returns>How many rows; when there were as many as are swept at once, there may be more.</returns>
    internal async Task<int> SweepAsync(TimeSpan retention, CancellationToken cancellationToken)
    {
        var now = StoredTime.Now(_clock);
        var before = now - retention;
        var all = 0;
        int swept;
        do
        {
            swept = await _database.WriteAsync(
                async transaction =>
                {
                    var deliveries = await transaction.ExecuteAsync(
                        """
                        DELETE FROM webhook_deliveries
                        WHERE id IN (SELECT id FROM webhook_deliveries WHERE created_at < @Before ORDER BY created_at LIMIT @Most)
                        """,
                        new { Before = before, Most = SweepAtOnce });
                    deliveries += await transaction.ExecuteAsync(
                        """
                        DELETE FROM webhook_deliveries
                        WHERE id IN (
                            SELECT d.id FROM webhook_deliveries d JOIN webhooks w ON w.id = d.webhook_id
                            WHERE w.deleted_at IS NOT NULL AND d.status <> 'PENDING' LIMIT @Most)
                        """,
                        new { Most = SweepAtOnce });
                    if (deliveries > 0)
                    {
                        return deliveries;
                    }

                    // The events of the deliveries that are gone, and last the webhooks that have none.
                    return await transaction.ExecuteAsync(
                            """
                            DELETE FROM webhook_events
                            WHERE sequence IN (SELECT sequence FROM webhook_events WHERE created_at < @Before ORDER BY created_at LIMIT @Most)
                            """,
                            new { Before = before, Most = SweepAtOnce })
                        + await transaction.ExecuteAsync(
                            """
                            DELETE FROM webhooks
                            WHERE deleted_at < @DeletedBefore
                                AND NOT EXISTS (SELECT 1 FROM webhook_deliveries d WHERE d.webhook_id = webhooks.id)
                            """,
                            new { DeletedBefore = now - DeletedFor });
                },
                cancellationToken);
            all += swept;
        }
        while (swept > 0);

        return all;
    }

    private static async Task<WebhookDeliveryBody?> FindAsync(DatabaseTransaction transaction, WebhookId webhookId, DeliveryId id)
    {
        var row = await transaction.QueryRowAsync<DeliveryRow>(
            $"SELECT {Columns} FROM webhook_deliveries WHERE id = @Id AND webhook_id = @WebhookId",
            new { Id = id.Value, WebhookId = webhookId.Value });
        if (row is null)
        {
            return null;
        }

        var body = await transaction.QueryValueAsync<byte[]>(
            "SELECT body FROM webhook_events WHERE sequence = (SELECT event_sequence FROM webhook_deliveries WHERE id = @Id)",
            new { Id = id.Value });
        return new WebhookDeliveryBody(row.ToDelivery(), body ?? []);
    }

    private sealed class PendingRow
    {
        public Guid Id { get; init; }

        public string Event { get; init; } = "";

        public int Attempts { get; init; }

        public DateTimeOffset? NextAttemptAt { get; init; }

        public DateTimeOffset CreatedAt { get; init; }

        public DateTimeOffset AskedAt { get; init; }

        public byte[] Body { get; init; } = [];

        public PendingDelivery ToPending() => new(new DeliveryId(Id), Event, Attempts, NextAttemptAt, CreatedAt, AskedAt, Body);
    }
}
