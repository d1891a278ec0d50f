using System.Formats.Tar;
using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Roomcast.Interop.Browser;
using Roomcast.TestKit;
using Roomcast.TestKit.Hls;
using Xunit.Abstractions;

namespace Roomcast.Interop.Meetings;

/// <summary>What the official client, unmodified, broadcasts as ID3 while it is recorded is where a player of others finds it, at its time.</summary>
[Collection(MeetingServerTests.Name)]
public sealed class InteractiveRecordingTests(ITestOutputHelper output)
{
    /// <summary>From the picture that was drawn when a message was sent to the one shown when it holds, either way.</summary>
    private const int MostOutOfStepMs = 500;

    /// <summary>What a killed server may lose: two seconds, and a moment that the message and its picture were on their way.</summary>
    private const int MostLostMs = 2_500;

    [Fact]
    public async Task Messages_are_in_the_archive_at_their_pictures_and_those_from_before_a_kill_too()
    {
        var server = new MeetingServer();
        await server.InitializeAsync();
        try
        {
            var meeting = await server.CreateMeetingAsync("Interactive");
            var ada = await KitPage.OpenAsync(server, meeting, 0, "group_call_host", sends: true, script: StampedSource.ScriptOf(0));
            var recording = await RecordAsync(server, meeting);
            var sent = await SendAsync(ada, count: 8, from: 1);
            await ada.RunAsync("meeting.participants.broadcastMessage('other', { n: 0, wall: 0 }).then(() => null)");
            await Task.Delay(TimeSpan.FromSeconds(2));
            using var api = server.Server.CreateApiClient();
            using var stopped = await api.PutAsync(
                new Uri($"{server.Server.AppPath}/recordings/{recording}", UriKind.Relative), new StringContent("""{"action":"stop"}""", System.Text.Encoding.UTF8, "application/json"));
            Assert.True(stopped.IsSuccessStatusCode, await stopped.Content.ReadAsStringAsync());
            var played = await PlayAsync(server, recording, "stopped");
            Assert.Equal(sent.Select(each => each.Number), played.Select(each => each.Number));
            Assert.All(sent.Zip(played), pair => Assert.Equal(pair.First.Wall, pair.Second.Wall));

            var killed = await RecordAsync(server, meeting);
            var before = await SendAsync(ada, count: 12, from: 101);
            var at = await ada.EvaluateAsync<double>("stamped.wall()");
            await server.RestartAsync();
            var repaired = await PlayAsync(server, killed, "killed");
            var kept = before.Where(each => each.Wall < at - MostLostMs).Select(each => each.Number).ToList();
            output.WriteLine($"Of {before.Count} messages before the kill the archive has {repaired.Count}; {kept.Count} must be there.");
            Assert.True(kept.Count >= 6);
            Assert.Equal(kept, repaired.Select(each => each.Number).Take(kept.Count));
            Assert.Equal(before.Select(each => each.Number).Take(repaired.Count), repaired.Select(each => each.Number));
            await ada.CloseAsync();
        }
        finally
        {
            await server.DisposeAsync();
        }
    }

    private static async Task<string> RecordAsync(MeetingServer server, string meeting)
    {
        var recording = (await server.PostAsync("/recordings", new { meeting_id = meeting, interactive_config = new { type = "ID3" } })).GetProperty("id").GetString()!;
        await UntilAsync(server, recording, "RECORDING");
        return recording;
    }

    /// <summary>Sends a message every 0.9 s; answers each with the wall clock of its page when it was sent.</summary>
    private static async Task<List<(int Number, double Wall)>> SendAsync(BrowserPage page, int count, int from)
    {
        // Until the picture of the first is recorded: a recording has just begun.
        await Task.Delay(TimeSpan.FromSeconds(3));
        var walls = await page.EvaluateAsync<List<double>>($$"""
            (async () => {
              const walls = [];
              for (let n = 0; n < {{count}}; n++) {
                const wall = Math.round(stamped.wall());
                walls.push(wall);
                await meeting.participants.broadcastMessage('ID3', { n: n + {{from}}, wall, text: 'Grüße' });
                await new Promise((later) => setTimeout(later, 900));
              }
              return walls;
            })()
            """);
        return [.. walls.Select((wall, at) => (from + at, wall))];
    }

    /// <summary>Downloads the archive, decodes it whole, plays it with hls.js, and judges when its messages are told.</summary>
    private async Task<List<(int Number, double Wall)>> PlayAsync(MeetingServer server, string recording, string name)
    {
        var done = await UntilAsync(server, recording, "UPLOADED");
        Assert.EndsWith(".tar", done.GetProperty("output_file_name").GetString(), StringComparison.Ordinal);
        using var http = server.Server.CreateHttpsClient();
        var bytes = await http.GetByteArrayAsync(new Uri(done.GetProperty("download_url").GetString()!));
        Assert.Equal(done.GetProperty("file_size").GetInt64(), bytes.Length);
        var folder = Directory.CreateDirectory(Path.Combine(server.Folder, name)).FullName;
        await TarFile.ExtractToDirectoryAsync(new MemoryStream(bytes), folder, overwriteFiles: false);
        var playlist = Path.Combine(folder, "index.m3u8");
        await EncodedSource.RunAsync("-v", "error", "-xerror", "-allowed_extensions", "ALL", "-i", playlist, "-f", "null", "-");

        var segments = Directory.GetFiles(folder, "*.m4s").Order(StringComparer.Ordinal).ToList();
        Assert.True(segments.Count >= 2, await File.ReadAllTextAsync(playlist));
        var whole = Path.Combine(folder, "whole.mp4");
        await using (var file = File.Create(whole))
        {
            foreach (var piece in segments.Prepend(Path.Combine(folder, "init.mp4")))
            {
                await file.WriteAsync(await File.ReadAllBytesAsync(piece));
            }
        }

        var reading = await StampedReading.OfAsync(whole);
        Assert.Empty(reading.Complaints);
        var found = new List<(int Number, double Wall)>();
        foreach (var (at, text) in await ParseAsync(server, folder))
        {
            var payload = JsonSerializer.Deserialize<JsonElement>(text);
            Assert.Equal("Grüße", payload.GetProperty("text").GetString());
            var (number, wall) = (payload.GetProperty("n").GetInt32(), payload.GetProperty("wall").GetDouble());
            found.Add((number, wall));
            var shown = reading.Frames.LastOrDefault(frame => frame.At.TotalSeconds <= at + 0.001 && frame.Look.First is not null)?.Look.First;
            Assert.True(shown is not null, $"Nothing can be read at {at}.");
            var late = StampedPicture.Between(StampedPicture.StampOf(DateTimeOffset.FromUnixTimeMilliseconds((long)wall)), shown.Value);
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name}, message {number} at {at:F3} s: the picture shown then was drawn {late} ms after it was sent."));
            Assert.InRange(late, -MostOutOfStepMs, MostOutOfStepMs);
        }

        return found;
    }

    /// <summary>What hls.js tells while a browser plays a folder to its end, by <c>FRAG_PARSING_METADATA</c> and as cues.</summary>
    private static async Task<List<(double At, string Text)>> ParseAsync(MeetingServer server, string folder)
    {
        await using var files = await FilesServer.StartAsync(folder);
        var page = await (await server.BrowserAsync(1)).OpenAsync(files.Address, 640, 400);
        await page.RunAsync("""
            new Promise((loaded, failed) => {
              const script = document.createElement('script');
              [script.onload, script.onerror, script.src] = [loaded, failed, '/hls.js'];
              document.head.append(script);
            }).then(() => {
              globalThis.found = [];
              globalThis.faults = [];
              const textOf = (data) => new TextDecoder().decode(data).split('\u0003ID3\u0000')[1];
              const hls = new Hls();
              hls.on(Hls.Events.FRAG_PARSING_METADATA, (_, { samples }) => samples.forEach(({ pts, data }) => found.push({ at: pts, text: textOf(data) })));
              hls.on(Hls.Events.ERROR, (_, { details, fatal }) => fatal && faults.push(details));
              const video = document.querySelector('video');
              globalThis.shown = new Set();
              video.textTracks.addEventListener('addtrack', ({ track }) => {
                if (track.kind !== 'metadata') return;
                track.mode = 'hidden';
                track.addEventListener('cuechange', () => [...track.activeCues].forEach(({ value }) => shown.add(value.data)));
              });
              hls.loadSource('/index.m3u8');
              hls.attachMedia(video);
              video.play().then(() => { video.playbackRate = 2; }, (fault) => faults.push(`${fault}`));
              return null;
            })
            """);
        await page.WaitAsync("document.querySelector('video').ended || faults.length > 0", MeetTab.Patience);
        Assert.Equal("", await page.EvaluateAsync<string>("faults.join()"));
        var found = (await page.EvaluateAsync<JsonElement>("found")).EnumerateArray()
            .Select(each => (each.GetProperty("at").GetDouble(), each.GetProperty("text").GetString()!)).ToList();

        // While it played, the player's own track of metadata told them as well, as the published guide reads them. It makes that track
        // together with the cues of the first segment that has any, which Chromium then forgets: those of the segments behind are there.
        var shown = await page.EvaluateAsync<List<string>>("[...shown]");
        Assert.True(shown.Count >= 2, string.Join('\n', shown));
        Assert.Equal(found.Select(each => each.Item2).TakeLast(shown.Count), shown);
        await page.CloseAsync();
        return found;
    }

    private static async Task<JsonElement> UntilAsync(MeetingServer server, string recording, string status)
    {
        var began = TimeProvider.System.GetTimestamp();
        while (true)
        {
            var now = await server.GetAsync($"/recordings/{recording}");
            if (now.GetProperty("status").GetString() == status)
            {
                return now;
            }

            Assert.True(TimeProvider.System.GetElapsedTime(began) < MeetTab.Patience, $"{now}\n{server.Server.Errors}");
            await Task.Delay(200);
        }
    }

    /// <summary>A page with a video, hls.js, and the files of a folder.</summary>
    private sealed class FilesServer(WebApplication server) : IAsyncDisposable
    {
        public Uri Address => new(server.Urls.Single());

        public static async Task<FilesServer> StartAsync(string folder)
        {
            var builder = WebApplication.CreateSlimBuilder();
            builder.Logging.ClearProviders();
            builder.WebHost.UseUrls("http://127.0.0.1:0");
            var server = builder.Build();
            server.MapGet("/", () => Results.Content("<!doctype html><title>Archive</title><link rel=icon href=data:,><video muted></video>", "text/html"));
            server.MapGet("/hls.js", () => Results.File(RepositoryFiles.PathOf("web", "node_modules", "hls.js", "dist", "hls.js"), "text/javascript"));
            server.MapGet("/{name}", (string name) => Results.File(
                Path.Combine(folder, name), name.EndsWith(".m3u8", StringComparison.Ordinal) ? "application/vnd.apple.mpegurl" : "video/mp4"));
            await server.StartAsync();
            return new FilesServer(server);
        }

        public async ValueTask DisposeAsync() => await server.DisposeAsync();
    }
}
