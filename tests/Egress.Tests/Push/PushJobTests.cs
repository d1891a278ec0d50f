using Roomcast.Egress.Push;
using Roomcast.Rtmp.Commands;
using Roomcast.Rtmp.Connection;
using Roomcast.Transports.Tcp;

namespace Roomcast.Egress.Tests.Push;

public sealed class PushJobTests
{
    [Fact]
    public async Task A_target_gets_metadata_headers_and_a_keyframe_at_zero_and_then_everything_in_order()
    {
        await using var run = new PushRun();
        var feed = new TestFeed();
        feed.Send(60);
        var sink = new FakeSink();
        var job = run.Start(feed, sink);
        await run.UntilAsync(job, PushState.Publishing);

        // Little by little: it takes up the feed a moment after it says that it publishes, and the newest keyframe must be the same then.
        for (var sent = 60; sent < 150;)
        {
            feed.Send(10);
            sent += 10;
            await run.UntilAsync(() => sink.Last.Frames.Count == (sent - 50) * 2, describe: () => $"{sink.Last.Frames.Count} of {(sent - 50) * 2}");
        }

        var connection = sink.Last;
        Assert.Equal(("app", PushRun.Key), (connection.Asked!.App, connection.Asked.StreamName));
        Assert.Equal((1280.0, 720.0), (connection.Metadata[0]["width"]!.AsNumber()!.Value, connection.Metadata[0]["height"]!.AsNumber()!.Value));
        Assert.Equal(
            [(RtmpMediaKind.Video, true), (RtmpMediaKind.Audio, true), (RtmpMediaKind.Video, false)],
            connection.Messages.Take(3).Select(message => (message.Kind, message.IsHeader)));
        Assert.Equal(TestFeed.Picture.Configuration.ToArray(), connection.Messages[0].Payload);
        Assert.True(connection.Messages[2].IsKeyframe);
        Assert.Equal(0u, connection.Messages[2].TimeMs);

        // It joined in the second group: the newest keyframe and all since.
        var pictures = connection.Frames.Where(message => message.Kind is RtmpMediaKind.Video).ToList();
        Assert.Equal(Enumerable.Range(50, 100), pictures.Select(TestFeed.NumberOf));
        Assert.Equal(Enumerable.Range(0, 100).Select(i => (uint)(i * TestFeed.PictureMs)), pictures.Select(picture => picture.TimeMs));
        Assert.Equal(1, sink.Calls);
        Assert.Equal((1, 0.0, PushReason.None), (job.Status.Attempt, job.Status.DroppedTime.TotalSeconds, job.Status.Reason));
        Assert.True(job.Status.BytesSent > 200 * 200);
    }

    [Fact]
    public async Task Nothing_is_sent_before_the_target_has_said_start()
    {
        await using var run = new PushRun();
        var feed = new TestFeed();
        feed.Send(60);
        var sink = new FakeSink(call => new SinkPlan { IsMute = call == 1 });
        var job = run.Start(feed, sink);
        await run.UntilAsync(() => sink.Connections is [{ Asked: not null }]);
        feed.Send(60);
        Assert.Equal(PushState.Connecting, job.Status.State);

        await run.UntilAsync(() => job.Status.Reason is PushReason.PublishTimedOut, stepSeconds: 1);
        Assert.Empty(sink.Connections[0].Messages);
        Assert.Empty(sink.Connections[0].Metadata);
        await run.UntilAsync(job, PushState.Publishing, stepSeconds: 0.1);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task At_the_end_the_target_is_told(bool byFeed)
    {
        await using var run = new PushRun();
        var feed = new TestFeed();
        var sink = new FakeSink();
        var job = run.Start(feed, sink);
        feed.Send(10);
        await run.UntilAsync(() => sink.Connections is [{ Frames.Count: 20 }]);

        if (byFeed)
        {
            feed.Feed.End();
        }

        await (byFeed ? job.Completion : job.StopAsync()).WaitAsync(TimeSpan.FromSeconds(60));
        Assert.True(sink.Last.HasUnpublished);
        Assert.Equal((PushState.Ended, byFeed ? PushReason.LivestreamEnded : PushReason.Removed), (job.Status.State, job.Status.Reason));
        Assert.Equal(20, sink.Last.Frames.Count);
    }

    public static TheoryData<string, string, int> Refusals => new()
    {
        { RtmpStatusCodes.PublishDenied, "", (int)PushReason.PublishDenied },
        { RtmpStatusCodes.PublishBadName, "", (int)PushReason.BadName },
        { "NetStream.Publish.Unauthorized", "", (int)PushReason.AuthenticationFailed },
        { RtmpStatusCodes.ConnectRejected, "[ AccessManager.Reject ] : [ code=403 need auth; authmod=adobe ] : ", (int)PushReason.AuthenticationNeeded },
        { RtmpStatusCodes.ConnectRejected, "", (int)PushReason.ConnectRejected },
        { "NetConnection.Connect.InvalidApp", "", (int)PushReason.UnknownApplication },
    };

    [Theory]
    [MemberData(nameof(Refusals))]
    public async Task What_a_target_refuses_for_good_is_not_tried_again(string code, string description, int reason)
    {
        await using var run = new PushRun();
        var feed = new TestFeed();
        feed.Send(10);
        var sink = new FakeSink(_ => new SinkPlan { Refuses = RtmpStatus.Error(code, description) });
        var job = run.Start(feed, sink);
        await job.Completion.WaitAsync(TimeSpan.FromSeconds(60));

        Assert.Equal((PushState.Rejected, (PushReason)reason), (job.Status.State, job.Status.Reason));
        run.Clock.Advance(TimeSpan.FromMinutes(5));
        Assert.Equal(1, sink.Calls);
        Assert.Contains(code, job.Status.Detail, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(RtmpStatusCodes.PublishBadName, "Stream already publishing", (int)PushReason.NameInUse)]
    [InlineData("NetStream.Publish.BadConnection", "", (int)PushReason.NameInUse)]
    [InlineData("NetConnection.Connect.Failed", "", (int)PushReason.TargetFailed)]
    [InlineData(RtmpStatusCodes.ConnectAppShutdown, "", (int)PushReason.TargetShuttingDown)]
    [InlineData("NetStream.Something.Odd", "", (int)PushReason.UnknownRefusal)]
    public async Task What_may_pass_is_tried_again(string code, string description, int reason)
    {
        await using var run = new PushRun();
        var feed = new TestFeed();
        feed.Send(10);
        var sink = new FakeSink(call => call < 3 ? new SinkPlan { Refuses = RtmpStatus.Error(code, description) } : new SinkPlan());
        var job = run.Start(feed, sink);
        await run.UntilAsync(() => job.Status is { State: PushState.Backoff, Attempt: 2 }, stepSeconds: 0.1);
        Assert.Equal((PushReason)reason, job.Status.Reason);

        await run.UntilAsync(job, PushState.Publishing, stepSeconds: 0.1);
        Assert.Equal((3, 3), (sink.Calls, job.Status.Attempt));
    }

    [Fact]
    public async Task The_waits_between_failures_double_up_to_half_a_minute_and_vary()
    {
        await using var run = new PushRun();
        var feed = new TestFeed();
        var sink = new FakeSink(_ => new SinkPlan { Fails = OutgoingFailure.Refused });
        var job = run.Start(feed, sink);
        double[] expected = [1, 2, 4, 8, 16, 30, 30];
        for (var i = 0; i < expected.Length; i++)
        {
            await run.UntilAsync(() => job.Status is { State: PushState.Backoff } status && status.Attempt == i + 1);
            var wait = (job.Status.Until!.Value - job.Status.Since!.Value).TotalSeconds;
            Assert.InRange(wait, expected[i] * 0.79, expected[i] * 1.21);
            Assert.Equal(PushReason.ConnectionRefused, job.Status.Reason);

            // Not a moment before, and then at once.
            Assert.Equal(i + 1, sink.Calls);
            var until = job.Status.Until!.Value;
            await run.UntilAsync(() => sink.Calls == i + 2, stepSeconds: 0.25);
            Assert.True(run.Clock.GetUtcNow() >= until - TimeSpan.FromMilliseconds(2));
        }

        Assert.True(Enumerable.Range(0, 50).Select(_ => PushBackoff.After(3)).Distinct().Count() > 10);
    }

    [Theory]
    [InlineData(70, 1)]
    [InlineData(5, 3)]
    public async Task A_minute_of_health_forgets_earlier_failures(int seconds, int attempt)
    {
        await using var run = new PushRun();
        var feed = new TestFeed();
        feed.Send(10);
        var sink = new FakeSink(call => call <= 2 ? new SinkPlan { Fails = OutgoingFailure.Unreachable } : new SinkPlan());
        var job = run.Start(feed, sink);
        await run.UntilAsync(job, PushState.Publishing, stepSeconds: 0.1);
        run.Clock.Advance(TimeSpan.FromSeconds(seconds));
        sink.Last.Close();
        await run.UntilAsync(job, PushState.Backoff);

        Assert.Equal((attempt, PushReason.ClosedByTarget), (job.Status.Attempt, job.Status.Reason));
    }

    [Fact]
    public async Task After_a_break_it_comes_back_with_the_picture_of_the_last_keyframe_and_tells_what_was_lost()
    {
        await using var run = new PushRun();
        var feed = new TestFeed();
        var sink = new FakeSink(call => new SinkPlan { ClosesAfter = call == 1 ? 22 : null });
        var job = run.Start(feed, sink);
        await run.UntilAsync(job, PushState.Publishing);
        feed.Send(10);
        await run.UntilAsync(job, PushState.Backoff);
        Assert.Equal(PushReason.ClosedByTarget, job.Status.Reason);

        // Frames 10 to 109 come meanwhile; the newest keyframe is frame 100.
        feed.Send(100);
        await run.UntilAsync(() => sink.Connections is [_, { Frames.Count: 20 }], stepSeconds: 0.1);
        var frames = sink.Last.Frames.Where(message => message.Kind is RtmpMediaKind.Video).ToList();
        Assert.Equal(Enumerable.Range(100, 10), frames.Select(TestFeed.NumberOf));
        Assert.True(frames[0].IsKeyframe);
        Assert.Equal(0u, frames[0].TimeMs);
        Assert.InRange(job.Status.DroppedTime.TotalSeconds, 3.5, 4.1);
    }

    [Fact]
    public async Task A_bad_name_after_we_have_published_under_it_is_tried_again()
    {
        await using var run = new PushRun();
        var feed = new TestFeed();
        feed.Send(10);
        var sink = new FakeSink(call => call == 2 ? new SinkPlan { Refuses = RtmpStatus.Error(RtmpStatusCodes.PublishBadName, "") } : new SinkPlan());
        var job = run.Start(feed, sink);
        await run.UntilAsync(job, PushState.Publishing);
        sink.Last.Close();
        await run.UntilAsync(() => sink.Calls == 3, stepSeconds: 0.1);
        await run.UntilAsync(job, PushState.Publishing);
    }

    [Fact]
    public async Task A_target_that_asks_for_it_is_left_and_connected_anew_at_once()
    {
        await using var run = new PushRun();
        var feed = new TestFeed();
        feed.Send(10);
        var sink = new FakeSink();
        var job = run.Start(feed, sink);
        await run.UntilAsync(job, PushState.Publishing);
        sink.Last.Say(RtmpStatus.Of(RtmpStatusCodes.ConnectReconnectRequest, "The server is restarting."));
        await run.UntilAsync(() => sink.Connections.Count == 2 && job.Status.State is PushState.Publishing);
        Assert.Equal(PushReason.ReconnectRequested, job.Status.Reason);
    }

    [Fact]
    public async Task A_wedged_target_shows_and_is_left_when_it_stays_so()
    {
        await using var run = new PushRun();
        var feed = new TestFeed();
        var sink = new FakeSink(call => new SinkPlan { WedgesAfter = call == 1 ? 30 : null });
        var job = run.Start(feed, sink);
        await run.UntilAsync(job, PushState.Publishing);
        feed.Send(100);
        await run.UntilAsync(() => sink.Last.Messages.Count == 30);
        run.Clock.Advance(TimeSpan.FromSeconds(8));
        Assert.Equal(PushState.Publishing, job.Status.State);

        await run.UntilAsync(job, PushState.Wedged, stepSeconds: 0.5);
        Assert.Equal(PushReason.Wedged, job.Status.Reason);
        await run.UntilAsync(job, PushState.Backoff, stepSeconds: 0.5);
        Assert.Equal(PushReason.Wedged, job.Status.Reason);
        Assert.True(sink.Connections[0].IsAborted);
        await run.UntilAsync(job, PushState.Publishing, stepSeconds: 0.1);
        feed.Send(1);
        await run.UntilAsync(() => sink.Last.Frames.Count > 0);
        Assert.True(sink.Last.Frames[0].IsKeyframe);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(60)]
    public async Task What_passes_while_a_target_is_not_there_is_told_as_it_passes_and_stays_told(int before)
    {
        await using var run = new PushRun();
        var feed = new TestFeed();
        feed.Send(before);
        var sink = new FakeSink(call => new SinkPlan { Fails = call <= 3 ? OutgoingFailure.Refused : null });
        var job = run.Start(feed, sink);
        await run.UntilAsync(job, PushState.Backoff);

        // What was there before is nobody's loss; the first of all counts where there was nothing.
        feed.Send(100);
        var passed = (before == 0 ? 99 : 100) * TestFeed.PictureMs / 1_000.0;
        Assert.Equal(passed, job.Status.DroppedTime.TotalSeconds, 0.001);
        Assert.Equal(0, job.LostTime.TotalSeconds);

        // It comes after all, and gets the newest keyframe and what follows.
        await run.UntilAsync(() => sink.Connections is [{ Frames.Count: > 0 }], stepSeconds: 0.25);
        var first = TestFeed.NumberOf(sink.Last.Frames[0]);
        var lost = (first - Math.Max(0, before - 1)) * TestFeed.PictureMs / 1_000.0;
        await run.UntilAsync(() => Math.Abs(job.Status.DroppedTime.TotalSeconds - lost) < 0.001, describe: () => $"{job.Status}");
        Assert.Equal(lost, job.LostTime.TotalSeconds, 0.001);

        // And goes for good.
        sink.Last.Close();
        await run.UntilAsync(job, PushState.Backoff);
        feed.Send(50);
        await run.UntilAsync(() => job.Status.DroppedTime.TotalSeconds >= lost + 1.9, describe: () => $"{job.Status}");
        var stopping = job.StopAsync();
        await run.UntilAsync(() => stopping.IsCompleted, stepSeconds: 0.5);
        Assert.Equal(job.Status.DroppedTime, job.LostTime);
        Assert.InRange(job.LostTime.TotalSeconds, lost + 1.9, lost + 2.1);
        Assert.DoesNotContain("; 0.0 s were not sent", run.Log.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_wedged_target_that_goes_on_is_publishing_again()
    {
        await using var run = new PushRun();
        var feed = new TestFeed();
        var sink = new FakeSink(_ => new SinkPlan { WedgesAfter = 30 });
        var job = run.Start(feed, sink);
        await run.UntilAsync(job, PushState.Publishing);
        feed.Send(100);
        await run.UntilAsync(job, PushState.Wedged, stepSeconds: 0.5);
        sink.Last.Unwedge();
        await run.UntilAsync(() => sink.Last.Frames.Count == 200);
        await run.UntilAsync(job, PushState.Publishing, stepSeconds: 0.5);
        Assert.Equal(1, sink.Calls);
    }

    [Fact]
    public async Task A_removed_wedged_target_is_broken_off()
    {
        await using var run = new PushRun();
        var feed = new TestFeed();
        var sink = new FakeSink(_ => new SinkPlan { WedgesAfter = 30 });
        var job = run.Start(feed, sink);
        await run.UntilAsync(job, PushState.Publishing);
        feed.Send(100);
        await run.UntilAsync(() => sink.Last.Messages.Count == 30);

        var stopping = job.StopAsync();
        await run.UntilAsync(() => stopping.IsCompleted, stepSeconds: 0.5);
        Assert.Equal((PushState.Ended, PushReason.Removed), (job.Status.State, job.Status.Reason));
        Assert.True(sink.Last.IsAborted);
    }

    [Fact]
    public async Task One_wedged_and_one_broken_target_harm_neither_another_nor_the_feed()
    {
        await using var run = new PushRun();
        var feed = new TestFeed();
        var (good, wedged, broken) = (new FakeSink(), new FakeSink(_ => new SinkPlan { WedgesAfter = 10 }), new FakeSink(_ => new SinkPlan { ClosesAfter = 5 }));
        var jobs = new[] { run.Start(feed, good), run.Start(feed, wedged), run.Start(feed, broken) };
        foreach (var job in jobs)
        {
            await run.UntilAsync(job, PushState.Publishing);
        }

        using var viewer = feed.Feed.TrySubscribe()!;
        var sent = 0;
        while (sent < 4_000)
        {
            feed.Send(50);
            sent += 50;
            await run.UntilAsync(() => good.Last.FrameCount == sent * 2, stepSeconds: 0.01, () => $"{good.Last.FrameCount} of {sent * 2}");
            while (viewer.TryRead(out var item))
            {
                item.Frame?.Release();
            }
        }

        Assert.Equal(Enumerable.Range(0, 4_000), good.Last.Frames.Where(message => message.Kind is RtmpMediaKind.Video).Select(TestFeed.NumberOf));
        Assert.Equal((1, 0.0), (good.Calls, jobs[0].Status.DroppedTime.TotalSeconds));
        Assert.Equal(0, viewer.DroppedFrames);
        Assert.Equal(10, wedged.Connections[0].Messages.Count);
    }

    [Fact]
    public async Task A_target_that_was_too_slow_goes_on_at_a_keyframe_and_the_loss_is_told()
    {
        await using var run = new PushRun();
        var feed = new TestFeed();
        var sink = new FakeSink(_ => new SinkPlan { WedgesAfter = 30 });
        var job = run.Start(feed, sink);
        await run.UntilAsync(job, PushState.Publishing);

        await run.UntilAsync(() => feed.Feed.SubscriberCount == 1);

        // It has got some before it is too slow for more than its queue holds: 1,024 frames, and what is on its way.
        feed.Send(20);
        await run.UntilAsync(() => sink.Last.Messages.Count >= 30);
        feed.Send(4_000);
        sink.Last.Unwedge();
        await run.UntilAsync(() => feed.Feed.SubscriberCount == 1 && sink.Last.Frames.Count > 30);
        feed.Send(80);
        await run.UntilAsync(() => sink.Last.Frames.Count > 0 && TestFeed.NumberOf(sink.Last.Frames[^1]) == 4_099);

        var pictures = sink.Last.Frames.Where(message => message.Kind is RtmpMediaKind.Video).ToList();
        var numbers = pictures.Select(TestFeed.NumberOf).ToList();
        var seams = numbers.Zip(numbers.Skip(1)).Where(pair => pair.Second != pair.First + 1).ToList();
        Assert.NotEmpty(seams);
        Assert.All(seams, seam => Assert.Equal(0, seam.Second % TestFeed.GroupLength));
        var lost = seams.Sum(seam => seam.Second - seam.First);
        Assert.Equal(lost * TestFeed.PictureMs / 1_000.0, job.Status.DroppedTime.TotalSeconds, 0.001);

        // The target's clock stays ours through the gap.
        Assert.Equal(numbers.Select(number => (uint)((number - numbers[0]) * TestFeed.PictureMs)), pictures.Select(picture => picture.TimeMs));
    }

    [Fact]
    public async Task A_gap_between_publishers_keeps_the_connection_and_loses_nothing_of_ours()
    {
        await using var run = new PushRun();
        var feed = new TestFeed();
        var sink = new FakeSink();
        var job = run.Start(feed, sink);
        feed.Send(10);
        await run.UntilAsync(() => sink.Connections is [{ Frames.Count: 20 }]);
        feed.Interrupt(missed: 200);
        run.Clock.Advance(TimeSpan.FromSeconds(10));
        feed.Send(10);
        await run.UntilAsync(() => sink.Last.Frames.Count == 40);

        Assert.Equal(1, sink.Calls);
        Assert.Equal(TimeSpan.Zero, job.Status.DroppedTime);
        Assert.True(sink.Last.Frames[20].IsKeyframe);
        Assert.Equal(10_000u, sink.Last.Frames[20].TimeMs);
    }

    [Fact]
    public async Task No_key_is_told_anywhere()
    {
        await using var run = new PushRun();
        var feed = new TestFeed();
        feed.Send(10);
        var refusal = RtmpStatus.Error("NetConnection.Connect.Failed", $"stream {PushRun.Key} (key live_very-secret_key, ABC123XYZ) failed");
        var sink = new FakeSink(call => call switch
        {
            1 => new SinkPlan { Fails = OutgoingFailure.Refused },
            2 => new SinkPlan { Refuses = refusal },
            3 => new SinkPlan { ClosesAfter = 8 },
            _ => new SinkPlan { Refuses = RtmpStatus.Error(RtmpStatusCodes.PublishDenied, $"{PushRun.Key} is wrong") },
        });
        var job = run.Start(feed, sink);
        var seen = new List<string>();
        job.Changed += status =>
        {
            lock (seen)
            {
                seen.Add($"{status}");
            }
        };
        await run.UntilAsync(() => job.Completion.IsCompleted, stepSeconds: 0.1);

        Assert.Equal(PushState.Rejected, job.Status.State);
        string all;
        lock (seen)
        {
            all = string.Join('\n', seen) + run.Log + job + job.Status + PushRun.Address();
        }

        Assert.Contains("Rejected", all, StringComparison.Ordinal);
        Assert.DoesNotContain("secret_key", all, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("abc123xyz", all, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("rtmp://target.example/app/***", all, StringComparison.Ordinal);
    }
}
