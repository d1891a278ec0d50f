using System.Diagnostics;
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

/// <summary>Web pages that the server records in a browser of its own: what is in the file, when it begins and ends, and what it may not reach.</summary>
[Collection(MeetingServerTests.Name)]
public sealed class RecordedPageTests(ITestOutputHelper output)
{
    private const int Width = 320;
    private const int Height = 240;

    private static readonly IReadOnlyList<string> Arguments =
        [.. new MeetingServer().Arguments, "--recording-page-private-networks", "127.0.0.0/8", "--recording-max-pages", "1"];

    [Fact]
    public async Task What_a_page_shows_and_sounds_is_in_the_file()
    {
        await using var pages = await PageServer.StartAsync();
        await using var server = await StartAsync(Arguments);
        var meeting = await server.Value.CreateMeetingAsync("Page");
        var ada = await KitPage.OpenAsync(server.Value, meeting, 0, "group_call_host", sends: false);
        var recording = await RecordAsync(server.Value, meeting, new Uri(pages.Address, "first?own=1"));
        await UntilAsync(server.Value, recording, "RECORDING");
        await ada.WaitAsync(server.Value, "meeting.recording.recordingState === 'RECORDING'");

        // Whoever shows the page is in the meeting's place for recorders, and nobody in it sees it.
        Assert.Equal(0, await ada.EvaluateAsync<int>("meeting.participants.joined.toArray().length"));
        Assert.Contains("own=1&authToken=", pages.Query, StringComparison.Ordinal);
        Assert.Contains($"&baseURI={Uri.EscapeDataString(server.Value.Server.HttpsBase.Authority)}", pages.Query, StringComparison.Ordinal);

        await Task.Delay(TimeSpan.FromSeconds(12));
        await StopAsync(server.Value, recording);
        var file = await DownloadAsync(server.Value, recording);
        await CheckStampsAsync(file, fills: true);

        var sound = await StampedReading.OfSoundAsync(file);
        var swells = sound.SwellsOf(MeetProbe.Tones[0]);
        Assert.InRange(swells.Count, 9, 16);
        Assert.All(swells.Zip(swells.Skip(1)), pair => Assert.InRange((pair.Second - pair.First).TotalSeconds, 0.9, 1.1));
        Assert.DoesNotContain("authToken", server.Value.Server.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain(pages.Token, server.Value.Server.Errors, StringComparison.Ordinal);
        await ada.CloseAsync();
    }

    [Fact]
    public async Task A_page_with_the_official_recording_sdk_is_in_the_meeting_and_begins_and_ends_by_itself()
    {
        await using var pages = await PageServer.StartAsync();
        await using var server = await StartAsync(Arguments);
        var meeting = await server.Value.CreateMeetingAsync("Recording SDK");
        var ada = await KitPage.OpenAsync(server.Value, meeting, 0, "group_call_host", sends: true, script: StampedSource.ScriptOf(0));
        var recording = await RecordAsync(server.Value, meeting, new Uri(pages.Address, "sdk"));
        await UntilAsync(server.Value, recording, "RECORDING");
        await Task.Delay(TimeSpan.FromSeconds(10));
        Assert.Equal(0, await ada.EvaluateAsync<int>("meeting.participants.joined.toArray().length"));
        var session = await server.Value.GetAsync($"/meetings/{meeting}/active-session");
        Assert.Equal(1, session.GetProperty("live_participants").GetInt32());

        await ada.RunAsync("meeting.leave().then(() => null)");
        await ada.CloseAsync();
        var done = await UntilAsync(server.Value, recording, "UPLOADED");
        Assert.Equal("ALL_PEERS_LEFT", done.GetProperty("stop_reason").GetProperty("reason").GetString());
        await CheckStampsAsync(await DownloadAsync(server.Value, recording), fills: false);
    }

    [Fact]
    public async Task What_a_page_was_given_of_the_meeting_is_worth_nothing_once_the_recording_has_ended()
    {
        await using var pages = await PageServer.StartAsync();
        await using var server = await StartAsync(Arguments);
        var meeting = await server.Value.CreateMeetingAsync("Read by others");
        var ada = await KitPage.OpenAsync(server.Value, meeting, 0, "group_call_host", sends: false);
        var recording = await RecordAsync(server.Value, meeting, pages.Address);
        await UntilAsync(server.Value, recording, "RECORDING");

        // The token stood in an address. Whoever has read it there sees the meeting, as the page does, for as long as the page does.
        var other = await KitPage.OpenAsync(server.Value, meeting, 1, "", sends: false, browser: 0, token: pages.Token);
        await other.WaitAsync(server.Value, "kit.names() === 'Ada'");
        await StopAsync(server.Value, recording);
        await other.WaitAsync(server.Value, "meeting.self.roomState !== 'joined'");
        Assert.Equal("kicked", await other.EvaluateAsync<string>("meeting.self.roomState"));
        using var http = server.Value.Server.CreateHttpsClient();
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(server.Value.Server.HttpsBase, "/v2/internals/participant-details"));
        request.Headers.Authorization = new("Bearer", pages.Token);
        using var refused = await http.SendAsync(request);
        Assert.Equal(401, (int)refused.StatusCode);
        await UntilAsync(server.Value, recording, "UPLOADED");
        await other.CloseAsync();
        await ada.CloseAsync();
    }

    [Fact]
    public async Task Pages_that_cannot_be_shown_end_their_recordings_with_the_reason()
    {
        await using var pages = await PageServer.StartAsync();
        await using var server = await StartAsync([.. Arguments.SkipLast(4), "--recording-max-pages", "1"]);
        var meeting = await server.Value.CreateMeetingAsync("Refused pages");
        var ada = await KitPage.OpenAsync(server.Value, meeting, 0, "group_call_host", sends: false);

        // The server itself is open to a page, and so is nothing else of this machine: not by its address, which tells that at once, and not
        // by a name for it.
        using (var api = server.Value.Server.CreateApiClient())
        {
            using var content = JsonContent(new { meeting_id = meeting, url = pages.Address });
            using var refused = await api.PostAsync(new Uri($"{server.Value.Server.AppPath}/recordings", UriKind.Relative), content);
            Assert.Equal(400, (int)refused.StatusCode);
        }

        var byName = new UriBuilder(pages.Address) { Host = System.Net.Dns.GetHostName() }.Uri;
        await FailsAsync(byName, "The page's address is none that recorded pages may load from (recording_page_private_networks).");
        await FailsAsync(new Uri(server.Value.Server.HttpBase, "/nowhere"), "The page's address answers 404.");
        Assert.Equal(0, pages.Requests);

        // Whoever asks by oneself has the server's figures; a page that its customers choose has not.
        var figures = new Uri(server.Value.Server.HttpBase, "/metrics");
        using var http = new HttpClient();
        Assert.Contains("recording", await http.GetStringAsync(figures), StringComparison.Ordinal);
        await FailsAsync(figures, "The page's address answers 404.");

        // The server's own pages can be recorded like any, until their browser has ended.
        await FailsAsync(new Uri(server.Value.Server.HttpBase, "/docs"), "The browser that showed the page has ended.", "--remote-debugging-pipe");
        await ada.CloseAsync();

        async Task FailsAsync(Uri page, string reason, string? killed = null)
        {
            var recording = await RecordAsync(server.Value, meeting, page);
            if (killed is not null)
            {
                await UntilAsync(server.Value, recording, "RECORDING");
                await Task.Delay(TimeSpan.FromSeconds(3));
                foreach (var id in ProcessesOf(BrowsersOf(server.Value), killed))
                {
                    using var process = Process.GetProcessById(id);
                    process.Kill();
                }
            }

            var failed = await UntilAsync(server.Value, recording, "ERRORED");
            Assert.Equal(reason, failed.GetProperty("err_message").GetString());
            await WaitAsync(() => ProcessesOf(BrowsersOf(server.Value)).Count == 0);
        }
    }

    [Fact]
    public async Task A_server_without_a_browser_says_so_and_records_meetings()
    {
        await using var server = await StartAsync([.. Arguments, "--recording-browser", "off"]);
        var meeting = await server.Value.CreateMeetingAsync("No browser");
        var ada = await KitPage.OpenAsync(server.Value, meeting, 0, "group_call_host", sends: false);
        using var api = server.Value.Server.CreateApiClient();
        using var refused = await api.PostAsync(
            new Uri($"{server.Value.Server.AppPath}/recordings", UriKind.Relative), JsonContent(new { meeting_id = meeting, url = "https://example.com/" }));
        Assert.Equal(503, (int)refused.StatusCode);
        Assert.Contains("This server has no browser to show a page in (recording_browser).", await refused.Content.ReadAsStringAsync(), StringComparison.Ordinal);

        var recording = (await server.Value.PostAsync("/recordings", new { meeting_id = meeting })).GetProperty("id").GetString()!;
        await UntilAsync(server.Value, recording, "RECORDING");
        await ada.CloseAsync();
    }

    [Fact]
    public async Task No_browser_is_left_behind_by_a_killed_server_and_none_beyond_the_most_is_started()
    {
        await using var pages = await PageServer.StartAsync();
        await using var server = await StartAsync(Arguments, new Dictionary<string, string> { ["AWS_SECRET_ACCESS_KEY"] = "of-the-server" });
        var meeting = await server.Value.CreateMeetingAsync("Killed");
        var ada = await KitPage.OpenAsync(server.Value, meeting, 0, "group_call_host", sends: false);
        var recording = await RecordAsync(server.Value, meeting, new Uri(pages.Address, "stamped"));
        await UntilAsync(server.Value, recording, "RECORDING");
        var browsers = BrowsersOf(server.Value);
        Assert.NotEmpty(ProcessesOf(browsers));
        var sockets = await File.ReadAllTextAsync(Path.Combine(browsers, recording, "sockets"));
        Assert.True(Directory.Exists(sockets));
        var environment = await File.ReadAllTextAsync($"/proc/{ProcessesOf(browsers, "--remote-debugging-pipe").Min()}/environ");
        Assert.Contains($"TMPDIR={sockets}", environment, StringComparison.Ordinal);
        Assert.DoesNotContain("of-the-server", environment, StringComparison.Ordinal);

        using var api = server.Value.Server.CreateApiClient();
        using var second = await api.PostAsync(
            new Uri($"{server.Value.Server.AppPath}/recordings", UriKind.Relative),
            JsonContent(new { meeting_id = meeting, url = pages.Address, allow_multiple_recordings = true }));
        Assert.Equal(503, (int)second.StatusCode);
        await Task.Delay(TimeSpan.FromSeconds(4));

        await server.Value.RestartAsync();
        await WaitAsync(() => ProcessesOf(browsers).Count == 0 && Directory.GetDirectories(browsers).Length == 0 && !Directory.Exists(sockets));
        await UntilAsync(server.Value, recording, "UPLOADED");
        await CheckStampsAsync(await DownloadAsync(server.Value, recording), fills: true, fewest: 30);
        await ada.CloseAsync();
    }

    private static async Task<Started> StartAsync(IReadOnlyList<string> arguments, IReadOnlyDictionary<string, string>? variables = null)
    {
        var server = new MeetingServer { Arguments = arguments, Variables = variables ?? new Dictionary<string, string>() };
        await server.InitializeAsync();
        return new Started(server);
    }

    private static async Task<string> RecordAsync(MeetingServer server, string meeting, Uri page) =>
        (await server.PostAsync("/recordings", new { meeting_id = meeting, url = page })).GetProperty("id").GetString()!;

    private static async Task StopAsync(MeetingServer server, string recording)
    {
        using var api = server.Server.CreateApiClient();
        using var stopped = await api.PutAsync(
            new Uri($"{server.Server.AppPath}/recordings/{recording}", UriKind.Relative), JsonContent(new { action = "stop" }));
        Assert.True(stopped.IsSuccessStatusCode, await stopped.Content.ReadAsStringAsync());
    }

    private static StringContent JsonContent(object body) =>
        new(JsonSerializer.Serialize(body), System.Text.Encoding.UTF8, "application/json");

    private static async Task<string> DownloadAsync(MeetingServer server, string recording)
    {
        var done = await UntilAsync(server, recording, "UPLOADED");
        using var http = server.Server.CreateHttpsClient();
        var file = Path.Combine(server.Folder, $"{recording}.mp4");
        await File.WriteAllBytesAsync(file, await http.GetByteArrayAsync(new Uri(done.GetProperty("download_url").GetString()!)));
        await EncodedSource.RunAsync("-v", "error", "-xerror", "-i", file, "-f", "null", "-");
        return file;
    }

    /// <summary>What was sent can be read from the first picture with it to the last, goes forward, and changes most of the time.</summary>
    /// <param name="file">The recording.</param>
    /// <param name="fills">Whether there is nothing else in the file.</param>
    /// <param name="fewest">How many pictures of it there are at least.</param>
    private async Task CheckStampsAsync(string file, bool fills, int fewest = 150)
    {
        var whole = new StampedPlace((0, 0, Width, Height), IsScreen: false);
        var stamps = (await StampedPicture.DecodeAsync(file, Width, Height, yuv => StampedPicture.Read(yuv, Width, Height, whole, participant: 0))).ToList();
        var read = stamps.OfType<int>().ToList();
        var (first, last) = (stamps.FindIndex(static stamp => stamp is not null), stamps.FindLastIndex(static stamp => stamp is not null));
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{stamps.Count} pictures, {read.Count} could be read, from {first} to {last}, {read.Distinct().Count()} different ones."));
        Assert.True(read.Count >= fewest);
        Assert.InRange(read.Count, (fills ? stamps.Count : last + 1 - first) * 9 / 10, stamps.Count);

        // The browser shares the machine with all else that a test runs: once it may stand still for longer.
        var steps = read.Zip(read.Skip(1), StampedPicture.Between).ToList();
        Assert.All(steps, static step => Assert.InRange(step, 0, 5_000));
        Assert.InRange(steps.Count(static step => step > 2_000), 0, 1);
        Assert.InRange(read.Distinct().Count(), read.Count / 3, read.Count);
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

            Assert.True(TimeProvider.System.GetElapsedTime(began) < 2 * MeetTab.Patience, $"{now}\n{server.Server.Errors}");
            await Task.Delay(200);
        }
    }

    private static async Task WaitAsync(Func<bool> condition)
    {
        var began = TimeProvider.System.GetTimestamp();
        while (!condition())
        {
            Assert.True(TimeProvider.System.GetElapsedTime(began) < MeetTab.Patience);
            await Task.Delay(100);
        }
    }

    private static string BrowsersOf(MeetingServer server) => Path.Combine(server.Server.DataFolder, "recordings", "browsers");

    private static List<int> ProcessesOf(string folder, string argument = "") =>
    [
        .. Process.GetProcesses().Select(process => process.Id).Where(id =>
        {
            try
            {
                var line = File.ReadAllText($"/proc/{id}/cmdline");
                return line.Contains(folder, StringComparison.Ordinal) && line.Contains(argument, StringComparison.Ordinal);
            }
            catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
            {
                return false; // It has ended.
            }
        }),
    ];

    private sealed record Started(MeetingServer Value) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync() => await Value.DisposeAsync();
    }

    /// <summary>The pages that are recorded: one that shows and sounds by itself, and one with the official packages for recording.</summary>
    private sealed class PageServer(WebApplication server) : IAsyncDisposable
    {
        private const string Stamped = """
            <!doctype html><title>Stamped</title><link rel=icon href=data:,>
            <style>body { margin: 0; overflow: hidden } video { width: 100vw; height: 100vh; object-fit: fill; display: block }</style>
            <video autoplay></video>
            <script src=/stamped.js></script>
            <script>
              navigator.mediaDevices.getUserMedia({ audio: true, video: true }).then((stream) => document.querySelector('video').srcObject = stream);
            </script>
            """;

        // Stands still until somebody has answered, and then goes elsewhere.
        private const string First = """
            <!doctype html><title>First</title><link rel=icon href=data:,>
            <script>
              onload = () => {
                alert('Is anybody there?');
                location.replace('/stamped' + location.search);
              };
            </script>
            """;

        private const string Sdk = """
            <!doctype html><title>Recorder</title><link rel=icon href=data:,>
            <style>body { margin: 0; overflow: hidden } video { width: 100vw; height: 100vh; object-fit: fill; display: block }</style>
            <video autoplay muted></video>
            <script src=/client.js></script>
            <script src=/sdk.js></script>
            <script>
              (async () => {
                const given = new URLSearchParams(location.search);
                const meeting = await RealtimeKitClient.init({
                  authToken: given.get('authToken'), baseURI: given.get('baseURI'), defaults: { audio: false, video: false },
                });
                const show = ({ videoTrack }) => {
                  if (videoTrack) document.querySelector('video').srcObject = new MediaStream([videoTrack]);
                };
                meeting.participants.joined.on('videoUpdate', show);
                meeting.participants.joined.on('participantJoined', show);
                meeting.self.on('roomJoined', () => meeting.participants.joined.toArray().forEach(show));
                meeting.joinRoom ??= () => meeting.join(); // The SDK is older than the client: version 2 has the new name alone.
                await new RecordingSDK.RealtimeKitRecording({ waitTimeMs: 3000 }).init(meeting);
                meeting.participants.joined.toArray().forEach(show);
              })();
            </script>
            """;

        private int _requests;

        public Uri Address => new($"{server.Urls.Single()}/");

        public int Requests => Volatile.Read(ref _requests);

        /// <summary>What the newest page was asked for with.</summary>
        public string Query { get; private set; } = "";

        public string Token => System.Web.HttpUtility.ParseQueryString(Query)["authToken"] ?? "none";

        public static async Task<PageServer> StartAsync()
        {
            var builder = WebApplication.CreateSlimBuilder();
            builder.Logging.ClearProviders();
            builder.WebHost.UseUrls("http://127.0.0.1:0");
            var server = builder.Build();
            var pages = new PageServer(server);
            server.Use((context, next) =>
            {
                Interlocked.Increment(ref pages._requests);
                return next(context);
            });
            server.MapGet("/first", (HttpContext context) => pages.Page(context, First));
            server.MapGet("/stamped", (HttpContext context) => pages.Page(context, Stamped));
            server.MapGet("/sdk", (HttpContext context) => pages.Page(context, Sdk));
            server.MapGet("/", (HttpContext context) => pages.Page(context, Stamped));
            server.MapGet("/stamped.js", () => Results.Content(StampedSource.ScriptOf(0), "text/javascript"));
            server.MapGet("/client.js", () => Script("@cloudflare", "realtimekit", "dist", "browser.js"));
            server.MapGet("/sdk.js", () => Script("@cloudflare", "realtimekit-recording-sdk", "dist", "index.iife.js"));
            await server.StartAsync();
            return pages;
        }

        public async ValueTask DisposeAsync() => await server.DisposeAsync();

        private static IResult Script(params string[] path) => Results.File(
            RepositoryFiles.PathOf(["tests", "Interop", "Meetings", "recording-sdk", "node_modules", .. path]), "text/javascript");

        private IResult Page(HttpContext context, string page)
        {
            Query = context.Request.QueryString.Value ?? "";
            return Results.Content(page, "text/html");
        }
    }
}
