using Roomcast.Livestreams.Meetings;
using Roomcast.Livestreams.Records;
using Roomcast.Meetings.Records;
using Roomcast.RealtimeKit.Tests.Hosting;

namespace Roomcast.RealtimeKit.Tests.Rest;

/// <summary>The livestream routes of meetings: what they take, answer and refuse.</summary>
[Collection(SharedHostTests.Name)]
public sealed class MeetingLivestreamTests(SharedHost shared)
{
    private readonly ApiHost _host = shared.Host;

    private string Token => _host.One.WriteToken;

    [Fact]
    public async Task A_meeting_is_livestreamed_once_at_a_time_and_again_under_another_id()
    {
        var (_, session, path) = await BeginAsync();
        var started = await _host.Client.PostAsync($"{path}/livestreams", Token, """{"name":" Service ","video_config":{"width":1279,"height":720}}""");
        Assert.Equal((201, "INVOKED", "Service"), (started.Status, (string?)started.Data["status"], (string?)started.Data["name"]));
        Assert.Equal("rtmp://live.example.org:1935/live/", (string?)started.Data["ingest_server"]);
        Assert.Equal(64, ((string?)started.Data["stream_key"])!.Length);
        Assert.Equal((1_280, 720, false), (_host.Livestreams.Wanted!.Width, _host.Livestreams.Wanted.Height, _host.Livestreams.Wanted.IsManual));

        var again = await _host.Client.PostAsync($"{path}/livestreams", Token);
        Assert.Equal((409, 40901, "false"), (again.Status, again.Code, again.Header("x-should-retry")));
        var active = await _host.Client.GetAsync($"{path}/active-livestream", _host.One.ReadToken);
        Assert.Equal(((string?)started.Data["id"], null), ((string?)active.Data["id"], (string?)active.Data["stream_key"]));

        var stopped = await _host.Client.PostAsync($"{path}/active-livestream/stop", Token);
        Assert.Equal(200, stopped.Status);
        Assert.NotEqual("", (string?)stopped.Data["message"]);
        Assert.Equal((404, 40404), Codes(await _host.Client.PostAsync($"{path}/active-livestream/stop", Token)));
        Assert.Equal((404, 40404), Codes(await _host.Client.GetAsync($"{path}/active-livestream", Token)));

        var second = await _host.Client.PostAsync($"{path}/livestreams", Token, """{"manual_ingestion":true}""");
        Assert.Equal(201, second.Status);
        Assert.NotEqual((string?)started.Data["id"], (string?)second.Data["id"]);
        Assert.True(_host.Livestreams.Wanted.IsManual);
        Assert.NotNull(session);
    }

    [Fact]
    public async Task A_livestream_may_have_a_background_and_a_watermark_of_its_own()
    {
        var (_, _, path) = await BeginAsync();
        var started = await _host.Client.PostAsync($"{path}/livestreams", Token, """
            {"video_config":{"background_color":"#10Af18","background_url":"https://example.org/back.png",
             "watermark":{"url":"https://example.org/mark.png","position":"left bottom","size":{"width":80}}}}
            """);
        Assert.Equal(201, started.Status);
        var wanted = _host.Livestreams.Wanted!;
        Assert.Equal((0x10_AF_18, "https://example.org/back.png"), (wanted.BackgroundRgb, wanted.BackgroundAddress));
        Assert.Equal(new LivestreamWatermark("https://example.org/mark.png", LivestreamCorner.LeftBottom, 80, 0), wanted.Watermark);
    }

    [Fact]
    public async Task Without_wishes_a_livestream_looks_as_the_server_is_set()
    {
        var (_, _, path) = await BeginAsync();
        Assert.Equal(201, (await _host.Client.PostAsync($"{path}/livestreams", Token, """{"video_config":{"watermark":{}}}""")).Status);
        var wanted = _host.Livestreams.Wanted!;
        Assert.Null(wanted.BackgroundRgb);
        Assert.Null(wanted.BackgroundAddress);
        Assert.Null(wanted.Watermark);
        Assert.Null(wanted.Layout);
    }

    [Fact]
    public async Task Every_faulty_field_is_named()
    {
        var (_, _, path) = await BeginAsync();
        var reply = await _host.Client.PostAsync($"{path}/livestreams", Token, """
            {"name":7,"manual_ingestion":"yes","video_config":{"width":0,"height":1921,"background_color":"#10141","background_url":"file:///etc/passwd",
             "watermark":{"url":"mark.png","position":"middle","size":{"width":0}}}}
            """);
        Assert.Equal(400, reply.Status);
        Assert.Equal(
            [
                "/manual_ingestion", "/name", "/video_config/background_color", "/video_config/background_url", "/video_config/height",
                "/video_config/watermark/position", "/video_config/watermark/size/width", "/video_config/watermark/url", "/video_config/width",
            ],
            reply.Sources.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Without_a_session_or_a_composer_it_says_why()
    {
        var (_, _, path) = await BeginAsync();
        var quiet = await _host.NewMeetingAsync(_host.One.First);
        Assert.Equal((404, 40402), Codes(await _host.Client.PostAsync($"{_host.One.AppPath}/meetings/{quiet.Id}/livestreams", Token)));
        Assert.Equal((404, 40401), Codes(await _host.Client.PostAsync($"{_host.One.AppPath}/meetings/{Guid.NewGuid()}/livestreams", Token)));
        _host.Livestreams.Refusal = new MeetingLivestreamException(
            MeetingLivestreamRefusal.CannotCompose, "the machine has too much to do", TimeSpan.FromSeconds(7));
        try
        {
            var refused = await _host.Client.PostAsync($"{path}/livestreams", Token);
            Assert.Equal((503, "7"), (refused.Status, refused.Header("Retry-After")));
            Assert.Contains("too much to do", refused.Body.ToJsonString(), StringComparison.Ordinal);
        }
        finally
        {
            _host.Livestreams.Refusal = null;
        }
    }

    [Fact]
    public async Task The_livestreams_of_a_meeting_are_listed_with_their_sessions()
    {
        var (meeting, session, path) = await BeginAsync();
        var none = await _host.Client.GetAsync($"{path}/livestream", Token);
        Assert.Equal((200, 0, 0), (none.Status, none.Data["livestreams"]!.AsArray().Count, none.Data["sessions"]!.AsObject().Count));
        var sessionPath = $"{_host.One.AppPath}/sessions/{session.Id}/livestream-sessions";
        Assert.Empty((await _host.Client.GetAsync(sessionPath, Token)).Data["data"]!.AsArray());

        var first = await _host.NewLivestreamAsync(_host.One.First, "first", meeting.Id.Value);
        var second = await _host.NewLivestreamAsync(_host.One.First, "second", meeting.Id.Value);
        await _host.NewSessionAsync(first, 10, 20, isOver: true);
        var store = _host.Service<LivestreamSessionStore>();
        _host.Clock.Advance(TimeSpan.FromMilliseconds(10));
        var shown = await store.OpenAsync(second.Id, session.Id.Value, _host.Clock.GetUtcNow(), CancellationToken.None);

        var both = await _host.Client.GetAsync($"{path}/livestream?per_page=1", Token);
        Assert.Equal(2, (int)both.Data["paging"]!["total_count"]!);
        Assert.Equal(second.Id.ToString(), (string?)Assert.Single(both.Data["livestreams"]!.AsArray())!["id"]);
        Assert.Equal(second.Id.ToString(), (string?)both.Data["livestream"]!["id"]);
        Assert.Equal(shown.Id.ToString(), (string?)both.Data["sessions"]!["id"]);
        Assert.Equal(shown.Id.ToString(), (string?)Assert.Single(both.Data["session_list"]!.AsArray())!["id"]);

        var ofSession = await _host.Client.GetAsync(sessionPath, Token);
        Assert.Equal(shown.Id.ToString(), (string?)ofSession.Data["id"]);
        Assert.Single(ofSession.Data["data"]!.AsArray());
        Assert.Single(ofSession.Data["sessions"]!.AsArray());
        Assert.Equal((404, 40401), Codes(await _host.Client.GetAsync($"{_host.One.AppPath}/sessions/{Guid.NewGuid()}/livestream-sessions", Token)));
    }

    private static (int Status, int? Code) Codes(Reply reply) => (reply.Status, reply.Code);

    private async Task<(Meeting Meeting, SessionRecord Session, string Path)> BeginAsync()
    {
        var meeting = await _host.NewMeetingAsync(_host.One.First, "Weekly");
        var session = await _host.Service<SessionRecordStore>().BeginAsync(meeting, _host.Clock.GetUtcNow(), TimeSpan.Zero, CancellationToken.None);
        _host.Sessions.Begin(session);
        return (meeting, session, $"{_host.One.AppPath}/meetings/{meeting.Id}");
    }
}
