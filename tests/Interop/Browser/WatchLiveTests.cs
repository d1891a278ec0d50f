using System.Diagnostics;
using Roomcast.Interop.Viewers;
using Roomcast.TestKit.Video;
using Xunit.Abstractions;

namespace Roomcast.Interop.Browser;

/// <summary>From an encoder through the real server to the picture in a browser.</summary>
[Collection(LiveServerTests.Name)]
public sealed class WatchLiveTests(LiveServer live, ITestOutputHelper output)
{
    private static readonly TimeSpan LatencyGoal = TimeSpan.FromSeconds(2);

    private sealed record PresentedFrame(double MediaTime, long Counter, bool IsLate);

    [Fact]
    public async Task The_page_plays_by_itself_when_the_stream_starts_and_says_when_it_ended()
    {
        var stream = await live.CreateAsync("Opening night");
        var page = await live.Browser.OpenAsync(stream.WatchPage, script: PictureClockScript.Text);
        await page.WaitForStageAsync("waiting");

        await using var source = stream.Publish();
        await page.WaitForStageAsync("watching");
        await page.WaitAsync("pictureClock.now() !== null");
        Assert.Equal("Opening night", await page.EvaluateAsync<string>("document.title"));

        await source.StopAsync();
        await page.WaitForStageAsync("interrupted");
        await page.WaitForStageAsync("ended", TimeSpan.FromSeconds(60));
        Assert.Empty(await ComplaintsAsync(page));
        await page.CloseAsync();
    }

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    public async Task The_picture_is_at_most_2_s_behind_and_every_frame_in_its_place(int bFrames)
    {
        var stream = await live.CreateAsync("Latency");
        await using var source = stream.Publish(new PictureClockOptions { BFrames = bFrames });
        await stream.WaitUntilLiveAsync();
        var page = await live.Browser.OpenAsync(stream.WatchPage, script: PictureClockScript.Text);
        await page.WaitForStageAsync("watching");
        await Task.Delay(TimeSpan.FromSeconds(5)); // The player approaches its distance from the live edge.

        var latencies = await page.EvaluateAsync<List<double>>("pictureClock.latencies(30000)");
        var frames = await page.EvaluateAsync<List<PresentedFrame>>("pictureClock.frames(8000)");
        await page.PressAsync("i");
        var details = await page.EvaluateAsync<string>("document.getElementById('details').innerText.replaceAll('\\n', ' ')");

        latencies.Sort();
        var (median, p95) = (latencies[latencies.Count / 2], latencies[(int)(latencies.Count * 0.95)]);
        output.WriteLine($"Picture latency with {bFrames} B-frames: median {median:F0} ms, p95 {p95:F0} ms, of {latencies.Count} readings.");
        Assert.True(latencies.Count > 100, $"Only {latencies.Count} readings.");

        AssertInPlace(frames);
        await page.CloseAsync();

        // B-frames cost the encoder itself its look-ahead and two frames' reordering, before anything is sent.
        var goal = LatencyGoal + TimeSpan.FromSeconds(bFrames > 0 ? 0.4 : 0);
        Assert.True(p95 <= goal.TotalMilliseconds, $"p95 of the picture's latency is {p95:F0} ms (median {median:F0} ms); {details}");
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(2, 16_777)]
    public async Task Every_picture_is_in_the_players_buffer_once_and_in_order(int bFrames, int firstTimestampSeconds)
    {
        const int Count = 120; // Four seconds: two segments and eight parts.
        var stream = await live.CreateAsync("Frame by frame");
        await using var source = stream.Publish(new PictureClockOptions { BFrames = bFrames, FirstTimestamp = TimeSpan.FromSeconds(firstTimestampSeconds) });
        await stream.WaitUntilLiveAsync();
        var page = await live.Browser.OpenAsync(stream.WatchPage, script: PictureClockScript.Text);
        await page.WaitForStageAsync("watching");
        await page.WaitAsync("video.buffered.length > 0 && video.buffered.end(video.buffered.length - 1) - video.buffered.start(video.buffered.length - 1) > 6");
        var counters = await page.EvaluateAsync<List<long>>($"pictureClock.step({Count})");
        Assert.Equal(Enumerable.Range(0, Count).Select(i => counters[0] + i), counters);
        await page.CloseAsync();
    }

    [Fact]
    public async Task The_same_page_goes_on_when_the_publisher_was_killed_and_came_back()
    {
        var stream = await live.CreateAsync("Cable");
        var first = stream.Publish();
        await stream.WaitUntilLiveAsync();
        var page = await live.Browser.OpenAsync(stream.WatchPage, script: PictureClockScript.Text);
        await page.WaitForStageAsync("watching");
        await Task.Delay(3_000);

        await first.KillAsync();
        await page.WaitForStageAsync("interrupted");
        await page.RunAsync("globalThis.sameDocument = true");
        await Task.Delay(2_000);

        await using var second = stream.Publish(new PictureClockOptions { FirstCounter = 100_000 });
        var back = Stopwatch.StartNew();
        await page.WaitForStageAsync("watching");
        await page.WaitAsync("(pictureClock.now()?.counter ?? 0) >= 100000");
        output.WriteLine($"The picture was back {back.Elapsed.TotalSeconds:F1} s after the encoder.");
        Assert.True(await page.EvaluateAsync<bool>("globalThis.sameDocument === true"));

        await Task.Delay(5_000);
        var latencies = await page.EvaluateAsync<List<double>>("pictureClock.latencies(5000)");
        Assert.InRange(latencies.Order().ElementAt(latencies.Count / 2), 0, 3_000);
        AssertInPlace(await page.EvaluateAsync<List<PresentedFrame>>("pictureClock.frames(4000)"));
        await first.DisposeAsync();
        await page.CloseAsync();
    }

    [Fact]
    public async Task The_same_page_goes_on_after_a_crash_of_the_server()
    {
        var stream = await live.CreateAsync("Crash");
        await using var first = stream.Publish();
        await stream.WaitUntilLiveAsync();
        var page = await live.Browser.OpenAsync(stream.WatchPage, script: PictureClockScript.Text);
        await page.WaitForStageAsync("watching");

        await live.CrashAsync(meanwhile: () => page.WaitForStageAsync("unreachable"));
        await using var second = stream.Publish(new PictureClockOptions { FirstCounter = 200_000 });
        await page.WaitForStageAsync("watching", TimeSpan.FromSeconds(45));
        await page.WaitAsync("(pictureClock.now()?.counter ?? 0) >= 200000");
        await page.CloseAsync();
    }

    [Fact]
    public async Task A_signed_livestream_plays_at_its_signed_address_and_nowhere_else()
    {
        await live.SetPlaybackAsync("signed");
        try
        {
            var stream = await live.CreateAsync("For guests");
            await using var source = stream.Publish();
            var guest = await live.Browser.OpenAsync(await live.SignWatchPageAsync(stream));
            var stranger = await live.Browser.OpenAsync(stream.WatchPage);
            await stranger.WaitForStageAsync("notAllowed");
            Assert.Equal("Livestream", await stranger.EvaluateAsync<string>("document.title"));
            await guest.WaitForStageAsync("watching");
            Assert.Equal("For guests", await guest.EvaluateAsync<string>("document.title"));
            Assert.Equal(1, await CountOnceAsync(stream, 1));
            await guest.CloseAsync();
            await stranger.CloseAsync();
        }
        finally
        {
            await live.SetPlaybackAsync("public");
        }
    }

    [Fact]
    public async Task Viewers_are_counted_as_they_watch()
    {
        var stream = await live.CreateAsync("Counting");
        await using var source = stream.Publish();
        await stream.WaitUntilLiveAsync();
        // One that pauses.
        var page = await live.Browser.OpenAsync(stream.WatchPage, script: PictureClockScript.Text);
        await page.WaitForStageAsync("watching");
        await Task.Delay(8_000);
        await page.PressAsync("k");
        Assert.Equal(0, await CountOnceAsync(stream, 0));
        await Task.Delay(8_000);
        await page.PressAsync("k");
        await Task.Delay(6_000);
        Assert.Equal(1, await CountOnceAsync(stream, 1));
        await AssertSecondsAsync(stream, await WatchedAsync(page));

        // A reload, and a second tab.
        var truth = await WatchedAsync(page);
        await page.ReloadAsync();
        await page.WaitForStageAsync("watching");
        var second = await live.Browser.OpenAsync(stream.WatchPage, script: PictureClockScript.Text);
        await second.WaitForStageAsync("watching");
        Assert.Equal(2, await CountOnceAsync(stream, 2));

        // Long enough that the three visits together are held to 5 %, which is more than 2 s by now.
        await Task.Delay(16_000);
        truth += await WatchedAsync(page);
        await page.CloseAsync();
        truth += await WatchedAsync(second);
        await second.CloseAsync();
        Assert.Equal(0, await CountOnceAsync(stream, 0));
        await AssertSecondsAsync(stream, truth);
    }

    private static Task<double> WatchedAsync(BrowserPage page) => page.EvaluateAsync<double>("pictureClock.watched()");

    private async Task AssertSecondsAsync(LiveStream stream, double truth)
    {
        var counted = await stream.ViewerSecondsAsync();
        output.WriteLine($"Watched {truth:F1} s, counted {counted:F1} s.");
        CountedSeconds.AssertRight(counted, truth);
    }

    private static async Task<int> CountOnceAsync(LiveStream stream, int expected)
    {
        // A call of the page is on its way for a moment.
        var count = -1;
        for (var attempt = 0; attempt < 20 && count != expected; attempt++)
        {
            count = await stream.ViewerCountAsync();
            await Task.Delay(100);
        }

        return count;
    }

    /// <summary>Each presented frame shows the picture that belongs to its media time: none doubled, lost or out of order.</summary>
    private static void AssertInPlace(List<PresentedFrame> frames)
    {
        Assert.DoesNotContain(frames, frame => frame.Counter < 0);
        Assert.All(frames.Zip(frames.Skip(1)), pair => Assert.True(pair.Second.Counter >= pair.First.Counter, "Pictures went back."));

        // One line through all of them; only readings that came in time tell exactly.
        var timely = frames.Where(frame => !frame.IsLate).ToList();
        Assert.True(timely.Count > 20, $"Only {timely.Count} of {frames.Count} frames were read in time.");
        var origins = timely.Select(frame => frame.Counter - (frame.MediaTime * 30)).Order().ToList();
        var origin = origins[origins.Count / 2];
        Assert.All(origins, each => Assert.InRange(each, origin - 1.6, origin + 1.6));
        var inPlace = origins.Count(each => Math.Abs(each - origin) < 0.6);
        Assert.True(inPlace >= 0.95 * origins.Count, $"Only {inPlace} of {origins.Count} pictures are where they belong.");
    }

    private static async Task<IEnumerable<string>> ComplaintsAsync(BrowserPage page) =>
        (await page.ComplaintsAsync()).Where(complaint => !complaint.Contains("Failed to load resource", StringComparison.Ordinal));
}
