using System.Diagnostics;
using System.Globalization;
using Roomcast.TestKit;
using Roomcast.TestKit.Video;

namespace Roomcast.Bench.Compose;

/// <summary>Measures what composing a meeting costs: our composer, the ffmpeg program, and a browser that is filmed, in turns, on the same media.</summary>
internal static class ComposeBench
{
    private const string Display = ":97";

    public static async Task<int> RunAsync(BenchOptions options)
    {
        RequireTools(options.Only);
        using var folder = new TemporaryFolder();
        var most = options.Participants.Max();
        Console.WriteLine($"Encoding {most} participants, 20 s each …");
        await Participants.MakeAsync(folder.Path, most);
        Print($"To 1280x720 at 30/s, H.264 High {options.Preset} 2.5 Mbit/s with one thread, and AAC 128 kbit/s; {options.WarmUp.TotalSeconds:0} s warm-up, {options.Measured.TotalSeconds:0} s measured, in real time.");
        foreach (var participants in options.Participants)
        {
            var runs = new List<(string Way, double CpuMs, double Megabytes)>();
            for (var round = 0; round < options.Rounds; round++)
            {
                foreach (var way in (string[])["roomcast", "ffmpeg", "chromium"])
                {
                    if (options.Only is null || options.Only == way)
                    {
                        runs.Add(await MeasureAsync(way, participants, options, folder));
                    }
                }
            }

            Report(participants, runs);
        }

        return 0;
    }

    /// <summary>Says what is missing before anything is encoded, instead of a display that never opens.</summary>
    /// <exception cref="InvalidOperationException">A program that the measured ways need is not on the path.</exception>
    private static void RequireTools(string? only)
    {
        (string Program, string Package)[] tools = only is null or "chromium"
            ? [("ffmpeg", "ffmpeg"), ("chromium", "chromium"), ("Xvfb", "xvfb")]
            : [("ffmpeg", "ffmpeg")];
        var folders = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries);
        var missing = tools.Where(tool => !folders.Any(folder => File.Exists(Path.Combine(folder, tool.Program)))).ToList();
        if (missing.Count > 0)
        {
            throw new InvalidOperationException(
                $"{string.Join(" and ", missing.Select(static tool => tool.Program))} is missing: install it with 'apt-get install {string.Join(' ', missing.Select(static tool => tool.Package))}'.");
        }
    }

    private static async Task<(string Way, double CpuMs, double Megabytes)> MeasureAsync(string way, int participants, BenchOptions options, TemporaryFolder folder)
    {
        if (way == "roomcast")
        {
            return await MeasureOursAsync(participants, options, folder);
        }

        await using var meeting = way == "chromium" ? await HeldMeeting.StartAsync(folder.Path, participants) : null;
        var processes = new List<Process>();
        var film = folder.PathOf($"film-{Guid.NewGuid():N}.ts");
        var progress = folder.PathOf($"progress-{Guid.NewGuid():N}");
        try
        {
            if (meeting is null)
            {
                processes.Add(Process.Start(new ProcessStartInfo("ffmpeg", OtherSides.Ffmpeg(folder.Path, participants, options.Preset, progress)))!);
            }
            else
            {
                await StartBrowserAsync(processes, meeting, folder, OtherSides.Capture(Display, options.Preset, progress, film));
            }

            await Task.Delay(options.WarmUp);
            var startedAt = TimeProvider.System.GetTimestamp();
            var (before, encodedBefore) = (Sum(processes), OtherSides.Encoded(progress));
            await Task.Delay(options.Measured);
            var (after, encoded) = (Sum(processes), OtherSides.Encoded(progress));
            var elapsed = TimeProvider.System.GetElapsedTime(startedAt);
            if (processes.Exists(static process => process.HasExited))
            {
                throw new InvalidOperationException($"{way} ended too early.");
            }

            var rate = (encoded - encodedBefore) / elapsed.TotalSeconds;
            if (meeting is null)
            {
                return Tell(way, participants, before, after, elapsed, rate, "");
            }

            processes[^1].Kill();
            await processes[^1].WaitForExitAsync();
            var moving = await MovingAsync(film, participants, (int)encodedBefore, (int)(encoded - encodedBefore));
            return Tell(
                way, participants, before, after, elapsed, rate,
                string.Create(CultureInfo.InvariantCulture, $"; {moving * rate:0.0} of them a second show a new picture of the first participant"));
        }
        finally
        {
            foreach (var process in Enumerable.Reverse(processes))
            {
                if (!process.HasExited)
                {
                    process.Kill(entireProcessTree: true);
                }

                await process.WaitForExitAsync();
                process.Dispose();
            }
        }
    }

    private static async Task<(string Way, double CpuMs, double Megabytes)> MeasureOursAsync(int participants, BenchOptions options, TemporaryFolder folder)
    {
        var began = TimeProvider.System.GetTimestamp();
        var side = await OurSide.StartAsync(folder.Path, participants, options.Preset);
        await Task.Delay(options.WarmUp);
        var startedAt = TimeProvider.System.GetTimestamp();

        // The worker is the only process that this one has started and that still runs.
        var before = ProcessCost.OfChildren(Environment.ProcessId);
        await Task.Delay(options.Measured);
        var after = ProcessCost.OfChildren(Environment.ProcessId);
        var elapsed = TimeProvider.System.GetElapsedTime(startedAt);
        var figures = await side.EndAsync(TimeProvider.System.GetElapsedTime(began, startedAt));
        double At(double share) => figures.Latencies[(int)(figures.Latencies.Count * share)].TotalMilliseconds;
        return Tell(
            "roomcast", participants, before, after, elapsed, figures.PicturesPerSecond,
            string.Create(
                CultureInfo.InvariantCulture,
                $"; packet to frame p50 {At(0.5):0}, p95 {At(0.95):0}, p99 {At(0.99):0} ms of {figures.Latencies.Count} pictures seen; {figures.BitrateBps / 1e6:0.00} Mbit/s"));
    }

    // By picture, so that a machine too busy for all of them does not make anybody look cheap.
    private static (string Way, double CpuMs, double Megabytes) Tell(
        string way, int participants, ProcessCost before, ProcessCost after, TimeSpan elapsed, double rate, string remark)
    {
        if (rate < 1)
        {
            throw new InvalidOperationException($"{way} made no pictures.");
        }

        var (cores, megabytes) = ((after.CpuSeconds - before.CpuSeconds) / elapsed.TotalSeconds, after.Bytes / 1e6);
        Print($"  {participants} participants, {way,-9} {cores,6:0.000} of a core, {rate,4:0.0} pictures/s: {cores / rate * 1_000,5:0.0} ms CPU a picture; {megabytes,4:0} MB{remark}");
        return (way, cores / rate * 1_000, megabytes);
    }

    /// <summary>Which share of a film's pictures shows another picture of the first participant than the one before.</summary>
    private static async Task<double> MovingAsync(string film, int participants, int from, int count)
    {
        var reading = await PictureClockReader.ReadAsync(film, withSound: false, crop: HeldMeeting.FirstTile(participants));
        var pictures = reading.Pictures.Skip(from).Take(count).ToList();
        return pictures.Zip(pictures.Skip(1), static (one, next) => next.Stamp is { } stamp && stamp.Counter != one.Stamp?.Counter ? 1.0 : 0).Average();
    }

    /// <summary>A display without a screen, a browser that fills it, and ffmpeg that films it.</summary>
    private static async Task StartBrowserAsync(List<Process> processes, HeldMeeting meeting, TemporaryFolder folder, string[] capture)
    {
        processes.Add(Process.Start(Quiet("Xvfb", Display, "-screen", "0", "1280x720x24", "-nolisten", "tcp"))!);
        await UntilAsync(() => File.Exists($"/tmp/.X11-unix/X{Display[1..]}"), processes, "Xvfb opened no display");

        // The server's certificate is of its own authority; whom a browser trusts costs nothing that is measured here.
        var browser = Quiet(
            "chromium", "--no-sandbox", "--no-first-run", "--disable-gpu", "--kiosk", "--window-size=1280,720", "--window-position=0,0",
            "--autoplay-policy=no-user-gesture-required", "--disable-dev-shm-usage", "--ignore-certificate-errors", "--test-type",
            $"--user-data-dir={folder.PathOf($"profile-{Guid.NewGuid():N}")}", meeting.Page.AbsoluteUri);
        browser.Environment["DISPLAY"] = Display;
        processes.Add(Process.Start(browser)!);

        // The page takes the colour of its corner only when every picture moves.
        await UntilAsync(() => OtherSides.Shows(Display, HeldMeeting.PlayingRgb), processes, "the browser did not show everybody");
        processes.Add(Process.Start(Quiet("ffmpeg", capture))!);
    }

    private static async Task UntilAsync(Func<bool> isSo, List<Process> processes, string otherwise)
    {
        var began = TimeProvider.System.GetTimestamp();
        while (!isSo())
        {
            if (TimeProvider.System.GetElapsedTime(began) > TimeSpan.FromMinutes(1) || processes.Exists(static process => process.HasExited))
            {
                throw new InvalidOperationException($"Within a minute {otherwise}.");
            }

            await Task.Delay(100);
        }
    }

    private static ProcessStartInfo Quiet(string program, params string[] arguments)
    {
        // Through a shell for one thing only: what they say about a machine without a graphics card goes nowhere.
        var start = new ProcessStartInfo("/bin/sh", ["-c", "exec \"$0\" \"$@\" 2>/dev/null >/dev/null", program, .. arguments]);
        return start;
    }

    private static ProcessCost Sum(List<Process> processes) => processes.Select(static process => ProcessCost.Of(process.Id))
        .Aggregate(static (sum, cost) => sum + cost);

    private static void Report(int participants, List<(string Way, double CpuMs, double Megabytes)> runs)
    {
        var means = runs.GroupBy(static run => run.Way).ToDictionary(
            static group => group.Key, static group => (CpuMs: group.Average(static run => run.CpuMs), Megabytes: group.Average(static run => run.Megabytes)));
        foreach (var (way, mean) in means)
        {
            Print($"{participants} participants, {way,-9} {mean.CpuMs,6:0.0} ms CPU a picture ({mean.CpuMs * 0.03:0.00} of a core at 30/s) {mean.Megabytes,6:0} MB");
        }

        if (!means.TryGetValue("roomcast", out var ours))
        {
            return;
        }

        if (means.TryGetValue("ffmpeg", out var ffmpeg))
        {
            Judge($"CPU {ours.CpuMs / ffmpeg.CpuMs:0.00} of ffmpeg with xstack; goal at most 1.10.", ours.CpuMs <= ffmpeg.CpuMs * 1.1);
        }

        if (means.TryGetValue("chromium", out var chromium))
        {
            Judge($"CPU {ours.CpuMs / chromium.CpuMs:0.00} of a browser that is filmed; goal at most 0.20.", ours.CpuMs <= chromium.CpuMs * 0.2);
        }

        Judge($"Memory {ours.Megabytes:0} MB; goal under 150.", ours.Megabytes < 150);
    }

    private static void Judge(FormattableString text, bool isMet) => Console.WriteLine($"{text.ToString(CultureInfo.InvariantCulture)} {(isMet ? "Met." : "Not met.")}");

    private static void Print(FormattableString text) => Console.WriteLine(text.ToString(CultureInfo.InvariantCulture));
}
