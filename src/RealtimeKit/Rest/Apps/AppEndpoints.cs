using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Roomcast.Accounts;
using Roomcast.Livestreams;
using Roomcast.RealtimeKit.Rest.Answers;
using Roomcast.RealtimeKit.Rest.Requests;

namespace Roomcast.RealtimeKit.Rest.Apps;

internal static class AppEndpoints
{
    /// <summary>Maps the app routes; the group above has chosen the account.</summary>
    public static void MapApps(this RouteGroupBuilder apps)
    {
        apps.MapRead("", ListAsync);
        apps.MapPost("", CreateAsync);
        apps.MapRead("/{app_id}", GetAsync);
        apps.MapPatch("/{app_id}", UpdateAsync);
    }

    private static async Task<KitAnswer> ListAsync(KitRequest request, AppStore apps)
    {
        var query = request.ReadQuery();
        var wanted = query.ReadPage();
        var search = query.ReadSearch("search");
        var order = query.ReadSortOrder();
        if (query.Refusal is { } refusal)
        {
            return refusal;
        }

        var page = await apps.ListAsync(request.AccountId, wanted, search, order, request.Aborted);
        return KitAnswer.Ok(
            page.Items.Select(AppResponse.Of).ToArray(),
            KitJson.Default.AppResponseArray,
            PagingResponse.Of(page));
    }

    private static async Task<KitAnswer> CreateAsync(KitRequest request, AppStore apps)
    {
        using var body = await request.ReadBodyAsync();
        var name = body.ReadName("name", isRequired: true, isNullable: false);
        if (body.Refusal is { } refusal)
        {
            return refusal;
        }

        // 200 rather than 201, as the sources of this API have it for apps.
        var app = await apps.CreateAsync(request.AccountId, name.Value, request.Aborted);
        return KitAnswer.Ok(new CreatedAppResponse(AppResponse.Of(app)), KitJson.Default.CreatedAppResponse);
    }

    private static async Task<KitAnswer> GetAsync(KitRequest request, AppStore apps) =>
        AppId.TryParse(request.PathValue("app_id"), out var id)
        && await apps.FindAsync(request.AccountId, id, request.Aborted) is { } app
            ? KitAnswer.Ok(AppResponse.Of(app), KitJson.Default.AppResponse)
            : KitAnswer.NotFound("app");

    private static async Task<KitAnswer> UpdateAsync(KitRequest request, AppStore apps, LivestreamDirectory livestreams)
    {
        using var body = await request.ReadBodyAsync();
        var patch = new AppPatch(
            body.ReadName("name", isRequired: false, isNullable: false).Value,
            body.ReadWord("playback", AppResponse.PlaybackWords).Value);
        if (body.Refusal is { } refusal)
        {
            return refusal;
        }

        if (!AppId.TryParse(request.PathValue("app_id"), out var id)
            || await apps.UpdateAsync(request.AccountId, id, patch, request.Aborted) is not { } app)
        {
            return KitAnswer.NotFound("app");
        }

        livestreams.ApplyPlaybackAccess(app);
        return KitAnswer.Ok(AppResponse.Of(app), KitJson.Default.AppResponse);
    }
}
