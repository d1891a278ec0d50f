using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Roomcast.Accounts;
using Roomcast.Client.Media;
using Roomcast.Conformance.Running;
using Roomcast.Storage;
using Roomcast.TestKit;
using Roomcast.TestKit.Server;
using Roomcast.TestKit.Speech;

namespace Roomcast.Conformance.Plain;

/// <summary>An account on the running server, with one app more than the first.</summary>
/// <param name="Id">The account.</param>
/// <param name="AppId">Its app.</param>
/// <param name="OtherAppId">Another app of it.</param>
/// <param name="WriteToken">A token that may change it.</param>
/// <param name="ReadToken">A token that may only read it.</param>
public sealed record PlainAccount(string Id, string AppId, string OtherAppId, string WriteToken, string ReadToken)
{
    public string Path => $"/client/v4/accounts/{Id}/realtime/kit";

    public string AppPath => $"{Path}/{AppId}";

    /// <summary>Names it without its tokens.</summary>
    public override string ToString() => Id;
}

/// <summary>
/// The real server with two accounts, of which the first has one of everything that has an id: a meeting with a session that has
/// taken place, its recording, chat, transcript and summary, a livestream that was on air, and the rest.
/// </summary>
public sealed class PlainServer : IAsyncLifetime, IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private HearingEndpoint? _speech;
    private RunningServer? _server;

    public RunningServer Server => _server!;

    public PlainAccount Owner { get; private set; } = null!;

    public PlainAccount Stranger { get; private set; } = null!;

    public IReadOnlyList<DocumentedRoute> Routes { get; private set; } = [];

    /// <summary>The owner's objects, by the placeholders of the routes.</summary>
    public IReadOnlyDictionary<string, string> Ids { get; private set; } = null!;

    public async Task InitializeAsync()
    {
        _speech = await HearingEndpoint.StartAsync();
        var data = _folder.PathOf("data");
        await using (var first = await RunningServer.StartAsync(new RoomcastStart { DataFolder = data }))
        {
            await first.Process.StopAsync();
        }

        var (strangerId, strangerToken) = await AddAccountAsync(data);
        _server = await RunningServer.StartAsync(new RoomcastStart
        {
            DataFolder = data,
            Arguments =
            [
                "--transcription-url", _speech.Address.ToString(), "--transcription-longest-piece", "2s", "--summary-url", _speech.Address.ToString(),
                "--ingest-grace", "1s",
            ],
        });
        var credentials = Server.Process.Credentials;
        Owner = await CompleteAsync(credentials.AccountId, credentials.AppId, credentials.ApiToken);
        Stranger = await CompleteAsync(strangerId, null, strangerToken);
        Routes = await RouteTable.ReadAsync(Server.Process.Http);
        Ids = await MakeOneOfEverythingAsync();
    }

    public async Task DisposeAsync()
    {
        if (_server is not null)
        {
            await _server.DisposeAsync();
        }

        if (_speech is not null)
        {
            await _speech.DisposeAsync();
        }
    }

    public void Dispose() => _folder.Dispose();

    /// <summary>A meeting of the owner in which somebody is, until what is given back is disposed of.</summary>
    public async Task<(string Path, Client.RealtimeKitClient Peer)> MeetAsync(string name, object? meeting = null, bool sends = false)
    {
        var path = $"/meetings/{(string)(await Server.PostAsync("/meetings", meeting))["id"]!}";
        var sound = sends ? await OggAudioSource.OpenAsync(await OpusTone.WriteAsync(_folder, 440, 2), repeats: true) : null;
        var peer = await Server.InitAsync(path, name, change: options => options with { Audio = sound });
        await peer.JoinAsync();
        return (path, peer);
    }

    private static async Task<(string Id, string Token)> AddAccountAsync(string data)
    {
        await using var database = new Database(
            new OptionsWrapper<StorageOptions>(new StorageOptions { DataFolder = data }), TimeProvider.System, NullLogger<Database>.Instance);
        await database.OpenAsync(CancellationToken.None);
        var account = await new AccountStore(database, TimeProvider.System).CreateAsync("A stranger", CancellationToken.None);
        var token = await new ApiTokenStore(database, TimeProvider.System).IssueAsync(account.Id, ApiTokenScope.Write, "w", null, CancellationToken.None);
        return (account.Id.ToString(), token.Secret);
    }

    private async Task<PlainAccount> CompleteAsync(string id, string? app, string token)
    {
        var path = $"/client/v4/accounts/{id}/realtime/kit";
        async Task<JsonNode> PostAsync(string route, object body)
        {
            using var content = new StringContent(System.Text.Json.JsonSerializer.Serialize(body), System.Text.Encoding.UTF8, "application/json");
            return (await Server.CallAsync(HttpMethod.Post, path + route, token, content)).Body["data"]!;
        }

        app ??= (string)(await PostAsync("/apps", new { name = "One" }))["app"]!["id"]!;
        var other = (string)(await PostAsync("/apps", new { name = "Two" }))["app"]!["id"]!;
        return new PlainAccount(id, app, other, token, (string)(await PostAsync("/api-tokens", new { name = "reads", scope = "read" }))["token"]!);
    }

    private async Task<Dictionary<string, string>> MakeOneOfEverythingAsync()
    {
        static string IdOf(JsonNode made) => (string)made["id"]!;
        var webhook = IdOf(await Server.PostAsync("/webhooks", new { url = "https://hooks.example.invalid/", events = new[] { "livestreaming.statusUpdate" } }));
        var livestream = await Server.PostAsync("/livestreams", new { name = "Private" });
        var output = IdOf(await Server.PostAsync($"/livestreams/{IdOf(livestream)}/outputs", new { url = "rtmp://live.example.invalid/app", stream_key = "key" }));
        var delivery = IdOf((await Server.UntilAsync($"/webhooks/{webhook}/deliveries", each => each.AsArray().Count > 0))[0]!);
        await using (FfmpegPush.Start((string)livestream["ingest_server"]! + (string)livestream["stream_key"]!))
        {
            await Server.UntilAsync($"/livestreams/{IdOf(livestream)}", each => (string)each["livestream"]!["status"]! == "LIVE");
        }

        var detail = await Server.UntilAsync($"/livestreams/{IdOf(livestream)}", each => (string)each["livestream"]!["status"]! == "IDLE");
        var (meeting, peer) = await MeetAsync("Owner", new { title = "Private", transcribe_on_end = true, summarize_on_end = true }, sends: true);
        await using var present = peer;
        var session = IdOf(await Server.GetAsync($"{meeting}/active-session"));
        await peer.Chat.SendTextMessageAsync("Private");
        var recording = (await Server.PostAsync("/recordings/track", new { meeting_id = meeting.Split('/')[^1] }))["recording"]!;
        await Server.UntilAsync($"/recordings/{IdOf(recording)}", each => (string)each["status"]! == "RECORDING");
        await Server.UntilAsync($"/sessions/{session}/transcript", _ => true);
        await Server.PostAsync($"{meeting}/active-session/kick-all");
        await Server.UntilAsync($"/sessions/{session}/summary", _ => true);
        await Server.UntilAsync($"/recordings/{IdOf(recording)}", each => (string)each["status"]! is "UPLOADED" or "ERRORED");
        var preset = IdOf(await Server.PostAsync("/presets", new { name = "private", config = new { view_type = "GROUP_CALL" } }));
        var token = IdOf(await Server.PostAsync($"{Owner.Path}/api-tokens", new { name = "private" }));
        return new Dictionary<string, string>
        {
            ["account_id"] = Owner.Id,
            ["app_id"] = Owner.AppId,
            ["meeting_id"] = meeting.Split('/')[^1],
            ["participant_id"] = peer.Self.UserId,
            ["session_id"] = session,
            ["peer_id"] = peer.Self.Id,
            ["preset_id"] = preset,
            ["webhook_id"] = webhook,
            ["delivery_id"] = delivery,
            ["livestream_id"] = IdOf(livestream),
            ["livestream-session-id"] = IdOf(detail["sessions"]![0]!),
            ["output_id"] = output,
            ["recording_id"] = IdOf(recording),
            ["token_id"] = token,
        };
    }
}

/// <summary>Tests that share one server.</summary>
[CollectionDefinition(Name)]
public sealed class PlainServerTests : ICollectionFixture<PlainServer>
{
    /// <summary>The collection's name.</summary>
    public const string Name = "plain server";
}
