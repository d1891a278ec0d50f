using Roomcast.Accounts;
using Roomcast.Storage;

namespace Roomcast.Egress.Recording;

/// <summary>Figures of the recordings that were asked for on one UTC day.</summary>
/// <param name="Day">The day.</param>
/// <param name="RecordingCount">How many were asked for.</param>
/// <param name="Duration">What of them is recorded so far, added up.</param>
public sealed record RecordingDay(DateOnly Day, long RecordingCount, TimeSpan Duration);

/// <summary>Adds up recordings by day. Each counts, whole, on the day it was asked for.</summary>
public sealed class RecordingAnalytics(Database database)
{
    /// <summary>One row for each day of a range, zeros included.</summary>
    /// <param name="appId">The app.</param>
    /// <param name="first">First day, UTC.</param>
    /// <param name="last">Last day, not before the first and less than <see cref="DaySeries.MaxDays"/> days after it.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    public async Task<IReadOnlyList<RecordingDay>> GetDaysAsync(
        AppId appId, DateOnly first, DateOnly last, CancellationToken cancellationToken)
    {
        var days = new DaySeries(first, last);
        var parameters = new
        {
            AppId = appId.Value,
            days.From,
            days.To,
        };
        var rows = await database.ReadAsync(
            transaction => transaction.QueryAsync<DayRow>(
                $"""
                SELECT created_at / {DaySeries.DayMs} AS day, count(*) AS recording_count, CAST(sum(duration_ms) AS double precision) AS duration_ms
                FROM recordings
                WHERE app_id = @AppId AND created_at >= @From AND created_at < @To
                GROUP BY created_at / {DaySeries.DayMs}
                """,
                parameters),
            cancellationToken);

        return days.Fill(
            rows, row => row.Day, (day, row) => new RecordingDay(day, row?.RecordingCount ?? 0, TimeSpan.FromMilliseconds(row?.DurationMs ?? 0)));
    }

    private sealed class DayRow
    {
        public long Day { get; init; }

        public long RecordingCount { get; init; }

        public double DurationMs { get; init; }
    }
}
