using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Options;
using Roomcast.Livestreams;
using Roomcast.Livestreams.Meetings;
using Roomcast.Livestreams.Records;
using Roomcast.Meetings;
using Roomcast.Meetings.Sessions.Events;
using Roomcast.RealtimeKit.Rest.Answers;
using Roomcast.RealtimeKit.Rest.Livestreams;
using Roomcast.RealtimeKit.Rest.Requests;

namespace Roomcast.RealtimeKit.Client;

/// <summary>What the web client asks of the livestream of its meeting: start, stop, and how it stands.</summary>
internal sealed class ClientLivestreams(
    IMeetingLivestreams livestreams, IActiveSessions sessions, PublicAddresses addresses, IOptions<RealtimeKitOptions> kit)
{
    /// <summary>Maps the calls.</summary>
    public void Map(IEndpointRouteBuilder routes, ClientDoor door)
    {
        routes.MapGet("/v2/meetings/{meetingId}/active-livestream", door.ForParticipant(GetAsync));
        routes.MapPost("/v2/meetings/{meetingId}/active-livestream/stop", door.ForParticipant(StopAsync));
        routes.MapPost("/v2/meetings/{meetingId}/livestreams", door.ForParticipant(StartAsync));
    }

    private async ValueTask<KitAnswer> GetAsync(HttpContext context, AdmittedClient client)
    {
        if (Refuse(context, client) is { } refusal)
        {
            return refusal;
        }

        return await FindAsync(client, context.RequestAborted) is { } livestream
            ? Describe(livestream, await MayLivestreamAsync(client, context.RequestAborted))
            : NoLivestream();
    }

    private async ValueTask<KitAnswer> StartAsync(HttpContext context, AdmittedClient client)
    {
        using var body = await BodyReader.ReadAsync(context, kit.Value.MaxBodyBytes);
        var isManual = body.ReadFlag("manual_ingest", isNullable: true);
        if ((body.Refusal ?? Refuse(context, client)) is { } refusal)
        {
            return refusal;
        }

        if (!await MayLivestreamAsync(client, context.RequestAborted))
        {
            return NoRight();
        }

        try
        {
            var wanted = new MeetingLivestreamRequest(client.Meeting!.Title, isManual.Value ?? false);
            return Describe(
                await livestreams.StartAsync(client.Meeting.AppId, client.Meeting.Id.Value, wanted, context.RequestAborted), mayLivestream: true);
        }
        catch (MeetingLivestreamException fault)
        {
            // Behind the refusal: it is the refusal that the client takes for the end of the livestream.
            context.Response.OnCompleted(() => RemindAsync(fault, client, CancellationToken.None));
            return MeetingLivestreamEndpoints.Refuse(fault);
        }
    }

    private async ValueTask<KitAnswer> StopAsync(HttpContext context, AdmittedClient client)
    {
        if (Refuse(context, client) is { } refusal)
        {
            return refusal;
        }

        if (!await MayLivestreamAsync(client, context.RequestAborted))
        {
            return NoRight();
        }

        return await livestreams.StopAsync(client.Meeting!.AppId, client.Meeting.Id.Value, context.RequestAborted)
            ? ClientAnswer.Data(static _ => { })
            : NoLivestream();
    }

    private static KitAnswer? Refuse(HttpContext context, AdmittedClient client) =>
        context.Request.RouteValues["meetingId"] as string == client.Meeting!.Id.ToString()
            ? null
            : KitAnswer.Refuse(KitErrorCode.NoRight, "the token gives no right to this meeting");

    private static KitAnswer NoLivestream() => KitAnswer.Refuse(KitErrorCode.NoActiveLivestream, "the meeting has no livestream");

    private static KitAnswer NoRight() => KitAnswer.Refuse(KitErrorCode.NoRight, "the participant may not livestream");

    private Task<Livestream?> FindAsync(AdmittedClient client, CancellationToken cancellationToken) =>
        livestreams.FindActiveAsync(client.Meeting!.AppId, client.Meeting.Id.Value, cancellationToken);

    private async Task<bool> MayLivestreamAsync(AdmittedClient client, CancellationToken cancellationToken) =>
        (await sessions.PermissionsOfAsync(client, cancellationToken)).CanLivestream;

    // A refused client takes itself for idle although the stream runs: it is told once more (and so are the others, who know).
    private async Task RemindAsync(MeetingLivestreamException fault, AdmittedClient client, CancellationToken cancellationToken)
    {
        if (fault.Refusal is MeetingLivestreamRefusal.AlreadyActive && await FindAsync(client, cancellationToken) is { } livestream)
        {
            var told = new SessionLivestream(
                livestream.Id.Value, client.Meeting!.Id.Value, livestream.AppId.Value, livestream.Name ?? "",
                addresses.PlaybackUrl(livestream.Id), livestream.IsManual);
            await sessions.TellAsync(
                client.Meeting.Id,
                livestream.Status is LivestreamStatus.Live ? new LivestreamStarted(told) : new LivestreamInvoked(told),
                cancellationToken);
        }
    }

    private ClientAnswer Describe(Livestream livestream, bool mayLivestream) => ClientAnswer.Data(json =>
    {
        json.WriteString("id", livestream.Id.ToString());
        json.WriteString("status", livestream.Status is LivestreamStatus.Live ? "LIVE" : "INVOKED");
        json.WriteString("playback_url", addresses.PlaybackUrl(livestream.Id));
        json.WriteBoolean("manual_ingest", livestream.IsManual);
        if (mayLivestream)
        {
            json.WriteString("ingest_server", addresses.IngestServer);
            json.WriteString("stream_key", livestream.StreamKey);
        }
    });
}
