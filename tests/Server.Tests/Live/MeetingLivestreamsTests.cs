using Microsoft.Extensions.Hosting;
using Roomcast.Egress.Composition;
using Roomcast.Livestreams;
using Roomcast.Livestreams.Meetings;
using Roomcast.Livestreams.Records;
using Roomcast.Media;
using Roomcast.Media.Codecs;
using Roomcast.Media.Time;
using Roomcast.Meetings.Records;
using Roomcast.Meetings.Sessions.Events;
using Roomcast.Server.Live;
using Roomcast.Storage;
using Roomcast.TestKit;

namespace Roomcast.Server.Tests.Live;

/// <summary>When livestreams of meetings begin and end by themselves.</summary>
public sealed class MeetingLivestreamsTests
{
    private static readonly TimeSpan EmptyStage = TimeSpan.FromSeconds(10);

    private static readonly Track Video = TrackFactory.TryCreate(0, Codec.H264, CodecSamples.AvcHigh, out var track, out var fault)
        ? track
        : throw new InvalidOperationException(fault.ToString());

    [Fact]
    public async Task A_meeting_goes_live_with_the_first_join_and_not_again_after_a_restart()
    {
        await using var host = await LiveHost.StartAsync();
        var (meeting, first) = await host.MeetAsync(new MeetingSettings { GoesLiveOnStart = true });
        host.News.Began(meeting, first, host.Clock.GetUtcNow());
        await host.PassUntilAsync(async () => await host.FindActiveAsync(meeting) is not null);
        Assert.True(await host.Livestreams.StopAsync(meeting.AppId, meeting.Id.Value, CancellationToken.None));

        // The host has stopped it, and the server starts anew. What comes after it in the session's news tells that it was heard.
        host.News.Continued(meeting, first, host.Clock.GetUtcNow());
        host.News.Ended(meeting.Id, first, SessionEndReason.EverybodyLeft);
        var next = host.Sessions.Begin(meeting.Id, new SessionId(Guid.NewGuid()));
        host.News.Began(meeting, next, host.Clock.GetUtcNow());
        await host.PassUntilAsync(async () => await host.FindActiveAsync(meeting) is not null);
        Assert.Equal(2, host.Sessions.Told.Count(told => told.Happened is LivestreamInvoked));
    }

    [Fact]
    public async Task After_a_restart_it_is_composed_as_it_was_asked_for()
    {
        await using var host = await LiveHost.StartAsync();
        var (meeting, session) = await host.MeetAsync();
        var wanted = new MeetingLivestreamRequest("Upright", IsManual: false)
        {
            Width = 720,
            Height = 1_280,
            Layout = LivestreamLayout.Single,
            BackgroundRgb = 0x102030,
            Watermark = new LivestreamWatermark("https://example.org/mark.png", LivestreamCorner.RightBottom, 80, 40),
        };
        var livestream = await host.Livestreams.StartAsync(meeting.AppId, meeting.Id.Value, wanted, CancellationToken.None);
        var look = host.Recording.Service<SceneOverlays>().FindLook(session.Value);
        Assert.Equal(SceneLayout.Single, look!.Layout);

        // What the next server finds: the session goes on, and nothing of its composition is there.
        await host.RestartAsync();
        host.Sessions.Begin(meeting.Id, session);
        host.Recording.Sessions.Begin(meeting.Id.Value, session.Value);
        host.News.Continued(meeting, session, host.Clock.GetUtcNow());
        await host.PassUntilAsync(() => Task.FromResult(host.Recording.Compositions.Of(session.Value).Leases == 1));
        await host.PassUntilAsync(() => Task.FromResult(host.Recording.Service<SceneOverlays>().FindLook(session.Value) == look));
        var format = host.Recording.Compositions.Of(session.Value).Format!;
        Assert.Equal((720, 1_280), (format.Width, format.Height));
        Assert.Equal(livestream.Id, (await host.FindActiveAsync(meeting))!.Id);
    }

    [Fact]
    public async Task One_that_cannot_be_composed_just_then_is_tried_again()
    {
        await using var host = await LiveHost.StartAsync();
        var (meeting, session) = await host.MeetAsync(new MeetingSettings { GoesLiveOnStart = true });
        host.Recording.Compositions.Refusal = new CompositionException(CompositionRefusal.Overloaded, "The machine is busy.");
        host.News.Began(meeting, session, host.Clock.GetUtcNow());
        await host.PassUntilAsync(() => Task.FromResult(host.Recording.Log.Any(line => line.Contains(" 4064 ", StringComparison.Ordinal))));
        Assert.Null(await host.FindActiveAsync(meeting));
        host.Recording.Compositions.Refusal = null;
        await host.PassUntilAsync(async () => await host.FindActiveAsync(meeting) is not null);
    }

    [Fact]
    public async Task One_that_cannot_be_stored_is_composed_for_nobody_and_tried_again()
    {
        await using var host = await LiveHost.StartAsync();
        var (meeting, session) = await host.MeetAsync(new MeetingSettings { GoesLiveOnStart = true });
        await host.TakeRowsAsync("livestreams", isTaken: false);
        host.News.Began(meeting, session, host.Clock.GetUtcNow());
        await host.PassUntilAsync(() => Task.FromResult(host.Recording.Log.Any(line => line.Contains(" 4064 ", StringComparison.Ordinal))));
        Assert.Equal(0, host.Recording.Compositions.Of(session.Value).Leases);

        await host.TakeRowsAsync("livestreams", isTaken: true);
        await host.PassUntilAsync(async () => await host.FindActiveAsync(meeting) is not null);
        Assert.Equal(1, host.Recording.Compositions.Of(session.Value).Leases);

        // One that is asked for is refused, and leaves nothing behind.
        Assert.True(await host.Livestreams.StopAsync(meeting.AppId, meeting.Id.Value, CancellationToken.None));
        await host.TakeRowsAsync("livestreams", isTaken: false);
        await Assert.ThrowsAsync<StorageException>(() => host.Livestreams.StartAsync(
            meeting.AppId, meeting.Id.Value, new MeetingLivestreamRequest(null, IsManual: false), CancellationToken.None));
        Assert.Equal(0, host.Recording.Compositions.Of(session.Value).Leases);
    }

    [Fact]
    public async Task A_meeting_whose_composition_is_slow_to_begin_holds_up_no_other()
    {
        await using var host = await LiveHost.StartAsync();
        var (slow, slowSession) = await host.MeetAsync(new MeetingSettings { GoesLiveOnStart = true });
        host.Recording.Compositions.Refusal = new CompositionException(CompositionRefusal.Overloaded, "The machine is busy.");
        host.News.Began(slow, slowSession, host.Clock.GetUtcNow());
        await host.PassUntilAsync(() => Task.FromResult(host.Recording.Log.Any(line => line.Contains(" 4064 ", StringComparison.Ordinal))));

        // When it is tried again, its worker does not come.
        var worker = new TaskCompletionSource();
        host.Recording.Compositions.Beginnings[slowSession.Value] = worker.Task;
        host.Recording.Compositions.Refusal = null;
        await host.PassUntilAsync(() => Task.FromResult(host.Recording.Compositions.WaitingCount == 1));

        var (quick, quickSession) = await host.MeetAsync(new MeetingSettings { GoesLiveOnStart = true });
        host.News.Began(quick, quickSession, host.Clock.GetUtcNow());
        await host.PassUntilAsync(async () => await host.FindActiveAsync(quick) is not null);
        Assert.Null(await host.FindActiveAsync(slow));

        worker.SetResult();
        await host.PassUntilAsync(async () => await host.FindActiveAsync(slow) is not null);
    }

    [Fact]
    public async Task One_of_before_a_restart_that_cannot_be_composed_any_more_has_failed()
    {
        await using var host = await LiveHost.StartAsync();
        var (meeting, session) = await host.MeetAsync();
        var livestream = await host.Livestreams.StartAsync(
            meeting.AppId, meeting.Id.Value, new MeetingLivestreamRequest(null, IsManual: false), CancellationToken.None);
        await host.RestartAsync();
        host.Sessions.Begin(meeting.Id, session);
        host.Recording.Compositions.Refusal = new CompositionException(CompositionRefusal.Overloaded, "The machine is busy.");
        host.News.Continued(meeting, session, host.Clock.GetUtcNow());
        var passed = await host.PassUntilAsync(() => Task.FromResult(host.Sessions.Told.Any(told => told.Happened is LivestreamFailed)));
        Assert.InRange(passed, TimeSpan.FromSeconds(40), TimeSpan.FromSeconds(70));
        Assert.Equal(
            LivestreamStatus.Errored,
            (await host.Recording.Service<LivestreamDirectory>().FindAsync(meeting.AppId, livestream.Id, CancellationToken.None))!.Status);
    }

    [Fact]
    public async Task A_new_stream_key_does_not_end_what_the_server_composes()
    {
        await using var host = await LiveHost.StartAsync();
        var (meeting, session) = await host.MeetAsync();
        var livestream = await host.Livestreams.StartAsync(
            meeting.AppId, meeting.Id.Value, new MeetingLivestreamRequest(null, IsManual: false), CancellationToken.None);
        var directory = host.Recording.Service<LivestreamDirectory>();
        await ReceiveAsync(1);
        var before = directory.GetPublisher(livestream.Id)!;

        var rotated = await directory.RotateStreamKeyAsync(meeting.AppId, livestream.Id, CancellationToken.None);
        Assert.NotEqual(livestream.StreamKey, rotated!.StreamKey);
        await ReceiveAsync(before.BytesReceived + 1);
        Assert.Equal(before.Since, directory.GetPublisher(livestream.Id)!.Since);
        Assert.Equal(1, host.Recording.Compositions.Of(session.Value).Leases);
        Assert.DoesNotContain(host.Sessions.Told, told => told.Happened is LivestreamFailed or LivestreamStopped);

        // Composes until the livestream has received so many bytes from who publishes now.
        async Task ReceiveAsync(long bytes)
        {
            var composed = 0;
            await host.PassUntilAsync(() =>
            {
                host.Recording.Compositions.Of(session.Value).PublishRaw([Video], [.. Enumerable.Range(composed, 30).Select(i =>
                {
                    var time = new MediaTime(i * TimeSpan.TicksPerSecond / 30);
                    return Frame.CopyOf(Video.Id, time, time, TimeSpan.Zero, i % 30 == 0, [0, 0, 0, 2, 0x65, (byte)i]);
                })]);
                composed += 30;
                return Task.FromResult(directory.GetPublisher(livestream.Id)?.BytesReceived >= bytes);
            });
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_server_that_stops_fails_none_that_the_next_one_goes_on_with(bool isReceived)
    {
        await using var host = await LiveHost.StartAsync();
        var (meeting, _) = await host.MeetAsync();
        var livestream = await host.Livestreams.StartAsync(
            meeting.AppId, meeting.Id.Value, new MeetingLivestreamRequest(null, IsManual: false), CancellationToken.None);
        var directory = host.Recording.Service<LivestreamDirectory>();
        if (isReceived)
        {
            await host.PassUntilAsync(() => Task.FromResult(directory.GetPublisher(livestream.Id) is not null));
        }

        // Livestreams end first when a server stops, so that players can read the end; all else runs on meanwhile.
        foreach (var service in host.Recording.Service<IEnumerable<IHostedService>>().OfType<IHostedLifecycleService>())
        {
            await service.StoppingAsync(CancellationToken.None);
        }

        await host.PassUntilAsync(() => Task.FromResult(host.Recording.Log.Any(line => line.Contains(" 4067 ", StringComparison.Ordinal))));
        await host.RestartAsync();
        Assert.Equal(livestream.Id, (await host.FindActiveAsync(meeting))?.Id);
        Assert.DoesNotContain(host.Sessions.Told, told => told.Happened is LivestreamFailed);
    }

    [Fact]
    public async Task One_that_begins_on_an_empty_stage_ends_when_it_stays_empty()
    {
        await using var host = await LiveHost.StartAsync(EmptyStage);
        var (meeting, session) = await host.MeetAsync();

        // Somebody was on stage and has left it before: the count does not change any more.
        host.News.StageChanged(meeting.Id, session, 1);
        host.News.StageChanged(meeting.Id, session, 0);
        await StartAsync(host, meeting, isManual: false);
        var passed = await host.PassUntilAsync(async () => await host.FindActiveAsync(meeting) is null);
        Assert.True(passed >= EmptyStage, $"It ended after {passed}.");
        await host.PassUntilAsync(() => Task.FromResult(host.Sessions.Told.Any(told => told.Happened is LivestreamStopped)));
    }

    [Fact]
    public async Task One_with_somebody_on_stage_goes_on_until_the_last_has_left_it()
    {
        await using var host = await LiveHost.StartAsync(EmptyStage);
        var (meeting, session) = await host.MeetAsync();
        var (empty, _) = await host.MeetAsync();
        host.News.StageChanged(meeting.Id, session, 1);
        await StartAsync(host, meeting, isManual: false);
        await StartAsync(host, empty, isManual: false);

        // The other one tells when the clock was looked at.
        await host.PassUntilAsync(async () => await host.FindActiveAsync(empty) is null);
        Assert.NotNull(await host.FindActiveAsync(meeting));
        host.News.StageChanged(meeting.Id, session, 0);
        var passed = await host.PassUntilAsync(async () => await host.FindActiveAsync(meeting) is null);
        Assert.True(passed >= EmptyStage, $"It ended after {passed}.");
    }

    [Fact]
    public async Task One_that_an_encoder_sends_does_not_end_because_nobody_is_on_stage()
    {
        await using var host = await LiveHost.StartAsync(EmptyStage);
        var (manual, session) = await host.MeetAsync();
        var (composed, _) = await host.MeetAsync();
        await StartAsync(host, manual, isManual: true);
        host.News.StageChanged(manual.Id, session, 0);
        await StartAsync(host, composed, isManual: false);
        await host.PassUntilAsync(async () => await host.FindActiveAsync(composed) is null);

        // Begun before the other, it would be over for longer, whatever the order they are looked at in.
        host.Clock.Advance(EmptyStage);
        var (marker, _) = await host.MeetAsync();
        await StartAsync(host, marker, isManual: false);
        await host.PassUntilAsync(async () => await host.FindActiveAsync(marker) is null);
        Assert.NotNull(await host.FindActiveAsync(manual));
    }

    private static Task<Livestream> StartAsync(LiveHost host, Meeting meeting, bool isManual) => host.Livestreams.StartAsync(
        meeting.AppId, meeting.Id.Value, new MeetingLivestreamRequest(meeting.Title, isManual), CancellationToken.None);
}
