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
    private const int CopiedSeconds = 8;

    [Theory]
    [InlineData(90)]
    [InlineData(10)] // Percent of the processors: no machine has room for a second one.
    public async Task Both_keep_their_cadence_or_the_second_is_refused_with_figures(int maxLoad)
    {
        var server = new MeetingServer { Arguments = ["--composition-max-load", maxLoad.ToString(CultureInfo.InvariantCulture)] };
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

        var files = await Task.WhenAll(playing.Select((url, at) => CopyAsync(server, url, Path.Combine(server.Folder, $"cadence-{at}.mkv"))));
        await Task.Delay(TimeSpan.FromSeconds(3)); // Workers tell their figures each second: now what was copied is in them.
        var (leftOut, deaths) = (await CountAsync("skipped_pictures"), await CountAsync("worker_deaths"));
        output.WriteLine($"{await CountAsync("frames")} frames, {await CountAsync("late_pictures")} late, {leftOut} left out, {deaths} workers died.");
        foreach (var (at, times) in files.Index())
        {
            // Whatever the machine does, no picture is missing but those that a worker says it left out, and none is there twice. One
            // that died is there again within seconds.
            var steps = times.Zip(times.Skip(1)).Select(pair => (pair.Second - pair.First) * 1_000).ToList();
            Assert.True(steps.Min() >= 32, $"Two pictures are {steps.Min():F1} ms apart.");
            Assert.InRange(times[^1] - times[0], CopiedSeconds - 0.5, CopiedSeconds + 0.5);
            Assert.True(times.Count >= CopiedSeconds * 30 / 2, $"{times.Count} pictures in {CopiedSeconds} s are no cadence.");
            var missing = ((times[^1] - times[0]) * 30) + 1 - times.Count;
            Assert.True(missing < leftOut + (deaths * 5 * 30) + 0.5, $"{missing:F1} of {times.Count} pictures are missing, {leftOut} were left out, {deaths} workers died.");

            // The second was let in, so it must not have harmed the first.
            Assert.True(at > 0 || files.Length == 1 || missing <= 0.05 * times.Count, $"{missing:F1} of {times.Count} pictures of the first are missing beside the second.");
        }

        foreach (var page in (BrowserPage[])[ada, ben])
        {
            await page.CloseAsync();
        }

        Task<long> CountAsync(string name) => ServerMetrics.SumAsync(server, $"roomcast_egress_composition_{name}");
    }

    /// <summary>Takes some seconds of a livestream, once it is live, and tells the time of each picture in seconds.</summary>
    private static async Task<List<double>> CopyAsync(MeetingServer server, string url, string file)
    {
        using var http = new HttpClient();
        var began = TimeProvider.System.GetTimestamp();
        while ((await http.GetAsync(new Uri(url))).StatusCode is not HttpStatusCode.OK)
        {
            Assert.True(TimeProvider.System.GetElapsedTime(began) < MeetTab.Patience, server.Server.Errors);
            await Task.Delay(200);
        }

        await RunAsync("ffmpeg", "-v", "error", "-nostdin", "-y", "-i", url, "-t", $"{CopiedSeconds}", "-map", "0:v", "-c", "copy", file);
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
