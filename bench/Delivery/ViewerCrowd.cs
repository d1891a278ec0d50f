using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;

namespace Roomcast.Bench.Delivery;

/// <summary>
/// The process of the viewers. Each has its own TLS connection and does for each part what hls.js does: it reloads the
/// playlist by a request that is held until the part is there, then fetches the part.
/// </summary>
internal static class ViewerCrowd
{
    // Most handshakes at once: what is measured begins when all are connected.
    private const int Openings = 32;

    public static async Task<int> RunAsync(CrowdPlan plan)
    {
        using var certificate = BenchCertificate.Read(plan.Folder);
        var fetchers = new Fetcher[plan.Viewers];
        await Parallel.ForAsync(0, plan.Viewers, new ParallelOptions { MaxDegreeOfParallelism = Openings }, async (i, _) =>
            fetchers[i] = await Fetcher.ConnectAsync(plan, certificate));

        // The edge is where the server is now; the first rounds warm up connections and compiled code.
        var watched = new ConcurrentQueue<string>();
        using var ending = new CancellationTokenSource();
        var first = plan.IsStatic ? 0 : await FindEdgeAsync(fetchers[0]);
        var start = Stopwatch.GetTimestamp();
        var viewers = fetchers.Select((fetcher, i) => plan.IsStatic
            ? WatchFilesAsync(fetcher, start, watched, ending.Token)
            : WatchLiveAsync(fetcher, i, first, watched, ending.Token)).ToArray();
        await Task.Delay(TimeSpan.FromSeconds(3));
        await Console.Out.WriteLineAsync("begin");
        var begin = Stopwatch.GetTimestamp();
        await Task.WhenAny(Task.Delay(TimeSpan.FromSeconds(plan.Seconds)), Task.WhenAll(viewers));
        await Console.Out.WriteLineAsync("end");
        await ending.CancelAsync();
        await Task.WhenAll(viewers);
        await File.WriteAllLinesAsync(plan.ResultPath, watched.Prepend(begin.ToString(CultureInfo.InvariantCulture)));
        foreach (var fetcher in fetchers)
        {
            await fetcher.DisposeAsync();
        }

        return 0;
    }

    private static async Task<long> FindEdgeAsync(Fetcher fetcher)
    {
        // Ask for one part after another until one has to be waited for. The first request connects, which takes time as well.
        await fetcher.FetchAsync(PlaylistPath("edge", 0));
        for (var part = 0L; ; part++)
        {
            var clock = Stopwatch.GetTimestamp();
            await fetcher.FetchAsync(PlaylistPath("edge", part));
            if (Stopwatch.GetElapsedTime(clock) > TimeSpan.FromMilliseconds(100))
            {
                return part + 1;
            }
        }
    }

    private static async Task WatchLiveAsync(Fetcher fetcher, int viewer, long first, ConcurrentQueue<string> watched, CancellationToken ending)
    {
        var name = viewer.ToString("x8", CultureInfo.InvariantCulture);
        for (var part = first; !ending.IsCancellationRequested; part++)
        {
            await fetcher.FetchAsync(PlaylistPath(name, part));
            await fetcher.FetchAsync(PartPath(part));
            watched.Enqueue(string.Create(CultureInfo.InvariantCulture, $"{part} {Stopwatch.GetTimestamp()}"));
        }
    }

    // Files cannot be waited for: all ask at the moment a part would have come, which is what a crowd that was woken does.
    private static async Task WatchFilesAsync(Fetcher fetcher, long start, ConcurrentQueue<string> watched, CancellationToken ending)
    {
        for (var part = 1L; !ending.IsCancellationRequested; part++)
        {
            var due = StreamShape.Part * part;
            var wait = due - Stopwatch.GetElapsedTime(start);
            if (wait > TimeSpan.Zero)
            {
                await Task.Delay(wait, CancellationToken.None);
            }

            await fetcher.FetchAsync("/media.m3u8");
            await fetcher.FetchAsync(string.Create(CultureInfo.InvariantCulture, $"/part{part % StreamShape.PartsPerSegment}.m4s"));
            var published = start + (long)(due.TotalSeconds * Stopwatch.Frequency);
            watched.Enqueue(string.Create(CultureInfo.InvariantCulture, $"{published} {Stopwatch.GetTimestamp()}"));
        }
    }

    private static string PlaylistPath(string viewer, long part)
    {
        var (msn, index) = Math.DivRem(part, StreamShape.PartsPerSegment);
        return string.Create(
            CultureInfo.InvariantCulture, $"{DeliveryServer.Livestream}/v/{viewer}/0/media.m3u8?_HLS_msn={msn}&_HLS_part={index}&_HLS_skip=YES");
    }

    private static string PartPath(long part)
    {
        var (msn, index) = Math.DivRem(part, StreamShape.PartsPerSegment);
        return string.Create(CultureInfo.InvariantCulture, $"{DeliveryServer.Livestream}/m/0/{DeliveryServer.RunTag}-{msn}.{index}.m4s");
    }
}
