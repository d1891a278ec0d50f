using System.Text.Json.Nodes;
using Roomcast.Livestreams.Records;
using Roomcast.RealtimeKit.Tests.Hosting;

namespace Roomcast.RealtimeKit.Tests.Rest;

[Collection(SharedHostTests.Name)]
public sealed class LivestreamTests(SharedHost shared) : IAsyncLifetime
{
    private static readonly string[] LivestreamFields =
    [
        "id", "name", "meeting_id", "status", "disabled", "ingest_server", "ingest_server_tls", "stream_key", "playback_url",
        "watch_url", "created_at", "updated_at",
    ];

    private static readonly string[] SessionFields =
    [
        "id", "livestream_id", "created_at", "updated_at", "invoked_time", "started_time", "stopped_time", "ingest_seconds",
        "viewer_seconds", "err_message",
    ];

    private readonly ApiHost _host = shared.Host;
    private TestAccount _account = null!;

    private string Livestreams => $"{_account.AppPath}/livestreams";

    public async Task InitializeAsync() => _account = await _host.NewAccountAsync();

    public Task DisposeAsync() => Task.CompletedTask;

    [Fact]
    public async Task A_livestream_is_made_with_all_that_an_encoder_and_a_player_need()
    {
        var made = await _host.Client.PostAsync(Livestreams, _account.WriteToken, """{"name":" Sunday "}""");
        var livestream = made.Data.AsObject();
        var id = livestream["id"]!.GetValue<string>();

        Assert.Equal(201, made.Status);
        Assert.Equal(LivestreamFields, livestream.Select(field => field.Key));
        Assert.Equal("Sunday", livestream["name"]!.GetValue<string>());
        Assert.Null(livestream["meeting_id"]);
        Assert.Equal("INVOKED", livestream["status"]!.GetValue<string>());
        Assert.False(livestream["disabled"]!.GetValue<bool>());
        Assert.Equal("rtmp://live.example.org:1935/live/", livestream["ingest_server"]!.GetValue<string>());
        Assert.Equal("rtmps://live.example.org:1936/live/", livestream["ingest_server_tls"]!.GetValue<string>());
        Assert.Matches("^[0-9a-f]{64}$", livestream["stream_key"]!.GetValue<string>());
        Assert.Equal($"https://live.example.org/live/{id}/index.m3u8", livestream["playback_url"]!.GetValue<string>());
        Assert.Equal($"https://live.example.org/watch/{id}", livestream["watch_url"]!.GetValue<string>());
    }

    [Theory]
    [InlineData(null)]
    [InlineData("{}")]
    [InlineData("""{"name":null}""")]
    public async Task A_livestream_needs_no_name(string? json)
    {
        var made = await _host.Client.PostAsync(Livestreams, _account.WriteToken, json);

        Assert.Equal(201, made.Status);
        Assert.Null(made.Data["name"]);
    }

    [Fact]
    public async Task A_list_holds_the_first_livestream_the_page_and_the_paging()
    {
        var older = await _host.NewLivestreamAsync(_account.First, "Older");
        var newer = await _host.NewLivestreamAsync(_account.First, "Newer");

        var list = await _host.Client.GetAsync(Livestreams, _account.WriteToken);
        var data = list.Data.AsObject();

        Assert.Equal(
            LivestreamFields.Concat(["livestreams", "paging"]).Order(StringComparer.Ordinal),
            data.Select(field => field.Key).Order(StringComparer.Ordinal));
        Assert.Equal([newer.Id.ToString(), older.Id.ToString()], IdsOf(list));
        foreach (var field in LivestreamFields)
        {
            Assert.True(JsonNode.DeepEquals(data[field], data["livestreams"]![0]![field]), field);
        }

        Assert.True(JsonNode.DeepEquals(data["paging"], list.Body["paging"]));
        Assert.Equal((1, 2, 2), list.Paging);
    }

    [Fact]
    public async Task An_empty_list_holds_no_livestream_and_the_paging()
    {
        var list = await _host.Client.GetAsync(Livestreams, _account.WriteToken);

        Assert.Equal(["livestreams", "paging"], list.Data.AsObject().Select(field => field.Key));
        Assert.Empty(list.Data["livestreams"]!.AsArray());
        Assert.Equal((0, 0, 0), list.Paging);
    }

    [Fact]
    public async Task A_list_past_the_end_is_empty_and_still_counts()
    {
        await _host.NewLivestreamAsync(_account.First);

        var list = await _host.Client.GetAsync($"{Livestreams}?page_no=2", _account.WriteToken);

        Assert.Empty(list.Data["livestreams"]!.AsArray());
        Assert.Equal((0, 0, 1), list.Paging);
    }

    [Fact]
    public async Task A_list_is_filtered_by_status_meeting_and_time()
    {
        var independent = await _host.NewLivestreamAsync(_account.First, "Independent");
        var meeting = await _host.NewLivestreamAsync(_account.First, "Meeting", Guid.NewGuid());
        _host.Clock.Advance(TimeSpan.FromDays(3));
        var idle = await _host.NewLivestreamAsync(_account.First, "Idle");
        await _host.Service<LivestreamStore>().SetStatusAsync(idle.Id, LivestreamStatus.Idle, CancellationToken.None);

        Assert.Equal([idle.Id.ToString()], await ListAsync("status=IDLE"));
        Assert.Equal([meeting.Id.ToString(), independent.Id.ToString()], await ListAsync("status=INVOKED"));
        Assert.Empty(await ListAsync("status=LIVE"));
        Assert.Equal([idle.Id.ToString(), independent.Id.ToString()], await ListAsync("exclude_meetings=true"));
        Assert.Equal(3, (await ListAsync("exclude_meetings=false")).Count);
        Assert.Equal([independent.Id.ToString()], await ListAsync("status=INVOKED&exclude_meetings=true"));

        // Both ends belong to the range, to the millisecond; a date alone is its whole day.
        Assert.Equal([idle.Id.ToString()], await ListAsync($"start_time={Iso(idle.CreatedAt)}"));
        Assert.Equal([meeting.Id.ToString(), independent.Id.ToString()], await ListAsync($"end_time={Iso(meeting.CreatedAt)}"));
        Assert.Equal([meeting.Id.ToString()], await ListAsync($"start_time={Iso(meeting.CreatedAt)}&end_time={Iso(meeting.CreatedAt)}"));
        Assert.Empty(await ListAsync($"start_time={Iso(idle.CreatedAt.AddMilliseconds(1))}"));
        Assert.Equal([idle.Id.ToString()], await ListAsync($"start_time={idle.CreatedAt:yyyy-MM-dd}&end_time={idle.CreatedAt:yyyy-MM-dd}"));
        var elsewhere = independent.CreatedAt.ToOffset(TimeSpan.FromHours(2)).ToString("yyyy-MM-ddTHH:mm:ss.fffzzz", null);
        Assert.Equal([independent.Id.ToString()], await ListAsync($"end_time={Uri.EscapeDataString(elsewhere)}"));
    }

    [Fact]
    public async Task A_list_is_sorted_by_age_both_ways()
    {
        var ids = new List<string>();
        for (var i = 0; i < 3; i++)
        {
            ids.Add((await _host.NewLivestreamAsync(_account.First)).Id.ToString());
        }

        foreach (var spelling in new[] { "ASC", "asc" })
        {
            Assert.Equal(ids, await ListAsync($"sort_order={spelling}"));
        }

        foreach (var spelling in new[] { "DSC", "DESC", "dsc", "Desc" })
        {
            Assert.Equal(Enumerable.Reverse(ids), await ListAsync($"sort_order={spelling}"));
        }
    }

    [Fact]
    public async Task A_livestream_is_read_with_a_page_of_its_sessions()
    {
        var livestream = await _host.NewLivestreamAsync(_account.First, "Series");
        var first = await _host.NewSessionAsync(livestream, ingestSeconds: 10.0625, viewerSeconds: 20.5, isOver: true, error: "the disk is full");
        var second = await _host.NewSessionAsync(livestream, isOver: true);

        var whole = await _host.Client.GetAsync($"{Livestreams}/{livestream.Id}", _account.WriteToken);
        var page = await _host.Client.GetAsync($"{Livestreams}/{livestream.Id}?page_no=2&per_page=1", _account.WriteToken);
        var past = await _host.Client.GetAsync($"{Livestreams}/{livestream.Id}?page_no=3&per_page=1", _account.WriteToken);

        Assert.Equal(["livestream", "session", "sessions", "paging"], whole.Data.AsObject().Select(field => field.Key));
        Assert.Equal(LivestreamFields, whole.Data["livestream"]!.AsObject().Select(field => field.Key));
        Assert.Equal(
            [second.Id.ToString(), first.Id.ToString()], whole.Data["sessions"]!.AsArray().Select(session => session!["id"]!.GetValue<string>()));
        Assert.True(JsonNode.DeepEquals(whole.Data["session"], whole.Data["sessions"]![0]));
        Assert.True(JsonNode.DeepEquals(whole.Data["paging"], whole.Body["paging"]));
        Assert.Equal((1, 2, 2), whole.Paging);

        var told = page.Data["session"]!.AsObject();
        Assert.Equal(SessionFields, told.Select(field => field.Key));
        Assert.Equal(first.Id.ToString(), told["id"]!.GetValue<string>());
        Assert.Equal(livestream.Id.ToString(), told["livestream_id"]!.GetValue<string>());
        Assert.Equal(Iso(first.InvokedAt!.Value), told["invoked_time"]!.GetValue<string>());
        Assert.Equal(Iso(first.StartedAt!.Value), told["started_time"]!.GetValue<string>());
        Assert.Equal(Iso(first.StoppedAt!.Value), told["stopped_time"]!.GetValue<string>());
        Assert.Equal(10.063, told["ingest_seconds"]!.GetValue<double>());
        Assert.Equal(20.5, told["viewer_seconds"]!.GetValue<double>());
        Assert.Equal("the disk is full", told["err_message"]!.GetValue<string>());
        Assert.Equal((2, 2, 2), page.Paging);

        Assert.Equal(["livestream", "sessions", "paging"], past.Data.AsObject().Select(field => field.Key));
        Assert.Equal((0, 0, 2), past.Paging);
    }

    [Fact]
    public async Task A_livestream_that_was_never_live_has_no_session()
    {
        var livestream = await _host.NewLivestreamAsync(_account.First);

        var read = await _host.Client.GetAsync($"{Livestreams}/{livestream.Id}", _account.WriteToken);
        var active = await _host.Client.GetAsync($"{Livestreams}/{livestream.Id}/active-livestream-session", _account.WriteToken);

        Assert.Equal(["livestream", "sessions", "paging"], read.Data.AsObject().Select(field => field.Key));
        Assert.Equal(404, active.Status);
        Assert.Equal(40404, active.Code);
    }

    [Fact]
    public async Task A_session_is_read_by_its_own_id()
    {
        var livestream = await _host.NewLivestreamAsync(_account.First);
        var session = await _host.NewSessionAsync(livestream, isOver: true);

        var read = await _host.Client.GetAsync($"{Livestreams}/sessions/{session.Id}", _account.ReadToken);

        Assert.Equal(200, read.Status);
        Assert.Equal(SessionFields, read.Data.AsObject().Select(field => field.Key));
        Assert.Equal(session.Id.ToString(), read.Data["id"]!.GetValue<string>());
        Assert.Null(read.Data["err_message"]);
    }

    [Fact]
    public async Task A_read_token_sees_no_stream_key_anywhere()
    {
        var livestream = await _host.NewLivestreamAsync(_account.First);
        await _host.NewSessionAsync(livestream);
        var paths = EveryRoute.Of(_host, _account, _account.First, new Dictionary<string, string> { ["livestream_id"] = livestream.Id.ToString() })
            .Where(route => route.IsRead)
            .Select(route => route.Path)
            .ToArray();

        foreach (var path in paths)
        {
            var reply = await _host.Client.GetAsync(path, _account.ReadToken);
            Assert.DoesNotContain(livestream.StreamKey, reply.Body.ToJsonString(), StringComparison.Ordinal);
        }

        var list = await _host.Client.GetAsync(Livestreams, _account.ReadToken);
        Assert.True(list.Data.AsObject().ContainsKey("stream_key"));
        Assert.Null(list.Data["stream_key"]);
        Assert.Null(list.Data["livestreams"]![0]!["stream_key"]);
        Assert.Equal(livestream.StreamKey, (await _host.Client.GetAsync(Livestreams, _account.WriteToken)).Data["stream_key"]!.GetValue<string>());
    }

    [Theory]
    [InlineData("not-an-id")]
    [InlineData("00000000-0000-0000-0000-00000000000g")]
    [InlineData("sessions")]
    [InlineData("%20")]
    [InlineData("{3fd739f4-3c41-456e-bfba-6ebd51e16d2c}")]
    [InlineData("3fd739f43c41456ebfba6ebd51e16d2c")]
    public async Task A_malformed_id_is_not_found_on_any_route(string id)
    {
        var ids = new Dictionary<string, string> { ["livestream_id"] = id, ["livestream-session-id"] = id };
        foreach (var route in EveryRoute.Of(_host, _account, _account.First, ids).Where(route => route.Pattern.Contains("{livestream", StringComparison.Ordinal)))
        {
            var reply = await _host.Client.SendAsync(route.HttpMethod, route.Path, _account.WriteToken, route.Body);

            Assert.Equal(404, reply.Status);
            Assert.Equal(40401, reply.Code);
        }
    }

    private static string Iso(DateTimeOffset moment) => moment.ToString("yyyy-MM-ddTHH:mm:ss.fffZ", null);

    private static List<string> IdsOf(Reply list) => [.. list.Data["livestreams"]!.AsArray().Select(item => item!["id"]!.GetValue<string>())];

    private async Task<List<string>> ListAsync(string query)
    {
        var reply = await _host.Client.GetAsync($"{Livestreams}?{query}", _account.ReadToken);
        Assert.Equal(200, reply.Status);
        var ids = IdsOf(reply);
        Assert.Equal(ids.Count, reply.Paging.Total);
        return ids;
    }
}
