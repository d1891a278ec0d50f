using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Roomcast.Interop.Browser;
using Xunit.Abstractions;

namespace Roomcast.Interop.Meetings;

/// <summary>A second meeting goes live beside the first, or is refused before it harms it; on the real server.</summary>
[Collection(MeetingServerTests.Name)]
public sealed class TwoLiveMeetingsTests(ITestOutputHelper output)
{
    private const int CopiedSeconds = 24;

    private const string Pictures = "roomcast_egress_composition_frames_total{track=\"picture\"";
    private const string Late = "roomcast_egress_composition_late_pictures";
    private const string LeftOut = "roomcast_egress_composition_skipped_pictures";

    // Three seconds each, after which the server takes a worker's figures for what it will go on to take.
    private const int WarmUpPictures = 90;

    // A worker leaves pictures out only when it was held up for more than two seconds, some sixty at once. Not once in what is copied.
    private const double MostLeftOut = 0.01;

    // What players get when they come is older than what is composed then by this much at most: the segment that grows and the one before.
    private static readonly TimeSpan OldestServed = TimeSpan.FromSeconds(5);

    [Theory]
    [InlineData(90)]
    [InlineData(10)] // Percent of the processors: no machine has room for a second one.
    public async Task Both_keep_their_cadence_or_the_second_is_refused_with_figures(int maxLoad)
    {
        var server = new MeetingServer { Arguments = ["--composition-max-load", maxLoad.ToString(CultureInfo.InvariantCulture), "--composition-nice", "0"] };
        await server.InitializeAsync();
        try
        {
            await JudgeAsync(server, mustRefuse: maxLoad == 10);
        }
        finally
        {
            await server.DisposeAsync();
        }
    }

    private async Task JudgeAsync(MeetingServer server, bool mustRefuse)
    {
        var (first, second) = (await server.CreateMeetingAsync("First"), await server.CreateMeetingAsync("Second"));
        var ada = await KitPage.OpenAsync(server, first, 0, "livestream_host", sends: true, script: StampedSource.ScriptOf(0));
        var ben = await KitPage.OpenAsync(server, second, 1, "livestream_host", sends: true, browser: 0, script: StampedSource.ScriptOf(1));

        // While the first one's worker is still compiling its code, and late by that.
        var playing = new List<string> { (await server.PostAsync($"/meetings/{first}/livestreams", new { })).GetProperty("playback_url").GetString()! };
        await server.Server.WaitForLogAsync("is composed by process");
        await Task.Delay(TimeSpan.FromSeconds(1.2));
        using var api = server.Server.CreateApiClient();
        using var answer = await api.PostAsJsonAsync(new Uri($"{server.Server.AppPath}/meetings/{second}/livestreams", UriKind.Relative), new { });
        var body = await answer.Content.ReadAsStringAsync();
        output.WriteLine($"The second: {(int)answer.StatusCode} {body}");
        if (answer.StatusCode is HttpStatusCode.ServiceUnavailable)
        {
            Assert.Contains("processors", body, StringComparison.Ordinal);
            Assert.NotNull(answer.Headers.RetryAfter);
        }
        else
        {
            Assert.Equal(HttpStatusCode.Created, answer.StatusCode);
            Assert.False(mustRefuse, body);
            playing.Add(JsonSerializer.Deserialize<JsonElement>(body).GetProperty("data").GetProperty("playback_url").GetString()!);
        }

        await Task.WhenAll(playing.Select(url => WaitUntilPlayableAsync(server, url)));

        // What is judged is composed from here on: after the beginning, in which a worker compiles its code and is late by that.
        var warm = await CountAsync(Pictures) + (playing.Count * WarmUpPictures);
        await ServerMetrics.WaitAsync(server, Pictures, pictures => pictures >= warm);
        var before = (LeftOut: await CountAsync(LeftOut), Late: await CountAsync(Late), Made: await CountAsync(Pictures));
        await ServerMetrics.WaitAsync(server, Pictures, pictures => pictures >= before.Made + (playing.Count * (long)OldestServed.TotalSeconds * 30));
        var copies = await Task.WhenAll(playing.Select((url, at) => CopyAsync(url, Path.Combine(server.Folder, $"cadence-{at}.mkv"))));

        // Workers tell their figures each second: with these pictures, those of what was copied have come.
        var copied = await CountAsync(Pictures);
        await ServerMetrics.WaitAsync(server, Pictures, pictures => pictures >= copied + (playing.Count * 60));
        var after = (LeftOut: await CountAsync(LeftOut), Late: await CountAsync(Late), Made: await CountAsync(Pictures));
        var (leftOut, deaths) = (after.LeftOut - before.LeftOut, await CountAsync("roomcast_egress_composition_worker_deaths"));
        var told = $"{after.Made - before.Made} pictures, {after.Late - before.Late} late, {leftOut} left out, {deaths} workers died; load of the machine: {(await File.ReadAllTextAsync("/proc/loadavg")).Trim()}.";
        output.WriteLine(told);
        Assert.Equal(0, deaths);
        foreach (var (at, times) in copies.Index())
        {
            // Each alike, whether it is the one that was there, the one that was let in beside it, or alone: a picture for each tick.
            var steps = times.Zip(times.Skip(1)).Select(pair => (pair.Second - pair.First) * 1_000).ToList();
            var missing = ((times[^1] - times[0]) * 30) + 1 - times.Count;
            var text = FormattableString.Invariant(
                $"Meeting {at + 1}: {times.Count} pictures in {times[^1] - times[0]:F2} s, {steps.Min():F1} to {steps.Max():F1} ms apart, {missing:F1} missing. {told}");
            output.WriteLine(text);
            Assert.InRange(times[^1] - times[0], CopiedSeconds - 0.5, CopiedSeconds + 0.5);
            Assert.True(steps.Min() >= 32, text);
            Assert.True(missing < leftOut + 0.5, text); // None is lost but what a worker says it left out.
            Assert.True(missing <= MostLeftOut * times.Count, text);
        }

        foreach (var page in (BrowserPage[])[ada, ben])
        {
            await page.CloseAsync();
        }

        Task<long> CountAsync(string name) => ServerMetrics.SumAsync(server, name);
    }

    private static async Task WaitUntilPlayableAsync(MeetingServer server, string url)
    {
        using var http = new HttpClient();
        var began = TimeProvider.System.GetTimestamp();
        while ((await http.GetAsync(new Uri(url))).StatusCode is not HttpStatusCode.OK)
        {
            Assert.True(TimeProvider.System.GetElapsedTime(began) < MeetTab.Patience, server.Server.Errors);
            await Task.Delay(200);
        }
    }

    /// <summary>Takes some seconds of a livestream from its newest segment on, and tells the time of each picture in seconds.</summary>
    private static async Task<List<double>> CopyAsync(string url, string file)
    {
        await RunAsync("ffmpeg", "-v", "error", "-nostdin", "-y", "-live_start_index", "-1", "-i", url, "-t", $"{CopiedSeconds}", "-map", "0:v", "-c", "copy", file);
        var packets = await RunAsync("ffprobe", "-v", "error", "-select_streams", "v:0", "-show_entries", "packet=pts_time", "-of", "csv=p=0", file);
        return [.. packets.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => double.Parse(line.Trim().TrimEnd(','), CultureInfo.InvariantCulture))];
    }

    private static async Task<string> RunAsync(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true })!;
        var said = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.Equal(0, process.ExitCode);
        return said;
    }
}
