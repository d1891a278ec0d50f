using Roomcast.Livestreams.Ingest;
using Roomcast.Livestreams.Records;
using Roomcast.Storage;

namespace Roomcast.Livestreams.Tests.Lifecycle;

public sealed class OnAirLivestreamTests
{
    private static readonly PageRequest FirstPage = new(1, 20);

    [Fact]
    public async Task A_livestream_is_live_from_the_first_playable_media_and_its_session_is_stored()
    {
        await using var fixture = await OnAirFixture.StartAsync();
        var livestream = await fixture.CreateAsync();
        Assert.Equal(LivestreamStatus.Invoked, livestream.Status);

        var publisher = await fixture.PublishAsync(livestream);
        publisher.SetTracks([OnAirFixture.Video]);
        fixture.Clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Null(await fixture.Directory.FindActiveSessionAsync(livestream.Id, CancellationToken.None));
        Assert.Equal(LivestreamStatus.Invoked, (await fixture.Livestreams.FindAsync(livestream.Id, CancellationToken.None))!.Status);

        await fixture.SendAsync(publisher, seconds: 10);
        await fixture.UntilStatusAsync(livestream, LivestreamStatus.Live);
        var session = await fixture.Directory.FindActiveSessionAsync(livestream.Id, CancellationToken.None);
        Assert.NotNull(session);
        Assert.True(session.InvokedAt < session.StartedAt);
        Assert.InRange(session.IngestSeconds, 9.9, 10);
        Assert.Equal(1_280, Assert.Single(fixture.Directory.GetPublisher(livestream.Id)!.Tracks).Width);

        await fixture.OnAir.StopAsync(livestream.Id, IngestEndReason.Stopped, CancellationToken.None);
        Assert.True(publisher.Ending.IsCancellationRequested);
        Assert.Equal(IngestEndReason.Stopped, publisher.EndReason);
        await fixture.UntilStatusAsync(livestream, LivestreamStatus.Idle);
        var ended = Assert.Single((await fixture.Directory.ListSessionsAsync(livestream.Id, FirstPage, CancellationToken.None)).Items);
        Assert.Equal(session.Id, ended.Id);
        Assert.NotNull(ended.StoppedAt);
        Assert.Null(ended.ErrorMessage);
        Assert.InRange(ended.IngestSeconds, 9.9, 10);
        Assert.Equal(["tracks", "interrupt", "end"], fixture.Packaging.Opened.Single().Notes);
    }

    [Fact]
    public async Task A_publisher_that_returns_within_the_grace_time_continues_the_session_and_program_time_never_goes_back()
    {
        await using var fixture = await OnAirFixture.StartAsync();
        var livestream = await fixture.CreateAsync();
        var first = await fixture.PublishAsync(livestream);
        first.SetTracks([OnAirFixture.Video]);
        await fixture.SendAsync(first, seconds: 4);
        await fixture.UntilStatusAsync(livestream, LivestreamStatus.Live);
        first.Close(IngestEndReason.ConnectionClosed);
        fixture.Clock.Advance(TimeSpan.FromSeconds(29));
        await Task.Delay(50);

        var second = await fixture.PublishAsync(livestream);
        Assert.InRange(second.ProgramTimeNow.SinceStart.TotalSeconds, 32.9, 33.1);
        second.SetTracks([OnAirFixture.Video]);
        await fixture.SendAsync(second, seconds: 4);
        second.Close(IngestEndReason.ConnectionClosed);
        await fixture.UntilAsync(
            async () => (await fixture.Livestreams.FindAsync(livestream.Id, CancellationToken.None))!.Status,
            status => status is LivestreamStatus.Idle,
            advance: true);

        var session = Assert.Single((await fixture.Directory.ListSessionsAsync(livestream.Id, FirstPage, CancellationToken.None)).Items);
        Assert.InRange(session.IngestSeconds, 7.8, 8);
        Assert.True(session.StoppedAt - session.StartedAt >= TimeSpan.FromSeconds(29 + 4 + 29));
        var packager = fixture.Packaging.Opened.Single();
        Assert.Equal(["tracks", "interrupt", "tracks", "interrupt", "end"], packager.Notes.Take(5));
        Assert.Equal(packager.Times.Order(), packager.Times);
    }

    [Fact]
    public async Task After_the_grace_time_the_livestream_is_idle_and_a_return_opens_another_session()
    {
        await using var fixture = await OnAirFixture.StartAsync();
        var livestream = await fixture.CreateAsync();
        for (var round = 1; round <= 2; round++)
        {
            var publisher = await fixture.PublishAsync(livestream);
            publisher.SetTracks([OnAirFixture.Video]);
            await fixture.SendAsync(publisher, seconds: 2);
            await fixture.UntilStatusAsync(livestream, LivestreamStatus.Live);
            publisher.Close(IngestEndReason.ConnectionClosed);
            await fixture.UntilAsync(
                async () => (await fixture.Livestreams.FindAsync(livestream.Id, CancellationToken.None))!.Status,
                status => status is LivestreamStatus.Idle,
                advance: true);
            Assert.Equal(round, (await fixture.Directory.ListSessionsAsync(livestream.Id, FirstPage, CancellationToken.None)).TotalCount);
        }
    }

    [Fact]
    public async Task A_second_publisher_is_refused_while_the_first_one_sends_and_takes_over_when_it_is_silent()
    {
        await using var fixture = await OnAirFixture.StartAsync();
        var livestream = await fixture.CreateAsync();
        var first = await fixture.PublishAsync(livestream);
        first.SetTracks([OnAirFixture.Video]);
        await fixture.SendAsync(first, seconds: 1);
        fixture.Clock.Advance(TimeSpan.FromSeconds(4));
        Assert.Equal(IngestRefusal.AlreadyPublishing, (await fixture.AskAsync(livestream.StreamKey)).Refusal);
        Assert.False(first.Ending.IsCancellationRequested);

        fixture.Clock.Advance(TimeSpan.FromSeconds(1));
        var second = await fixture.PublishAsync(livestream);
        Assert.True(first.Ending.IsCancellationRequested);
        Assert.Equal(IngestEndReason.TakenOver, first.EndReason);

        // What the one taken over still sends goes nowhere.
        var packager = await fixture.OnlyPackagerAsync();
        second.SetTracks([OnAirFixture.Video]);
        await fixture.SendAsync(second, seconds: 1);
        await fixture.UntilAsync(() => Task.FromResult(packager.Times.Count), count => count == 50);
        OnAirFixture.Send(first, first.ProgramTimeNow, isKeyframe: true);
        first.Close(IngestEndReason.ConnectionClosed);
        await Task.Delay(50);
        Assert.Equal(50, packager.Times.Count);
        Assert.NotNull(fixture.Directory.GetPublisher(livestream.Id));
    }

    [Fact]
    public async Task Unknown_keys_disabled_livestreams_and_too_many_publishers_are_refused()
    {
        await using var fixture = await OnAirFixture.StartAsync(options => options.MaxPublishers = 1);
        Assert.Equal(IngestRefusal.UnknownKey, (await fixture.AskAsync("nobody")).Refusal);
        Assert.Equal(IngestRefusal.UnknownKey, (await fixture.AskAsync("")).Refusal);

        var livestream = await fixture.CreateAsync();
        await fixture.Directory.UpdateAsync(fixture.App.Id, livestream.Id, new LivestreamPatch(null, IsDisabled: true), CancellationToken.None);
        Assert.Equal(IngestRefusal.Disabled, (await fixture.AskAsync(livestream.StreamKey)).Refusal);

        await fixture.PublishAsync(await fixture.CreateAsync());
        Assert.Equal(IngestRefusal.Unavailable, (await fixture.AskAsync((await fixture.CreateAsync()).StreamKey)).Refusal);
    }

    [Fact]
    public async Task Disabling_ends_the_publisher_and_rotating_the_key_lets_the_session_wait_for_it()
    {
        await using var fixture = await OnAirFixture.StartAsync();
        var livestream = await fixture.CreateAsync();
        var publisher = await fixture.PublishAsync(livestream);
        publisher.SetTracks([OnAirFixture.Video]);
        await fixture.SendAsync(publisher, seconds: 1);
        await fixture.UntilStatusAsync(livestream, LivestreamStatus.Live);

        var rotated = await fixture.Directory.RotateStreamKeyAsync(fixture.App.Id, livestream.Id, CancellationToken.None);
        Assert.NotEqual(livestream.StreamKey, rotated!.StreamKey);
        Assert.True(publisher.Ending.IsCancellationRequested);
        publisher.Close(IngestEndReason.ConnectionClosed);
        Assert.Equal(IngestRefusal.UnknownKey, (await fixture.AskAsync(livestream.StreamKey)).Refusal);
        var second = await fixture.PublishAsync(rotated);
        Assert.NotNull(await fixture.Directory.FindActiveSessionAsync(livestream.Id, CancellationToken.None));

        var disabled = await fixture.Directory.UpdateAsync(
            fixture.App.Id, livestream.Id, new LivestreamPatch(null, IsDisabled: true), CancellationToken.None);
        Assert.True(disabled!.IsDisabled);
        Assert.Equal(LivestreamStatus.Idle, disabled.Status);
        Assert.True(second.Ending.IsCancellationRequested);
    }

    [Fact]
    public async Task A_publish_without_media_leaves_no_session()
    {
        await using var fixture = await OnAirFixture.StartAsync();
        var livestream = await fixture.CreateAsync();
        var publisher = await fixture.PublishAsync(livestream);
        publisher.Close(IngestEndReason.ConnectionClosed);
        await fixture.UntilAsync(
            () => Task.FromResult(fixture.Packaging.Opened.Single().Notes.Contains("disposed")), isDisposed => isDisposed);
        Assert.Empty((await fixture.Directory.ListSessionsAsync(livestream.Id, FirstPage, CancellationToken.None)).Items);
        Assert.Equal(LivestreamStatus.Invoked, (await fixture.Livestreams.FindAsync(livestream.Id, CancellationToken.None))!.Status);
    }

    [Fact]
    public async Task A_fault_of_the_packager_ends_the_session_with_an_error_and_another_publish_starts_afresh()
    {
        await using var fixture = await OnAirFixture.StartAsync();
        var livestream = await fixture.CreateAsync();
        var publisher = await fixture.PublishAsync(livestream);
        publisher.SetTracks([OnAirFixture.Video]);
        await fixture.SendAsync(publisher, seconds: 1);
        await fixture.UntilStatusAsync(livestream, LivestreamStatus.Live);

        fixture.Packaging.Fails = true;
        await fixture.SendAsync(publisher, seconds: 1);
        await fixture.UntilStatusAsync(livestream, LivestreamStatus.Errored);
        var session = Assert.Single((await fixture.Directory.ListSessionsAsync(livestream.Id, FirstPage, CancellationToken.None)).Items);
        Assert.Equal("The server could not package the media.", session.ErrorMessage);
        Assert.NotNull(session.StoppedAt);
        Assert.True(publisher.Ending.IsCancellationRequested);

        fixture.Packaging.Fails = false;
        publisher = await fixture.PublishAsync(livestream);
        publisher.SetTracks([OnAirFixture.Video]);
        await fixture.SendAsync(publisher, seconds: 1);
        await fixture.UntilStatusAsync(livestream, LivestreamStatus.Live);
    }

    [Fact]
    public async Task An_ended_livestream_is_forgotten_after_it_has_lingered()
    {
        await using var fixture = await OnAirFixture.StartAsync();
        var livestream = await fixture.CreateAsync();
        var publisher = await fixture.PublishAsync(livestream);
        publisher.SetTracks([OnAirFixture.Video]);
        await fixture.SendAsync(publisher, seconds: 1);
        await fixture.UntilStatusAsync(livestream, LivestreamStatus.Live);
        await fixture.OnAir.StopAsync(livestream.Id, IngestEndReason.Stopped, CancellationToken.None);
        Assert.NotNull(fixture.OnAir.Find(livestream.Id)?.Airing);

        await fixture.UntilAsync(() => Task.FromResult(fixture.OnAir.Find(livestream.Id)), found => found is null, advance: true);
        Assert.Contains("disposed", fixture.Packaging.Opened.Single().Notes);
    }

    [Fact]
    public async Task A_livestream_disabled_while_its_publisher_is_being_admitted_does_not_go_on_air()
    {
        await using var fixture = await OnAirFixture.StartAsync();
        var livestream = await fixture.CreateAsync();

        // The packager is opened between the first look at the livestream and the second one.
        fixture.Packaging.Opening = () => fixture.Livestreams.UpdateAsync(
            fixture.App.Id, livestream.Id, new LivestreamPatch(null, IsDisabled: true), CancellationToken.None).GetAwaiter().GetResult();
        Assert.Equal(IngestRefusal.Disabled, (await fixture.AskAsync(livestream.StreamKey)).Refusal);
        await fixture.UntilAsync(() => Task.FromResult(fixture.Directory.GetPublisher(livestream.Id)), publisher => publisher is null);
    }

    [Fact]
    public async Task A_fault_while_a_publisher_is_admitted_refuses_it_and_harms_nobody_after_it()
    {
        await using var fixture = await OnAirFixture.StartAsync();
        var livestream = await fixture.CreateAsync();
        var faults = 1;
        fixture.Packaging.Opening = () =>
        {
            if (faults-- > 0)
            {
                throw new InvalidOperationException("The packaging fails on demand.");
            }
        };
        var publisher = await fixture.PublishAsync(livestream);
        publisher.SetTracks([OnAirFixture.Video]);
        await fixture.SendAsync(publisher, seconds: 1);
        await fixture.UntilStatusAsync(livestream, LivestreamStatus.Live);
    }

    [Fact]
    public async Task Figures_of_sessions_on_air_are_stored_every_two_seconds_and_count_in_the_analytics_at_once()
    {
        await using var fixture = await OnAirFixture.StartAsync();
        var livestream = await fixture.CreateAsync();
        var publisher = await fixture.PublishAsync(livestream);
        publisher.SetTracks([OnAirFixture.Video]);
        await fixture.SendAsync(publisher, seconds: 6);
        await fixture.UntilStatusAsync(livestream, LivestreamStatus.Live);

        var today = fixture.Clock.GetUtcNow();
        var totals = await fixture.Directory.GetTotalsAsync(
            fixture.App.Id, new TimeRange(today.AddDays(-1), today.AddDays(1)), CancellationToken.None);
        Assert.Equal(1, totals.SessionCount);
        Assert.InRange(totals.IngestSeconds, 5.9, 6);
        var days = await fixture.Directory.GetDaysAsync(fixture.App.Id, today.AddDays(-1), today.AddDays(1), CancellationToken.None);
        Assert.InRange(days.Single(day => day.SessionCount == 1).IngestSeconds, 5.9, 6);

        // What the store holds without being asked is at most two seconds old.
        await fixture.SendAsync(publisher, seconds: 4);
        var sessions = new LivestreamSessionReader(fixture);
        await fixture.UntilAsync(sessions.StoredIngestSecondsAsync, seconds => seconds >= 7.9, advance: true);
    }

    [Theory]
    [InlineData(DatabaseEngine.Sqlite)]
    [InlineData(DatabaseEngine.Postgres)]
    public async Task Ends_that_the_store_refuses_are_stored_later_in_order_with_their_errors_and_figures(DatabaseEngine engine)
    {
        await using var fixture = await OnAirFixture.StartAsync(options => options.EndedLinger = TimeSpan.FromSeconds(1), engine);
        var livestream = await fixture.CreateAsync();
        var first = await fixture.PublishAsync(livestream);
        first.SetTracks([OnAirFixture.Video]);
        await fixture.SendAsync(first, seconds: 6);
        await fixture.UntilStatusAsync(livestream, LivestreamStatus.Live);
        await fixture.RefuseSessionsAsync();

        // It fails and is off air; what players were served goes, and it is remembered all the same.
        fixture.Packaging.Fails = true;
        await fixture.SendAsync(first, seconds: 1);
        await fixture.UntilAsync(
            () => Task.FromResult(fixture.Packaging.Opened[0].Notes.Contains("disposed")), isDisposed => isDisposed, advance: true);
        fixture.Clock.Advance(TimeSpan.FromMinutes(5));
        await fixture.UntilAsync(() => Task.FromResult(fixture.OnAir.Find(livestream.Id)?.Airing), airing => airing is null);

        // Somebody else publishes, ends, and that is not stored either.
        fixture.Packaging.Fails = false;
        var second = await fixture.PublishAsync(livestream);
        second.SetTracks([OnAirFixture.Video]);
        await fixture.SendAsync(second, seconds: 3);
        await fixture.UntilAsync(() => Task.FromResult(fixture.Feeds.Find(livestream.Id)), feed => feed is not null);
        await fixture.OnAir.StopAsync(livestream.Id, IngestEndReason.Stopped, CancellationToken.None);
        Assert.Equal([LivestreamStatus.Invoked, LivestreamStatus.Live], fixture.Statuses);

        // A third one is on air when the store is back.
        var third = await fixture.PublishAsync(livestream);
        third.SetTracks([OnAirFixture.Video]);
        await fixture.SendAsync(third, seconds: 2);
        await fixture.UntilAsync(() => Task.FromResult(fixture.Feeds.Find(livestream.Id)), feed => feed is not null);
        await fixture.AcceptSessionsAsync();
        await fixture.UntilAsync(() => Task.FromResult(fixture.Statuses), statuses => statuses.Count == 6, advance: true);
        Assert.Equal(
            [
                LivestreamStatus.Invoked, LivestreamStatus.Live, LivestreamStatus.Errored, LivestreamStatus.Live, LivestreamStatus.Idle,
                LivestreamStatus.Live,
            ],
            fixture.Statuses);

        var sessions = (await fixture.Directory.ListSessionsAsync(livestream.Id, FirstPage, CancellationToken.None)).Items
            .OrderBy(session => session.InvokedAt).ToList();
        Assert.Equal(["The server could not package the media.", null, null], sessions.Select(session => session.ErrorMessage));
        Assert.InRange(sessions[0].IngestSeconds, 5.9, 7);
        Assert.InRange(sessions[1].IngestSeconds, 2.9, 3);
        Assert.InRange(sessions[2].IngestSeconds, 1.9, 2);
        Assert.True(sessions[0].StartedAt <= sessions[0].StoppedAt && sessions[0].StoppedAt <= sessions[1].InvokedAt);
        Assert.True(sessions[1].StartedAt <= sessions[1].StoppedAt && sessions[1].StoppedAt <= sessions[2].InvokedAt);
        Assert.NotNull(sessions[2].StartedAt);
        Assert.Null(sessions[2].StoppedAt);

        // And with nothing left to store it is forgotten like any other.
        await fixture.OnAir.StopAsync(livestream.Id, IngestEndReason.Stopped, CancellationToken.None);
        await fixture.UntilAsync(() => Task.FromResult(fixture.OnAir.Find(livestream.Id)), found => found is null, advance: true);
    }

    [Fact]
    public async Task A_fault_of_ours_loses_no_end_that_the_store_refuses_and_nobody_begins_before_it_is_stored()
    {
        await using var fixture = await OnAirFixture.StartAsync();
        var livestream = await fixture.CreateAsync();
        var publisher = await fixture.PublishAsync(livestream);
        publisher.SetTracks([OnAirFixture.Video]);
        await fixture.SendAsync(publisher, seconds: 4);
        await fixture.UntilStatusAsync(livestream, LivestreamStatus.Live);
        await fixture.RefuseSessionsAsync();
        await fixture.OnAir.StopAsync(livestream.Id, IngestEndReason.Stopped, CancellationToken.None);

        fixture.Packaging.Opening = () => throw new InvalidOperationException("The packaging fails on demand.");
        Assert.Equal(IngestRefusal.Unavailable, (await fixture.AskAsync(livestream.StreamKey)).Refusal);
        fixture.Packaging.Opening = null;
        Assert.Equal(IngestRefusal.Unavailable, (await fixture.AskAsync(livestream.StreamKey)).Refusal);

        await fixture.AcceptSessionsAsync();
        await fixture.UntilAsync(() => Task.FromResult(fixture.OnAir.Find(livestream.Id)), found => found is null, advance: true);
        Assert.Equal([LivestreamStatus.Invoked, LivestreamStatus.Live, LivestreamStatus.Idle], fixture.Statuses);
        var session = Assert.Single((await fixture.Directory.ListSessionsAsync(livestream.Id, FirstPage, CancellationToken.None)).Items);
        Assert.Null(session.ErrorMessage);
        Assert.InRange(session.IngestSeconds, 3.9, 4);
    }

    [Fact]
    public async Task A_livestream_that_was_deleted_before_the_store_could_have_its_session_is_forgotten()
    {
        await using var fixture = await OnAirFixture.StartAsync(options => options.EndedLinger = TimeSpan.FromSeconds(1));
        var livestream = await fixture.CreateAsync();
        await fixture.RefuseSessionsAsync();
        var publisher = await fixture.PublishAsync(livestream);
        publisher.SetTracks([OnAirFixture.Video]);
        await fixture.SendAsync(publisher, seconds: 1);
        await fixture.UntilAsync(() => Task.FromResult(fixture.Feeds.Find(livestream.Id)), feed => feed is not null);
        await fixture.Directory.DeleteAsync(fixture.App.Id, livestream.Id, CancellationToken.None);
        await fixture.AcceptSessionsAsync();
        await fixture.UntilAsync(() => Task.FromResult(fixture.OnAir.Find(livestream.Id)), found => found is null, advance: true);
        Assert.Equal([LivestreamStatus.Invoked], fixture.Statuses);
    }

    [Fact]
    public async Task A_server_that_stops_while_the_store_refuses_does_not_wait_for_it_without_end()
    {
        await using var fixture = await OnAirFixture.StartAsync();
        var livestream = await fixture.CreateAsync();
        var publisher = await fixture.PublishAsync(livestream);
        publisher.SetTracks([OnAirFixture.Video]);
        await fixture.SendAsync(publisher, seconds: 1);
        await fixture.UntilStatusAsync(livestream, LivestreamStatus.Live);
        await fixture.RefuseSessionsAsync();
        var stopping = fixture.OnAir.StopAllAsync(CancellationToken.None);
        await fixture.UntilAsync(() => Task.FromResult(stopping.IsCompletedSuccessfully), isStopped => isStopped, advance: true);

        // The next start finds it open, and ends it.
        await fixture.AcceptSessionsAsync();
        Assert.Equal(LivestreamSessionStore.OrphanMessage, Assert.Single(await fixture.Sessions.CloseOrphansAsync(CancellationToken.None)).ErrorMessage);
        Assert.Equal([LivestreamStatus.Invoked, LivestreamStatus.Live, LivestreamStatus.Idle], fixture.Statuses);
    }

    private sealed class LivestreamSessionReader(OnAirFixture fixture)
    {
        public async Task<double> StoredIngestSecondsAsync()
        {
            var id = fixture.OnAir.Find((await fixture.Directory.ListAsync(
                fixture.App.Id,
                new LivestreamQuery(FirstPage, null, default, ExcludeMeetings: false, SortOrder.Descending),
                CancellationToken.None)).Items[0].Id)!.Id;
            return (await fixture.Sessions.FindOpenAsync(id, CancellationToken.None))?.IngestSeconds ?? 0;
        }
    }
}
