using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;
using Roomcast.Egress.Recording;
using Roomcast.Meetings;
using Roomcast.RealtimeKit.Rest.Answers;
using Roomcast.RealtimeKit.Rest.Recordings;
using Roomcast.RealtimeKit.Rest.Requests;

namespace Roomcast.RealtimeKit.Client;

/// <summary>The recording calls of the web client: of those in a meeting whose preset lets them record.</summary>
internal sealed class ClientRecordings(Recordings recordings, IActiveSessions sessions, IOptions<RealtimeKitOptions> kit)
{
    private static readonly Dictionary<string, string> Actions = new() { ["stop"] = "stop", ["pause"] = "pause", ["resume"] = "resume" };

    /// <summary>Starts a recording of the participant's meeting.</summary>
    public async ValueTask<KitAnswer> StartAsync(HttpContext context, AdmittedClient client)
    {
        using var body = await BodyReader.ReadAsync(context, kit.Value.MaxBodyBytes);
        var wanted = new RecordingRequest(body, isTracks: false);
        if (body.Refusal is { } refusal)
        {
            return refusal;
        }

        if (await FindDenialAsync(client, context.RequestAborted) is { } denial)
        {
            return denial;
        }

        var meeting = client.Meeting!;
        if (wanted.MeetingId != meeting.Id.ToString())
        {
            return KitAnswer.Refuse(KitErrorCode.NoRight, "the token gives no right to this meeting");
        }

        // What the server opens is chosen by who owns it.
        if (wanted.Page is not null)
        {
            return KitAnswer.Refuse(KitErrorCode.NoRight, "url is for the REST API: participants cannot have a web page recorded");
        }

        var plan = wanted.ToPlan(meeting.Settings.RecordingConfig, recordings, out var faults);
        if (faults.Count > 0)
        {
            return KitAnswer.Refuse(faults);
        }

        var answer = await recordings.StartAsync(
            new RecordingWish(
                meeting.AppId,
                meeting.Id.Value,
                wanted.IsTracks ? RecordingKind.Tracks : RecordingKind.Composite,
                plan,
                wanted.AllowsOthers,
                RecordingStartReason.Asked,
                CallerOf(client)),
            context.RequestAborted);
        return answer.Recording is { } recording ? Tell(recording) : RecordingEndpoints.Refuse(answer);
    }

    /// <summary>Pauses, resumes or stops a recording of the participant's meeting.</summary>
    public async ValueTask<KitAnswer> ControlAsync(HttpContext context, AdmittedClient client)
    {
        using var body = await BodyReader.ReadAsync(context, kit.Value.MaxBodyBytes);
        var action = body.ReadText("action", 16, isNullable: false, isRequired: true).Value;
        if (body.Refusal is null && !Actions.ContainsKey(action ?? ""))
        {
            body.AddFault("action", "must be stop, pause or resume");
        }

        if ((body.Refusal ?? await FindDenialAsync(client, context.RequestAborted)) is { } refusal)
        {
            return refusal;
        }

        var app = client.Meeting!.AppId;
        if (!RecordingId.TryParse(context.Request.RouteValues["id"] as string, out var id)
            || await recordings.FindAsync(app, id, context.RequestAborted) is not { } recording
            || recording.MeetingId != client.Meeting.Id.Value)
        {
            return KitAnswer.NotFound("recording");
        }

        var answer = action switch
        {
            "pause" => await recordings.PauseAsync(app, id, context.RequestAborted),
            "resume" => await recordings.ResumeAsync(app, id, context.RequestAborted),
            _ => await recordings.StopAsync(app, id, CallerOf(client), context.RequestAborted),
        };
        return answer.Recording is { } changed ? Tell(changed) : RecordingEndpoints.Refuse(answer);
    }

    /// <summary>Tells of the newest recording under way in the participant's meeting.</summary>
    public async ValueTask<KitAnswer> GetActiveAsync(HttpContext context, AdmittedClient client) =>
        (await recordings.FindActiveAsync(client.Meeting!.AppId, client.Meeting.Id.Value, context.RequestAborted)) is [var newest, ..]
            ? Tell(newest)
            : KitAnswer.Refuse(KitErrorCode.NoActiveRecording, "the meeting has no recording");

    // In a session the preset may have been changed for it.
    private async Task<KitAnswer?> FindDenialAsync(AdmittedClient client, CancellationToken cancellationToken) =>
        (await sessions.PermissionsOfAsync(client, cancellationToken)).CanRecord
            ? null
            : KitAnswer.Refuse(KitErrorCode.NoRight, "the participant may not record");

    private static RecordingCaller CallerOf(AdmittedClient client) =>
        new(IsParticipant: true, client.Participant!.Id.ToString(), client.Participant.Name);

    private static ClientAnswer Tell(RecordingRecord recording) => ClientAnswer.Data(json =>
    {
        json.WriteString("id", recording.Id.ToString());
        json.WriteString("status", RecordingResponse.WordOf(recording.Status));
    });
}
