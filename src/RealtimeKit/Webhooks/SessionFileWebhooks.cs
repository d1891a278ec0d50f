using System.Text.Json;
using Roomcast.Meetings.Records;
using Roomcast.Storage;
using Roomcast.Webhooks.Records;

namespace Roomcast.RealtimeKit.Webhooks;

/// <summary>Tells webhooks of files that a session left: its chat, its transcript, its summary. Call it in the transaction that keeps the file.</summary>
public sealed class SessionFileWebhooks
{
    private readonly WebhookOutbox _outbox;

    internal SessionFileWebhooks(WebhookOutbox outbox) => _outbox = outbox;

    /// <summary>The chat of a session that has ended can be downloaded.</summary>
    /// <param name="transaction">The transaction that keeps the file.</param>
    /// <param name="session">The session.</param>
    /// <param name="url">Where the file is.</param>
    /// <param name="expiry">Until when.</param>
    public Task ChatSyncedAsync(DatabaseTransaction transaction, SessionRecord session, string url, DateTimeOffset expiry)
    {
        ArgumentNullException.ThrowIfNull(session);
        return AddAsync(transaction, session, WebhookEventNames.ChatSynced, async () => JsonSerializer.SerializeToUtf8Bytes(
            new ChatSyncedEvent(
                WebhookEventNames.ChatSynced,
                session.Id.Value,
                session.MeetingId.Value,
                session.MeetingTitle,
                url,
                expiry,
                session.CreatedAt,
                session.StartedAt,
                session.EndedAt,
                await MeetingBlock.OrganizerAsync(transaction, session.AppId)),
            WebhookJson.Default.ChatSyncedEvent));
    }

    /// <summary>The transcript of a session can be downloaded.</summary>
    /// <inheritdoc cref="ChatSyncedAsync"/>
    public Task TranscribedAsync(DatabaseTransaction transaction, SessionRecord session, string url, DateTimeOffset expiry)
    {
        ArgumentNullException.ThrowIfNull(session);
        return AddAsync(transaction, session, WebhookEventNames.Transcript, async () => JsonSerializer.SerializeToUtf8Bytes(
            new TranscriptEvent(WebhookEventNames.Transcript, await MeetingBlock.OfAsync(transaction, session), url, expiry),
            WebhookJson.Default.TranscriptEvent));
    }

    /// <summary>The summary of a session can be downloaded.</summary>
    /// <inheritdoc cref="ChatSyncedAsync"/>
    public Task SummarizedAsync(DatabaseTransaction transaction, SessionRecord session, string url, DateTimeOffset expiry)
    {
        ArgumentNullException.ThrowIfNull(session);
        return AddAsync(transaction, session, WebhookEventNames.Summary, async () => JsonSerializer.SerializeToUtf8Bytes(
            new SummaryEvent(WebhookEventNames.Summary, await MeetingBlock.OfAsync(transaction, session), url, expiry),
            WebhookJson.Default.SummaryEvent));
    }

    private Task<int> AddAsync(DatabaseTransaction transaction, SessionRecord session, string name, Func<Task<byte[]>> body) =>
        _outbox.AddAsync(transaction, session.AppId, name, session.MeetingId.ToString(), body);
}
