using Microsoft.AspNetCore.Routing;
using Roomcast.Livestreams;
using Roomcast.Livestreams.Records;
using Roomcast.RealtimeKit.Rest.Answers;
using Roomcast.RealtimeKit.Rest.Requests;
using Roomcast.Storage;

namespace Roomcast.RealtimeKit.Rest.Analytics;

/// <summary>The figures of an app's livestreams.</summary>
internal static class LivestreamAnalyticsEndpoints
{
    /// <summary>Maps the routes; the group above has chosen the app.</summary>
    public static void MapLivestreamAnalytics(this RouteGroupBuilder app)
    {
        app.MapRead("/analytics/livestreams/overall", GetOverallAsync);
        app.MapRead("/analytics/livestreams/daywise", GetDaysAsync);
    }

    private static async Task<KitAnswer> GetOverallAsync(KitRequest request, LivestreamDirectory livestreams, TimeProvider time)
    {
        var query = request.ReadQuery();
        var (from, to) = query.ReadAnalyticsRange(time.GetUtcNow(), isBounded: false);
        if (query.Refusal is { } refusal)
        {
            return refusal;
        }

        var totals = await livestreams.GetTotalsAsync(request.App.Id, new TimeRange(from, to), request.Aborted);
        return KitAnswer.Ok(
            new LivestreamTotalsResponse(
                totals.SessionCount,
                (long)Math.Round(totals.IngestSeconds, MidpointRounding.AwayFromZero),
                (long)Math.Round(totals.ViewerSeconds, MidpointRounding.AwayFromZero)),
            KitJson.Default.LivestreamTotalsResponse);
    }

    private static async Task<KitAnswer> GetDaysAsync(KitRequest request, LivestreamDirectory livestreams, TimeProvider time)
    {
        var query = request.ReadQuery();
        var (from, to) = query.ReadAnalyticsRange(time.GetUtcNow(), isBounded: true);
        if (query.Refusal is { } refusal)
        {
            return refusal;
        }

        var days = await livestreams.GetDaysAsync(request.App.Id, from, to, request.Aborted);
        return KitAnswer.Ok(days.Select(LivestreamDayResponse.Of).ToArray(), KitJson.Default.LivestreamDayResponseArray);
    }
}

/// <summary>Figures of a range, in whole seconds.</summary>
internal sealed record LivestreamTotalsResponse(long Count, long TotalIngestSeconds, long TotalViewerSeconds);

/// <summary>Figures of one UTC day.</summary>
internal sealed record LivestreamDayResponse(DateOnly Date, long Count, double TotalIngestSeconds, double TotalViewerSeconds)
{
    public static LivestreamDayResponse Of(LivestreamDay day) =>
        new(day.Day, day.SessionCount, Seconds.Rounded(day.IngestSeconds), Seconds.Rounded(day.ViewerSeconds));
}
