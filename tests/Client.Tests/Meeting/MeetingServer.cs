using System.Net.Http.Json;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using Roomcast.Client.Media;
using Roomcast.TestKit.Server;

namespace Roomcast.Client.Tests.Meeting;

/// <summary>A server in a process of its own, with meetings as tests want them.</summary>
public sealed class MeetingServer : IAsyncLifetime
{
    /// <summary>How long a test waits for what a loaded machine takes its time with.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>What a server is started with: it may push to servers on this machine, and need not keep an empty stage on air.</summary>
    public static readonly IReadOnlyList<string> Arguments = ["--push-private-networks", "127.0.0.0/8,::1/128", "--livestream-empty-stage", "12s"];

    private RoomcastProcess? _process;
    private readonly string[] _more = [];
    private HttpClient? _api;

    public MeetingServer()
    {
    }

    /// <summary>Has it started with further arguments.</summary>
    internal MeetingServer(params string[] more) => _more = more;

    public RoomcastProcess Process => _process!;

    public Uri Base => Process.HttpBase;

    public async Task InitializeAsync()
    {
        _process = await RoomcastProcess.StartAsync(new RoomcastStart { Arguments = [.. Arguments, .. _more] });
        _api = _process.CreateApiClient();
    }

    public async Task DisposeAsync()
    {
        _api?.Dispose();
        await Process.DisposeAsync();
    }

    /// <summary>A handler that trusts the server's own authority and nothing else: addresses of files are of https.</summary>
    public SocketsHttpHandler CreateTrustingHandler() => new()
    {
        SslOptions =
        {
            CertificateChainPolicy = new X509ChainPolicy
            {
                TrustMode = X509ChainTrustMode.CustomRootTrust,
                RevocationMode = X509RevocationMode.NoCheck,
                CustomTrustStore = { X509CertificateLoader.LoadCertificateFromFile(Path.Combine(Process.DataFolder, "tls", "ca.pem")) },
            },
        },
    };

    /// <summary>Makes a meeting.</summary>
    public async Task<string> CreateMeetingAsync(string title = "Weekly", JsonObject? more = null)
    {
        var body = more ?? [];
        body["title"] = title;
        return (string)(await PostAsync("/meetings", body))["data"]!["id"]!;
    }

    /// <summary>Makes a preset that is as another, but for something.</summary>
    public async Task CreatePresetAsync(string name, string like, Action<JsonObject> change)
    {
        ArgumentNullException.ThrowIfNull(change);
        var all = (await GetAsync("/presets?per_page=100"))["data"]!.AsArray();
        var id = (string)all.Single(each => (string?)each!["name"] == like)!["id"]!;
        var preset = (await GetAsync($"/presets/{id}"))["data"]!.DeepClone().AsObject();
        preset.Remove("id");
        preset["name"] = name;
        change(preset);
        await PostAsync("/presets", preset);
    }

    /// <summary>Adds a participant and gives their token.</summary>
    public async Task<string> AddAsync(string meetingId, string name, string preset = "group_call_host") =>
        (string)(await PostAsync($"/meetings/{meetingId}/participants", new JsonObject
        {
            ["name"] = name,
            ["custom_participant_id"] = name + Guid.NewGuid(),
            ["preset_name"] = preset,
        }))["data"]!["token"]!;

    /// <summary>Adds a participant and initialises their client, with test signals to send.</summary>
    public async Task<RealtimeKitClient> InitAsync(string meetingId, string name, string preset = "group_call_host", Func<RealtimeKitOptions, RealtimeKitOptions>? change = null)
    {
        var options = new RealtimeKitOptions
        {
            AuthToken = await AddAsync(meetingId, name, preset),
            BaseUri = Base,
            Video = new TestPatternSource(),
            Audio = new TestToneSource(),
            ScreenShare = new TestPatternSource(),
            RequestTimeout = Patience,
        };
        return await RealtimeKitClient.InitAsync(change?.Invoke(options) ?? options);
    }

    /// <summary>Waits until something is so.</summary>
    public static async Task UntilAsync(Func<bool> isSo, string what)
    {
        for (var end = TimeProvider.System.GetUtcNow() + Patience; !isSo();)
        {
            if (TimeProvider.System.GetUtcNow() > end)
            {
                throw new TimeoutException($"It did not come to be that {what}.");
            }

            await Task.Delay(20);
        }
    }

    /// <summary>Waits until a participant receives of another what was not there before.</summary>
    /// <param name="receiver">Who receives.</param>
    /// <param name="sender">Who sends.</param>
    /// <param name="pictures">Whether pictures are waited for.</param>
    /// <param name="sound">Whether sound is.</param>
    public static async Task UntilMoreIsReceivedAsync(RealtimeKitClient receiver, RealtimeKitClient sender, bool pictures = true, bool sound = true)
    {
        ArgumentNullException.ThrowIfNull(receiver);
        ArgumentNullException.ThrowIfNull(sender);
        (RemoteTrack? Track, long Frames) video = default;
        (RemoteTrack? Track, long Frames) audio = default;
        foreach (var what in (string[])["is received", "goes on to be received"])
        {
            await UntilAsync(
                () => receiver.Participants.Joined.Get(sender.Self.Id) is { } seen
                    && (!pictures || IsMore(seen.VideoTrack, video, 10)) && (!sound || IsMore(seen.AudioTrack, audio, 20)),
                $"{sender.Self.Name} {what} by {receiver.Self.Name}");
            var now = receiver.Participants.Joined.Get(sender.Self.Id);
            video = (now?.VideoTrack, now?.VideoTrack?.Frames ?? 0);
            audio = (now?.AudioTrack, now?.AudioTrack?.Frames ?? 0);
        }

        static bool IsMore(RemoteTrack? track, (RemoteTrack? Track, long Frames) before, int count) =>
            track is { IsEnded: false } && track.Frames > (track == before.Track ? before.Frames : 0) + count;
    }

    /// <summary>Makes a livestream to publish to, here on the same server.</summary>
    /// <returns>Where one publishes, with its stream key, and its id.</returns>
    public async Task<(string Url, string Id)> CreateIngestAsync()
    {
        var made = (await PostAsync("/livestreams", new JsonObject { ["name"] = "Target" }))["data"]!;
        return ($"{((string)made["ingest_server"]!).TrimEnd('/')}/{(string)made["stream_key"]!}", (string)made["id"]!);
    }

    /// <summary>Gets a playlist by the address that viewers are given, whatever name of the server that has.</summary>
    public Task<string> GetPlaylistAsync(Uri address) => Process.Http.GetStringAsync(new Uri(Base, address.PathAndQuery));

    /// <summary>Calls the API.</summary>
    public async Task<JsonNode> GetAsync(string path) => JsonNode.Parse(await _api!.GetStringAsync(Process.AppPath + path))!;

    /// <summary>Waits until the API answers something.</summary>
    public async Task UntilAsync(string path, Func<JsonNode, bool> isSo, string what)
    {
        var answer = "";
        for (var end = TimeProvider.System.GetUtcNow() + Patience; TimeProvider.System.GetUtcNow() < end; await Task.Delay(100))
        {
            answer = await _api!.GetStringAsync(Process.AppPath + path);
            if (isSo(JsonNode.Parse(answer)!))
            {
                return;
            }
        }

        throw new TimeoutException($"It did not come to be that {what}: {answer}");
    }

    private async Task<JsonNode> PostAsync(string path, JsonObject body)
    {
        using var response = await _api!.PostAsJsonAsync(Process.AppPath + path, body);
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(response.IsSuccessStatusCode, text);
        return JsonNode.Parse(text)!;
    }
}

/// <summary>Tests that share one server.</summary>
[CollectionDefinition(nameof(MeetingServer))]
public sealed class MeetingServerCollection : ICollectionFixture<MeetingServer>;
