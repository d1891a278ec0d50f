using Roomcast.Conformance.Running;
using Roomcast.TestKit;
using Roomcast.TestKit.Databases;
using Roomcast.TestKit.Server;
using Roomcast.TestKit.Webhooks;

namespace Roomcast.Conformance.Facts;

/// <summary>What webhooks and routes tell of a livestream, beside what really became of its media, when something goes wrong.</summary>
public sealed class LivestreamFaultTests : IAsyncLifetime, IDisposable
{
    private const string Grace = "4s";

    private readonly TemporaryFolder _folder = new();
    private string _data = "";
    private Dictionary<string, string> _environment = [];
    private TestReceiver _receiver = null!;
    private RunningServer _server = null!;
    private WatchedLivestream _livestream = null!;

    public Task InitializeAsync() => BeginAsync("data", new Dictionary<string, string>());

    public async Task DisposeAsync()
    {
        await _server.DisposeAsync();
        await _receiver.DisposeAsync();
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_publisher_that_is_killed_and_comes_back_is_one_livestream_session_with_a_gap()
    {
        await using var first = FfmpegPush.Start(_livestream.IngestAddress);
        await _livestream.LiveAsync();
        var session = await _livestream.ActiveSessionAsync();
        await first.KillAsync();
        await using var second = FfmpegPush.Start(_livestream.IngestAddress);

        // The media: the same playlist goes on, after a discontinuity.
        var playlist = await _livestream.PlaylistUntilAsync(text => text.Contains("#EXT-X-DISCONTINUITY\n", StringComparison.Ordinal));
        await _livestream.GoesOnAsync();
        Assert.DoesNotContain("#EXT-X-ENDLIST", playlist, StringComparison.Ordinal);
        Assert.Equal("LIVE", await _livestream.StatusAsync());
        Assert.Equal(session, await _livestream.ActiveSessionAsync());
        Assert.Equal(["IDLE", "LIVE"], _livestream.Told());
    }

    [Fact]
    public async Task A_publisher_that_is_killed_and_never_comes_back_ends_the_livestream_session_after_the_grace_time()
    {
        await using var push = FfmpegPush.Start(_livestream.IngestAddress);
        await _livestream.LiveAsync();
        var session = await _livestream.ActiveSessionAsync();
        await push.KillAsync();
        await _livestream.AssertOfflineAsync(session, "IDLE", "LIVE", "OFFLINE");
    }

    [Fact]
    public async Task An_encoder_that_stops_ends_the_livestream_session()
    {
        await using var push = FfmpegPush.Start(_livestream.IngestAddress, seconds: 6);
        await _livestream.LiveAsync();
        var session = await _livestream.ActiveSessionAsync();
        await push.FinishAsync();
        var ended = await _livestream.AssertOfflineAsync(session, "IDLE", "LIVE", "OFFLINE");

        // Six seconds were sent, and that is what the figures say.
        Assert.InRange((double)ended["ingest_seconds"]!, 4.5, 7.5);
        Assert.Null(ended["err_message"]);
    }

    [Fact]
    public async Task A_server_that_is_killed_while_live_tells_of_the_end_when_it_starts_and_goes_live_again()
    {
        await using (FfmpegPush.Start(_livestream.IngestAddress))
        {
            await _livestream.LiveAsync();
            var session = await _livestream.ActiveSessionAsync();
            await _server.Process.KillAsync();
            await _server.DisposeAsync();
            _server = await StartAsync();
            await _livestream.AssertStoppedAsync(session, "IDLE", "LIVE", "OFFLINE");
        }

        await using var again = FfmpegPush.Start(_livestream.IngestAddress);
        await _livestream.LiveAsync(told: 4);
        await _livestream.PlaylistUntilAsync(text => WatchedLivestream.Sequences(text) > 0 && !text.Contains("#EXT-X-ENDLIST", StringComparison.Ordinal));
        Assert.Equal(["IDLE", "LIVE", "OFFLINE", "LIVE"], _livestream.Told());
        Assert.Equal(2, (int)(await _server.CallAsync(HttpMethod.Get, $"{_server.AppPath}/livestreams/{_livestream.Id}", _server.Token)).Body["paging"]!["total_count"]!);
    }

    [Fact]
    public async Task A_livestream_that_ends_while_the_database_is_away_is_told_of_and_stored_when_it_is_back()
    {
        await using var postgres = await PostgresServer.StartAsync(isDurable: true);
        await DisposeAsync();
        await BeginAsync("postgres", new() { ["ROOMCAST_DATABASE_URL"] = await postgres.CreateDatabaseAsync() });
        string session;
        await using (var push = FfmpegPush.Start(_livestream.IngestAddress, seconds: 10))
        {
            await _livestream.LiveAsync();
            session = await _livestream.ActiveSessionAsync();
            await postgres.KillAsync();
            await push.FinishAsync();
        }

        // Players read the end at once; the store is asked for it again and again.
        await _livestream.PlaylistUntilAsync(text => text.Contains("#EXT-X-ENDLIST", StringComparison.Ordinal));
        await _server.UntilAsync(
            () => _server.Process.Errors.Split("A change of livestream").Length > 5, "the end was refused five times");
        Assert.Equal(["IDLE", "LIVE"], _livestream.Told());
        await postgres.RestartAsync();
        var ended = await _livestream.AssertStoppedAsync(session, "IDLE", "LIVE", "OFFLINE");
        Assert.InRange((double)ended["ingest_seconds"]!, 8.5, 11.5);
        Assert.Null(ended["err_message"]);

        await using var again = FfmpegPush.Start(_livestream.IngestAddress);
        Assert.Equal("LIVE", await _livestream.ToldAsync(4));
        Assert.Equal(["IDLE", "LIVE", "OFFLINE", "LIVE"], _livestream.Told());
    }

    private async Task BeginAsync(string data, Dictionary<string, string> environment)
    {
        _data = data;
        _environment = environment;
        _receiver = await TestReceiver.StartAsync();
        _server = await StartAsync();
        await _server.PostAsync("/webhooks", new { url = _receiver.Address.ToString(), events = new[] { "livestreaming.statusUpdate" } });
        var made = await _server.PostAsync("/livestreams", new { name = "Faults" });
        _livestream = new WatchedLivestream(() => _server, _receiver, made);
        Assert.Equal(("INVOKED", "IDLE"), ((string)made["status"]!, await _livestream.ToldAsync(1)));
    }

    private Task<RunningServer> StartAsync() => RunningServer.StartAsync(new RoomcastStart
    {
        DataFolder = _folder.PathOf(_data),
        Environment = _environment,
        Arguments = ["--webhook-private-networks", "127.0.0.0/8", "--ingest-grace", Grace, "--ended-linger", "5m"],
    });
}
