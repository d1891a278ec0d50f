using System.Diagnostics;
using Roomcast.Interop.Browser;
using Roomcast.TestKit.Rtmp;
using Xunit.Abstractions;

namespace Roomcast.Interop.Viewers;

/// <summary>What the REST API tells of viewers, against what simulated players did.</summary>
[Collection(LiveServerTests.Name)]
public sealed class ViewerCountingTests(LiveServer live, ITestOutputHelper output)
{
    // One viewer alone is held to 5 % of this.
    private static readonly TimeSpan Time = TimeSpan.FromSeconds(30);

    // Of a crowd the sum is held to 5 %, which is a viewer or two.
    private static readonly TimeSpan CrowdTime = TimeSpan.FromSeconds(16);

    [Fact]
    public async Task A_viewer_alone_is_counted_of_whatever_kind_it_is()
    {
        Func<HttpClient, Uri, Stopwatch, CancellationToken, Task>[] kinds =
            [SimulatedViewers.PollAsync, SimulatedViewers.PollBlockingAsync, SimulatedViewers.BeatAsync];
        using var http = new HttpClient();
        await Task.WhenAll(kinds.Select(async kind =>
        {
            var stream = await live.CreateAsync("Alone");
            await using var publisher = await RtmpPublisher.ConnectAsync(stream.Ingest.AbsoluteUri);
            using var stop = new CancellationTokenSource();
            var publishing = publisher.PublishAsync(
                SyntheticMedia.Create(new SyntheticMediaOptions { Length = TimeSpan.FromMinutes(3) }), speed: 1, stop.Token);
            await stream.WaitUntilLiveAsync();
            await AssertWatchedAsync(stream, [await SimulatedViewers.WatchAsync(kind, http, stream.Playback, Time)]);
            await stop.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => publishing);
        }));
    }

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
            viewers.Add(SimulatedViewers.WatchAsync(kind, http, stream.Playback, CrowdTime));
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
        var viewers = Enumerable.Range(0, 30).Select(_ => SimulatedViewers.WatchAsync(SimulatedViewers.BeatAsync, http, cached, CrowdTime)).ToList();
        await WaitHalfAsync(viewers);
        Assert.InRange(await stream.ViewerCountAsync(), 29, 31);
        await AssertWatchedAsync(stream, await Task.WhenAll(viewers));
    }

    /// <summary>Waits until half of the time is over, or a viewer failed.</summary>
    private static async Task WaitHalfAsync(List<Task<TimeSpan>> viewers)
    {
        var half = Task.Delay(CrowdTime / 2);
        await await Task.WhenAny([half, .. viewers]);
        await half;
    }

    private async Task AssertWatchedAsync(LiveStream stream, TimeSpan[] watched)
    {
        await Task.Delay(500);
        var (counted, truth) = (await stream.ViewerSecondsAsync(), watched.Sum(time => time.TotalSeconds));
        output.WriteLine($"{watched.Length} viewers watched {truth:F0} s, counted {counted:F1} s.");
        CountedSeconds.AssertRight(counted, truth);
    }
}
