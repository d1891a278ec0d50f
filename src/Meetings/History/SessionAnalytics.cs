using Roomcast.Accounts;
using Roomcast.Storage;

namespace Roomcast.Meetings.History;

/// <summary>Figures of the sessions that began on one UTC day.</summary>
/// <param name="Day">The day.</param>
/// <param name="SessionCount">How many began.</param>
/// <param name="Presence">How long all their peers were there, added up; of those under way up to the moment asked for.</param>
public sealed record SessionDay(DateOnly Day, long SessionCount, TimeSpan Presence);

/// <summary>Adds up sessions by day. Each counts, whole, on the day it began.</summary>
public sealed class SessionAnalytics(Database database)
{
    /// <summary>One row for each day of a range, zeros included.</summary>
    /// <param name="appId">The app.</param>
    /// <param name="first">First day, UTC.</param>
    /// <param name="last">Last day, not before the first and less than <see cref="DaySeries.MaxDays"/> days after it.</param>
    /// <param name="now">The wall clock, for sessions under way.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    public async Task<IReadOnlyList<SessionDay>> GetDaysAsync(
        AppId appId, DateOnly first, DateOnly last, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var days = new DaySeries(first, last);
        var parameters = new
        {
            AppId = appId.Value,
            days.From,
            days.To,
            Now = StoredTime.Of(now),
        };
        var rows = await database.ReadAsync(
            transaction => transaction.QueryAsync<DayRow>(
                $"""
                SELECT started_at / {DaySeries.DayMs} AS day, count(*) AS session_count, sum(CASE WHEN ended_at IS NULL
                    THEN (SELECT coalesce(sum(p.seconds_before + CASE WHEN coalesce(p.left_at, @Now) > p.present_since
                              THEN (coalesce(p.left_at, @Now) - p.present_since) / 1000.0 ELSE 0 END), 0.0)
                          FROM session_peers p WHERE p.session_id = meeting_sessions.id)
                    ELSE presence_seconds END) AS seconds
                FROM meeting_sessions
                WHERE app_id = @AppId AND started_at >= @From AND started_at < @To
                GROUP BY started_at / {DaySeries.DayMs}
                """,
                parameters),
            cancellationToken);

        return days.Fill(
            rows, row => row.Day, (day, row) => new SessionDay(day, row?.SessionCount ?? 0, TimeSpan.FromSeconds(row?.Seconds ?? 0)));
    }

    private sealed class DayRow
    {
        public long Day { get; init; }

        public long SessionCount { get; init; }

        public double Seconds { get; init; }
    }
}
