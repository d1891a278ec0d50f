using Roomcast.Livestreams.Records;
using Roomcast.Storage;
using Roomcast.TestKit.Databases;

namespace Roomcast.Livestreams.Tests.Records;

public sealed class SqliteLivestreamSessionStoreTests() : LivestreamSessionStoreTests(DatabaseEngine.Sqlite);

public sealed class PostgresLivestreamSessionStoreTests() : LivestreamSessionStoreTests(DatabaseEngine.Postgres);

public abstract class LivestreamSessionStoreTests(DatabaseEngine engine) : RecordsTests(engine)
{
    [Fact]
    public async Task A_session_goes_from_open_to_started_to_closed()
    {
        var app = await MakeAppAsync();
        var livestream = await MakeLivestreamAsync(app);

        var opened = await Sessions.OpenAsync(livestream.Id, null, Now, CancellationToken.None);
        Assert.Equal(Now, opened.InvokedAt);
        Assert.Null(opened.StartedAt);
        Assert.Equal(opened, await Sessions.FindAsync(app, opened.Id, CancellationToken.None));
        Assert.Equal(opened, await Sessions.FindOpenAsync(livestream.Id, CancellationToken.None));

        Clock.Advance(TimeSpan.FromSeconds(2));
        var started = await Sessions.StartAsync(opened.Id, Now.AddTicks(7), CancellationToken.None);
        Assert.Equal(opened with { StartedAt = Now, UpdatedAt = Now }, started);

        Clock.Advance(TimeSpan.FromSeconds(60));
        var closed = await Sessions.CloseAsync(opened.Id, Now, null, CancellationToken.None);
        Assert.Equal(started! with { StoppedAt = Now, UpdatedAt = Now }, closed);
        Assert.Equal(closed, await Sessions.FindAsync(app, opened.Id, CancellationToken.None));
        Assert.Null(await Sessions.FindOpenAsync(livestream.Id, CancellationToken.None));
    }

    [Fact]
    public async Task A_second_start_or_end_keeps_the_first()
    {
        var app = await MakeAppAsync();
        var session = await Sessions.OpenAsync((await MakeLivestreamAsync(app)).Id, Guid.NewGuid(), Now, CancellationToken.None);
        var first = Now;

        await Sessions.StartAsync(session.Id, first, CancellationToken.None);
        Assert.Equal(first, (await Sessions.StartAsync(session.Id, first.AddSeconds(9), CancellationToken.None))!.StartedAt);

        await Sessions.CloseAsync(session.Id, first, "the first reason", CancellationToken.None);
        var closed = await Sessions.CloseAsync(session.Id, first.AddSeconds(9), "the second", CancellationToken.None);
        Assert.Equal(first, closed!.StoppedAt);
        Assert.Equal("the first reason", closed.ErrorMessage);
        Assert.Equal(session.MeetingSessionId, closed.MeetingSessionId);
    }

    [Fact]
    public async Task A_session_that_is_over_does_not_start()
    {
        var session = await Sessions.OpenAsync((await MakeLivestreamAsync(await MakeAppAsync())).Id, null, Now, CancellationToken.None);
        await Sessions.CloseAsync(session.Id, Now, null, CancellationToken.None);

        Assert.Null(await Sessions.StartAsync(session.Id, Now, CancellationToken.None));
    }

    [Fact]
    public async Task What_does_not_exist_is_answered_with_nothing()
    {
        var id = new LivestreamSessionId(Guid.NewGuid());

        Assert.Null(await Sessions.StartAsync(id, Now, CancellationToken.None));
        Assert.Null(await Sessions.CloseAsync(id, Now, null, CancellationToken.None));
        Assert.Null(await Sessions.FindAsync(await MakeAppAsync(), id, CancellationToken.None));
        Assert.Null(await Sessions.FindOpenAsync(new LivestreamId(Guid.NewGuid()), CancellationToken.None));
    }

    [Fact]
    public async Task A_livestream_has_one_open_session_at_a_time()
    {
        var livestream = await MakeLivestreamAsync(await MakeAppAsync());
        var first = await Sessions.OpenAsync(livestream.Id, null, Now, CancellationToken.None);

        // Its end was lost, say in a restart of the database: it must not keep the next one from being opened.
        var lastUpdate = Now;
        Clock.Advance(TimeSpan.FromHours(1));
        var second = await Sessions.OpenAsync(livestream.Id, null, Now, CancellationToken.None);
        Assert.Equal(second, await Sessions.FindOpenAsync(livestream.Id, CancellationToken.None));
        var closed = Assert.Single(
            (await Sessions.ListAsync(livestream.Id, new PageRequest(1, 10), CancellationToken.None)).Items, session => session.StoppedAt is not null);
        Assert.Equal(first.Id, closed.Id);
        Assert.Equal(lastUpdate, closed.StoppedAt);
        Assert.Equal(LivestreamSessionStore.OrphanMessage, closed.ErrorMessage);
    }

    [Fact]
    public async Task A_session_needs_a_livestream()
    {
        var app = await MakeAppAsync();
        var deleted = await MakeLivestreamAsync(app);
        await Livestreams.DeleteAsync(app, deleted.Id, CancellationToken.None);

        foreach (var id in new[] { deleted.Id, new LivestreamId(Guid.NewGuid()) })
        {
            var fault = await Assert.ThrowsAsync<StorageException>(() => Sessions.OpenAsync(id, null, Now, CancellationToken.None));
            Assert.Equal(StorageFailure.Constraint, fault.Failure);
        }
    }

    [Fact]
    public async Task A_session_of_another_app_does_not_exist()
    {
        var session = await Sessions.OpenAsync((await MakeLivestreamAsync(await MakeAppAsync())).Id, null, Now, CancellationToken.None);

        Assert.Null(await Sessions.FindAsync(await MakeAppAsync(), session.Id, CancellationToken.None));
    }

    [Fact]
    public async Task Figures_grow_and_never_fall()
    {
        var app = await MakeAppAsync();
        var session = await Sessions.OpenAsync((await MakeLivestreamAsync(app)).Id, null, Now, CancellationToken.None);

        foreach (var (ingest, viewer, expectedIngest, expectedViewer) in new[]
        {
            (1.5, 0.0, 1.5, 0.0), (3.25, 7.125, 3.25, 7.125), (2.0, 9.0, 3.25, 9.0), (0.0, 0.0, 3.25, 9.0), (1e9, 9.0, 1e9, 9.0),
        })
        {
            Clock.Advance(TimeSpan.FromSeconds(5));
            await Sessions.StoreFiguresAsync([new LivestreamFigures(session.Id, ingest, viewer)], CancellationToken.None);

            var found = await Sessions.FindAsync(app, session.Id, CancellationToken.None);
            Assert.Equal(expectedIngest, found!.IngestSeconds);
            Assert.Equal(expectedViewer, found.ViewerSeconds);
            Assert.Equal(Now, found.UpdatedAt);
        }
    }

    [Fact]
    public async Task Figures_of_hundreds_of_sessions_are_stored_together()
    {
        var app = await MakeAppAsync();
        var figures = new List<LivestreamFigures>();
        for (var i = 0; i < 250; i++)
        {
            var livestream = await MakeLivestreamAsync(app);
            var session = await Sessions.OpenAsync(livestream.Id, null, Now, CancellationToken.None);
            await Sessions.StartAsync(session.Id, Now, CancellationToken.None);
            figures.Add(new LivestreamFigures(session.Id, i, i * 2));
        }

        figures.Add(new LivestreamFigures(new LivestreamSessionId(Guid.NewGuid()), 1, 1)); // Does not exist.
        await Sessions.StoreFiguresAsync(figures, CancellationToken.None);
        await Sessions.StoreFiguresAsync([], CancellationToken.None);

        var totals = await Analytics.GetTotalsAsync(app, default, CancellationToken.None);
        Assert.Equal(new LivestreamTotals(250, 249 * 250 / 2, 249 * 250), totals);
        var last = await Sessions.FindAsync(app, figures[249].SessionId, CancellationToken.None);
        Assert.Equal(249, last!.IngestSeconds);
    }

    [Theory]
    [InlineData(-1, 0)]
    [InlineData(0, double.NaN)]
    [InlineData(double.PositiveInfinity, 0)]
    public async Task A_figure_that_is_no_number_of_seconds_is_refused(double ingest, double viewer)
    {
        var figures = new LivestreamFigures(new LivestreamSessionId(Guid.NewGuid()), ingest, viewer);

        await Assert.ThrowsAsync<ArgumentException>(() => Sessions.StoreFiguresAsync([figures], CancellationToken.None));
    }

    [Fact]
    public async Task Sessions_are_listed_newest_first()
    {
        var app = await MakeAppAsync();
        var livestream = await MakeLivestreamAsync(app);
        var made = new List<LivestreamSessionId>();
        for (var i = 0; i < 5; i++)
        {
            var session = await Sessions.OpenAsync(livestream.Id, null, Now, CancellationToken.None);
            await Sessions.CloseAsync(session.Id, Now, null, CancellationToken.None);
            made.Insert(0, session.Id);
            Clock.Advance(TimeSpan.FromMilliseconds(1));
        }

        await Sessions.OpenAsync((await MakeLivestreamAsync(app)).Id, null, Now, CancellationToken.None);

        var first = await Sessions.ListAsync(livestream.Id, new PageRequest(1, 3), CancellationToken.None);
        var second = await Sessions.ListAsync(livestream.Id, new PageRequest(2, 3), CancellationToken.None);

        Assert.Equal(5, first.TotalCount);
        Assert.Equal(made, [.. first.Items.Concat(second.Items).Select(session => session.Id)]);
    }

    [Fact]
    public async Task Lists_walk_an_index()
    {
        var plan = await QueryPlan.OfAsync(Database, LivestreamSessionStore.ListQuery(new LivestreamId(Guid.NewGuid())));

        Assert.Equal(["livestream_sessions_by_age"], plan.Indexes);
        Assert.Empty(plan.Faults);
    }

    [Fact]
    public async Task Sessions_that_a_crash_left_open_are_closed_at_their_last_update()
    {
        var app = await MakeAppAsync();
        var (crashed, tidy) = (await MakeLivestreamAsync(app), await MakeLivestreamAsync(app));
        var ended = await Sessions.OpenAsync(tidy.Id, null, Now, CancellationToken.None);
        await Sessions.CloseAsync(ended.Id, Now, null, CancellationToken.None);
        await Livestreams.SetStatusAsync(tidy.Id, LivestreamStatus.Errored, CancellationToken.None);

        var session = await Sessions.OpenAsync(crashed.Id, null, Now, CancellationToken.None);
        await Livestreams.SetStatusAsync(crashed.Id, LivestreamStatus.Live, CancellationToken.None);
        await Sessions.StartAsync(session.Id, Now, CancellationToken.None);
        Clock.Advance(TimeSpan.FromSeconds(30));
        await Sessions.StoreFiguresAsync([new LivestreamFigures(session.Id, 30, 100)], CancellationToken.None);
        var lastUpdate = Now;
        Clock.Advance(TimeSpan.FromHours(8)); // The server was down over night.

        var closed = Assert.Single(await Sessions.CloseOrphansAsync(CancellationToken.None));

        Assert.Equal(session.Id, closed.Id);
        Assert.Equal(lastUpdate, closed.StoppedAt);
        Assert.Equal(LivestreamSessionStore.OrphanMessage, closed.ErrorMessage);
        Assert.Equal(30, closed.IngestSeconds);
        Assert.Equal(closed, await Sessions.FindAsync(app, session.Id, CancellationToken.None));
        Assert.Equal(LivestreamStatus.Idle, (await Livestreams.FindAsync(crashed.Id, CancellationToken.None))!.Status);
        Assert.Equal(LivestreamStatus.Errored, (await Livestreams.FindAsync(tidy.Id, CancellationToken.None))!.Status);
        Assert.Null((await Sessions.FindAsync(app, ended.Id, CancellationToken.None))!.ErrorMessage);
        Assert.Empty(await Sessions.CloseOrphansAsync(CancellationToken.None));
        await Sessions.OpenAsync(crashed.Id, null, Now, CancellationToken.None);
    }

    [Fact]
    public async Task Figures_that_come_after_the_end_still_count()
    {
        var app = await MakeAppAsync();
        var session = await Sessions.OpenAsync((await MakeLivestreamAsync(app)).Id, null, Now, CancellationToken.None);
        await Sessions.CloseAsync(session.Id, Now, null, CancellationToken.None);

        await Sessions.StoreFiguresAsync([new LivestreamFigures(session.Id, 10, 20)], CancellationToken.None);

        Assert.Equal(20, (await Sessions.FindAsync(app, session.Id, CancellationToken.None))!.ViewerSeconds);
    }
}
