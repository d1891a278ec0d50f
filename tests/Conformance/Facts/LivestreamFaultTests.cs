using System.Globalization;
using System.Text.Json.Nodes;
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
    private JsonNode _livestream = null!;

    private string Id => (string)_livestream["id"]!;

    // The port is another one after a restart; the key is not.
    private string IngestAddress => $"{_server.Process.RtmpBase.AbsoluteUri.TrimEnd('/')}/live/{(string)_livestream["stream_key"]!}";

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
        await using var first = FfmpegPush.Start(IngestAddress);
        await LiveAsync();
        var session = await ActiveSessionAsync();
        await first.KillAsync();
        await using var second = FfmpegPush.Start(IngestAddress);

        // The media: the same playlist goes on, after a discontinuity.
        var playlist = await PlaylistUntilAsync(text => text.Contains("#EXT-X-DISCONTINUITY\n", StringComparison.Ordinal));
        var seen = await LastSequenceAsync();
        await PlaylistUntilAsync(text => Sequences(text) > seen);
        Assert.DoesNotContain("#EXT-X-ENDLIST", playlist, StringComparison.Ordinal);
        Assert.Equal("LIVE", await StatusAsync());
        Assert.Equal((string)session["id"]!, (string)(await ActiveSessionAsync())["id"]!);
        Assert.Equal(["IDLE", "LIVE"], Told());
    }

    [Fact]
    public async Task A_publisher_that_is_killed_and_never_comes_back_ends_the_livestream_session_after_the_grace_time()
    {
        await using var push = FfmpegPush.Start(IngestAddress);
        await LiveAsync();
        var session = (string)(await ActiveSessionAsync())["id"]!;
        await push.KillAsync();
        await AssertOfflineAsync(session, expected: ["IDLE", "LIVE", "OFFLINE"]);
    }

    [Fact]
    public async Task An_encoder_that_stops_ends_the_livestream_session()
    {
        await using var push = FfmpegPush.Start(IngestAddress, seconds: 6);
        await LiveAsync();
        var session = (string)(await ActiveSessionAsync())["id"]!;
        await push.FinishAsync();
        var ended = await AssertOfflineAsync(session, expected: ["IDLE", "LIVE", "OFFLINE"]);

        // Six seconds were sent, and that is what the figures say.
        Assert.InRange((double)ended["ingest_seconds"]!, 4.5, 7.5);
        Assert.Null(ended["err_message"]);
    }

    [Fact]
    public async Task A_server_that_is_killed_while_live_tells_of_the_end_when_it_starts_and_goes_live_again()
    {
        await using (FfmpegPush.Start(IngestAddress))
        {
            await LiveAsync();
            var session = (string)(await ActiveSessionAsync())["id"]!;
            await _server.Process.KillAsync();
            await _server.DisposeAsync();
            _server = await StartAsync();
            await AssertStoppedAsync(session, expected: ["IDLE", "LIVE", "OFFLINE"]);
        }

        await using var again = FfmpegPush.Start(IngestAddress);
        await _server.UntilAsync($"/livestreams/{Id}", each => (string)each["livestream"]!["status"]! == "LIVE");
        await PlaylistUntilAsync(text => Sequences(text) > 0 && !text.Contains("#EXT-X-ENDLIST", StringComparison.Ordinal));
        Assert.Equal("LIVE", await ToldAsync(4));
        Assert.Equal(["IDLE", "LIVE", "OFFLINE", "LIVE"], Told());
        Assert.Equal(2, (int)(await _server.CallAsync(HttpMethod.Get, $"{_server.AppPath}/livestreams/{Id}", _server.Token)).Body["paging"]!["total_count"]!);
    }

    [Fact]
    public async Task A_livestream_that_ends_while_the_database_is_away_is_told_of_and_stored_when_it_is_back()
    {
        await using var postgres = await PostgresServer.StartAsync(isDurable: true);
        await DisposeAsync();
        await BeginAsync("postgres", new() { ["ROOMCAST_DATABASE_URL"] = await postgres.CreateDatabaseAsync() });
        string session;
        await using (var push = FfmpegPush.Start(IngestAddress, seconds: 10))
        {
            await LiveAsync();
            session = (string)(await ActiveSessionAsync())["id"]!;
            await postgres.KillAsync();
            await push.FinishAsync();
        }

        // Players read the end at once; the store is asked for it again and again.
        await PlaylistUntilAsync(text => text.Contains("#EXT-X-ENDLIST", StringComparison.Ordinal));
        await _server.UntilAsync(
            () => _server.Process.Errors.Split("A change of livestream").Length > 5, "the end was refused five times");
        Assert.Equal(["IDLE", "LIVE"], Told());
        await postgres.RestartAsync();
        var ended = await AssertStoppedAsync(session, expected: ["IDLE", "LIVE", "OFFLINE"]);
        Assert.InRange((double)ended["ingest_seconds"]!, 8.5, 11.5);
        Assert.Null(ended["err_message"]);

        await using var again = FfmpegPush.Start(IngestAddress);
        Assert.Equal("LIVE", await ToldAsync(4));
        Assert.Equal(["IDLE", "LIVE", "OFFLINE", "LIVE"], Told());
    }

    private async Task BeginAsync(string data, Dictionary<string, string> environment)
    {
        _data = data;
        _environment = environment;
        _receiver = await TestReceiver.StartAsync();
        _server = await StartAsync();
        await _server.PostAsync("/webhooks", new { url = _receiver.Address.ToString(), events = new[] { "livestreaming.statusUpdate" } });
        _livestream = await _server.PostAsync("/livestreams", new { name = "Faults" });
        Assert.Equal(("INVOKED", "IDLE"), ((string)_livestream["status"]!, await ToldAsync(1)));
    }

    private Task<RunningServer> StartAsync() => RunningServer.StartAsync(new RoomcastStart
    {
        DataFolder = _folder.PathOf(_data),
        Environment = _environment,
        Arguments = ["--webhook-private-networks", "127.0.0.0/8", "--ingest-grace", Grace, "--ended-linger", "5m"],
    });

    private async Task LiveAsync()
    {
        await _server.UntilAsync($"/livestreams/{Id}", each => (string)each["livestream"]!["status"]! == "LIVE");
        Assert.Equal("LIVE", await ToldAsync(2));
        await PlaylistUntilAsync(text => Sequences(text) > 0);
    }

    private async Task<JsonNode> AssertOfflineAsync(string session, string[] expected)
    {
        await PlaylistUntilAsync(text => text.Contains("#EXT-X-ENDLIST", StringComparison.Ordinal));
        return await AssertStoppedAsync(session, expected);
    }

    private async Task<JsonNode> AssertStoppedAsync(string session, string[] expected)
    {
        Assert.Equal("OFFLINE", await ToldAsync(expected.Length));
        Assert.Equal(expected, Told());
        Assert.Equal("IDLE", await StatusAsync());
        var none = await _server.CallAsync(HttpMethod.Get, $"{_server.AppPath}/livestreams/{Id}/active-livestream-session", _server.Token);
        Assert.Equal((404, 40404), (none.Status, none.Code));
        var ended = await _server.GetAsync($"/livestreams/sessions/{session}");
        Assert.NotNull(ended["stopped_time"]);
        return ended;
    }

    private async Task<string> StatusAsync() => (string)(await _server.GetAsync($"/livestreams/{Id}"))["livestream"]!["status"]!;

    private async Task<JsonNode> ActiveSessionAsync() => (await _server.GetAsync($"/livestreams/{Id}/active-livestream-session"))["session"]!;

    private string[] Told() => [.. _receiver.Received.DistinctBy(each => each.DeliveryId).Select(each => (string)each.Payload["status"]!)];

    private async Task<string> ToldAsync(int count)
    {
        await _server.UntilAsync(() => Told().Length >= count, $"{count} events came");
        return Told()[count - 1];
    }

    private async Task<long> LastSequenceAsync() => Sequences(await PlaylistUntilAsync(_ => true));

    // The number of the last segment, counted from 1; 0 without any.
    private static long Sequences(string playlist)
    {
        var lines = playlist.Split('\n');
        const string Sequence = "#EXT-X-MEDIA-SEQUENCE:";
        var first = lines.FirstOrDefault(line => line.StartsWith(Sequence, StringComparison.Ordinal)) ?? Sequence + "0";
        var count = lines.Count(line => line.StartsWith("#EXTINF:", StringComparison.Ordinal));
        return count == 0 ? 0 : count + long.Parse(first.AsSpan(Sequence.Length), CultureInfo.InvariantCulture);
    }

    private async Task<string> PlaylistUntilAsync(Func<string, bool> isSo)
    {
        using var http = new HttpClient();
        var began = TimeProvider.System.GetTimestamp();
        var main = new Uri(_server.Process.HttpBase, new Uri((string)_livestream["playback_url"]!).AbsolutePath);
        for (var last = ""; ;)
        {
            using var listed = await http.GetAsync(main);
            if (listed.IsSuccessStatusCode)
            {
                var media = (await listed.Content.ReadAsStringAsync()).Split('\n').First(line => line.Length > 0 && line[0] != '#');
                using var answer = await http.GetAsync(new Uri(main, media.Trim()));
                last = await answer.Content.ReadAsStringAsync();
                if (answer.IsSuccessStatusCode && isSo(last))
                {
                    return last;
                }
            }

            Assert.True(TimeProvider.System.GetElapsedTime(began) < RunningServer.Patience, $"The playlist:\n{last}\n{_server.Process.Errors}");
            await Task.Delay(200);
        }
    }
}
