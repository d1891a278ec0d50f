using Roomcast.TestKit;
using Roomcast.TestKit.Hls;

namespace Roomcast.Livestreams.Tests.Delivery;

/// <summary>FFmpeg plays the stream while it is live: what it receives and decodes is what the encoder made.</summary>
public sealed class FfmpegPlaybackTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Theory]
    [InlineData("-c:v libx264 -preset ultrafast -bf 2 -g 60 -keyint_min 60 -sc_threshold 0", "-c:a aac")]
    [InlineData("-c:v libx264 -preset ultrafast -tune zerolatency -g 50 -r 25", null)]
    [InlineData("-c:v libx265 -preset ultrafast -x265-params keyint=60:min-keyint=60:log-level=none -tag:v hvc1", "-c:a libopus")]
    [InlineData("-c:v libaom-av1 -cpu-used 8 -usage realtime -g 60 -row-mt 1", "-c:a aac -ar 44100")]
    [InlineData(null, "-c:a aac")]
    public async Task No_frame_is_lost_or_doubled(string? video, string? audio)
    {
        var source = await EncodedSource.EncodeAsync(_folder.Path, TimeSpan.FromSeconds(10), video, audio, "size=160x90:rate=30");
        await using var host = await DeliveryHost.StartAsync();
        host.Stream.SetTracks(source.Tracks);
        var frames = new Queue<Media.Frame>(source.Frames());
        Push(host, frames, 5);

        var playing = PlayAsync(host.Playlist);
        for (var seconds = 5.5; seconds <= 11; seconds += 0.5)
        {
            await Task.Delay(100);
            Push(host, frames, seconds);
        }

        host.Stream.End();
        var played = await playing;

        var sent = await PacketsOf(source.Path);
        Assert.NotEmpty(sent);
        Assert.Equal(sent, await PacketsOf(played));
        if (video is not null)
        {
            Assert.Equal(await PicturesOf(source.Path), await PicturesOf(played));
        }

        if (audio is not null)
        {
            // Decoding the sound must raise no complaint either.
            await EncodedSource.RunAsync("-v", "error", "-xerror", "-i", played, "-map", "0:a", "-f", "null", "-");
        }
    }

    [Fact]
    public async Task A_publisher_that_returns_is_played_on()
    {
        var source = await EncodedSource.EncodeAsync(
            _folder.Path, TimeSpan.FromSeconds(5), "-c:v libx264 -preset ultrafast -bf 1 -g 60", "-c:a aac", "size=160x90:rate=30");
        await using var host = await DeliveryHost.StartAsync();
        for (var run = 0; run < 2; run++)
        {
            host.Stream.SetTracks(source.Tracks);
            foreach (var frame in source.Frames(TimeSpan.FromSeconds(run * 20)))
            {
                host.Stream.Push(frame, TimeSpan.Zero);
                frame.Release();
            }

            host.Stream.Interrupt();
        }

        host.Stream.End();
        var played = await PlayAsync(host.Playlist);
        var once = await PacketsOf(source.Path);
        var twice = await PacketsOf(played);
        Assert.Equal(once.Count * 2, twice.Count);
        foreach (var kind in (string[])["0,", "1,"])
        {
            var expected = once.Where(packet => packet.StartsWith(kind, StringComparison.Ordinal)).ToList();
            Assert.Equal([.. expected, .. expected], twice.Where(packet => packet.StartsWith(kind, StringComparison.Ordinal)));
        }
    }

    public void Dispose() => _folder.Dispose();

    private static void Push(DeliveryHost host, Queue<Media.Frame> frames, double untilSeconds)
    {
        while (frames.TryPeek(out var frame) && frame.DecodeTime.SinceStart.TotalSeconds < untilSeconds)
        {
            host.Stream.Push(frames.Dequeue(), TimeSpan.Zero);
            frame.Release();
        }
    }

    // Recorded as it comes, from the first segment on, until the end of the playlist.
    private async Task<string> PlayAsync(Uri playlist)
    {
        var path = _folder.PathOf($"played-{Guid.NewGuid():N}.mkv");
        await EncodedSource.RunAsync(
            "-v", "fatal", "-live_start_index", "0", "-i", playlist.ToString(), "-map", "0", "-c", "copy", "-f", "matroska", path);
        return path;
    }

    // Stream and hash of each packet, those of a stream in order.
    private static async Task<List<string>> PacketsOf(string path)
    {
        var lines = await EncodedSource.RunAsync("-v", "error", "-i", path, "-map", "0", "-c", "copy", "-f", "framemd5", "-");
        return [.. lines.Split('\n').Where(line => line.Length > 0 && line[0] != '#')
            .Select(line => line.Split(',', StringSplitOptions.TrimEntries))
            .Select(fields => $"{fields[0]},{fields[5]}")
            .OrderBy(packet => packet[0])];
    }

    private static async Task<List<string>> PicturesOf(string path)
    {
        var lines = await EncodedSource.RunAsync("-v", "error", "-i", path, "-map", "0:v", "-vsync", "passthrough", "-f", "framemd5", "-");
        return [.. lines.Split('\n').Where(line => line.Length > 0 && line[0] != '#').Select(line => line.Split(',')[^1].Trim())];
    }
}
