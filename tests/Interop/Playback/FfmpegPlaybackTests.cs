using System.Diagnostics;
using System.Net;
using Roomcast.Interop.Viewers;
using Roomcast.TestKit.Rtmp;
using Roomcast.TestKit.Video;
using Xunit.Abstractions;

namespace Roomcast.Interop.Playback;

/// <summary>FFmpeg publishes real pictures and sound, FFmpeg plays the playback URL, and every picture is counted.</summary>
public sealed class FfmpegPlaybackTests(ITestOutputHelper output)
{
    // From the beginning of the playlist on, and until ENDLIST: nothing may be missing.
    private static readonly string[] FromTheStart = ["-live_start_index", "0"];

    // A livestream goes off air soon after its publisher, so that a player reads the end.
    private static readonly string[] ShortGrace = ["--ingest-grace", "1s"];

    private static readonly TimeSpan Sync = TimeSpan.FromMilliseconds(45);

    [Theory]
    [InlineData(0, 0, false)]
    [InlineData(2, 0, false)]
    [InlineData(0, 16_777.0, false)]
    [InlineData(2, 16_777.0, true)]
    public async Task Every_picture_arrives_once_in_order_and_in_time_with_its_sound(int bFrames, double firstTimestamp, bool overTls)
    {
        await using var server = await LiveServer.StartAsync(ShortGrace);
        var livestream = await server.CreateLivestreamAsync();
        await using var source = PictureClockSource.Publish(
            overTls ? livestream.TlsIngestUrl : livestream.IngestUrl,
            new PictureClockOptions { BFrames = bFrames, FirstTimestamp = TimeSpan.FromSeconds(firstTimestamp), FrameCount = 360 });
        await server.WaitForStatusAsync(livestream, "LIVE");
        var reading = await PictureClockReader.ReadAsync(livestream.PlaybackUrl.AbsoluteUri, inputArguments: FromTheStart);

        Assert.Empty(reading.FindFaults());
        Assert.Equal(0u, reading.Pictures[0].Stamp!.Value.Counter);
        Assert.Equal(360, reading.Pictures.Count);
        Assert.InRange(reading.AudioOffsets.Count, 4, 6);
        Assert.All(reading.AudioOffsets, offset => Assert.InRange(offset.Duration(), TimeSpan.Zero, Sync));

        await server.WaitForStatusAsync(livestream, "IDLE");
        var session = await server.SessionOfAsync(livestream);
        Assert.InRange((double)session["ingest_seconds"]!, 11.5, 12.5);
        Assert.Null(session["err_message"]);
    }

    [Fact]
    public async Task A_publisher_that_is_killed_and_returns_goes_on_at_the_same_address_after_a_discontinuity()
    {
        await using var server = await LiveServer.StartAsync("--ingest-grace", "8s");
        var livestream = await server.CreateLivestreamAsync();
        uint next;
        Task<PictureClockReading> playing;
        await using (var first = PictureClockSource.Publish(livestream.IngestUrl))
        {
            await server.WaitForStatusAsync(livestream, "LIVE");
            playing = PictureClockReader.ReadAsync(livestream.PlaybackUrl.AbsoluteUri, inputArguments: FromTheStart);
            await Task.Delay(TimeSpan.FromSeconds(5));
            await first.KillAsync();
            next = first.NextCounter;
        }

        await Task.Delay(TimeSpan.FromSeconds(1));
        Assert.Equal("LIVE", await server.StatusOfAsync(livestream));
        await using (var second = PictureClockSource.Publish(livestream.IngestUrl, new PictureClockOptions { FirstCounter = next, FrameCount = 180 }))
        {
            await second.WaitForEndAsync();
        }

        var reading = await playing;
        Assert.Empty(reading.FindFaults(allowGaps: true));
        var counters = reading.Pictures.Select(picture => picture.Stamp!.Value.Counter).ToList();
        Assert.Equal(0u, counters[0]);
        Assert.Equal(next + 179, counters[^1]);
        Assert.Equal(180, counters.Count(counter => counter >= next));
        Assert.True(counters.Count(counter => counter < next) > 100);

        var livestreamNow = await server.GetAsync($"/livestreams/{livestream.Id}");
        Assert.Equal(1, (int)livestreamNow["paging"]!["total_count"]!);
    }

    [Fact]
    public async Task Hevc_by_enhanced_rtmp_reaches_the_player_whole()
    {
        await using var server = await LiveServer.StartAsync(ShortGrace);
        var livestream = await server.CreateLivestreamAsync();
        var media = await ElementaryStreams.HevcAndAacAsync(frames: 240);
        var publisher = await RtmpPublisher.ConnectAsync(livestream.IngestUrl.OriginalString);
        await using (publisher)
        {
            var publishing = publisher.PublishAsync(media, speed: 1, CancellationToken.None);
            await server.WaitForStatusAsync(livestream, "LIVE");
            var playing = PictureClockReader.ReadAsync(livestream.PlaybackUrl.AbsoluteUri, inputArguments: FromTheStart);
            await publishing;
            await publisher.UnpublishAsync();

            var reading = await playing;
            Assert.Empty(reading.FindFaults());
            Assert.Equal(240, reading.Pictures.Count);
            Assert.All(reading.AudioOffsets, offset => Assert.InRange(offset.Duration(), TimeSpan.Zero, Sync));
        }
    }

    [Fact]
    public async Task A_second_publisher_is_refused_and_the_first_one_is_not_disturbed()
    {
        await using var server = await LiveServer.StartAsync(ShortGrace);
        var livestream = await server.CreateLivestreamAsync();
        await using var source = PictureClockSource.Publish(livestream.IngestUrl, new PictureClockOptions { FrameCount = 240 });
        await server.WaitForStatusAsync(livestream, "LIVE");
        var playing = PictureClockReader.ReadAsync(livestream.PlaybackUrl.AbsoluteUri, inputArguments: FromTheStart);
        await using (var second = PictureClockSource.Publish(livestream.IngestUrl, new PictureClockOptions { FirstCounter = 10_000 }))
        {
            await second.WaitForEndAsync();
            Assert.NotEqual(0, second.ExitCode);
        }

        var reading = await playing;
        Assert.Empty(reading.FindFaults());
        Assert.Equal(240, reading.Pictures.Count);
        Assert.DoesNotContain(livestream.StreamKey, server.Process.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_good_stream_reaches_its_player_whole_while_five_hundred_connections_of_many_addresses_misbehave()
    {
        await using var server = await LiveServer.StartAsync(ShortGrace);
        var livestream = await server.CreateLivestreamAsync();
        await using var source = PictureClockSource.Publish(livestream.IngestUrl, new PictureClockOptions { FrameCount = 360 });
        await server.WaitForStatusAsync(livestream, "LIVE");
        var playing = PictureClockReader.ReadAsync(livestream.PlaybackUrl.AbsoluteUri, inputArguments: FromTheStart);
        using (var crowd = new HostileCrowd(new IPEndPoint(IPAddress.Loopback, server.Process.RtmpBase.Port), connections: 500, addresses: 500))
        {
            await crowd.MisbehaveAsync();
            await source.WaitForEndAsync();
        }

        // Decoded, each picture there once and in its place, and the sound with it.
        var reading = await playing;
        Assert.Empty(reading.FindFaults());
        Assert.Equal(0u, reading.Pictures[0].Stamp!.Value.Counter);
        Assert.Equal(360, reading.Pictures.Count);
        Assert.All(reading.AudioOffsets, offset => Assert.InRange(offset.Duration(), TimeSpan.Zero, Sync));
        await server.WaitForStatusAsync(livestream, "IDLE");
        var session = await server.SessionOfAsync(livestream);
        Assert.InRange((double)session["ingest_seconds"]!, 11.5, 12.5);
    }

    [Fact]
    public async Task A_killed_server_keeps_the_figures_but_for_the_last_seconds()
    {
        using var folder = new TestKit.TemporaryFolder();
        var how = new TestKit.Server.RoomcastStart { DataFolder = folder.PathOf("data") };
        LiveTarget livestream;
        double before;
        await using (var server = await LiveServer.StartAsync(how))
        {
            livestream = await server.CreateLivestreamAsync();
            await using var source = PictureClockSource.Publish(livestream.IngestUrl);
            await server.WaitForStatusAsync(livestream, "LIVE");
            await Task.Delay(TimeSpan.FromSeconds(8));
            before = (double)(await server.SessionOfAsync(livestream))["ingest_seconds"]!;
            Assert.True(before > 6);
            await server.Process.KillAsync();
        }

        await using var again = await LiveServer.StartAsync(how);
        var session = await again.SessionOfAsync(livestream);
        Assert.InRange((double)session["ingest_seconds"]!, before - 5, before + 1);
        Assert.NotNull(session["stopped_time"]);
        Assert.NotNull(session["err_message"]);
        Assert.Equal("IDLE", await again.StatusOfAsync(livestream));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_killed_server_keeps_what_was_watched_but_for_the_last_seconds(bool hasHeartbeats)
    {
        using var folder = new TestKit.TemporaryFolder();
        var how = new TestKit.Server.RoomcastStart { DataFolder = folder.PathOf("data") };
        LiveTarget livestream;
        double watched;
        await using (var server = await LiveServer.StartAsync(how))
        {
            livestream = await server.CreateLivestreamAsync();
            await using var source = PictureClockSource.Publish(livestream.IngestUrl);
            await server.WaitForStatusAsync(livestream, "LIVE");
            using var http = new HttpClient();
            using var leaving = new CancellationTokenSource();
            var watching = new Stopwatch();
            var viewer = hasHeartbeats
                ? SimulatedViewers.BeatAsync(http, livestream.PlaybackUrl, watching, leaving.Token)
                : SimulatedViewers.PollBlockingAsync(http, livestream.PlaybackUrl, watching, leaving.Token);

            // Longer than what may be lost, so that losing all of it would show.
            await Task.WhenAny(viewer, Task.Delay(TimeSpan.FromSeconds(16)));
            Assert.False(viewer.IsCompleted);
            watched = watching.Elapsed.TotalSeconds;
            Assert.InRange((double)(await server.SessionOfAsync(livestream))["viewer_seconds"]!, watched - 2, watched + 2);
            await server.Process.KillAsync();
            await Assert.ThrowsAnyAsync<HttpRequestException>(() => viewer);
        }

        await using var again = await LiveServer.StartAsync(how);
        var kept = (double)(await again.SessionOfAsync(livestream))["viewer_seconds"]!;
        output.WriteLine($"Watched {watched:F1} s, kept {kept:F1} s.");
        Assert.InRange(kept, watched - 5, watched + 2);
    }
}
