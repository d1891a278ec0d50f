using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Roomcast.Meetings;
using Roomcast.Meetings.Records;
using Roomcast.RealtimeKit.Rest.Answers;
using Roomcast.RealtimeKit.Rest.Meetings;
using Roomcast.RealtimeKit.Rest.Requests;

namespace Roomcast.RealtimeKit.Rest.Sessions;

/// <summary>The routes of a meeting's session under way.</summary>
internal static class ActiveSessionEndpoints
{
    private const int MaxIds = 1_000;
    private const int MaxIdLength = 256;
    private const int LeastOptions = 2;
    private const int MostOptions = 50;
    private const int MaxQuestionLength = 1_024;
    private const int MaxOptionLength = 256;

    // The sources of this API name one list or the other, and older ones a third that may hold either.
    private const string IdsField = "participant_ids";
    private const string CustomIdsField = "custom_participant_ids";
    private const string AnyIdsField = "user_ids";

    /// <summary>Maps the routes; the group above has chosen the app.</summary>
    public static void MapActiveSessions(this RouteGroupBuilder app)
    {
        app.MapRead("/meetings/{meeting_id}/active-session", GetAsync);
        app.MapPost("/meetings/{meeting_id}/active-session/kick", KickAsync);
        app.MapPost("/meetings/{meeting_id}/active-session/kick-all", KickAllAsync);
        app.MapPost("/meetings/{meeting_id}/active-session/mute", MuteAsync);
        app.MapPost("/meetings/{meeting_id}/active-session/mute-all", MuteAllAsync);
        app.MapPost("/meetings/{meeting_id}/active-session/poll", CreatePollAsync);
    }

    private static async Task<KitAnswer> GetAsync(
        KitRequest request, MeetingStore meetings, SessionRecordStore records, IActiveSessions sessions, TimeProvider clock)
    {
        if (await MeetingEndpoints.FindAsync(request, meetings) is not { } meeting)
        {
            return KitAnswer.NotFound("meeting");
        }

        if (sessions.Find(meeting.Id) is not { } id
            || await records.FindAsync(request.App.Id, id, request.Aborted) is not { EndedAt: null } session)
        {
            return NoSession();
        }

        var presence = await records.AddUpPresenceAsync(id, clock.GetUtcNow(), request.Aborted);
        return KitAnswer.Ok(SessionResponse.Of(session, presence), KitJson.Default.SessionResponse);
    }

    private static async Task<KitAnswer> KickAsync(KitRequest request, MeetingStore meetings, IActiveSessions sessions)
    {
        using var body = await request.ReadBodyAsync();
        var who = ReadChoice(body);
        return body.Refusal ?? await ActAsync(
            request, meetings, meeting => sessions.KickAsync(meeting.Id, who, request.Aborted), "kick");
    }

    private static async Task<KitAnswer> KickAllAsync(KitRequest request, MeetingStore meetings, IActiveSessions sessions) =>
        await MeetingEndpoints.FindAsync(request, meetings) is not { } meeting ? KitAnswer.NotFound("meeting")
        : await sessions.KickAllAsync(meeting.Id, request.Aborted) is { } count
            ? KitAnswer.Ok(new KickAllResponse("kick-all", count), KitJson.Default.KickAllResponse)
            : NoSession();

    private static async Task<KitAnswer> MuteAsync(KitRequest request, MeetingStore meetings, IActiveSessions sessions)
    {
        using var body = await request.ReadBodyAsync();
        var who = ReadChoice(body);
        return body.Refusal ?? await ActAsync(
            request, meetings, meeting => sessions.MuteAsync(meeting.Id, who, request.Aborted), "mute");
    }

    private static async Task<KitAnswer> MuteAllAsync(KitRequest request, MeetingStore meetings, IActiveSessions sessions)
    {
        using var body = await request.ReadBodyAsync();
        var allowUnmute = body.ReadFlag("allow_unmute");
        if (body.Refusal is { } refusal)
        {
            return refusal;
        }

        return await MeetingEndpoints.FindAsync(request, meetings) is not { } meeting ? KitAnswer.NotFound("meeting")
            : await sessions.MuteAllAsync(meeting.Id, allowUnmute.Value ?? true, request.Aborted) is { } count
                ? KitAnswer.Ok(new MuteAllResponse("mute-all", count), KitJson.Default.MuteAllResponse)
                : NoSession();
    }

    private static async Task<KitAnswer> CreatePollAsync(KitRequest request, MeetingStore meetings, IActiveSessions sessions)
    {
        using var body = await request.ReadBodyAsync();
        var question = body.ReadText("question", MaxQuestionLength, isNullable: false, minLength: 1, isRequired: true);
        var options = body.ReadTexts("options", LeastOptions, MostOptions, MaxOptionLength, isRequired: true);
        var anonymous = body.ReadFlag("anonymous");
        var hideVotes = body.ReadFlag("hide_votes");
        if (body.Refusal is { } refusal)
        {
            return refusal;
        }

        if (await MeetingEndpoints.FindAsync(request, meetings) is not { } meeting)
        {
            return KitAnswer.NotFound("meeting");
        }

        var wanted = new PollRequest(question.Value!, options!, anonymous.Value ?? false, hideVotes.Value ?? false);
        return await sessions.CreatePollAsync(meeting.Id, wanted, request.Aborted) is { } poll
            ? KitAnswer.Created(new CreatedPollResponse("create-poll", PollResponse.Of(poll)), KitJson.Default.CreatedPollResponse)
            : NoSession();
    }

    private static ParticipantChoice ReadChoice(BodyReader body)
    {
        var ids = body.ReadTexts(IdsField, 0, MaxIds, MaxIdLength, isRequired: false) ?? [];
        var customIds = body.ReadTexts(CustomIdsField, 0, MaxIds, MaxIdLength, isRequired: false) ?? [];
        var either = body.ReadTexts(AnyIdsField, 0, MaxIds, MaxIdLength, isRequired: false) ?? [];
        if (ids.Count + customIds.Count + either.Count == 0 && body.Refusal is null)
        {
            body.AddFault(IdsField, $"must name somebody, or {CustomIdsField} must");
        }

        // An id that is none names nobody: those that are not there are passed over anyway.
        return new ParticipantChoice(
            ids.Concat(either).Select(id => ParticipantId.TryParse(id, out var parsed) ? parsed : (ParticipantId?)null)
                .OfType<ParticipantId>().ToHashSet(),
            customIds.Concat(either).ToHashSet(StringComparer.Ordinal));
    }

    private static async Task<KitAnswer> ActAsync(
        KitRequest request, MeetingStore meetings, Func<Meeting, Task<IReadOnlyList<Participant>?>> act, string action)
    {
        if (await MeetingEndpoints.FindAsync(request, meetings) is not { } meeting)
        {
            return KitAnswer.NotFound("meeting");
        }

        return await act(meeting) switch
        {
            null => NoSession(),
            { Count: 0 } => KitAnswer.NotFound("participant"),
            var affected => KitAnswer.Ok(
                new ParticipantsActionResponse(action, [.. affected.Select(AffectedParticipant.Of)]),
                KitJson.Default.ParticipantsActionResponse),
        };
    }

    private static KitAnswer NoSession() => KitAnswer.Refuse(KitErrorCode.NoActiveSession, "the meeting has no active session");
}
