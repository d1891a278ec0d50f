using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Roomcast.Livestreams;
using Roomcast.Livestreams.Records;
using Roomcast.RealtimeKit.Rest.Answers;
using Roomcast.RealtimeKit.Rest.Requests;
using Roomcast.Storage;

namespace Roomcast.RealtimeKit.Rest.Livestreams;

/// <summary>The livestream routes of the contract.</summary>
internal static class LivestreamEndpoints
{
    /// <summary>Maps the routes; the group above has chosen the app.</summary>
    public static void MapLivestreams(this RouteGroupBuilder app)
    {
        app.MapRead("/livestreams", ListAsync);
        app.MapPost("/livestreams", CreateAsync);
        app.MapRead("/livestreams/sessions/{livestream-session-id}", GetSessionAsync);
        app.MapRead("/livestreams/{livestream_id}", GetAsync);
        app.MapRead("/livestreams/{livestream_id}/active-livestream-session", GetActiveSessionAsync);
    }

    /// <summary>Finds the livestream that the path names; null when the app has none.</summary>
    public static async Task<Livestream?> FindAsync(KitRequest request, LivestreamDirectory livestreams) =>
        LivestreamId.TryParse(request.PathValue("livestream_id"), out var id)
            ? await livestreams.FindAsync(request.App.Id, id, request.Aborted)
            : null;

    private static async Task<KitAnswer> ListAsync(KitRequest request, LivestreamDirectory livestreams, PublicAddresses addresses)
    {
        var query = request.ReadQuery();
        var wanted = new LivestreamQuery(
            query.ReadPage(),
            query.ReadWord("status", LivestreamResponse.StatusWords),
            query.ReadTimeRange(),
            query.ReadFlag("exclude_meetings"),
            query.ReadSortOrder());
        if (query.Refusal is { } refusal)
        {
            return refusal;
        }

        var page = await livestreams.ListAsync(request.App.Id, wanted, request.Aborted);
        var paging = PagingResponse.Of(page);
        LivestreamResponse[] items = [.. page.Items.Select(item => LivestreamResponse.Of(item, request, addresses))];
        return (request.Options.ListShape, items.Length) switch
        {
            (LivestreamListShape.Array, _) => KitAnswer.Ok(items, KitJson.Default.LivestreamResponseArray, paging),
            (_, 0) => KitAnswer.Ok(
                new EmptyLivestreamListResponse(items, paging), KitJson.Default.EmptyLivestreamListResponse, paging),
            _ => KitAnswer.Ok(new LivestreamListResponse(items, paging), KitJson.Default.LivestreamListResponse, paging),
        };
    }

    private static async Task<KitAnswer> CreateAsync(
        KitRequest request, LivestreamDirectory livestreams, PublicAddresses addresses)
    {
        using var body = await request.ReadBodyAsync();
        var name = body.ReadName("name", isRequired: false, isNullable: true);
        if (body.Refusal is { } refusal)
        {
            return refusal;
        }

        var livestream = await livestreams.CreateAsync(request.App.Id, name.Value, request.Aborted);
        return KitAnswer.Created(LivestreamResponse.Of(livestream, request, addresses), KitJson.Default.LivestreamResponse);
    }

    private static async Task<KitAnswer> GetAsync(KitRequest request, LivestreamDirectory livestreams, PublicAddresses addresses)
    {
        var query = request.ReadQuery();
        var wanted = query.ReadPage();
        if (query.Refusal is { } refusal)
        {
            return refusal;
        }

        if (await FindAsync(request, livestreams) is not { } livestream)
        {
            return KitAnswer.NotFound("livestream");
        }

        Page<LivestreamSession> page = await livestreams.ListSessionsAsync(livestream.Id, wanted, request.Aborted);
        var paging = PagingResponse.Of(page);
        LivestreamSessionResponse[] sessions = [.. page.Items.Select(LivestreamSessionResponse.Of)];
        return KitAnswer.Ok(
            new LivestreamDetailResponse(
                LivestreamResponse.Of(livestream, request, addresses), sessions.FirstOrDefault(), sessions, paging),
            KitJson.Default.LivestreamDetailResponse,
            paging);
    }

    private static async Task<KitAnswer> GetActiveSessionAsync(
        KitRequest request, LivestreamDirectory livestreams, PublicAddresses addresses)
    {
        if (await FindAsync(request, livestreams) is not { } livestream)
        {
            return KitAnswer.NotFound("livestream");
        }

        return await livestreams.FindActiveSessionAsync(livestream.Id, request.Aborted) is { } session
            ? KitAnswer.Ok(
                new ActiveLivestreamResponse(
                    LivestreamResponse.Of(livestream, request, addresses), LivestreamSessionResponse.Of(session)),
                KitJson.Default.ActiveLivestreamResponse)
            : KitAnswer.Refuse(KitErrorCode.NoActiveLivestream, "the livestream is not live");
    }

    private static async Task<KitAnswer> GetSessionAsync(KitRequest request, LivestreamDirectory livestreams) =>
        LivestreamSessionId.TryParse(request.PathValue("livestream-session-id"), out var id)
        && await livestreams.FindSessionAsync(request.App.Id, id, request.Aborted) is { } session
            ? KitAnswer.Ok(LivestreamSessionResponse.Of(session), KitJson.Default.LivestreamSessionResponse)
            : KitAnswer.NotFound("livestream session");
}
