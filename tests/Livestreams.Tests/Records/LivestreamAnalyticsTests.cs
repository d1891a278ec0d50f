using Roomcast.Livestreams.Records;
using Roomcast.Storage;

namespace Roomcast.Livestreams.Tests.Records;

public sealed class SqliteLivestreamAnalyticsTests() : LivestreamAnalyticsTests(DatabaseEngine.Sqlite);

public sealed class PostgresLivestreamAnalyticsTests() : LivestreamAnalyticsTests(DatabaseEngine.Postgres);

public abstract class LivestreamAnalyticsTests(DatabaseEngine engine) : RecordsTests(engine)
{
    private static readonly DateTimeOffset Midnight = new(2026, 3, 1, 0, 0, 0, TimeSpan.Zero);

    [Fact]
    public async Task Each_day_of_the_range_has_a_row_zeros_included()
    {
        var app = await MakeAppAsync();
        var livestream = await MakeLivestreamAsync(app);
        await AddAsync(livestream, Midnight.AddMilliseconds(-1), 1, 1); // The evening before.
        await AddAsync(livestream, Midnight, 10, 100);
        await AddAsync(livestream, Midnight.AddHours(23.9999), 20, 200.5);
        await AddAsync(livestream, Midnight.AddDays(2).AddHours(12), 30, 300);
        await AddAsync(livestream, Midnight.AddDays(3), 1, 1); // The morning after.
        await AddAsync(await MakeLivestreamAsync(await MakeAppAsync()), Midnight.AddHours(1), 99, 99);

        var days = await Analytics.GetDaysAsync(app, Midnight, Midnight.AddDays(3), CancellationToken.None);

        Assert.Equal(
            [
                new LivestreamDay(new DateOnly(2026, 3, 1), 2, 30, 300.5),
                new LivestreamDay(new DateOnly(2026, 3, 2), 0, 0, 0),
                new LivestreamDay(new DateOnly(2026, 3, 3), 1, 30, 300),
            ],
            days);
    }

    [Fact]
    public async Task A_range_that_begins_and_ends_within_days_counts_only_what_is_in_it()
    {
        var app = await MakeAppAsync();
        var livestream = await MakeLivestreamAsync(app);
        await AddAsync(livestream, Midnight.AddHours(11), 1, 1);
        await AddAsync(livestream, Midnight.AddHours(13), 2, 2);
        await AddAsync(livestream, Midnight.AddDays(1).AddHours(11), 4, 4);
        await AddAsync(livestream, Midnight.AddDays(1).AddHours(13), 8, 8);

        var (from, to) = (Midnight.AddHours(12), Midnight.AddDays(1).AddHours(12));
        var days = await Analytics.GetDaysAsync(app, from, to, CancellationToken.None);
        var totals = await Analytics.GetTotalsAsync(app, new TimeRange(from, to), CancellationToken.None);

        Assert.Equal([2.0, 4.0], days.Select(day => day.IngestSeconds));
        Assert.Equal(new LivestreamTotals(2, 6, 6), totals);
    }

    [Fact]
    public async Task Days_are_UTC_days_whatever_the_offset_of_the_range()
    {
        var app = await MakeAppAsync();
        await AddAsync(await MakeLivestreamAsync(app), Midnight.AddMinutes(30), 5, 5);

        var days = await Analytics.GetDaysAsync(
            app, Midnight.ToOffset(TimeSpan.FromHours(-5)), Midnight.AddDays(1).ToOffset(TimeSpan.FromHours(9)), CancellationToken.None);

        Assert.Equal(new LivestreamDay(new DateOnly(2026, 3, 1), 1, 5, 5), Assert.Single(days));
    }

    [Fact]
    public async Task Sessions_of_a_deleted_livestream_go_on_counting()
    {
        var app = await MakeAppAsync();
        var livestream = await MakeLivestreamAsync(app);
        await AddAsync(livestream, Midnight, 5, 50);
        await Livestreams.DeleteAsync(app, livestream.Id, CancellationToken.None);

        Assert.Equal(new LivestreamTotals(1, 5, 50), await Analytics.GetTotalsAsync(app, default, CancellationToken.None));
    }

    [Fact]
    public async Task A_session_that_never_became_playable_does_not_count()
    {
        var app = await MakeAppAsync();
        await Sessions.OpenAsync((await MakeLivestreamAsync(app)).Id, null, Now, CancellationToken.None);

        Assert.Equal(new LivestreamTotals(0, 0, 0), await Analytics.GetTotalsAsync(app, default, CancellationToken.None));
    }

    [Fact]
    public async Task An_empty_range_has_no_days_and_a_reversed_or_endless_one_is_refused()
    {
        var app = await MakeAppAsync();

        Assert.Empty(await Analytics.GetDaysAsync(app, Midnight, Midnight, CancellationToken.None));
        Assert.Equal(367, (await Analytics.GetDaysAsync(
            app, Midnight.AddHours(1), Midnight.AddHours(1).AddDays(366), CancellationToken.None)).Count);
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(
            () => Analytics.GetDaysAsync(app, Midnight, Midnight.AddTicks(-1), CancellationToken.None));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(
            () => Analytics.GetDaysAsync(app, Midnight, Midnight.AddDays(366).AddTicks(1), CancellationToken.None));
    }

    private async Task AddAsync(Livestream livestream, DateTimeOffset startedAt, double ingestSeconds, double viewerSeconds)
    {
        var session = await Sessions.OpenAsync(livestream.Id, null, Now, CancellationToken.None);
        await Sessions.StartAsync(session.Id, startedAt, CancellationToken.None);
        await Sessions.StoreFiguresAsync([new LivestreamFigures(session.Id, ingestSeconds, viewerSeconds)], CancellationToken.None);
        await Sessions.CloseAsync(session.Id, startedAt.AddSeconds(1), null, CancellationToken.None);
    }
}
