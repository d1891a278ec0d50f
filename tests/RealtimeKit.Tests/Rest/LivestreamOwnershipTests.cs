using System.Text.Json.Nodes;
using Roomcast.Livestreams.Delivery;
using Roomcast.Livestreams.Records;
using Roomcast.RealtimeKit.Tests.Hosting;

namespace Roomcast.RealtimeKit.Tests.Rest;

[Collection(SharedHostTests.Name)]
public sealed class LivestreamOwnershipTests(SharedHost shared) : IAsyncLifetime
{
    private readonly ApiHost _host = shared.Host;
    private TestAccount _account = null!;
    private Livestream _livestream = null!;

    private string Path => $"{_account.AppPath}/livestreams/{_livestream.Id}";

    public async Task InitializeAsync()
    {
        _account = await _host.NewAccountAsync();
        _livestream = await _host.NewLivestreamAsync(_account.First, "Before");
        _host.Clock.Advance(TimeSpan.FromSeconds(1));
    }

    public Task DisposeAsync() => Task.CompletedTask;

    [Fact]
    public async Task A_change_leaves_alone_what_is_not_sent()
    {
        var disabled = await _host.Client.PatchAsync(Path, _account.WriteToken, """{"disabled":true}""");
        var renamed = await _host.Client.PatchAsync(Path, _account.WriteToken, """{"name":" After "}""");
        var cleared = await _host.Client.PatchAsync(Path, _account.WriteToken, """{"name":null,"disabled":false}""");
        var read = await _host.Client.GetAsync(Path, _account.WriteToken);

        Assert.Equal(("Before", true), (disabled.Data["name"]!.GetValue<string>(), disabled.Data["disabled"]!.GetValue<bool>()));
        Assert.Equal(("After", true), (renamed.Data["name"]!.GetValue<string>(), renamed.Data["disabled"]!.GetValue<bool>()));
        Assert.Null(cleared.Data["name"]);
        Assert.False(cleared.Data["disabled"]!.GetValue<bool>());
        Assert.Equal(_livestream.StreamKey, cleared.Data["stream_key"]!.GetValue<string>());
        Assert.NotEqual(cleared.Data["created_at"]!.GetValue<string>(), cleared.Data["updated_at"]!.GetValue<string>());
        Assert.True(JsonNode.DeepEquals(cleared.Data, read.Data["livestream"]));
    }

    [Fact]
    public async Task A_change_of_nothing_answers_the_livestream()
    {
        var reply = await _host.Client.PatchAsync(Path, _account.WriteToken);

        Assert.Equal(200, reply.Status);
        Assert.Equal("Before", reply.Data["name"]!.GetValue<string>());
    }

    [Theory]
    [InlineData("""{"name":"","disabled":"false"}""", new[] { "/name", "/disabled" })]
    [InlineData("""{"name":"After","disabled":null}""", new[] { "/disabled" })]
    [InlineData("""{"name":["After"],"disabled":true}""", new[] { "/name" })]
    [InlineData("""{"disabled":0}""", new[] { "/disabled" })]
    public async Task A_faulty_change_is_refused_whole(string json, string[] pointers)
    {
        var reply = await _host.Client.PatchAsync(Path, _account.WriteToken, json);
        var kept = await _host.Service<LivestreamStore>().FindAsync(_account.First.Id, _livestream.Id, CancellationToken.None);

        Assert.Equal(400, reply.Status);
        Assert.Equal(pointers, reply.Sources);
        Assert.Equal(_livestream, kept);
    }

    [Fact]
    public async Task A_deleted_livestream_is_answered_once_more()
    {
        var deleted = await _host.Client.DeleteAsync(Path, _account.WriteToken);
        var again = await _host.Client.DeleteAsync(Path, _account.WriteToken);

        Assert.Equal(200, deleted.Status);
        Assert.Equal(_livestream.Id.ToString(), deleted.Data["id"]!.GetValue<string>());
        Assert.Equal("Before", deleted.Data["name"]!.GetValue<string>());
        Assert.Equal(40401, again.Code);
    }

    [Fact]
    public async Task The_sessions_of_a_deleted_livestream_go_on_counting()
    {
        await _host.NewSessionAsync(_livestream, ingestSeconds: 7, viewerSeconds: 9, isOver: true);
        await _host.Client.DeleteAsync(Path, _account.WriteToken);

        _host.Clock.Advance(TimeSpan.FromSeconds(1));
        var overall = await _host.Client.GetAsync($"{_account.AppPath}/analytics/livestreams/overall", _account.WriteToken);

        Assert.Equal((1, 7, 9), (
            overall.Data["count"]!.GetValue<int>(),
            overall.Data["total_ingest_seconds"]!.GetValue<int>(),
            overall.Data["total_viewer_seconds"]!.GetValue<int>()));
    }

    [Fact]
    public async Task A_new_stream_key_makes_the_old_one_worthless()
    {
        var rotated = await _host.Client.PostAsync($"{Path}/rotate-key", _account.WriteToken);
        var key = rotated.Data["stream_key"]!.GetValue<string>();
        var store = _host.Service<LivestreamStore>();

        Assert.Equal(200, rotated.Status);
        Assert.Matches("^[0-9a-f]{64}$", key);
        Assert.NotEqual(_livestream.StreamKey, key);
        Assert.Null(await store.FindByStreamKeyAsync(_livestream.StreamKey, CancellationToken.None));
        Assert.Equal(_livestream.Id, (await store.FindByStreamKeyAsync(key, CancellationToken.None))!.Id);
        Assert.Equal(
            $"https://live.example.org/live/{_livestream.Id}/index.m3u8", rotated.Data["playback_url"]!.GetValue<string>());
    }

    [Fact]
    public async Task Nobody_watches_and_nobody_publishes_what_is_not_on_air()
    {
        var viewers = await _host.Client.GetAsync($"{Path}/viewers", _account.ReadToken);
        var publisher = await _host.Client.GetAsync($"{Path}/publisher", _account.ReadToken);

        Assert.Equal("""{"count":0,"by_player":[],"viewers":[]}""", viewers.Data.ToJsonString());
        Assert.Equal(404, publisher.Status);
        Assert.Equal(40404, publisher.Code);
    }

    [Theory]
    [InlineData(null, 3_600)]
    [InlineData("{}", 3_600)]
    [InlineData("""{"expires_in_seconds":60}""", 60)]
    [InlineData("""{"expires_in_seconds":604800}""", 604_800)]
    public async Task A_playback_token_holds_as_long_as_asked(string? json, int seconds)
    {
        var reply = await _host.Client.PostAsync($"{Path}/playback-tokens", _account.WriteToken, json);
        var expiry = DateTimeOffset.FromUnixTimeSeconds(_host.Clock.GetUtcNow().ToUnixTimeSeconds() + seconds);
        var token = reply.Data["token"]!.GetValue<string>();

        var tokens = _host.Service<PlaybackTokens>();

        Assert.Equal(201, reply.Status);
        Assert.Equal(PlaybackTokenVerdict.Valid, tokens.Check(token, _livestream.Id, expiry.AddSeconds(-1)));
        Assert.Equal(PlaybackTokenVerdict.Expired, tokens.Check(token, _livestream.Id, expiry));
        Assert.Equal(["token", "playback_url", "watch_url", "expires_at"], reply.Data.AsObject().Select(field => field.Key));
        Assert.Equal(expiry.ToString("yyyy-MM-ddTHH:mm:ss.fffZ", null), reply.Data["expires_at"]!.GetValue<string>());
        Assert.Equal($"https://live.example.org/live/t/{token}/{_livestream.Id}/index.m3u8", reply.Data["playback_url"]!.GetValue<string>());
        Assert.Equal($"https://live.example.org/watch/t/{token}/{_livestream.Id}", reply.Data["watch_url"]!.GetValue<string>());
    }

    [Theory]
    [InlineData("59")]
    [InlineData("604801")]
    [InlineData("-60")]
    [InlineData("60.5")]
    [InlineData("1e99")]
    [InlineData("\"3600\"")]
    [InlineData("null")]
    [InlineData("true")]
    public async Task A_playback_token_holds_from_a_minute_to_a_week(string seconds)
    {
        var reply = await _host.Client.PostAsync($"{Path}/playback-tokens", _account.WriteToken, $$"""{"expires_in_seconds":{{seconds}}}""");

        Assert.Equal(400, reply.Status);
        Assert.Equal(["/expires_in_seconds"], reply.Sources);
    }
}
