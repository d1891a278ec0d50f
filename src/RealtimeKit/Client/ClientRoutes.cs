using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Options;
using Roomcast.Livestreams;
using Roomcast.Meetings;
using Roomcast.Meetings.Blobs;
using Roomcast.Meetings.History;
using Roomcast.Meetings.Presets;
using Roomcast.RealtimeKit.Rest.Access;
using Roomcast.RealtimeKit.Rest.Answers;
using Roomcast.RealtimeKit.Rest.Requests;

namespace Roomcast.RealtimeKit.Client;

/// <summary>The HTTP calls of the web client. It makes them on several host names, which are all this server's.</summary>
internal sealed class ClientRoutes(
    ClientDoor door,
    ClientLivestreams livestreams,
    ClientRecordings recordings,
    ChatFiles files,
    ClientVersions versions,
    ClientTranscripts transcripts,
    IActiveSessions sessions,
    IOptions<ClientOptions> options,
    IOptions<RealtimeKitOptions> kit,
    PublicAddresses addresses,
    ClientAdmission admission,
    ClientReportStore reports,
    ReportPace pace,
    UploadPace uploads,
    TimeProvider clock)
{
    private const int MaxTelemetryBytes = 1 << 20;
    private const int MaxExpirySeconds = 365 * 86_400;

    /// <summary>Maps them, with their preflights.</summary>
    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/v2/internals/participant-details", door.ForParticipant(AnswerDetails));
        routes.MapGet("/iceservers", door.ForParticipant(AnswerIceServers));
        routes.MapPost("/v2/meetings/chat-upload", door.ForParticipant(ReserveFileAsync));

        livestreams.Map(routes, door);
        routes.MapGet("/v2/recordings/active-recording/{meetingId}", door.ForParticipant(recordings.GetActiveAsync));
        routes.MapPost("/v2/recordings", door.ForParticipant(recordings.StartAsync));
        routes.MapPut("/v2/recordings/{id}", door.ForParticipant(recordings.ControlAsync));

        // What was said before the client came.
        routes.MapGet("/v2/meetings/{meetingId}/active-transcript", door.ForParticipant(transcripts.AnswerAsync));
        routes.MapGet(ClientTranscripts.EmptyPath, ClientTranscripts.AnswerEmptyAsync);

        // What it tells of itself. It asks for no answer but that there is one.
        routes.MapPost("/otel/logs", door.Open(TakeTelemetryAsync));
        routes.MapPost("/api/v1/message", door.Open(TakeCallStatisticsAsync));

        // These two have no path of their own, so only their names tell them from the pages.
        var host = new Uri(addresses.HttpBase).Host;
        // The web client takes a place of fewer than six characters for a failure, and logs it. Where anybody is, is not asked here.
        routes.MapGet("/", door.Open(_ => new(new ClientAnswer(json => json.WriteString("loc", "unknown"))))).RequireHost($"location.{host}");
        routes.MapPost("/", door.Open(TakeTelemetryAsync)).RequireHost($"location-legacy.{host}");

        foreach (var pattern in (string[])["/v2/{**rest}", "/iceservers", "/otel/logs", "/api/v1/message"])
        {
            routes.MapMethods(pattern, [HttpMethods.Options], ClientDoor.AnswerPreflightAsync);
        }

        routes.Map("/v2/{**rest}", door.Open(NoRoute)).WithOrder(int.MaxValue);
    }

    private ValueTask<KitAnswer> AnswerDetails(HttpContext context, AdmittedClient client)
    {
        versions.Note(context.Request.Headers["tracing-id"], context.Request.Headers["x-realtimekit-version"]);
        var (_, participant, meeting, preset) = client;
        return new(ClientAnswer.Data(json =>
        {
            json.WriteStartObject("participant");
            json.WriteString("id", participant!.Id.ToString());
            json.WriteString("name", participant.Name ?? "");
            json.WriteString("picture", participant.Picture ?? "");
            json.WriteString("custom_participant_id", participant.CustomId);
            json.WriteString("organization_id", participant.AppId.ToString());
            json.WriteEndObject();
            json.WritePropertyName("preset");
            json.WriteRawValue(PresetJson.WriteForClient(preset!));
            json.WriteStartObject("meeting");
            json.WriteString("id", meeting!.Id.ToString());
            json.WriteString("title", meeting.Title);
            json.WriteEndObject();
        }));
    }

    private static ValueTask<KitAnswer> NoRoute(HttpContext context) =>
        new(KitAnswer.Refuse(KitErrorCode.UnknownRoute, "there is no such route"));

    private async ValueTask<KitAnswer> TakeCallStatisticsAsync(HttpContext context)
    {
        // Of somebody unknown, or too often, it is dropped, as the rest of what clients tell of themselves.
        if (!BearerCredentials.TryRead(context.Request.Headers.Authorization, out var token)
            || await admission.AdmitAsync(token, meetingId: null, context.RequestAborted) is not { Status: StatusCodes.Status200OK, Participant: { } participant }
            || !pace.TryTake(participant.Id))
        {
            return await TakeTelemetryAsync(context);
        }

        using var body = await BodyReader.ReadAsync(context, MaxTelemetryBytes);
        var told = body.ReadWhole((element, _) => CallStatistics.Read(element, clock.GetUtcNow()));
        if (told is { } report)
        {
            await reports.AddAsync(participant.Id, report.PeerId, report.Steps, context.RequestAborted);
        }

        return body.Refusal ?? new ClientAnswer(_ => { });
    }

    private static async ValueTask<KitAnswer> TakeTelemetryAsync(HttpContext context)
    {
        if (context.Request.ContentLength > MaxTelemetryBytes)
        {
            return KitAnswer.Refuse(KitErrorCode.BodyTooLarge, $"the body is larger than {MaxTelemetryBytes} bytes");
        }

        var taken = 0L;
        while (true)
        {
            var read = await context.Request.BodyReader.ReadAsync(context.RequestAborted);
            taken += read.Buffer.Length;
            context.Request.BodyReader.AdvanceTo(read.Buffer.End);
            if (taken > MaxTelemetryBytes)
            {
                return KitAnswer.Refuse(KitErrorCode.BodyTooLarge, $"the body is larger than {MaxTelemetryBytes} bytes");
            }

            if (read.IsCompleted)
            {
                return new ClientAnswer(_ => { });
            }
        }
    }

    private ValueTask<KitAnswer> AnswerIceServers(HttpContext context, AdmittedClient client) => new(new ClientAnswer(json =>
    {
        // The one key of this API that is not snake_case: the client hands the array to the browser as it is.
        json.WriteStartArray("iceServers");
        foreach (var server in options.Value.IceServers)
        {
            json.WriteStartObject();
            json.WriteString("urls", server.Url);
            if (server.UserName is not null)
            {
                json.WriteString("username", server.UserName);
                json.WriteString("credential", server.Credential);
            }

            json.WriteEndObject();
        }

        json.WriteEndArray();
    }));

    private async ValueTask<KitAnswer> ReserveFileAsync(HttpContext context, AdmittedClient client)
    {
        using var body = await BodyReader.ReadAsync(context, kit.Value.MaxBodyBytes);
        var meetingId = body.ReadName("roomUUID", isRequired: true, isNullable: false).Value;
        var name = body.ReadName("filename", isRequired: true, isNullable: false).Value;
        var expiry = body.ReadWholeNumber("expiry", 1, MaxExpirySeconds).Value;
        if (body.Refusal is { } refusal)
        {
            return refusal;
        }

        if (meetingId != client.Meeting!.Id.ToString())
        {
            return KitAnswer.Refuse(KitErrorCode.NoRight, "the token gives no right to this meeting");
        }

        var chat = (await sessions.PermissionsOfAsync(client, context.RequestAborted)).Chat;
        if (!(chat.Public is { CanSend: true, Files: true } || chat.Private is { CanSend: true, Files: true }))
        {
            return KitAnswer.Refuse(KitErrorCode.NoRight, "the participant may not send files");
        }

        var lifetime = expiry is { } seconds ? TimeSpan.FromSeconds(seconds) : (TimeSpan?)null;
        if (files.Reserve(name!, client.Meeting.Settings.PersistsChat, lifetime) is not { } reserved)
        {
            return KitAnswer.Refuse(KitErrorCode.NoRight, "files of this kind are not taken");
        }

        // An address is good for one file, so this bounds what one participant can put on the disk.
        return uploads.Take(client.Participant!.Id) is { } wait
            ? KitAnswer.Refuse(KitErrorCode.TooManyRequests, "the participant has sent too many files", wait)
            : ClientAnswer.Data(json =>
            {
                json.WriteString("put_location", reserved.PutAddress);
                json.WriteString("get_location", reserved.GetAddress);
            });
    }
}
