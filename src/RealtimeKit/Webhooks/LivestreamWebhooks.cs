using System.Text.Json;
using Microsoft.Extensions.Options;
using Roomcast.Livestreams;
using Roomcast.Livestreams.Records;
using Roomcast.Meetings.Records;
using Roomcast.Storage;
using Roomcast.Webhooks.Records;

namespace Roomcast.RealtimeKit.Webhooks;

/// <summary>Tells webhooks how livestreams stand. The lane is the meeting, or the livestream where there is none.</summary>
internal sealed class LivestreamWebhooks(
    WebhookOutbox outbox, PublicAddresses addresses, IOptions<RealtimeKitOptions> options) : ILivestreamFacts
{
    public async Task StatusChangedAsync(DatabaseTransaction transaction, Livestream livestream, LivestreamStatus? before)
    {
        if (StatusOf(livestream.Status, before) is { } status)
        {
            await outbox.AddAsync(
                transaction,
                livestream.AppId,
                WebhookEventNames.Livestreaming,
                (livestream.MeetingId ?? livestream.Id.Value).ToString(),
                () => WriteAsync(transaction, livestream, status));
        }
    }

    /// <summary>What webhooks call a change, which have words of their own; null for one that they are not told of.</summary>
    internal static string? StatusOf(LivestreamStatus status, LivestreamStatus? before) => (before, status) switch
    {
        (null, _) => "IDLE",
        (_, LivestreamStatus.Live) => "LIVE",
        (LivestreamStatus.Live, _) or (_, LivestreamStatus.Errored) => "OFFLINE",
        _ => null, // One that never was live is stopped: it still is idle.
    };

    private async Task<byte[]> WriteAsync(DatabaseTransaction transaction, Livestream livestream, string status)
    {
        var session = livestream.MeetingId is { } meetingId
            ? await SessionRecordStore.FindLatestAsync(transaction, new MeetingId(meetingId))
            : null;
        return JsonSerializer.SerializeToUtf8Bytes(
            new LivestreamEvent(
                WebhookEventNames.Livestreaming,
                livestream.Id.Value,
                status,
                livestream.MeetingId is null || livestream.IsManual,
                addresses.PlaybackUrl(livestream.Id),
                addresses.IngestServer,
                options.Value.WebhooksTellStreamKeys && livestream.StreamKey is { Length: > 0 } key ? key : null,
                session is null ? null : await MeetingBlock.OfAsync(transaction, session)),
            WebhookJson.Default.LivestreamEvent);
    }
}
