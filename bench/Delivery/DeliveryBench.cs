using System.Diagnostics;
using System.Globalization;

namespace Roomcast.Bench.Delivery;

/// <summary>Measures: our delivery and nginx in turns, HTTP/1.1 and HTTP/2, more and more viewers.</summary>
internal static class DeliveryBench
{
    // What it ought to do.
    private const int GoalViewersPerCore = 1_000;
    private const double GoalMilliseconds = 50;

    private static readonly int[] DefaultCrowds = [50, 100, 200, 400, 1_000];

    public static async Task<int> RunAsync(string[] arguments)
    {
        if (!TryRead(arguments, out var crowds, out var seconds))
        {
            await Console.Error.WriteLineAsync("Usage: Delivery [--viewers 50,100,200] [--seconds 8]");
            return 1;
        }

        var rows = new List<Row>();
        foreach (var isHttp2 in (bool[])[false, true])
        {
            foreach (var viewers in crowds)
            {
                // In turns, so that whatever else the machine does meets both.
                rows.Add(await MeasureAsync(isNginx: false, viewers, isHttp2, seconds));
                rows.Add(await MeasureAsync(isNginx: true, viewers, isHttp2, seconds));
            }
        }

        Report(rows);
        return 0;
    }

    private static async Task<Row> MeasureAsync(bool isNginx, int viewers, bool isHttp2, int seconds)
    {
        var folder = Directory.CreateTempSubdirectory("roomcast-bench-").FullName;
        try
        {
            BenchCertificate.Write(folder);
            await using BenchServer server = isNginx ? await NginxFiles.StartAsync(folder) : await RoomcastDelivery.StartAsync(folder);

            // One core for the server, so that "per core" means what it says; the crowd has the others.
            ProcessTime.Pin(server.Process, 1);
            var plan = new CrowdPlan(folder, server.Port, viewers, isHttp2, server.IsStatic, seconds);
            using var crowd = Process.Start(
                new ProcessStartInfo(Environment.ProcessPath!, RoomcastDelivery.SelfArguments(plan.ToArguments())) { RedirectStandardOutput = true })!;
            ProcessTime.Pin(crowd, (nint)(((1UL << Math.Min(63, Environment.ProcessorCount)) - 1) & ~1UL));
            await ExpectAsync(crowd, "begin");
            var (cpuBefore, clock) = (ProcessTime.CpuOf(server.Process), Stopwatch.GetTimestamp());
            await ExpectAsync(crowd, "end");
            var (cpu, elapsed) = (ProcessTime.CpuOf(server.Process) - cpuBefore, Stopwatch.GetElapsedTime(clock));
            var memory = ProcessTime.MemoryOf(server.Process);
            await crowd.WaitForExitAsync();
            if (crowd.ExitCode != 0)
            {
                throw new InvalidOperationException($"{viewers} viewers of {server.Name} failed.");
            }

            var latencies = await ReadLatenciesAsync(plan);
            var cores = cpu / elapsed;
            var row = new Row(server.Name, isHttp2, viewers, cores, viewers / cores, At(latencies, 0.5), At(latencies, 0.99), latencies.Count / elapsed.TotalSeconds, memory);
            Console.WriteLine(row);
            return row;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task ExpectAsync(Process process, string word)
    {
        if (await process.StandardOutput.ReadLineAsync() is var line && line != word)
        {
            throw new InvalidOperationException($"The viewers said \"{line}\" where \"{word}\" was expected.");
        }
    }

    // From the publication of a part to its last byte at the viewer, in milliseconds, sorted.
    private static async Task<List<double>> ReadLatenciesAsync(CrowdPlan plan)
    {
        var lines = await File.ReadAllLinesAsync(plan.ResultPath);
        var begin = long.Parse(lines[0], CultureInfo.InvariantCulture);
        var published = plan.IsStatic
            ? null
            : (await File.ReadAllLinesAsync(Path.Combine(plan.Folder, "published.txt")))
                .Select(line => line.Split(' '))
                .GroupBy(fields => fields[0], fields => long.Parse(fields[1], CultureInfo.InvariantCulture))
                .ToDictionary(group => group.Key, group => group.Min());
        var latencies = new List<double>();
        foreach (var fields in lines.Skip(1).Select(line => line.Split(' ')))
        {
            var from = published is null ? long.Parse(fields[0], CultureInfo.InvariantCulture) : published[fields[0]];
            if (from >= begin)
            {
                latencies.Add((long.Parse(fields[1], CultureInfo.InvariantCulture) - from) * 1_000.0 / Stopwatch.Frequency);
            }
        }

        latencies.Sort();
        return latencies;
    }

    private static double At(List<double> sorted, double share) => sorted.Count == 0 ? double.NaN : sorted[(int)((sorted.Count - 1) * share)];

    private static void Report(List<Row> rows)
    {
        Console.WriteLine();
        foreach (var isHttp2 in (bool[])[false, true])
        {
            var protocol = isHttp2 ? "HTTP/2" : "HTTP/1.1";
            foreach (var name in (string[])["Roomcast", "nginx"])
            {
                var mine = rows.Where(row => row.IsHttp2 == isHttp2 && row.Server == name).ToList();
                var within = mine.Where(row => row.P99Milliseconds <= GoalMilliseconds).ToList();
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                    $"{name}, {protocol} with TLS: at most {mine.Max(row => row.ViewersPerCore):0} viewers per core by CPU time; the most on one core with p99 at or under {GoalMilliseconds} ms: {(within.Count == 0 ? "none of the crowds" : within.Max(row => row.Viewers))}."));
            }

            foreach (var viewers in rows.Select(row => row.Viewers).Distinct())
            {
                var pair = rows.Where(row => row.IsHttp2 == isHttp2 && row.Viewers == viewers).ToDictionary(row => row.Server);
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                    $"{protocol}, {viewers} viewers: Roomcast takes {pair["Roomcast"].Cores / pair["nginx"].Cores:0.00} times nginx's CPU, its p99 is {pair["Roomcast"].P99Milliseconds / pair["nginx"].P99Milliseconds:0.00} times nginx's."));
            }
        }

        var best = rows.Where(row => row.Server == "Roomcast" && row.P99Milliseconds <= GoalMilliseconds).ToList();
        var isReached = best.Exists(row => row.ViewersPerCore >= GoalViewersPerCore);
        Console.WriteLine($"Goal, {GoalViewersPerCore} viewers per core with p99 at or under {GoalMilliseconds} ms: {(isReached ? "reached by CPU time at the crowds above that keep the latency" : "not reached")}.");
    }

    private static bool TryRead(string[] arguments, out int[] crowds, out int seconds)
    {
        crowds = DefaultCrowds;
        seconds = 8;
        for (var i = 0; i < arguments.Length; i += 2)
        {
            switch (arguments[i])
            {
                case "--viewers" when i + 1 < arguments.Length:
                    crowds = [.. arguments[i + 1].Split(',').Select(text => int.TryParse(text, CultureInfo.InvariantCulture, out var n) ? n : 0)];
                    break;
                case "--seconds" when i + 1 < arguments.Length && int.TryParse(arguments[i + 1], CultureInfo.InvariantCulture, out seconds):
                    break;
                default:
                    return false;
            }
        }

        return crowds.All(crowd => crowd > 0) && seconds > 0;
    }

    private sealed record Row(
        string Server, bool IsHttp2, int Viewers, double Cores, double ViewersPerCore, double P50Milliseconds, double P99Milliseconds, double PartsPerSecond, double MemoryMegabytes)
    {
        public override string ToString() => string.Create(CultureInfo.InvariantCulture,
            $"{Server,-9} {(IsHttp2 ? "HTTP/2" : "HTTP/1.1"),-8} {Viewers,5} viewers: {Cores:0.00} cores, {ViewersPerCore,5:0} viewers per core, part latency p50 {P50Milliseconds,6:0.0} ms, p99 {P99Milliseconds,6:0.0} ms, {PartsPerSecond,5:0} parts/s, {MemoryMegabytes,4:0} MiB");
    }
}
