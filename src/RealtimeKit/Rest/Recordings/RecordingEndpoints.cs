using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Roomcast.Egress.Recording;
using Roomcast.Meetings.Records;
using Roomcast.RealtimeKit.Rest.Answers;
using Roomcast.RealtimeKit.Rest.Requests;
using Roomcast.Storage;

namespace Roomcast.RealtimeKit.Rest.Recordings;

/// <summary>The recording routes of the contract.</summary>
internal static class RecordingEndpoints
{
    private static readonly Dictionary<string, RecordingInputWord> Actions = new()
    {
        ["stop"] = RecordingInputWord.Stop,
        ["pause"] = RecordingInputWord.Pause,
        ["resume"] = RecordingInputWord.Resume,
    };

    private static readonly Dictionary<string, int> SortWords = new() { ["invokedTime"] = 0 };

    private enum RecordingInputWord
    {
        Stop,
        Pause,
        Resume,
    }

    /// <summary>Maps the routes; the group above has chosen the app.</summary>
    public static void MapRecordings(this RouteGroupBuilder app)
    {
        app.MapRead("/recordings", ListAsync);
        app.MapPost("/recordings", StartAsync);
        app.MapPost("/recordings/track", StartTracksAsync);
        app.MapRead("/recordings/active-recording/{meeting_id}", GetActiveAsync);
        app.MapRead("/recordings/{recording_id}", GetAsync);
        app.MapPut("/recordings/{recording_id}", ControlAsync);
    }

    /// <summary>Translates why a recording does not begin or change.</summary>
    internal static KitAnswer Refuse(RecordingAnswer answer) => answer.Refusal switch
    {
        RecordingRefusal.NoSession => KitAnswer.Refuse(KitErrorCode.NoActiveSession, answer.Message!),
        RecordingRefusal.AlreadyRunning => KitAnswer.Refuse(KitErrorCode.AlreadyRunning, answer.Message!),
        RecordingRefusal.IllegalChange => KitAnswer.Refuse(KitErrorCode.IllegalStateChange, answer.Message!),
        RecordingRefusal.NotFound => KitAnswer.NotFound("recording"),
        _ => KitAnswer.Refuse(KitErrorCode.Unavailable, answer.Message!, TimeSpan.FromSeconds(10)),
    };

    private static Task<KitAnswer> StartAsync(KitRequest request, MeetingStore meetings, Egress.Recording.Recordings recordings) =>
        BeginAsync(request, meetings, recordings, isTracksRoute: false);

    private static Task<KitAnswer> StartTracksAsync(KitRequest request, MeetingStore meetings, Egress.Recording.Recordings recordings) =>
        BeginAsync(request, meetings, recordings, isTracksRoute: true);

    private static async Task<KitAnswer> BeginAsync(
        KitRequest request, MeetingStore meetings, Egress.Recording.Recordings recordings, bool isTracksRoute)
    {
        using var body = await request.ReadBodyAsync();
        var wanted = new RecordingRequest(body, isTracksRoute);
        if (body.Refusal is { } refusal)
        {
            return refusal;
        }

        if (!MeetingId.TryParse(wanted.MeetingId, out var id)
            || await meetings.FindAsync(request.App.Id, id, request.Aborted) is not { } meeting)
        {
            return KitAnswer.NotFound("meeting");
        }

        var plan = wanted.ToPlan(meeting.Settings.RecordingConfig, recordings, out var faults);
        if (faults.Count > 0)
        {
            return KitAnswer.Refuse(faults);
        }

        var wish = new RecordingWish(
            request.App.Id,
            meeting.Id.Value,
            wanted.IsTracks ? RecordingKind.Tracks : RecordingKind.Composite,
            plan,
            wanted.AllowsOthers,
            RecordingStartReason.Asked,
            CallerOf(request)) { Page = wanted.Page };
        var answer = await recordings.StartAsync(wish, request.Aborted);
        return answer.Recording is not { } recording ? Refuse(answer)
            : isTracksRoute
                ? KitAnswer.Ok(
                    new TrackRecordingResponse(RecordingResponse.OfTracks(recording, recordings)), KitJson.Default.TrackRecordingResponse)
                : KitAnswer.Ok(RecordingResponse.Of(recording, recordings), KitJson.Default.RecordingResponse);
    }

    private static async Task<KitAnswer> ListAsync(KitRequest request, MeetingStore meetings, Egress.Recording.Recordings recordings)
    {
        var query = request.ReadQuery();
        var page = query.ReadPage();
        var meetingId = query.ReadSearch("meeting_id");
        var search = query.ReadSearch("search");
        query.ReadWord("sort_by", SortWords);
        var wanted = new RecordingQuery(
            page,
            meetingId is null ? null : Guid.TryParseExact(meetingId, "D", out var id) ? id : Guid.Empty, // A malformed id is no meeting's.
            query.ReadWords("status", RecordingResponse.StatusWords),
            query.ReadTimeRange(),
            query.ReadOptionalFlag("expired"),
            query.ReadSortOrder())
        {
            Meeting = search is null ? null : MeetingStore.BelongingTo(RecordingStore.MeetingColumn, search),
        };
        if (query.Refusal is { } refusal)
        {
            return refusal;
        }

        var found = await recordings.ListAsync(request.App.Id, wanted, request.Aborted);
        var known = new Dictionary<Guid, Meeting?>();
        foreach (var each in found.Items.Select(item => item.MeetingId).Distinct())
        {
            known[each] = await meetings.FindAsync(request.App.Id, new MeetingId(each), request.Aborted);
        }

        return KitAnswer.Ok(
            found.Items.Select(item => RecordingResponse.InList(item, recordings, known[item.MeetingId])).ToArray(),
            KitJson.Default.RecordingResponseArray,
            PagingResponse.Of(found));
    }

    private static async Task<KitAnswer> GetAsync(KitRequest request, Egress.Recording.Recordings recordings) =>
        RecordingId.TryParse(request.PathValue("recording_id"), out var id)
        && await recordings.FindAsync(request.App.Id, id, request.Aborted) is { } recording
            ? KitAnswer.Ok(RecordingResponse.Of(recording, recordings), KitJson.Default.RecordingResponse)
            : KitAnswer.NotFound("recording");

    private static async Task<KitAnswer> GetActiveAsync(KitRequest request, MeetingStore meetings, Egress.Recording.Recordings recordings)
    {
        if (await Meetings.MeetingEndpoints.FindAsync(request, meetings) is not { } meeting)
        {
            return KitAnswer.NotFound("meeting");
        }

        return (await recordings.FindActiveAsync(request.App.Id, meeting.Id.Value, request.Aborted)) is [var newest, ..]
            ? KitAnswer.Ok(RecordingResponse.Of(newest, recordings), KitJson.Default.RecordingResponse)
            : KitAnswer.Refuse(KitErrorCode.NoActiveRecording, "the meeting has no active recording");
    }

    private static async Task<KitAnswer> ControlAsync(KitRequest request, Egress.Recording.Recordings recordings)
    {
        using var body = await request.ReadBodyAsync();
        var action = body.ReadWord("action", Actions);
        if (!action.IsGiven && body.Refusal is null)
        {
            body.AddFault("action", "is required");
        }

        if (body.Refusal is { } refusal)
        {
            return refusal;
        }

        if (!RecordingId.TryParse(request.PathValue("recording_id"), out var id))
        {
            return KitAnswer.NotFound("recording");
        }

        var answer = action.Value switch
        {
            RecordingInputWord.Pause => await recordings.PauseAsync(request.App.Id, id, request.Aborted),
            RecordingInputWord.Resume => await recordings.ResumeAsync(request.App.Id, id, request.Aborted),
            _ => await recordings.StopAsync(request.App.Id, id, CallerOf(request), request.Aborted),
        };
        return answer.Recording is { } recording
            ? KitAnswer.Ok(RecordingResponse.Of(recording, recordings), KitJson.Default.RecordingResponse)
            : Refuse(answer);
    }

    private static RecordingCaller CallerOf(KitRequest request) => new(false, request.AccountId.ToString(), request.Token.Name);
}
