using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Roomcast.Livestreams.Records;
using Roomcast.Livestreams.Viewers;
using Roomcast.Storage;
using Roomcast.TestKit;

namespace Roomcast.Livestreams.Tests.Viewers;

public sealed class ViewerEndpointsTests : IAsyncLifetime, IDisposable
{
    private static readonly LivestreamId Open = new(Guid.NewGuid());
    private static readonly LivestreamId Signed = new(Guid.NewGuid());

    private readonly ManualClock _clock = new();
    private readonly FakeAudience _audience = new();
    private readonly ViewerTokens _tokens = new("0123456789abcdef0123456789abcdef"u8);
    private readonly HttpClient _client = new();
    private WebApplication _server = null!;

    public async Task InitializeAsync()
    {
        _audience.Viewers = new LiveViewers(Open, _tokens, new ViewerCountingOptions(), _clock);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Services.AddSingleton<TimeProvider>(_clock);
        builder.Services.AddSingleton<ILiveAudience>(_audience);
        builder.Services.AddSingleton(_tokens);
        builder.Services.AddSingleton(new ViewerCountingOptions { AddressBurst = 40, AddressCallsPerSecond = 10 });
        builder.Services.AddViewers();
        _server = builder.Build();
        _server.MapViewers();
        await _server.StartAsync();
        _client.BaseAddress = new Uri(_server.Urls.Single());
    }

    public async Task DisposeAsync() => await _server.DisposeAsync();

    public void Dispose() => _client.Dispose();

    [Fact]
    public async Task Status_tells_state_name_viewers_and_start()
    {
        using var response = await _client.GetAsync(new Uri($"/live/{Open}/status", UriKind.Relative));
        var status = await response.Content.ReadFromJsonAsync<JsonElement>();

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("public, max-age=1", response.Headers.CacheControl?.ToString());
        Assert.Equal(["*"], response.Headers.GetValues("Access-Control-Allow-Origin"));
        Assert.Equal("live", status.GetProperty("state").GetString());
        Assert.Equal("Harbour", status.GetProperty("name").GetString());
        Assert.Equal(0, status.GetProperty("viewers").GetInt32());
        Assert.Equal("1970-01-01T00:00:00.000Z", status.GetProperty("started_at").GetString());
    }

    [Fact]
    public async Task A_page_may_leave_after_its_playback_token_has_run_out()
    {
        var (viewer, token) = await AddViewerAsync();
        Assert.Equal(HttpStatusCode.OK, await BeatAsync(viewer, token, "playing"));
        Assert.Equal(1, _audience.Viewers!.Concurrent);
        using var leave = await PostAsync($"/live/t/expired/{Open}/viewers/{viewer}/leave", $$"""{"token":"{{token}}"}""");
        Assert.Equal(HttpStatusCode.NoContent, leave.StatusCode);
        Assert.Equal(0, _audience.Viewers.Concurrent);
    }

    [Fact]
    public async Task Without_its_database_the_server_asks_pages_to_come_back()
    {
        var (viewer, token) = await AddViewerAsync();
        _audience.IsAway = true;
        using var status = await _client.GetAsync(new Uri($"/live/{Open}/status", UriKind.Relative));
        using var added = await PostAsync($"/live/{Open}/viewers", "");
        using var beat = await PostAsync($"/live/{Open}/viewers/{viewer}/heartbeat", $$"""{"token":"{{token}}","state":"playing"}""");
        foreach (var answer in (HttpResponseMessage[])[status, added, beat])
        {
            Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
            Assert.Equal("no-store", answer.Headers.CacheControl?.ToString());
            Assert.NotNull(answer.Headers.RetryAfter);
            Assert.Equal(["*"], answer.Headers.GetValues("Access-Control-Allow-Origin"));
        }
    }

    [Theory]
    [InlineData(AudienceState.Waiting, "waiting")]
    [InlineData(AudienceState.Interrupted, "interrupted")]
    [InlineData(AudienceState.Ended, "ended")]
    public async Task Every_state_has_its_word(AudienceState state, string word)
    {
        _audience.State = state;
        var status = await _client.GetFromJsonAsync<JsonElement>(new Uri($"/live/{Open}/status", UriKind.Relative));
        Assert.Equal(word, status.GetProperty("state").GetString());
    }

    [Theory]
    [InlineData("/live/00000000-0000-0000-0000-000000000000/status", HttpStatusCode.NotFound)]
    [InlineData("/live/nonsense/status", HttpStatusCode.NotFound)]
    [InlineData("/live/{signed}/status", HttpStatusCode.Forbidden)]
    [InlineData("/live/t/wrong/{signed}/status", HttpStatusCode.Forbidden)]
    [InlineData("/live/t/good/{signed}/status", HttpStatusCode.OK)]
    public async Task Refusals_can_be_read_by_any_page(string path, HttpStatusCode expected)
    {
        using var response = await _client.GetAsync(new Uri(path.Replace("{signed}", Signed.ToString(), StringComparison.Ordinal), UriKind.Relative));
        Assert.Equal(expected, response.StatusCode);
        Assert.Equal(["*"], response.Headers.GetValues("Access-Control-Allow-Origin"));
        Assert.Equal("public, max-age=1", response.Headers.CacheControl?.ToString());
    }

    [Fact]
    public async Task A_page_is_counted_from_its_first_heartbeat_to_its_leave()
    {
        var (viewer, token) = await AddViewerAsync();
        Assert.Equal(HttpStatusCode.OK, await BeatAsync(viewer, token, "playing"));
        for (var i = 0; i < 5; i++)
        {
            _clock.Advance(TimeSpan.FromSeconds(4));
            Assert.Equal(HttpStatusCode.OK, await BeatAsync(viewer, token, "playing"));
        }

        Assert.Equal(1, _audience.Viewers!.Concurrent);
        _clock.Advance(TimeSpan.FromSeconds(2));
        using var leave = await PostAsync($"/live/{Open}/viewers/{viewer}/leave", $$"""{"token":"{{token}}","number":2}""", "text/plain");
        Assert.Equal(HttpStatusCode.NoContent, leave.StatusCode);
        using var late = await PostAsync($"/live/{Open}/viewers/{viewer}/heartbeat", $$"""{"token":"{{token}}","state":"playing","number":1}""", "text/plain");
        Assert.Equal(HttpStatusCode.OK, late.StatusCode);
        Assert.Equal(22, _audience.Viewers.ViewerSeconds, 0.01);
        Assert.Equal(0, _audience.Viewers.Concurrent);
    }

    [Fact]
    public async Task A_viewer_known_from_a_playlist_may_go_on_by_heartbeats()
    {
        var known = _tokens.NewViewerId(Open);
        using var response = await PostAsync($"/live/{Open}/viewers", $$"""{"viewer":"{{known}}"}""");
        var answer = await response.Content.ReadFromJsonAsync<JsonElement>();
        Assert.Equal(HttpStatusCode.Created, response.StatusCode);
        Assert.Equal(known, answer.GetProperty("viewer").GetString());
        Assert.Equal(3, answer.GetProperty("interval_seconds").GetDouble());

        using var foreign = await PostAsync($"/live/{Open}/viewers", """{"viewer":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}""");
        Assert.Equal(HttpStatusCode.BadRequest, foreign.StatusCode);
    }

    [Fact]
    public async Task A_heartbeat_needs_the_token_of_its_viewer()
    {
        var (viewer, token) = await AddViewerAsync();
        var (_, otherToken) = await AddViewerAsync();

        Assert.Equal(HttpStatusCode.Forbidden, await BeatAsync(viewer, otherToken, "playing"));
        Assert.Equal(HttpStatusCode.Forbidden, await BeatAsync("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", token, "playing"));
        Assert.Equal(0, _audience.Viewers!.Concurrent);
    }

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("{")]
    [InlineData("""{"token":"TOKEN"}""")]
    [InlineData("""{"token":"TOKEN","state":"dancing"}""")]
    [InlineData("""{"token":"TOKEN","state":"playing","latency_ms":-1}""")]
    [InlineData("""{"token":"TOKEN","state":"playing","number":0}""")]
    [InlineData("""{"token":"TOKEN","state":"playing","number":1.5}""")]
    [InlineData("""{"token":"TOKEN","state":"playing","latency_ms":"soon"}""")]
    [InlineData("""{"token":1,"state":"playing"}""")]
    public async Task A_heartbeat_that_makes_no_sense_is_a_bad_request(string body)
    {
        var (viewer, token) = await AddViewerAsync();
        using var response = await PostAsync(
            $"/live/{Open}/viewers/{viewer}/heartbeat", body.Replace("TOKEN", token, StringComparison.Ordinal));
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Equal(["*"], response.Headers.GetValues("Access-Control-Allow-Origin"));
    }

    [Fact]
    public async Task A_long_body_is_refused_unread()
    {
        var (viewer, token) = await AddViewerAsync();
        var body = $$"""{"token":"{{token}}","state":"playing","player":"{{new string('x', 5_000)}}"}""";
        using var response = await PostAsync($"/live/{Open}/viewers/{viewer}/heartbeat", body);
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
    }

    [Fact]
    public async Task An_address_that_calls_too_often_is_told_to_wait()
    {
        var outcomes = new List<HttpStatusCode>();
        for (var i = 0; i < 60; i++)
        {
            using var response = await PostAsync($"/live/{Open}/viewers", "");
            outcomes.Add(response.StatusCode);
        }

        Assert.Equal(40, outcomes.Count(code => code == HttpStatusCode.Created));
        Assert.Equal(20, outcomes.Count(code => code == HttpStatusCode.TooManyRequests));

        _clock.Advance(TimeSpan.FromSeconds(1));
        using var later = await PostAsync($"/live/{Open}/viewers", "");
        Assert.Equal(HttpStatusCode.Created, later.StatusCode);
    }

    [Fact]
    public async Task A_heartbeat_tells_state_and_viewers_so_that_a_page_need_not_ask()
    {
        var (viewer, token) = await AddViewerAsync();
        using var response = await PostAsync(
            $"/live/{Open}/viewers/{viewer}/heartbeat",
            $$"""{"token":"{{token}}","state":"playing","player":"hls.js","latency_ms":1530.5}""");
        var answer = await response.Content.ReadFromJsonAsync<JsonElement>();
        Assert.Equal(3, answer.GetProperty("interval_seconds").GetDouble());
        Assert.Equal("live", answer.GetProperty("state").GetString());
        Assert.Equal(1, answer.GetProperty("viewers").GetInt32());
        Assert.Equal("hls.js", Assert.Single(_audience.Viewers!.Report().Viewers).Player);
    }

    [Fact]
    public async Task A_preflight_is_answered()
    {
        using var request = new HttpRequestMessage(HttpMethod.Options, new Uri($"/live/{Open}/viewers/x/heartbeat", UriKind.Relative));
        using var response = await _client.SendAsync(request);
        Assert.Equal(HttpStatusCode.NoContent, response.StatusCode);
        Assert.Equal(["*"], response.Headers.GetValues("Access-Control-Allow-Origin"));
        Assert.Equal(["content-type"], response.Headers.GetValues("Access-Control-Allow-Headers"));
    }

    private async Task<(string Viewer, string Token)> AddViewerAsync()
    {
        using var response = await PostAsync($"/live/{Open}/viewers", "");
        Assert.Equal(HttpStatusCode.Created, response.StatusCode);
        var answer = await response.Content.ReadFromJsonAsync<JsonElement>();
        return (answer.GetProperty("viewer").GetString()!, answer.GetProperty("token").GetString()!);
    }

    private async Task<HttpStatusCode> BeatAsync(string viewer, string token, string state)
    {
        using var response = await PostAsync(
            $"/live/{Open}/viewers/{viewer}/heartbeat", $$"""{"token":"{{token}}","state":"{{state}}","player":"hls.js"}""");
        return response.StatusCode;
    }

    private async Task<HttpResponseMessage> PostAsync(string path, string body, string type = "application/json")
    {
        using var content = new StringContent(body, Encoding.UTF8, type);
        return await _client.PostAsync(new Uri(path, UriKind.Relative), content);
    }

    private sealed class FakeAudience : ILiveAudience
    {
        public AudienceState State { get; set; } = AudienceState.Live;

        public LiveViewers? Viewers { get; set; }

        public bool IsAway { get; set; }

        public LiveViewers? FindViewers(LivestreamId livestreamId) => Viewers;

        public ValueTask<AudienceAnswer> FindAsync(LivestreamId livestreamId, string? playbackToken, CancellationToken cancellationToken) =>
            IsAway
                ? throw new StorageException("The database is away.")
                : ValueTask.FromResult((livestreamId == Open && playbackToken != "expired") || (livestreamId == Signed && playbackToken == "good")
                ? new AudienceAnswer(AudienceAdmission.Allowed, State, "Harbour", DateTimeOffset.UnixEpoch, Viewers)
                : new AudienceAnswer(livestreamId == Signed || playbackToken is not null ? AudienceAdmission.NotAllowed : AudienceAdmission.NotFound));
    }
}
