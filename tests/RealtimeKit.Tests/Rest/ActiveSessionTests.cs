using System.Text.Json.Nodes;
using Roomcast.Meetings.Presets;
using Roomcast.Meetings.Records;
using Roomcast.RealtimeKit.Tests.Hosting;

namespace Roomcast.RealtimeKit.Tests.Rest;

[Collection(SharedHostTests.Name)]
public sealed class ActiveSessionTests(SharedHost shared)
{
    private readonly ApiHost _host = shared.Host;

    private string Token => _host.One.WriteToken;

    [Fact]
    public async Task The_session_is_told_with_its_figures()
    {
        var (meeting, session, alice, bob, path) = await BeginAsync("Weekly");
        var records = _host.Service<SessionRecordStore>();
        foreach (var participant in new[] { alice, bob })
        {
            await records.JoinAsync(
                session.Id,
                new JoiningPeer(new PeerId(Guid.NewGuid()), participant.Id, participant.CustomId, "X", participant.PresetName, ViewType.GroupCall),
                _host.Clock.GetUtcNow(),
                CancellationToken.None);
        }

        _host.Clock.Advance(TimeSpan.FromSeconds(90));
        var reply = await _host.Client.GetAsync(path, _host.One.ReadToken);
        Assert.Equal(200, reply.Status);
        Assert.Equal(
            (session.Id.ToString(), meeting.Id.ToString(), "Weekly", _host.One.First.Id.ToString(), "meeting", "LIVE"),
            ((string?)reply.Data["id"], (string?)reply.Data["associated_id"], (string?)reply.Data["meeting_display_name"],
             (string?)reply.Data["organization_id"], (string?)reply.Data["type"], (string?)reply.Data["status"]));
        Assert.Equal((2, 2, 3.0), (
            (int)reply.Data["live_participants"]!, (int)reply.Data["max_concurrent_participants"]!, (double)reply.Data["minutes_consumed"]!));
        Assert.False(reply.Data.AsObject().ContainsKey("ended_at"));
    }

    [Fact]
    public async Task Without_a_session_every_route_says_so()
    {
        var meeting = await _host.NewMeetingAsync(_host.One.First);
        var routes = EveryRoute.Of(_host, _host.One, _host.One.First, new Dictionary<string, string> { ["meeting_id"] = meeting.Id.ToString() })
            .Where(route => route.Pattern.Contains("active-session", StringComparison.Ordinal) && route.Pattern.Contains("{meeting_id}", StringComparison.Ordinal))
            .ToArray();
        Assert.Equal(6, routes.Length);
        foreach (var route in routes)
        {
            var reply = await _host.Client.SendAsync(route.HttpMethod, route.Path, Token, route.Body);
            Assert.Equal((404, 40402), (reply.Status, reply.Code));
        }

        // A session that has ended is none, whatever anybody remembers.
        var ended = await _host.Service<SessionRecordStore>().BeginAsync(meeting, _host.Clock.GetUtcNow(), TimeSpan.Zero, CancellationToken.None);
        await _host.Service<SessionRecordStore>().EndAsync(ended.Id, _host.Clock.GetUtcNow(), SessionEndReason.EndedByHost, CancellationToken.None);
        _host.Sessions.Begin(ended);
        Assert.Equal(40402, (await _host.Client.GetAsync($"{_host.One.AppPath}/meetings/{meeting.Id}/active-session", Token)).Code);
    }

    [Theory]
    [InlineData("participant_ids", false)]
    [InlineData("custom_participant_ids", true)]
    [InlineData("user_ids", false)]
    [InlineData("user_ids", true)]
    public async Task Participants_are_kicked_by_every_spelling(string field, bool byCustomId)
    {
        var (_, _, alice, bob, path) = await BeginAsync();
        var body = new JsonObject
        {
            [field] = new JsonArray(byCustomId ? alice.CustomId : alice.Id.ToString(), "nobody", Guid.NewGuid().ToString()),
        };
        var kicked = await _host.Client.PostAsync($"{path}/kick", Token, body.ToJsonString());

        Assert.Equal((200, "kick"), (kicked.Status, (string?)kicked.Data["action"]));
        Assert.Equal(alice.Id.ToString(), (string?)Assert.Single(kicked.Data["participants"]!.AsArray())!["id"]);
        Assert.Equal((404, 40401), Codes(await _host.Client.PostAsync($"{path}/kick", Token, body.ToJsonString())));
        var all = await _host.Client.PostAsync($"{path}/kick-all", Token);
        Assert.Equal((200, "kick-all", 1), (all.Status, (string?)all.Data["action"], (int)all.Data["kicked_participants_count"]!));
        Assert.Equal((404, 40402), Codes(await _host.Client.PostAsync($"{path}/kick-all", Token, "{}")));
        Assert.NotEqual(alice.Id, bob.Id);
    }

    [Theory]
    [InlineData("kick")]
    [InlineData("mute")]
    public async Task Somebody_must_be_named(string action)
    {
        var (_, _, _, _, path) = await BeginAsync();
        foreach (var body in new[] { null, "{}", """{"participant_ids":[]}""", """{"participant_ids":[],"custom_participant_ids":[]}""" })
        {
            var reply = await _host.Client.PostAsync($"{path}/{action}", Token, body);
            Assert.Equal((400, 40001), Codes(reply));
        }

        var wrong = await _host.Client.PostAsync(
            $"{path}/{action}", Token, """{"participant_ids":"x","custom_participant_ids":[1,"a",""],"user_ids":{}}""");
        Assert.Equal(
            ["/participant_ids", "/custom_participant_ids/0", "/custom_participant_ids/2", "/user_ids"], wrong.Sources);
        var many = new JsonObject { ["participant_ids"] = new JsonArray([.. Enumerable.Range(0, 1_001).Select(i => (JsonNode?)$"{i}")]) };
        Assert.Equal(["/participant_ids"], (await _host.Client.PostAsync($"{path}/{action}", Token, many.ToJsonString())).Sources);
    }

    [Fact]
    public async Task Participants_are_muted_and_stay()
    {
        var (_, _, alice, bob, path) = await BeginAsync();
        var body = $$"""{"participant_ids":["{{alice.Id}}"],"custom_participant_ids":["{{bob.CustomId}}"]}""";
        for (var i = 0; i < 2; i++)
        {
            var muted = await _host.Client.PostAsync($"{path}/mute", Token, body);
            Assert.Equal((200, "mute", 2), (muted.Status, (string?)muted.Data["action"], muted.Data["participants"]!.AsArray().Count));
        }

        Assert.Equal((404, 40401), Codes(await _host.Client.PostAsync($"{path}/mute", Token, """{"participant_ids":["nobody"]}""")));
    }

    [Theory]
    [InlineData(null, true)]
    [InlineData("{}", true)]
    [InlineData("""{"allow_unmute":true}""", true)]
    [InlineData("""{"allow_unmute":false}""", false)]
    public async Task Everybody_is_muted(string? body, bool allowUnmute)
    {
        var (_, _, _, _, path) = await BeginAsync();
        _host.Sessions.Told.Clear();
        var muted = await _host.Client.PostAsync($"{path}/mute-all", Token, body);
        Assert.Equal((200, "mute-all", 2), (muted.Status, (string?)muted.Data["action"], (int)muted.Data["muted_participants_count"]!));
        Assert.Equal(allowUnmute, Assert.Single(_host.Sessions.Told.OfType<bool>()));
        Assert.Equal(["/allow_unmute"], (await _host.Client.PostAsync($"{path}/mute-all", Token, """{"allow_unmute":1}""")).Sources);
    }

    [Fact]
    public async Task A_poll_is_made()
    {
        var (_, _, _, _, path) = await BeginAsync();
        var made = await _host.Client.PostAsync(
            $"{path}/poll", Token, """{"question":" Where? ","options":["Sea"," Hills "],"anonymous":true,"hide_votes":true}""");
        Assert.Equal((201, "create-poll"), (made.Status, (string?)made.Data["action"]));
        var poll = made.Data["poll"]!;
        Assert.Equal(("Where?", true, true, ""), ((string?)poll["question"], (bool)poll["anonymous"]!, (bool)poll["hide_votes"]!, (string?)poll["created_by"]));
        Assert.Equal("""[{"text":"Sea","count":0,"votes":[]},{"text":"Hills","count":0,"votes":[]}]""", poll["options"]!.ToJsonString());
        Assert.Empty(poll["voted"]!.AsArray());
    }

    [Theory]
    [InlineData("{}", "/question /options")]
    [InlineData("""{"question":"","options":["a"]}""", "/question /options")]
    [InlineData("""{"question":"?","options":["a",""]}""", "/options/1")]
    [InlineData("""{"question":"?","options":"ab"}""", "/options")]
    [InlineData("""{"question":7,"options":["a",7],"anonymous":"no","hide_votes":null}""", "/question /options/1 /anonymous /hide_votes")]
    public async Task A_faulty_poll_is_refused(string body, string pointers)
    {
        var (_, _, _, _, path) = await BeginAsync();
        var reply = await _host.Client.PostAsync($"{path}/poll", Token, body);
        Assert.Equal((400, pointers), (reply.Status, string.Join(' ', reply.Sources)));
    }

    [Fact]
    public async Task A_poll_has_fifty_options_at_most()
    {
        var (_, _, _, _, path) = await BeginAsync();
        Assert.Equal(201, (await MakeAsync(50)).Status);
        Assert.Equal(["/options"], (await MakeAsync(51)).Sources);

        Task<Reply> MakeAsync(int count) => _host.Client.PostAsync(
            $"{path}/poll",
            Token,
            new JsonObject { ["question"] = "?", ["options"] = new JsonArray([.. Enumerable.Range(0, count).Select(i => (JsonNode?)$"{i}")]) }.ToJsonString());
    }

    private static (int Status, int Code) Codes(Reply reply) => (reply.Status, reply.Code);

    private async Task<(Meeting Meeting, SessionRecord Session, Participant Alice, Participant Bob, string Path)> BeginAsync(string title = "")
    {
        var meeting = await _host.NewMeetingAsync(_host.One.First, title);
        var (alice, bob) = (await _host.NewParticipantAsync(meeting, "alice"), await _host.NewParticipantAsync(meeting, "bob"));
        var session = await _host.Service<SessionRecordStore>().BeginAsync(
            meeting, _host.Clock.GetUtcNow(), TimeSpan.Zero, CancellationToken.None);
        _host.Sessions.Begin(session, alice, bob);
        return (meeting, session, alice, bob, $"{_host.One.AppPath}/meetings/{meeting.Id}/active-session");
    }
}
