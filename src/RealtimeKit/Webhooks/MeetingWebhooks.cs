using System.Text.Json;
using Roomcast.Meetings.Records;
using Roomcast.Storage;
using Roomcast.Webhooks.Records;

namespace Roomcast.RealtimeKit.Webhooks;

/// <summary>Tells webhooks of sessions: that they begin and end, and who comes and goes. The lane is the meeting.</summary>
internal sealed class MeetingWebhooks(WebhookOutbox outbox) : ISessionFacts
{
    public Task BeganAsync(DatabaseTransaction transaction, SessionRecord session) =>
        AddMeetingAsync(transaction, WebhookEventNames.MeetingStarted, session, reason: null);

    public Task JoinedAsync(DatabaseTransaction transaction, SessionRecord session, PeerRecord peer) =>
        AddParticipantAsync(transaction, WebhookEventNames.ParticipantJoined, session, peer);

    public Task LeftAsync(DatabaseTransaction transaction, SessionRecord session, PeerRecord peer) =>
        AddParticipantAsync(transaction, WebhookEventNames.ParticipantLeft, session, peer);

    public Task EndedAsync(DatabaseTransaction transaction, SessionRecord session) =>
        AddMeetingAsync(
            transaction,
            WebhookEventNames.MeetingEnded,
            session,
            session.EndReason is SessionEndReason.EndedByHost ? "HOST_ENDED_MEETING" : "ALL_PARTICIPANTS_LEFT");

    private Task<int> AddMeetingAsync(DatabaseTransaction transaction, string name, SessionRecord session, string? reason) =>
        outbox.AddAsync(transaction, session.AppId, name, session.MeetingId.ToString(), async () =>
            JsonSerializer.SerializeToUtf8Bytes(
                new MeetingEvent(name, await MeetingBlock.OfAsync(transaction, session), reason), WebhookJson.Default.MeetingEvent));

    private Task<int> AddParticipantAsync(DatabaseTransaction transaction, string name, SessionRecord session, PeerRecord peer) =>
        outbox.AddAsync(transaction, session.AppId, name, session.MeetingId.ToString(), async () =>
            JsonSerializer.SerializeToUtf8Bytes(
                new ParticipantEvent(
                    name,
                    await MeetingBlock.OfAsync(transaction, session),
                    new ParticipantPayload(
                        peer.Id.Value, peer.DisplayName, peer.CustomId, peer.CustomId, peer.PresentSince, peer.LeftAt)),
                WebhookJson.Default.ParticipantEvent));
}
