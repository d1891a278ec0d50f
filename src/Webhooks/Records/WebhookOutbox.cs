using Roomcast.Accounts;
using Roomcast.Storage;

namespace Roomcast.Webhooks.Records;

/// <summary>
/// Where facts become deliveries, in the transaction that keeps the fact: what is committed will be told, what is not will not.
/// </summary>
public sealed class WebhookOutbox
{
    private readonly TimeProvider _clock;
    private readonly IWebhookWatch _watch;

    internal WebhookOutbox(TimeProvider clock, IWebhookWatch watch)
    {
        _clock = clock;
        _watch = watch;
    }

    /// <summary>Puts an event out to every webhook of an app that asked for it. Costs one query where none did.</summary>
    /// <param name="transaction">The transaction of the fact.</param>
    /// <param name="appId">The app.</param>
    /// <param name="name">The name of the event in the owner's dialect.</param>
    /// <param name="lane">What must arrive in order with each other; 1 to 64 characters.</param>
    /// <param name="body">Makes the bytes that are sent; asked only when somebody is to get them. May read in the transaction.</param>
    /// <returns>How many will get it.</returns>
    public async Task<int> AddAsync(DatabaseTransaction transaction, AppId appId, string name, string lane, Func<Task<byte[]>> body)
    {
        ArgumentNullException.ThrowIfNull(transaction);
        ArgumentNullException.ThrowIfNull(body);
        var listeners = await WebhookStore.FindListenersAsync(transaction, appId, name);
        if (listeners.Count == 0)
        {
            return 0;
        }

        var now = StoredTime.Now(_clock);
        var sequence = await transaction.QueryValueAsync<long>(
            "INSERT INTO webhook_events (name, body, created_at) VALUES (@Name, @Body, @Now) RETURNING sequence",
            new { Name = name, Body = await body(), Now = now });
        foreach (var listener in listeners)
        {
            await transaction.ExecuteAsync(
                """
                INSERT INTO webhook_deliveries
                    (id, webhook_id, event_sequence, event, lane, status, attempts, created_at, asked_at, updated_at)
                VALUES (@Id, @WebhookId, @Sequence, @Name, @Lane, 'PENDING', 0, @Now, @Now, @Now)
                """,
                new { Id = Guid.NewGuid(), WebhookId = listener.Value, Sequence = sequence, Name = name, Lane = lane, Now = now });
            transaction.AfterCommit(() => _watch.Added(listener, lane));
        }

        return listeners.Count;
    }
}
