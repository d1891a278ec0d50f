using System.Text.Json.Nodes;
using Roomcast.Interop.Playback;
using Roomcast.Media;
using Roomcast.Rtmp.Commands;
using Roomcast.TestKit.Rtmp;
using Roomcast.TestKit.Video;

namespace Roomcast.Interop.Push;

/// <summary>FFmpeg publishes, the server pushes, and servers that others wrote take it in: what they recorded is decoded and every picture counted.</summary>
public sealed class PushTests
{
    private static readonly string[] Local = ["--ingest-grace", "1s", "--push-private-networks", "127.0.0.0/8,::1/128"];
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);
    private static readonly TimeSpan Sync = TimeSpan.FromMilliseconds(45);

    [Fact]
    public async Task Both_servers_get_every_picture_once_in_order_and_in_time_with_its_sound()
    {
        await using var nginx = await RecordingSink.StartNginxAsync();
        await using var node = await RecordingSink.StartNodeMediaServerAsync();
        await using var server = await LiveServer.StartAsync(Local);
        var livestream = await server.CreateLivestreamAsync();
        var first = await AddAsync(server, livestream, nginx.Address, "first-key");
        Assert.Equal("waiting", (string)first["state"]!);

        await using var source = PictureClockSource.Publish(livestream.IngestUrl, new PictureClockOptions { FrameCount = 480, BFrames = 2 });
        await server.WaitForStatusAsync(livestream, "LIVE");
        var second = await AddAsync(server, livestream, node.Address, "second-key");
        await UntilAsync(server, livestream, first, output => State(output) == "publishing");
        await UntilAsync(server, livestream, second, output => State(output) == "publishing");
        await source.WaitForEndAsync();
        await server.WaitForStatusAsync(livestream, "IDLE");

        foreach (var (sink, made) in new[] { (nginx, first), (node, second) })
        {
            var output = await UntilAsync(server, livestream, made, output => State(output) == "ended");
            Assert.Equal("livestream_ended", (string)output["reason"]!);
            Assert.Equal(0, (double)output["dropped_seconds"]!);
            Assert.True((long)output["bytes_sent"]! > 100_000);
            var reading = await PictureClockReader.ReadAsync((await sink.RecordingsAsync(1))[0]);
            AssertWhole(reading, last: 479);
            Assert.True(reading.AudioOffsets.Count >= 3);
            Assert.All(reading.AudioOffsets, offset => Assert.InRange(offset.Duration(), TimeSpan.Zero, Sync));
        }

        AssertNoKeyIn(server, "first-key", "second-key");
    }

    [Fact]
    public async Task Targets_that_refuse_close_and_wedge_come_back_and_harm_nobody_else()
    {
        await using var nginx = await RecordingSink.StartNginxAsync();
        await using var closing = new HostileSink();
        await using var wedging = new HostileSink();
        await using var refusing = new HostileSink { Refusal = RtmpStatus.Error(RtmpStatusCodes.PublishDenied, "s3cr3t-key may not") };
        await using var server = await LiveServer.StartAsync([.. Local, "--push-stall-timeout", "2s"]);
        var livestream = await server.CreateLivestreamAsync();
        var good = await AddAsync(server, livestream, nginx.Address, "good-key");
        await using var source = PictureClockSource.Publish(livestream.IngestUrl, new PictureClockOptions { VideoBitrateBps = 3_000_000 });
        await server.WaitForStatusAsync(livestream, "LIVE");
        var viewer = PictureClockReader.ReadAsync(livestream.PlaybackUrl.AbsoluteUri, inputArguments: ["-live_start_index", "0"]);

        var refused = await AddAsync(server, livestream, refusing.Address);
        var closed = await AddAsync(server, livestream, closing.Address);
        var wedged = await AddAsync(server, livestream, wedging.Address);
        var gone = await AddAsync(server, livestream, "rtmp://127.0.0.1:1/app/s3cr3t-key");

        var rejected = await UntilAsync(server, livestream, refused, output => State(output) == "rejected");
        Assert.Equal("publish_denied", (string)rejected["reason"]!);
        Assert.Equal("NetStream.Publish.Denied *** may not", (string)rejected["detail"]!);
        var waiting = await UntilAsync(server, livestream, gone, output => State(output) == "backoff" && (int)output["attempt"]! >= 2);
        Assert.Equal("connection_refused", (string)waiting["reason"]!);
        Assert.NotNull(waiting["until"]);

        await UntilAsync(server, livestream, closed, output => State(output) == "publishing" && closing.Messages > 50);
        closing.CloseAll();
        await UntilAsync(server, livestream, closed, output => (int)output["attempt"]! >= 2 && State(output) == "publishing" && closing.KeyframeStarts == 2);

        await UntilAsync(server, livestream, wedged, output => State(output) == "publishing" && wedging.Messages > 50);
        wedging.IsWedged = true;
        await UntilAsync(server, livestream, wedged, output => State(output) == "wedged");
        var left = await UntilAsync(server, livestream, wedged, output => State(output) == "backoff" || wedging.Accepted > 1);
        Assert.Equal("wedged", (string)left["reason"]!);
        wedging.IsWedged = false;
        var back = await UntilAsync(server, livestream, wedged, output => State(output) == "publishing" && wedging.KeyframeStarts == 2);
        Assert.True((double)back["dropped_seconds"]! > 1);

        // One is removed while the others go on.
        var removed = await server.DeleteAsync($"/livestreams/{livestream.Id}/outputs/{(string)closed["id"]!}");
        Assert.Equal(("ended", "removed"), (State(removed), (string)removed["reason"]!));

        await source.StopAsync();
        await server.WaitForStatusAsync(livestream, "IDLE");
        Assert.Equal(1, refusing.Accepted);
        var ended = await UntilAsync(server, livestream, good, output => State(output) == "ended");
        Assert.Equal((1, 0.0), ((int)ended["attempt"]!, (double)ended["dropped_seconds"]!));
        var last = (uint)(source.FramesSent - 1);
        AssertWhole(await PictureClockReader.ReadAsync((await nginx.RecordingsAsync(1))[0]), last);
        var seen = await viewer;
        Assert.Empty(seen.FindFaults());
        Assert.Equal(last, seen.Pictures[^1].Stamp!.Value.Counter);
        AssertNoKeyIn(server, "s3cr3t", "good-key");
    }

    [Fact]
    public async Task Over_TLS_the_name_is_told_and_the_certificate_must_be_trusted()
    {
        using var trusted = new PushCertificate("localhost");
        using var otherName = new PushCertificate("elsewhere.example");
        await using var node = await RecordingSink.StartNodeMediaServerAsync((trusted.Certificate, trusted.Key));
        await using var wrong = await RecordingSink.StartNodeMediaServerAsync((otherName.Certificate, otherName.Key));
        var authorities = Path.Combine(Path.GetDirectoryName(trusted.Authority)!, "both.pem");
        await File.WriteAllTextAsync(authorities, await File.ReadAllTextAsync(trusted.Authority) + "\n" + await File.ReadAllTextAsync(otherName.Authority));
        await using var server = await LiveServer.StartAsync([.. Local, "--push-trusted-authorities", authorities]);
        await using var distrusting = await LiveServer.StartAsync(Local);

        var livestream = await server.CreateLivestreamAsync();
        var good = await AddAsync(server, livestream, node.TlsAddress, "key");
        var misnamed = await AddAsync(server, livestream, wrong.TlsAddress, "key");
        await using var source = PictureClockSource.Publish(livestream.IngestUrl, new PictureClockOptions { FrameCount = 300 });
        await server.WaitForStatusAsync(livestream, "LIVE");
        await UntilAsync(server, livestream, good, output => State(output) == "publishing");
        var rejected = await UntilAsync(server, livestream, misnamed, output => State(output) == "rejected");
        Assert.Equal("certificate_rejected", (string)rejected["reason"]!);

        var distrusted = await distrusting.CreateLivestreamAsync();
        var unsigned = await AddAsync(distrusting, distrusted, node.TlsAddress, "other-key");
        await using var otherSource = PictureClockSource.Publish(distrusted.IngestUrl);
        var refused = await UntilAsync(distrusting, distrusted, unsigned, output => State(output) == "rejected");
        Assert.Equal("certificate_rejected", (string)refused["reason"]!);

        await source.WaitForEndAsync();
        await server.WaitForStatusAsync(livestream, "IDLE");
        AssertWhole(await PictureClockReader.ReadAsync((await node.RecordingsAsync(1))[0]), last: 299);
    }

    [Fact]
    public async Task Pictures_without_sound_reach_the_target_with_silence()
    {
        await using var nginx = await RecordingSink.StartNginxAsync();
        await using var server = await LiveServer.StartAsync(Local);
        var livestream = await server.CreateLivestreamAsync();
        await AddAsync(server, livestream, nginx.Address, "key");
        await using var source = PictureClockSource.Publish(livestream.IngestUrl, new PictureClockOptions { FrameCount = 300, WithSound = false });
        await source.WaitForEndAsync();
        await server.WaitForStatusAsync(livestream, "IDLE");
        var recording = (await nginx.RecordingsAsync(1))[0];

        AssertWhole(await PictureClockReader.ReadAsync(recording, withSound: false), last: 299);
        Assert.Equal("aac", (await FfmpegTool.ProbeAsync("-select_streams", "a", "-show_entries", "stream=codec_name", "-of", "csv=p=0", recording)).Trim());
        var (exitCode, volume) = await FfmpegTool.TryRunAsync("-xerror", "-i", recording, "-vn", "-af", "volumedetect", "-f", "null", "-");
        Assert.Equal(0, exitCode);
        Assert.Contains("max_volume: -91.0 dB", volume, StringComparison.Ordinal);
    }

    [Fact]
    public async Task H265_goes_to_no_target_that_lists_no_codecs_and_the_output_says_so()
    {
        await using var nginx = await RecordingSink.StartNginxAsync();
        await using var server = await LiveServer.StartAsync(Local);
        var livestream = await server.CreateLivestreamAsync();
        var output = await AddAsync(server, livestream, nginx.Address, "key");
        var media = await EncodedMedia.CreateAsync(new EncodedMediaOptions { Picture = Codec.H265, Length = TimeSpan.FromSeconds(4) });
        await using var publisher = await RtmpPublisher.ConnectAsync(livestream.IngestUrl.OriginalString);
        var publishing = publisher.PublishAsync(media.Repeat(20, TimeSpan.FromSeconds(4)), speed: 1, CancellationToken.None);
        var rejected = await UntilAsync(server, livestream, output, output => State(output) == "rejected");
        Assert.Equal("codec_not_taken", (string)rejected["reason"]!);
        Assert.Contains("H265", (string)rejected["detail"]!, StringComparison.Ordinal);
        Assert.Contains("lists no codecs", (string)rejected["detail"]!, StringComparison.Ordinal);

        // Viewers have it all the same.
        await server.WaitForStatusAsync(livestream, "LIVE");
        publisher.Vanish();
        await publishing.ContinueWith(_ => { }, TaskScheduler.Default);
    }

    private static Task<JsonNode> AddAsync(LiveServer server, LiveTarget livestream, string url, string? key = null) =>
        server.PostAsync($"/livestreams/{livestream.Id}/outputs", new { url, stream_key = key });

    private static string State(JsonNode output) => (string)output["state"]!;

    private static async Task<JsonNode> UntilAsync(LiveServer server, LiveTarget livestream, JsonNode made, Func<JsonNode, bool> holds)
    {
        var began = TimeProvider.System.GetTimestamp();
        while (true)
        {
            var output = await server.GetAsync($"/livestreams/{livestream.Id}/outputs/{(string)made["id"]!}");
            if (holds(output))
            {
                return output;
            }

            Assert.True(TimeProvider.System.GetElapsedTime(began) < Patience, $"{output.ToJsonString()}\n{server.Process.Errors}");
            await Task.Delay(50);
        }
    }

    // From the keyframe it joined at to the last, each once and in order.
    private static void AssertWhole(PictureClockReading reading, uint last)
    {
        Assert.Empty(reading.FindFaults());
        Assert.Equal(0u, reading.Pictures[0].Stamp!.Value.Counter % 60);
        Assert.Equal(last, reading.Pictures[^1].Stamp!.Value.Counter);
    }

    private static void AssertNoKeyIn(LiveServer server, params string[] keys) =>
        Assert.All(keys, key => Assert.DoesNotContain(key, server.Process.Errors, StringComparison.Ordinal));
}
