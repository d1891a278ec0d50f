using Roomcast.Interop.Browser;
using Roomcast.TestKit.Video;
using Xunit.Abstractions;

namespace Roomcast.Interop.Video;

/// <summary>From an encoder through the real server to FFmpeg as a player: every frame in its place, and sound with it.</summary>
[Collection(LiveServerTests.Name)]
public sealed class HlsDecodingTests(LiveServer live, ITestOutputHelper output)
{
    private static readonly TimeSpan AudioOffsetGoal = TimeSpan.FromMilliseconds(45);

    [Theory]
    [InlineData("libx264", 0, 0)]
    [InlineData("libx264", 2, 0)]
    [InlineData("libx264", 2, 16_777)]
    public async Task Every_frame_arrives_once_and_in_order_with_its_sound(string encoder, int bFrames, int firstTimestamp)
    {
        var stream = await live.CreateAsync($"{encoder} with {bFrames} B-frames from {firstTimestamp} s");
        await using var source = stream.Publish(new PictureClockOptions
        {
            VideoEncoder = encoder,
            BFrames = bFrames,
            FirstTimestamp = TimeSpan.FromSeconds(firstTimestamp),
        });
        await stream.WaitUntilLiveAsync();

        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        var reading = await PictureClockReader.ReadAsync(
            stream.Playback.AbsoluteUri, TimeSpan.FromSeconds(14), ["-live_start_index", "0"], cancellationToken: patience.Token);

        var offsets = reading.AudioOffsets.Select(offset => offset.TotalMilliseconds).ToList();
        output.WriteLine($"{reading.Pictures.Count} pictures; sound minus picture: {string.Join(", ", offsets.Select(offset => $"{offset:F0}"))} ms.");
        Assert.Empty(reading.FindFaults());
        Assert.True(reading.Pictures.Count >= 12 * 30, $"Only {reading.Pictures.Count} pictures.");
        Assert.True(offsets.Count >= 5, $"Only {offsets.Count} flashes with a beep.");
        Assert.All(offsets, offset => Assert.InRange(Math.Abs(offset), 0, AudioOffsetGoal.TotalMilliseconds));
    }

    [Fact]
    public async Task The_playlist_goes_on_when_the_publisher_was_killed_and_came_back()
    {
        var stream = await live.CreateAsync("Killed and back");
        var first = stream.Publish();
        await stream.WaitUntilLiveAsync();
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(90));
        var decoding = PictureClockReader.ReadAsync(
            stream.Playback.AbsoluteUri, TimeSpan.FromSeconds(18), ["-live_start_index", "0"], cancellationToken: patience.Token);
        await Task.Delay(6_000);
        await first.KillAsync();
        await Task.Delay(2_000);
        await using var second = stream.Publish(new PictureClockOptions { FirstCounter = 100_000 });

        var reading = await decoding;

        Assert.Empty(reading.FindFaults(allowGaps: true));
        Assert.Contains(reading.Pictures, picture => picture.Stamp is { Counter: < 100_000 });
        Assert.Contains(reading.Pictures, picture => picture.Stamp is { Counter: >= 100_000 });
        var gaps = reading.Pictures.Zip(reading.Pictures.Skip(1))
            .Count(pair => pair.Second.Stamp!.Value.Counter != pair.First.Stamp!.Value.Counter + 1);
        Assert.Equal(1, gaps);
        await first.DisposeAsync();
    }
}
