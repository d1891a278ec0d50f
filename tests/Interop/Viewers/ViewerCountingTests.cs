using System.Diagnostics;
using Roomcast.Interop.Browser;
using Xunit.Abstractions;

namespace Roomcast.Interop.Viewers;

/// <summary>What the REST API tells of viewers, against what simulated players did.</summary>
[Collection(LiveServerTests.Name)]
public sealed class ViewerCountingTests(LiveServer live, ITestOutputHelper output)
{
    private static readonly TimeSpan Time = TimeSpan.FromSeconds(15);

    [Fact]
    public async Task Fifty_viewers_of_all_kinds_at_once_are_counted()
    {
        var stream = await live.CreateAsync("Fifty");
        await using var source = stream.Publish();
        await stream.WaitUntilLiveAsync();
        using var http = new HttpClient();

        var viewers = new List<Task<TimeSpan>>();
        for (var i = 0; i < 50; i++)
        {
            Func<HttpClient, Uri, Stopwatch, CancellationToken, Task> kind = (i % 3) switch
            {
                0 => SimulatedViewers.PollAsync,
                1 => SimulatedViewers.PollBlockingAsync,
                _ => SimulatedViewers.BeatAsync,
            };
            viewers.Add(SimulatedViewers.WatchAsync(kind, http, stream.Playback, Time));
        }

        await WaitHalfAsync(viewers);
        Assert.InRange(await stream.ViewerCountAsync(), 48, 52);
        await AssertWatchedAsync(stream, await Task.WhenAll(viewers));
    }

    [Fact]
    public async Task Viewers_behind_a_cache_that_collapses_requests_are_counted()
    {
        var stream = await live.CreateAsync("Behind a cache");
        await using var source = stream.Publish();
        await stream.WaitUntilLiveAsync();
        await using var cache = await CollapsingCache.StartAsync(stream.Playback);
        using var http = new HttpClient();

        var cached = new Uri(cache.Address, stream.Playback.AbsolutePath);
        var viewers = Enumerable.Range(0, 30).Select(_ => SimulatedViewers.WatchAsync(SimulatedViewers.BeatAsync, http, cached, Time)).ToList();
        await WaitHalfAsync(viewers);
        Assert.InRange(await stream.ViewerCountAsync(), 29, 31);
        await AssertWatchedAsync(stream, await Task.WhenAll(viewers));
    }

    /// <summary>Waits until half of the time is over, or a viewer failed.</summary>
    private static async Task WaitHalfAsync(List<Task<TimeSpan>> viewers)
    {
        var half = Task.Delay(Time / 2);
        await await Task.WhenAny([half, .. viewers]);
        await half;
    }

    private async Task AssertWatchedAsync(LiveStream stream, TimeSpan[] watched)
    {
        await Task.Delay(500);
        var (counted, truth) = (await stream.ViewerSecondsAsync(), watched.Sum(time => time.TotalSeconds));
        output.WriteLine($"{watched.Length} viewers watched {truth:F0} s, counted {counted:F1} s.");
        var allowed = Math.Max(0.05 * truth, 2.0 * watched.Length);
        Assert.InRange(counted, truth - allowed, truth + allowed);
    }
}
