using System.Text.Json;
using Roomcast.Meetings.History;
using Roomcast.Meetings.History.Publishing;
using Roomcast.Meetings.Records;
using Roomcast.Storage;
using Roomcast.Webhooks.Records;

namespace Roomcast.RealtimeKit.Webhooks;

/// <summary>Tells webhooks of files that a session left: its chat, its transcript, its summary. The lane is the meeting.</summary>
internal sealed class SessionFileWebhooks(WebhookOutbox outbox) : ISessionFileFacts
{
    public Task ReadyAsync(DatabaseTransaction transaction, SessionRecord session, SessionFileKind kind, SessionFile file)
    {
        var name = kind switch
        {
            SessionFileKind.Chat => WebhookEventNames.ChatSynced,
            SessionFileKind.Transcript => WebhookEventNames.Transcript,
            _ => WebhookEventNames.Summary,
        };
        return outbox.AddAsync(transaction, session.AppId, name, session.MeetingId.ToString(), () => kind switch
        {
            SessionFileKind.Chat => WriteChatAsync(transaction, session, file),
            SessionFileKind.Transcript => WriteTranscriptAsync(transaction, session, file),
            _ => WriteSummaryAsync(transaction, session, file),
        });
    }

    private static async Task<byte[]> WriteChatAsync(DatabaseTransaction transaction, SessionRecord session, SessionFile file) =>
        JsonSerializer.SerializeToUtf8Bytes(
            new ChatSyncedEvent(
                WebhookEventNames.ChatSynced,
                session.Id.Value,
                session.MeetingId.Value,
                session.MeetingTitle,
                file.Address,
                file.ExpiresAt,
                session.CreatedAt,
                session.StartedAt,
                session.EndedAt,
                await MeetingBlock.OrganizerAsync(transaction, session.AppId)),
            WebhookJson.Default.ChatSyncedEvent);

    private static async Task<byte[]> WriteTranscriptAsync(DatabaseTransaction transaction, SessionRecord session, SessionFile file) =>
        JsonSerializer.SerializeToUtf8Bytes(
            new TranscriptEvent(
                WebhookEventNames.Transcript, await MeetingBlock.OfAsync(transaction, session), file.Address, file.ExpiresAt),
            WebhookJson.Default.TranscriptEvent);

    private static async Task<byte[]> WriteSummaryAsync(DatabaseTransaction transaction, SessionRecord session, SessionFile file) =>
        JsonSerializer.SerializeToUtf8Bytes(
            new SummaryEvent(
                WebhookEventNames.Summary, await MeetingBlock.OfAsync(transaction, session), file.Address, file.ExpiresAt),
            WebhookJson.Default.SummaryEvent);
}
