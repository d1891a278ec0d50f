using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;
using Roomcast.TestKit.Server;
using Roomcast.TestKit.Video;

namespace Roomcast.Interop.Browser;

/// <summary>The real server as a process, and a browser beside it.</summary>
public sealed class LiveServer : IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("roomcast-test-").FullName;
    private HttpClient _api = null!;

    /// <summary>The server.</summary>
    public RoomcastProcess Server { get; private set; } = null!;

    /// <summary>A browser in which pages may play sound unasked.</summary>
    public ChromiumBrowser Browser { get; private set; } = null!;

    /// <inheritdoc/>
    public async Task InitializeAsync()
    {
        Server = await RoomcastProcess.StartAsync(new RoomcastStart { DataFolder = Path.Combine(_folder, "data") });
        _api = Server.CreateApiClient();
        Browser = await ChromiumBrowser.StartAsync();
    }

    /// <inheritdoc/>
    public async Task DisposeAsync()
    {
        await Browser.DisposeAsync();
        _api.Dispose();
        await Server.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    /// <summary>Kills the server as a crash would, and starts it again on the same data and addresses.</summary>
    /// <param name="meanwhile">What happens while it is away.</param>
    public async Task CrashAsync(Func<Task> meanwhile)
    {
        ArgumentNullException.ThrowIfNull(meanwhile);
        await Server.KillAsync();
        await meanwhile();
        string Port(Uri address) => address.Port.ToString(CultureInfo.InvariantCulture);
        var again = new RoomcastStart
        {
            DataFolder = Path.Combine(_folder, "data"),
            Arguments = ["--http-port", Port(Server.HttpBase), "--rtmp-port", Port(Server.RtmpBase)],
        };
        await Server.DisposeAsync();
        Server = await RoomcastProcess.StartAsync(again);
    }

    /// <summary>Sets who may play the app's livestreams: <c>public</c> or <c>signed</c>.</summary>
    public async Task SetPlaybackAsync(string playback)
    {
        var app = $"/client/v4/accounts/{Server.Credentials.AccountId}/realtime/kit/apps/{Server.Credentials.AppId}";
        using var response = await _api.PatchAsJsonAsync(new Uri(app, UriKind.Relative), new { playback });
        await EnsureAsync(response);
    }

    /// <summary>Gets an address at which one livestream may be watched for a while.</summary>
    public async Task<Uri> SignWatchPageAsync(LiveStream stream)
    {
        ArgumentNullException.ThrowIfNull(stream);
        using var response = await _api.PostAsJsonAsync(
            new Uri($"{Server.AppPath}/livestreams/{stream.Id}/playback-tokens", UriKind.Relative), new { });
        var answer = await EnsureAsync(response);
        return new Uri(answer.GetProperty("data").GetProperty("watch_url").GetString()!);
    }

    /// <summary>Makes a livestream.</summary>
    public async Task<LiveStream> CreateAsync(string name)
    {
        using var response = await _api.PostAsJsonAsync(new Uri(Server.AppPath + "/livestreams", UriKind.Relative), new { name });
        var data = (await EnsureAsync(response)).GetProperty("data");
        string Read(string property) => data.GetProperty(property).GetString()!;
        return new LiveStream(this, Read("id"), new Uri(Read("ingest_server") + Read("stream_key")), new Uri(Read("playback_url")), new Uri(Read("watch_url")));
    }

    /// <summary>Asks the REST API about the livestream's newest session; null when it has none.</summary>
    internal async Task<JsonElement?> FindSessionAsync(string livestreamId)
    {
        var answer = await _api.GetFromJsonAsync<JsonElement>(new Uri($"{Server.AppPath}/livestreams/{livestreamId}", UriKind.Relative));
        return answer.GetProperty("data").TryGetProperty("session", out var session) ? session : null;
    }

    private static async Task<JsonElement> EnsureAsync(HttpResponseMessage response)
    {
        var body = await response.Content.ReadAsStringAsync();
        return response.IsSuccessStatusCode
            ? JsonSerializer.Deserialize<JsonElement>(body)
            : throw new InvalidOperationException($"{response.RequestMessage?.RequestUri} answered {(int)response.StatusCode}: {body}");
    }

    /// <summary>Asks our own route about who watches now.</summary>
    internal async Task<JsonElement> GetViewersAsync(string livestreamId) =>
        (await _api.GetFromJsonAsync<JsonElement>(new Uri($"{Server.AppPath}/livestreams/{livestreamId}/viewers", UriKind.Relative))).GetProperty("data");
}

/// <summary>The tests that share one server; one after another, for some of them measure time.</summary>
[CollectionDefinition(Name)]
public sealed class LiveServerTests : ICollectionFixture<LiveServer>
{
    /// <summary>The collection's name.</summary>
    public const string Name = "live server";
}

/// <summary>One livestream of the server under test.</summary>
/// <param name="Server">Whose.</param>
/// <param name="Id">Its id.</param>
/// <param name="Ingest">Where to publish, with the key.</param>
/// <param name="Playback">The playlist.</param>
/// <param name="WatchPage">The page.</param>
public sealed record LiveStream(LiveServer Server, string Id, Uri Ingest, Uri Playback, Uri WatchPage)
{
    /// <summary>Publishes a picture clock by RTMP.</summary>
    public PictureClockSource Publish(PictureClockOptions? options = null) => PictureClockSource.Publish(Ingest, options);

    /// <summary>Seconds watched, as the REST API tells.</summary>
    public async Task<double> ViewerSecondsAsync() =>
        await Server.FindSessionAsync(Id) is { } session ? session.GetProperty("viewer_seconds").GetDouble() : 0;

    /// <summary>Viewers now, as the REST API tells.</summary>
    public async Task<int> ViewerCountAsync() => (await Server.GetViewersAsync(Id)).GetProperty("count").GetInt32();

    /// <summary>Waits until players can play it.</summary>
    public async Task WaitUntilLiveAsync()
    {
        using var http = new HttpClient();
        var status = new Uri(Playback, $"/live/{Id}/status");
        for (var attempt = 0; attempt < 300; attempt++)
        {
            var answer = await http.GetFromJsonAsync<JsonElement>(status);
            if (answer.GetProperty("state").GetString() == "live")
            {
                return;
            }

            await Task.Delay(100);
        }

        throw new TimeoutException($"Livestream {Id} did not go live.\n{Server.Server.Errors}");
    }
}
