using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Roomcast.Meetings;
using Roomcast.Meetings.Records;
using Roomcast.RealtimeKit.Rest.Answers;
using Roomcast.RealtimeKit.Rest.Requests;

namespace Roomcast.RealtimeKit.Rest.Meetings;

/// <summary>The meeting routes.</summary>
internal static class MeetingEndpoints
{
    /// <summary>Maps the routes; the group above has chosen the app.</summary>
    public static void MapMeetings(this RouteGroupBuilder app)
    {
        app.MapRead("/meetings", ListAsync);
        app.MapPost("/meetings", CreateAsync);
        app.MapRead("/meetings/{meeting_id}", GetAsync);
        app.MapPatch("/meetings/{meeting_id}", UpdateAsync);
        app.MapPut("/meetings/{meeting_id}", ReplaceAsync);
    }

    /// <summary>Finds the meeting that the path names; null when the app has none.</summary>
    public static async Task<Meeting?> FindAsync(KitRequest request, MeetingStore meetings) =>
        MeetingId.TryParse(request.PathValue("meeting_id"), out var id)
            ? await meetings.FindAsync(request.App.Id, id, request.Aborted)
            : null;

    private static async Task<KitAnswer> ListAsync(KitRequest request, MeetingStore meetings)
    {
        var query = request.ReadQuery();
        var wanted = new MeetingQuery(
            query.ReadPage(),
            query.ReadWord("status", MeetingResponse.StatusWords),
            query.ReadTimeRange(),
            query.ReadSearch("search"),
            query.ReadSortOrder());
        if (query.Refusal is { } refusal)
        {
            return refusal;
        }

        var page = await meetings.ListAsync(request.App.Id, wanted, request.Aborted);
        return KitAnswer.Ok(
            page.Items.Select(MeetingResponse.InList).ToArray(), KitJson.Default.MeetingResponseArray, PagingResponse.Of(page));
    }

    private static async Task<KitAnswer> CreateAsync(KitRequest request, MeetingStore meetings, Egress.Recording.Recordings recordings)
    {
        using var body = await request.ReadBodyAsync();
        var wanted = new MeetingRequest(body, readsStatus: false, recordings.MayStoreAt);
        if (body.Refusal is { } refusal)
        {
            return refusal;
        }

        var settings = wanted.Settings(new MeetingSettings(), out var faults);
        return faults.Count > 0
            ? KitAnswer.Refuse(faults)
            : KitAnswer.Created(
                MeetingResponse.Of(await meetings.CreateAsync(request.App.Id, wanted.Title ?? "", settings, request.Aborted)),
                KitJson.Default.MeetingResponse);
    }

    private static async Task<KitAnswer> GetAsync(KitRequest request, MeetingStore meetings) =>
        await FindAsync(request, meetings) is { } meeting
            ? KitAnswer.Ok(MeetingResponse.Of(meeting), KitJson.Default.MeetingResponse)
            : KitAnswer.NotFound("meeting");

    private static async Task<KitAnswer> UpdateAsync(KitRequest request, MeetingStore meetings, IActiveSessions sessions, Egress.Recording.Recordings recordings)
    {
        using var body = await request.ReadBodyAsync();
        var wanted = new MeetingRequest(body, readsStatus: true, recordings.MayStoreAt);
        return body.Refusal ?? await ChangeAsync(request, meetings, sessions, before => before.Settings, wanted, wanted.Change);
    }

    private static async Task<KitAnswer> ReplaceAsync(KitRequest request, MeetingStore meetings, IActiveSessions sessions, Egress.Recording.Recordings recordings)
    {
        using var body = await request.ReadBodyAsync();
        var wanted = new MeetingRequest(body, readsStatus: false, recordings.MayStoreAt);
        return body.Refusal ?? await ChangeAsync(request, meetings, sessions, _ => new MeetingSettings(), wanted, wanted.Replace);
    }

    private static async Task<KitAnswer> ChangeAsync(
        KitRequest request,
        MeetingStore meetings,
        IActiveSessions sessions,
        Func<Meeting, MeetingSettings> basis,
        MeetingRequest wanted,
        Func<Meeting, Meeting> change)
    {
        if (await FindAsync(request, meetings) is not { } meeting)
        {
            return KitAnswer.NotFound("meeting");
        }

        wanted.Settings(basis(meeting), out var faults);
        if (faults.Count > 0)
        {
            return KitAnswer.Refuse(faults);
        }

        if (await meetings.UpdateAsync(request.App.Id, meeting.Id, change, request.Aborted) is not { } changed)
        {
            return KitAnswer.NotFound("meeting");
        }

        await sessions.MeetingChangedAsync(changed, request.Aborted);
        return KitAnswer.Ok(MeetingResponse.Of(changed), KitJson.Default.MeetingResponse);
    }
}
