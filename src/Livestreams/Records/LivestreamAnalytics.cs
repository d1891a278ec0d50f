using Roomcast.Accounts;
using Roomcast.Storage;

namespace Roomcast.Livestreams.Records;

/// <summary>Figures of an app's livestream sessions together.</summary>
/// <param name="SessionCount">Livestream sessions that started in the range.</param>
/// <param name="IngestSeconds">Their media time received.</param>
/// <param name="ViewerSeconds">Their time watched.</param>
public sealed record LivestreamTotals(long SessionCount, double IngestSeconds, double ViewerSeconds);

/// <summary>Adds up the figures of livestream sessions. A session counts, whole, at the moment it started; one that never did, not.</summary>
public sealed class LivestreamAnalytics(Database database)
{
    /// <summary>Longest range in days, which bounds the answer.</summary>
    public const int MaxDays = 366;

    private const long DayMs = 86_400_000;

    /// <summary>Figures by UTC day of the sessions that started in the range, one row for each day it touches, zeros included.</summary>
    /// <param name="appId">The app.</param>
    /// <param name="from">First moment.</param>
    /// <param name="to">First moment after the range, not before <paramref name="from"/> and at most <see cref="MaxDays"/> days after it.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    public async Task<IReadOnlyList<LivestreamDay>> GetDaysAsync(
        AppId appId, DateTimeOffset from, DateTimeOffset to, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(to, from);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(to - from, TimeSpan.FromDays(MaxDays), nameof(to));
        if (from == to)
        {
            return [];
        }

        var rows = await database.ReadAsync(
            transaction => transaction.QueryAsync<DayRow>(
                $"""
                SELECT started_at / {DayMs} AS day, count(*) AS session_count,
                       sum(ingest_seconds) AS ingest_seconds, sum(viewer_seconds) AS viewer_seconds
                FROM livestream_sessions
                WHERE app_id = @AppId AND started_at >= @From AND started_at < @To
                GROUP BY started_at / {DayMs}
                """,
                new { AppId = appId.Value, From = StoredTime.CeilingOf(from), To = StoredTime.CeilingOf(to) }),
            cancellationToken);

        var counted = rows.ToDictionary(row => DateOnly.FromDayNumber(DateOnly.FromDateTime(DateTime.UnixEpoch).DayNumber + (int)row.Day));
        var first = DateOnly.FromDateTime(from.UtcDateTime);
        var length = DateOnly.FromDateTime(to.AddTicks(-1).UtcDateTime).DayNumber - first.DayNumber + 1;
        var days = new List<LivestreamDay>(length);
        for (var i = 0; i < length; i++)
        {
            var day = first.AddDays(i);
            days.Add(counted.TryGetValue(day, out var row)
                ? new LivestreamDay(day, row.SessionCount, row.IngestSeconds, row.ViewerSeconds)
                : new LivestreamDay(day, 0, 0, 0));
        }

        return days;
    }

    /// <summary>Figures of all sessions that started in the range.</summary>
    public Task<LivestreamTotals> GetTotalsAsync(AppId appId, TimeRange range, CancellationToken cancellationToken) =>
        database.ReadAsync(
            async transaction =>
            {
                var row = await transaction.QueryRowAsync<DayRow>(
                    """
                    SELECT count(*) AS session_count, coalesce(sum(ingest_seconds), 0.0) AS ingest_seconds,
                           coalesce(sum(viewer_seconds), 0.0) AS viewer_seconds
                    FROM livestream_sessions
                    WHERE app_id = @AppId AND started_at >= @From AND started_at < @To
                    """,
                    new
                    {
                        AppId = appId.Value,
                        From = StoredTime.CeilingOf(range.From ?? DateTimeOffset.MinValue),
                        To = StoredTime.CeilingOf(range.To ?? DateTimeOffset.MaxValue),
                    });
                return new LivestreamTotals(row!.SessionCount, row.IngestSeconds, row.ViewerSeconds);
            },
            cancellationToken);

    private sealed class DayRow
    {
        public long Day { get; init; }

        public long SessionCount { get; init; }

        public double IngestSeconds { get; init; }

        public double ViewerSeconds { get; init; }
    }
}
