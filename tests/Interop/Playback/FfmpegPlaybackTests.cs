using Roomcast.TestKit.Rtmp;
using Roomcast.TestKit.Video;

namespace Roomcast.Interop.Playback;

/// <summary>FFmpeg publishes real pictures and sound, FFmpeg plays the playback URL, and every picture is counted.</summary>
public sealed class FfmpegPlaybackTests
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
}
