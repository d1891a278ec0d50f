using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Roomcast.RealtimeKit.Rest;
using Roomcast.RealtimeKit.Rest.Access;
using Roomcast.RealtimeKit.Rest.Analytics;
using Roomcast.RealtimeKit.Rest.Answers;
using Roomcast.RealtimeKit.Rest.Apps;
using Roomcast.RealtimeKit.Rest.Livestreams;
using Roomcast.RealtimeKit.Rest.Meetings;
using Roomcast.RealtimeKit.Rest.OpenApi;
using Roomcast.RealtimeKit.Rest.Presets;
using Roomcast.RealtimeKit.Rest.Recordings;
using Roomcast.RealtimeKit.Rest.Sessions;
using Roomcast.RealtimeKit.Rest.Tokens;
using Roomcast.RealtimeKit.Rest.Webhooks;

namespace Roomcast.RealtimeKit;

/// <summary>The routes of the RealtimeKit REST API.</summary>
public static class RealtimeKitRoutes
{
    /// <summary>
    /// Maps every route, under <c>/client/v4</c> and without it, the OpenAPI document at <c>/openapi.json</c>, the
    /// key of webhooks at <c>/.well-known/webhooks.json</c>, and JSON answers for what none of them takes below <c>/client/v4</c>, <c>/accounts</c> and <c>/user</c>.
    /// </summary>
    public static void MapRealtimeKit(this IEndpointRouteBuilder routes)
    {
        ArgumentNullException.ThrowIfNull(routes);
        var door = routes.ServiceProvider.GetRequiredService<KitDoor>();
        foreach (var prefix in KitPaths.Prefixes)
        {
            var root = routes.MapGroup(prefix).Behind(door);
            root.MapGroup("/user").Asking(KitAccess.Token).MapTokens();

            var account = root.MapGroup(KitPaths.Account);
            account.MapGroup("/apps").Asking(KitAccess.Account).MapApps();
            account.MapGroup("/api-tokens").Asking(KitAccess.Account).MapApiTokens();

            var app = account.MapGroup("/{app_id}").Asking(KitAccess.App);
            app.MapPresets();
            app.MapMeetings();
            app.MapParticipants();
            app.MapActiveSessions();
            app.MapSessions();
            app.MapSessionFiles();
            app.MapTranscripts();
            app.MapAiServices();
            app.MapRecordings();
            app.MapLivestreams();
            app.MapLivestreamOwnership();
            app.MapMeetingLivestreams();
            app.MapLivestreamOutputs();
            app.MapLivestreamAnalytics();
            app.MapWebhooks();
            app.MapWebhookDeliveries();
            app.MapAppAnalytics();
        }

        routes.MapOpenApi();
        routes.MapWebhookKey();
        UnmatchedRoutes.Map(routes);
    }

    /// <summary>Answers a request that nothing else takes, in the API's own envelope: for the host's own fallback.</summary>
    public static Task AnswerUnknownRouteAsync(HttpContext context) => UnmatchedRoutes.AnswerAsync(context);

    /// <summary>A refusal in the API's own envelope, for addresses of files that it tells: 403, or 404.</summary>
    /// <param name="status">The HTTP status.</param>
    /// <param name="message">For a person.</param>
    public static IResult Refusal(int status, string message) =>
        KitAnswer.Refuse(status is StatusCodes.Status403Forbidden ? KitErrorCode.NoRight : KitErrorCode.ObjectNotFound, message);
}
