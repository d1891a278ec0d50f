using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using Roomcast.Client;
using Roomcast.Client.Media;
using Roomcast.TestKit;
using Roomcast.TestKit.Server;

namespace Roomcast.Bench.Compose;

/// <summary>
/// The meeting as a browser sees it: a server, participants of the .NET client who send to it, and a page over the official web
/// client with all of them in a grid. None of it is measured but the browser.
/// </summary>
internal sealed class HeldMeeting : IAsyncDisposable
{
    /// <summary>What the page shows in its left upper corner when all its pictures move.</summary>
    public static readonly (int Red, int Green, int Blue) PlayingRgb = (255, 0, 255);

    private const int Gap = 8;

    private readonly RoomcastProcess _server;
    private readonly HttpListener _listener = new();
    private readonly List<RealtimeKitClient> _clients = [];
    private Task _serving = Task.CompletedTask;

    private HeldMeeting(RoomcastProcess server) => _server = server;

    /// <summary>Where the page is.</summary>
    public Uri Page { get; private set; } = null!;

    /// <summary>The tile of the first participant, for ffmpeg's crop.</summary>
    /// <param name="participants">How many there are.</param>
    public static string FirstTile(int participants)
    {
        var columns = Columns(participants);
        var (width, height) = ((1_280 - (Gap * (columns + 1))) / columns, (720 - (Gap * (columns + 1))) / columns);
        return FormattableString.Invariant($"{width}:{height}:{Gap}:{Gap}");
    }

    /// <summary>Starts the server, lets everybody join and send, and serves the page.</summary>
    /// <param name="folder">Where the participants' media are.</param>
    /// <param name="participants">How many; 4 or 9.</param>
    public static async Task<HeldMeeting> StartAsync(string folder, int participants)
    {
        var held = new HeldMeeting(await RoomcastProcess.StartAsync());
        try
        {
            await held.BeginAsync(folder, participants);
            return held;
        }
        catch
        {
            await held.DisposeAsync();
            throw;
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _listener.Close();
        await _serving;
        foreach (var client in _clients)
        {
            await client.DisposeAsync();
        }

        await _server.DisposeAsync();
    }

    private static int Columns(int participants) => (int)Math.Ceiling(Math.Sqrt(participants));

    private static string Html(string token, string address, int participants) =>
        $$"""
        <!doctype html><meta charset=utf-8><style>
        body { margin: 0; background: #101418; }
        main { height: 100vh; display: grid; gap: {{Gap}}px; padding: {{Gap}}px; box-sizing: border-box; grid: auto-flow 1fr / repeat({{Columns(participants)}}, 1fr); }
        figure { margin: 0; position: relative; min-height: 0; overflow: hidden; border-radius: 12px; }
        video { width: 100%; height: 100%; object-fit: cover; display: block; }
        figcaption { position: absolute; left: 8px; bottom: 8px; padding: 2px 8px; border-radius: 6px; background: rgb(0 0 0 / 60%); color: #fff; font: 14px sans-serif; }
        #playing { position: fixed; left: 0; top: 0; width: 4px; height: 4px; background: rgb({{PlayingRgb.Red}} {{PlayingRgb.Green}} {{PlayingRgb.Blue}}); display: none; }
        </style><main></main><div id=playing></div><script src=kit.js></script><script type=module>
        const meeting = await RealtimeKitClient.init({ authToken: '{{token}}', baseURI: '{{address}}', defaults: { audio: false, video: false } });
        const tiles = new Map();
        const play = (element, track) => {
          if (track && element.srcObject?.getTracks()[0] !== track) element.srcObject = new MediaStream([track]);
        };
        const show = () => {
          for (const peer of meeting.participants.joined.toArray().sort((one, other) => one.name.localeCompare(other.name))) {
            if (!tiles.has(peer.id)) {
              const tile = document.createElement('figure');
              const [video, name] = [Object.assign(document.createElement('video'), { autoplay: true, muted: true }), document.createElement('figcaption')];
              name.textContent = peer.name;
              tile.append(video, name);
              document.querySelector('main').append(tile);
              tiles.set(peer.id, { video, audio: Object.assign(new Audio(), { autoplay: true }) });
            }
            play(tiles.get(peer.id).video, peer.videoTrack);
            play(tiles.get(peer.id).audio, peer.audioTrack);
          }
          const videos = [...tiles.values()].map(({ video }) => video);
          document.getElementById('playing').style.display = videos.length === {{participants}} && videos.every(({ currentTime }) => currentTime > 0) ? 'block' : 'none';
        };
        await meeting.join();
        meeting.participants.setMaxActiveParticipantsCount({{participants + 1}});
        setInterval(show, 500);
        </script>
        """;

    private async Task BeginAsync(string folder, int participants)
    {
        using var api = _server.CreateApiClient();
        var meeting = (string)(await PostAsync(api, $"{_server.AppPath}/meetings", new JsonObject { ["title"] = "Measured" }))["id"]!;
        for (var index = 0; index < participants; index++)
        {
            var client = await RealtimeKitClient.InitAsync(new RealtimeKitOptions
            {
                AuthToken = await AddAsync(api, meeting, FormattableString.Invariant($"Participant {index + 1}")),
                BaseUri = _server.HttpBase,
                Video = await IvfVideoSource.OpenAsync(Participants.Ivf(folder, index), repeats: true),
                Audio = await OggAudioSource.OpenAsync(Participants.Ogg(folder, index), repeats: true),
                IsSubscribing = false,
            });
            _clients.Add(client);
            await client.JoinAsync();
        }

        Serve(Html(await AddAsync(api, meeting, "Recorder"), _server.HttpsBase.Authority, participants));
    }

    private async Task<string> AddAsync(HttpClient api, string meeting, string name) =>
        (string)(await PostAsync(
            api,
            $"{_server.AppPath}/meetings/{meeting}/participants",
            new JsonObject { ["name"] = name, ["custom_participant_id"] = name, ["preset_name"] = "group_call_host" }))["token"]!;

    private static async Task<JsonNode> PostAsync(HttpClient api, string path, JsonObject body)
    {
        using var answer = await api.PostAsJsonAsync(new Uri(path, UriKind.Relative), body);
        answer.EnsureSuccessStatusCode();
        return (await answer.Content.ReadFromJsonAsync<JsonNode>())!["data"]!;
    }

    // On this machine's own address: browsers give a page from elsewhere neither WebRTC's devices nor a way to the server.
    private void Serve(string html)
    {
        var port = FreePort();
        Page = new Uri(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{port}/"));
        _listener.Prefixes.Add(Page.ToString());
        _listener.Start();
        var script = RepositoryFiles.PathOf("web", "node_modules", "@cloudflare", "realtimekit", "dist", "browser.js");
        _serving = Task.Run(async () =>
        {
            try
            {
                while (true)
                {
                    var context = await _listener.GetContextAsync();
                    var isScript = context.Request.Url!.AbsolutePath == "/kit.js";
                    context.Response.ContentType = isScript ? "text/javascript" : "text/html";
                    await context.Response.OutputStream.WriteAsync(isScript ? await File.ReadAllBytesAsync(script) : Encoding.UTF8.GetBytes(html));
                    context.Response.Close();
                }
            }
            catch (Exception over) when (over is HttpListenerException or ObjectDisposedException)
            {
                // Closed: the browser has gone.
            }
        });
    }

    private static int FreePort()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }
}
