using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Roomcast.Egress.Recording;
using Roomcast.Meetings.Records;
using Roomcast.RealtimeKit.Rest.Recordings;
using Roomcast.Storage;
using Roomcast.Webhooks.Records;

namespace Roomcast.RealtimeKit.Webhooks;

/// <summary>Tells webhooks how recordings stand. The lane is the meeting.</summary>
/// <remarks>Addresses are asked of the recordings, which themselves ask the store that calls here: so they are looked up late.</remarks>
internal sealed class RecordingWebhooks(WebhookOutbox outbox, IServiceProvider services) : IRecordingFacts
{
    public Task StatusChangedAsync(DatabaseTransaction transaction, RecordingRecord recording) => outbox.AddAsync(
        transaction,
        recording.AppId,
        WebhookEventNames.Recording,
        recording.MeetingId.ToString(),
        () => WriteAsync(transaction, recording));

    private async Task<byte[]> WriteAsync(DatabaseTransaction transaction, RecordingRecord recording)
    {
        var session = await SessionRecordStore.FindAsync(transaction, new SessionId(recording.SessionId));
        return JsonSerializer.SerializeToUtf8Bytes(
            new RecordingEvent(
                WebhookEventNames.Recording,
                session is null ? null : await MeetingBlock.OfAsync(transaction, session),
                PayloadOf(recording, services.GetRequiredService<Egress.Recording.Recordings>())),
            WebhookJson.Default.RecordingEvent);
    }

    private static RecordingPayload PayloadOf(RecordingRecord recording, Egress.Recording.Recordings recordings)
    {
        var told = RecordingResponse.Of(recording, recordings);
        return new RecordingPayload
        {
            Id = told.Id,
            RecordingId = told.Id,
            MeetingId = recording.MeetingId,
            OrganizationId = recording.AppId.Value,
            RoomUuid = recording.SessionId,
            Status = told.Status,
            StartedTime = told.StartedTime,
            StoppedTime = told.StoppedTime,
            FileSize = told.FileSize,
            OutputFileName = told.OutputFileName,
            RecordingDuration = told.RecordingDuration,
            DownloadUrl = told.DownloadUrl,
            AudioDownloadUrl = told.AudioDownloadUrl,
            DownloadUrlExpiry = told.DownloadUrl is null && told.AudioDownloadUrl is null ? null : told.DownloadUrlExpiry,
            StopReason = told.StopReason is not { } stop ? null : new StopReasonPayload(
                stop.Reason, stop.Caller is not { } caller ? null : new CallerPayload(caller.Type, caller.Name, caller.UserId)),
        };
    }
}
