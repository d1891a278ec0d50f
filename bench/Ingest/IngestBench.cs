using System.Diagnostics;
using System.Globalization;
using Roomcast.TestKit;
using Roomcast.TestKit.Rtmp;

namespace Roomcast.Bench.Ingest;

/// <summary>Measures what a publisher costs a server that makes HLS of it: Roomcast and nginx-rtmp, in turns, on the same media.</summary>
internal static class IngestBench
{
    private const int PictureBitrateBps = 1_372_000;

    public static async Task<int> RunAsync(BenchOptions options)
    {
        using var folder = new TemporaryFolder();
        var file = folder.PathOf("media.flv");
        Console.WriteLine("Encoding 20 s of 1280x720 at 30/s, H.264 and AAC, 1.5 Mbit/s together …");
        var media = await EncodedMedia.CreateAsync(new EncodedMediaOptions
        {
            Length = TimeSpan.FromSeconds(20),
            Width = 1_280,
            Height = 720,
            PictureBitrateBps = PictureBitrateBps,
        });
        await File.WriteAllBytesAsync(file, media.ToFlv());
        var bits = media.Messages.Sum(static message => (long)message.Body.Length) * 8;
        Print($"{options.Publishers} publishers of {bits / media.Duration.TotalSeconds / 1e6:0.00} Mbit/s, {media.Messages.Count / media.Duration.TotalSeconds:0} messages/s each; {options.WarmUp.TotalSeconds:0} s warm-up, {options.Measured.TotalSeconds:0} s measured.");

        var runs = new List<(string Server, double CpuMs, double ResidentMb)>();
        for (var round = 1; round <= options.Rounds; round++)
        {
            if (options.Only is null or "roomcast")
            {
                runs.Add(await MeasureAsync(await RoomcastServer.StartAsync(), options, folder, file));
            }

            if (options.Only is null or "ingest")
            {
                runs.Add(await MeasureAsync(await IngestAlone.StartAsync(), options, folder, file));
            }

            if (options.Only is null or "nginx")
            {
                runs.Add(await MeasureAsync(await NginxServer.StartAsync(), options, folder, file));
            }
        }

        Report(runs);
        return 0;
    }

    private static async Task<(string Server, double CpuMs, double ResidentMb)> MeasureAsync(
        MeasuredServer server, BenchOptions options, TemporaryFolder folder, string media)
    {
        await using var _ = server;
        var idle = ProcessCost.Of(server.ProcessId);
        var addresses = folder.PathOf("addresses.txt");
        await File.WriteAllLinesAsync(addresses, await server.MakeAddressesAsync(options.Publishers));
        using var crowd = StartSelf("publish", media, addresses);
        if (await crowd.StandardOutput.ReadLineAsync() != "publishing")
        {
            throw new InvalidOperationException($"The publishers could not start against {server.Name}.");
        }

        await Task.Delay(options.WarmUp);
        var startedAt = TimeProvider.System.GetTimestamp();
        var before = ProcessCost.Of(server.ProcessId);
        await Task.Delay(options.Measured);
        var after = ProcessCost.Of(server.ProcessId);
        var elapsed = TimeProvider.System.GetElapsedTime(startedAt);
        await server.CheckAsync();

        crowd.StandardInput.Close();
        await crowd.WaitForExitAsync();
        if (crowd.ExitCode != 0)
        {
            throw new InvalidOperationException($"A publisher was cut off by {server.Name}.");
        }

        var cpuMs = (after.CpuSeconds - before.CpuSeconds) * 1_000 / elapsed.TotalSeconds / options.Publishers;
        var residentMb = (after.ResidentBytes - idle.ResidentBytes) / 1e6 / options.Publishers;
        Print($"  {server.Name,-12} {cpuMs,7:0.00} ms CPU a publisher and second of media; {after.ResidentBytes / 1e6,7:0} MB resident ({residentMb:0.0} MB a publisher)");
        return (server.Name, cpuMs, residentMb);
    }

    /// <summary>Starts this program in another role.</summary>
    public static Process StartSelf(params string[] role)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!, role) { RedirectStandardInput = true, RedirectStandardOutput = true };
        if (Path.GetFileNameWithoutExtension(start.FileName) == "dotnet")
        {
            start.ArgumentList.Insert(0, typeof(IngestBench).Assembly.Location);
        }

        return Process.Start(start)!;
    }

    private static void Report(List<(string Server, double CpuMs, double ResidentMb)> runs)
    {
        Console.WriteLine();
        Console.WriteLine("server        CPU a publisher   memory a publisher");
        var means = runs.GroupBy(static run => run.Server).ToDictionary(
            static group => group.Key, static group => (CpuMs: group.Average(static run => run.CpuMs), ResidentMb: group.Average(static run => run.ResidentMb)));
        foreach (var (server, mean) in means)
        {
            Print($"{server,-12} {mean.CpuMs / 10,8:0.000} % core {mean.ResidentMb,14:0.0} MB");
        }

        if (means.TryGetValue("Roomcast", out var ours) && means.TryGetValue("nginx-rtmp", out var theirs))
        {
            Print($"ratio        {ours.CpuMs / theirs.CpuMs,15:0.00} {ours.ResidentMb / theirs.ResidentMb,17:0.0}");
            Print($"Goal: at most 1.00 of nginx-rtmp's CPU. {(ours.CpuMs <= theirs.CpuMs ? "Met." : "Not met.")}");
        }
    }

    private static void Print(FormattableString text) => Console.WriteLine(text.ToString(CultureInfo.InvariantCulture));
}
