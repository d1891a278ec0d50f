using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;
using Roomcast.Interop.Browser;
using Roomcast.TestKit.Server;

namespace Roomcast.Interop.Meetings;

/// <summary>
/// The real server, reached over TLS with its own certificate, and up to four browsers that trust its authority. Each browser
/// has a camera and a microphone of its own, which show and sound different from the others'.
/// </summary>
public sealed class MeetingServer : IAsyncLifetime
{
    /// <summary>What the participants are called, in the order of the browsers.</summary>
    public static readonly IReadOnlyList<string> Names = ["Ada", "Ben", "Cleo", "Dan"];

    /// <summary>The browser of the first participant with a camera of 1280 by 720.</summary>
    public const int LargeCamera = 4;

    /// <summary>The browser of the first participant with a camera of 640 by 480.</summary>
    public const int MiddleCamera = 5;

    // Those of the participants in their order, and two more of the first one's.
    private static readonly (int Participant, int Width, int Height, int FramesPerSecond, int Count)[] Cameras =
    [
        .. Enumerable.Range(0, 4).Select(number => (number, 320, 240, 12, CodedPicture.Numbers)), (0, 1_280, 720, 8, 48), (0, 640, 480, 8, 48),
    ];

    private readonly string _folder = Directory.CreateTempSubdirectory("roomcast-test-").FullName;
    private readonly Task<ChromiumBrowser>?[] _browsers = new Task<ChromiumBrowser>?[Cameras.Length];
    private readonly List<string> _meetings = [];
    private HttpClient _api = null!;

    /// <summary>The server.</summary>
    public RoomcastProcess Server { get; private set; } = null!;

    /// <summary>Its authority, as a file.</summary>
    public string Authority => Path.Combine(Server.DataFolder, "tls", "ca.pem");

    /// <summary>A folder for what a test needs.</summary>
    public string Folder => _folder;

    /// <summary>
    /// Arguments of the server. The stage of a livestream need not stay empty for a minute until a test is over, and the servers that
    /// are pushed to, what is played, and what writes down speech are on this machine. So are the browsers, which elsewhere would not be: composing does not give
    /// way to them.
    /// </summary>
    public IReadOnlyList<string> Arguments { get; init; } =
    [
        "--livestream-empty-stage", "12s", "--push-private-networks", "127.0.0.0/8,::1/128", "--playback-private-networks", "127.0.0.0/8,::1/128",
        "--composition-nice", "0", "--ai-allow-private-targets", "true", "--transcription-longest-piece", "2s",
    ];

    /// <summary>What stands in its environment besides, as <see cref="RoomcastStart.Environment"/>.</summary>
    public IReadOnlyDictionary<string, string> Variables { get; init; } = new Dictionary<string, string>();

    /// <summary>Its data folder; null for one of its own.</summary>
    public string? DataFolder { get; init; }

    /// <summary>Flags of each browser, by its number.</summary>
    public Func<int, IReadOnlyList<string>> FlagsOf { get; init; } = _ => [];

    /// <inheritdoc/>
    public async Task InitializeAsync()
    {
        await StartServerAsync([]);
        await BrowserTrust.MakeHomeAsync(Path.Combine(_folder, "home"), Authority);
    }

    /// <inheritdoc/>
    public async Task DisposeAsync()
    {
        foreach (var browser in _browsers.OfType<Task<ChromiumBrowser>>())
        {
            await (await browser).DisposeAsync();
        }

        _api.Dispose();
        await Server.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    /// <summary>Ends the server and starts it again on the same data and addresses.</summary>
    /// <param name="isPlanned">Whether it is asked to end, as for an update, and must end well; otherwise it is killed, as by a crash.</param>
    public async Task RestartAsync(bool isPlanned = false)
    {
        string Port(int port) => port.ToString(CultureInfo.InvariantCulture);
        var rtcPort = Server.RtcPort;
        var (http, https) = (Server.HttpBase.Port, Server.HttpsBase.Port);
        var exit = isPlanned ? await Server.StopAsync() : await Server.KillAsync();
        if (isPlanned && exit.ExitCode != 0)
        {
            throw new InvalidOperationException($"The server ended with code {exit.ExitCode}:\n{exit.Errors}");
        }

        await Server.DisposeAsync();
        _api.Dispose();
        await StartServerAsync(["--http-port", Port(http), "--https-port", Port(https), "--rtc-port", Port(rtcPort)]);
    }

    /// <summary>Makes a meeting; answers its id.</summary>
    public async Task<string> CreateMeetingAsync(string title, bool goesLiveOnStart = false)
    {
        var id = (await PostAsync("/meetings", new { title, live_stream_on_start = goesLiveOnStart })).GetProperty("id").GetString()!;
        _meetings.Add(id);
        return id;
    }

    /// <summary>Has <see cref="ClearAsync"/> end a meeting that was not made here.</summary>
    public void Adopt(string meetingId) => _meetings.Add(meetingId);

    /// <summary>Makes a preset; answers its name.</summary>
    /// <param name="name">What it is called.</param>
    /// <param name="like">The preset it begins as.</param>
    /// <param name="change">What is different.</param>
    public async Task<string> CreatePresetAsync(string name, string like, Action<System.Text.Json.Nodes.JsonObject> change)
    {
        ArgumentNullException.ThrowIfNull(change);
        var list = await GetAsync("/presets?per_page=100");
        var id = list.EnumerateArray().Single(each => each.GetProperty("name").GetString() == like).GetProperty("id").GetString();
        var preset = System.Text.Json.Nodes.JsonNode.Parse((await GetAsync($"/presets/{id}")).GetRawText())!.AsObject();
        preset.Remove("id");
        preset["name"] = name;
        change(preset);
        await PostAsync("/presets", preset);
        return name;
    }

    /// <summary>Adds a participant; answers the token.</summary>
    public async Task<string> AddParticipantAsync(string meetingId, string name, string preset, string? picture = null) =>
        (await PostAsync($"/meetings/{meetingId}/participants", new
        {
            name,
            picture,
            preset_name = preset,
            custom_participant_id = Guid.NewGuid().ToString(),
        })).GetProperty("token").GetString()!;

    /// <summary>The address of the meeting page for a participant.</summary>
    public Uri PageOf(string token) => new(Server.HttpsBase, $"/meet?token={Uri.EscapeDataString(token)}");

    /// <summary>One of the four browsers, <see cref="LargeCamera"/> or <see cref="MiddleCamera"/>.</summary>
    public Task<ChromiumBrowser> BrowserAsync(int number)
    {
        lock (_browsers)
        {
            return _browsers[number] ??= StartBrowserAsync(number);
        }
    }

    /// <summary>Opens the meeting page in a browser of its own and goes as far as the set-up screen.</summary>
    internal async Task<MeetTab> OpenAsync(
        string meetingId, int number, string preset = "group_call_host", int browser = -1, int width = 800, int height = 600, string script = "")
    {
        var token = await AddParticipantAsync(meetingId, Names[number], preset);
        var chromium = await BrowserAsync(browser < 0 ? number : browser);
        var page = await chromium.OpenAsync(PageOf(token), width, height, script: MeetProbe.Text + script);
        return new MeetTab(this, page, number);
    }

    /// <summary>
    /// Closes the pages that a test has left behind and waits until its meetings and their outputs are over, so that they neither
    /// weigh on the next test nor are listed in it.
    /// </summary>
    public async Task ClearAsync()
    {
        foreach (var browser in _browsers.OfType<Task<ChromiumBrowser>>())
        {
            await (await browser).CloseAllAsync();
        }

        foreach (var meeting in _meetings)
        {
            // One of which nothing runs answers that, which is what is wanted.
            await TryPostAsync($"/meetings/{meeting}/active-session/kick-all");
            await TryPostAsync($"/meetings/{meeting}/active-livestream/stop");
            var began = TimeProvider.System.GetTimestamp();
            while (await IsFoundAsync($"/meetings/{meeting}/active-session") || await IsFoundAsync($"/meetings/{meeting}/active-livestream"))
            {
                if (TimeProvider.System.GetElapsedTime(began) > MeetTab.Patience)
                {
                    throw new InvalidOperationException($"Meeting {meeting} did not end within {MeetTab.Patience}.\n{Server.Errors}");
                }

                await Task.Delay(TimeSpan.FromMilliseconds(100));
            }
        }

        _meetings.Clear();
    }

    /// <summary>Opens the meeting page and joins.</summary>
    internal async Task<MeetTab> JoinAsync(string meetingId, int number, string preset = "group_call_host", int browser = -1, int width = 800, int height = 600)
    {
        var tab = await OpenAsync(meetingId, number, preset, browser, width, height);
        await tab.JoinAsync();
        return tab;
    }

    private async Task<ChromiumBrowser> StartBrowserAsync(int number)
    {
        var (participant, width, height, framesPerSecond, count) = Cameras[number];
        var video = Path.Combine(_folder, $"camera-{number}.y4m");
        var sound = Path.Combine(_folder, $"microphone-{number}.wav");
        await Task.Run(() => CodedPicture.WriteVideo(video, participant, width, height, framesPerSecond, count));
        await Task.Run(() => CodedPicture.WriteTone(sound, MeetProbe.Tones[participant]));
        return await ChromiumBrowser.StartAsync(
            flags:
            [
                "--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream", $"--use-file-for-fake-video-capture={video}",
                $"--use-file-for-fake-audio-capture={sound}", "--auto-select-desktop-capture-source=Entire screen", .. FlagsOf(number),
            ],
            home: Path.Combine(_folder, "home"));
    }

    private async Task StartServerAsync(IEnumerable<string> arguments)
    {
        Server = await RoomcastProcess.StartAsync(new RoomcastStart
        {
            DataFolder = DataFolder ?? Path.Combine(_folder, "data"),
            Arguments = [.. Arguments, .. arguments],
            Environment = Variables,
        });
        _api = Server.CreateApiClient();
    }

    /// <summary>Asks the REST API, below the app's path; answers what it has as <c>data</c>.</summary>
    public async Task<JsonElement> GetAsync(string path)
    {
        using var response = await _api.GetAsync(new Uri(Server.AppPath + path, UriKind.Relative));
        return await DataOfAsync(response);
    }

    /// <summary>Posts to the REST API, below the app's path; answers what it has as <c>data</c>.</summary>
    public async Task<JsonElement> PostAsync(string path, object body)
    {
        using var response = await _api.PostAsJsonAsync(new Uri(Server.AppPath + path, UriKind.Relative), body);
        return await DataOfAsync(response);
    }

    private async Task TryPostAsync(string path)
    {
        using var response = await _api.PostAsync(new Uri(Server.AppPath + path, UriKind.Relative), null);
    }

    private async Task<bool> IsFoundAsync(string path)
    {
        using var response = await _api.GetAsync(new Uri(Server.AppPath + path, UriKind.Relative));
        return response.IsSuccessStatusCode;
    }

    private static async Task<JsonElement> DataOfAsync(HttpResponseMessage response)
    {
        var body = await response.Content.ReadAsStringAsync();
        return response.IsSuccessStatusCode
            ? JsonSerializer.Deserialize<JsonElement>(body).GetProperty("data")
            : throw new InvalidOperationException($"{response.RequestMessage?.RequestUri} answered {(int)response.StatusCode}: {body}");
    }
}

/// <summary>The tests that share one server and its browsers; one after another, for each browser costs a good part of a machine.</summary>
[CollectionDefinition(Name)]
public sealed class MeetingServerTests : ICollectionFixture<MeetingServer>
{
    /// <summary>The collection's name.</summary>
    public const string Name = "meeting server";
}
