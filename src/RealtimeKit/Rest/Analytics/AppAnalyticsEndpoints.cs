using Microsoft.AspNetCore.Routing;
using Roomcast.Egress.Recording;
using Roomcast.Meetings.History;
using Roomcast.RealtimeKit.Rest.Answers;
using Roomcast.RealtimeKit.Rest.Requests;

namespace Roomcast.RealtimeKit.Rest.Analytics;

/// <summary>The figures of an app's sessions and recordings, by day.</summary>
internal static class AppAnalyticsEndpoints
{
    /// <summary>Maps the route; the group above has chosen the app.</summary>
    public static void MapAppAnalytics(this RouteGroupBuilder app) => app.MapRead("/analytics/daywise", GetDaysAsync);

    private static async Task<KitAnswer> GetDaysAsync(
        KitRequest request, SessionAnalytics sessions, RecordingAnalytics recordings, TimeProvider clock)
    {
        var query = request.ReadQuery();
        var now = clock.GetUtcNow();
        var (first, last) = query.ReadDayRange(now);
        return query.Refusal ?? KitAnswer.Ok(
            new AppAnalyticsResponse(
                SessionStatsResponse.Of(await sessions.GetDaysAsync(request.App.Id, first, last, now, request.Aborted)),
                RecordingStatsResponse.Of(await recordings.GetDaysAsync(request.App.Id, first, last, request.Aborted))),
            KitJson.Default.AppAnalyticsResponse);
    }
}

/// <summary>Figures of a range of days.</summary>
internal sealed record AppAnalyticsResponse(SessionStatsResponse SessionStats, RecordingStatsResponse RecordingStats);

/// <summary>Figures of sessions; a session counts on the day it began.</summary>
internal sealed record SessionStatsResponse(long SessionsCount, double SessionsMinutesConsumed, SessionDayResponse[] DayStats)
{
    public static SessionStatsResponse Of(IReadOnlyList<SessionDay> days) => new(
        days.Sum(day => day.SessionCount),
        Minutes.Rounded(days.Aggregate(TimeSpan.Zero, (sum, day) => sum + day.Presence)),
        [.. days.Select(day => new SessionDayResponse(day.Day, day.SessionCount, Minutes.Rounded(day.Presence)))]);
}

/// <summary>Figures of the sessions of a day.</summary>
internal sealed record SessionDayResponse(DateOnly Day, long TotalSessions, double TotalSessionMinutes);

/// <summary>Figures of recordings; a recording counts on the day it was asked for.</summary>
internal sealed record RecordingStatsResponse(long RecordingCount, double RecordingMinutesConsumed, RecordingDayResponse[] DayStats)
{
    public static RecordingStatsResponse Of(IReadOnlyList<RecordingDay> days) => new(
        days.Sum(day => day.RecordingCount),
        Minutes.Rounded(days.Aggregate(TimeSpan.Zero, (sum, day) => sum + day.Duration)),
        [.. days.Select(day => new RecordingDayResponse(
            day.Day, day.RecordingCount, (long)Math.Round(day.Duration.TotalMinutes, MidpointRounding.AwayFromZero)))]);
}

/// <summary>Figures of the recordings of a day; the minutes are whole, as published.</summary>
internal sealed record RecordingDayResponse(DateOnly Day, long TotalRecordings, long TotalRecordingMinutes);
