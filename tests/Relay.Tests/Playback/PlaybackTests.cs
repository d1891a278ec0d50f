using System.Text.Json.Nodes;
using Roomcast.Meetings.Records;
using Roomcast.Meetings.Sessions.Events;
using Roomcast.Relay.Tests.Hosting;
using Roomcast.TestKit.Rtmp;

namespace Roomcast.Relay.Tests.Playback;

/// <summary>Media played into rooms by the real player, as controllers see it and as the others in the session are told.</summary>
public sealed class PlaybackTests(PlaybackTests.Shared shared) : IClassFixture<PlaybackTests.Shared>
{
    private RelayHost Host => shared.Host;

    private string Url => new Uri(Host.Address, "/files/clip.mp4?signature=s3cr3t").AbsoluteUri;

    [Fact]
    public async Task Media_is_played_steered_and_told_of_without_a_subscription()
    {
        await using var client = await RelayClient.ConnectAsync(Host);
        await using var reader = await RelayClient.ConnectAsync(Host, token: Host.ReadToken);
        var (ada, session) = await OpenAsync("Played");
        await reader.SubscribeAsync($"room.{session}", "video.playback.started", "video.layout.changed", "video.member.joined");
        var begun = await client.AskAsync("video.playback.start", With(session, ("url", Url), ("volume", -3)));
        Assert.Equal("200", (string)begun["result"]!["code"]!);
        var started = await client.HearAsync("video.playback.started");
        var playback = started["playback"]!;
        var id = (string)playback["id"]!;
        Assert.Equal(
            (id, Url, "playing", -3.0, true, session),
            ((string)begun["result"]!["playback"]!["id"]!, (string)playback["url"]!, (string)playback["state"]!, (double)playback["volume"]!, (bool)playback["seekable"]!,
                (string)started["room_session_id"]!));
        Assert.True((double)playback["started_at"]! > 1_700_000_000);
        Assert.Null(playback["ended_at"]);
        Assert.Equal(id, (string)Assert.Single((await ListAsync(client, session)))!["id"]!);

        // To the others in the session it is a peer; to controllers no member, and a layer that plays.
        await UntilAsync(() => ada.Link.Heard.OfType<PeerJoined>().Any());
        var peer = ada.Link.Heard.OfType<PeerJoined>().Single().Peer;
        Assert.Equal(("playback", id), (peer.Name, peer.PeerId));
        var layer = (await reader.HearAsync("video.layout.changed", each => each["layout"]!["layers"]!.AsArray().Count == 2))["layout"]!["layers"]!.AsArray()
            .Single(each => (bool)each!["playing_file"]!)!;
        Assert.Equal(("playback", null), ((string)layer["position"]!, (string?)layer["member_id"]));
        Assert.DoesNotContain(reader.Events, each => (string?)each["event_type"] == "video.member.joined");
        var members = await client.AskAsync("video.members.get", With(session));
        Assert.Equal("Ada", (string)Assert.Single(members["result"]!["members"]!.AsArray())!["name"]!);
        Assert.Equal("404", await client.CodeOfAsync("video.member.remove", session, new JsonObject { ["member_id"] = id }));

        // Who may only read is shown no signature.
        Assert.DoesNotContain("s3cr3t", (await reader.HearAsync("video.playback.started")).ToJsonString(), StringComparison.Ordinal);
        Assert.DoesNotContain("s3cr3t", (await ListAsync(reader, session)).ToJsonString(), StringComparison.Ordinal);

        async Task<JsonNode> DoAsync(string method, Func<JsonNode, bool> isSo, JsonObject? more = null)
        {
            var parameters = more ?? [];
            parameters["playback_id"] = id;
            Assert.Equal("200", await client.CodeOfAsync($"video.playback.{method}", session, parameters));
            return (await client.HearAsync("video.playback.updated", each => isSo(each["playback"]!)))["playback"]!;
        }

        await DoAsync("pause", each => (string)each["state"]! == "paused");
        await DoAsync("set_volume", each => (double)each["volume"]! == 7.5, new JsonObject { ["volume"] = 7.5 });
        await DoAsync("seek_absolute", each => (double)each["position"]! == 9_000, new JsonObject { ["position"] = 9_000 });
        await DoAsync("seek_relative", each => (double)each["position"]! == 4_000, new JsonObject { ["position"] = -5_000 });
        await DoAsync("seek_relative", each => (double)each["position"]! == 0, new JsonObject { ["position"] = -60_000 });
        var resumed = await DoAsync("resume", each => (string)each["state"]! == "playing" && (double)each["volume"]! == 7.5);
        Assert.Equal(Url, (string)resumed["url"]!);
        var packets = Host.Stage.Packets.GetValueOrDefault(Guid.Parse(id));
        await UntilAsync(() => Host.Stage.Packets.GetValueOrDefault(Guid.Parse(id)) > packets + 50);

        var stop = new JsonObject { ["playback_id"] = id };
        Assert.Equal("200", await client.CodeOfAsync("video.playback.stop", session, (JsonObject)stop.DeepClone()));
        Assert.Equal("200", await client.CodeOfAsync("video.playback.stop", session, stop));
        var ended = (await client.HearAsync("video.playback.ended"))["playback"]!;
        Assert.Equal(("completed", id, Url), ((string)ended["state"]!, (string)ended["id"]!, (string)ended["url"]!));
        Assert.True((double)ended["ended_at"]! >= (double)ended["started_at"]!);
        Assert.Null(ended["error"]);
        Assert.Empty(await ListAsync(client, session));
        Assert.Equal("409", await client.CodeOfAsync("video.playback.pause", session, new JsonObject { ["playback_id"] = id }));
        await UntilAsync(() => ada.Link.Heard.OfType<PeerLeft>().Any());
        await Host.EndAsync(await MeetingOfAsync(ada));
        Assert.Equal(1, client.Events.Count(each => (string?)each["event_type"] == "video.playback.ended"));
    }

    [Fact]
    public async Task What_is_played_ends_by_itself_and_otherwise_before_its_room()
    {
        await using var client = await RelayClient.ConnectAsync(Host);
        await client.SubscribeAsync("video.rooms", "video.room.ended");
        var (ada, session) = await OpenAsync("Ends");
        await client.AskAsync("video.playback.start", With(session, ("url", new Uri(Host.Address, "/files/short.mp4").AbsoluteUri)));
        var first = (await client.HearAsync("video.playback.ended"))["playback"]!;
        Assert.Equal(("completed", null), ((string)first["state"]!, (string?)first["error"]));

        var second = (string)(await client.AskAsync("video.playback.start", With(session, ("url", Url))))["result"]!["playback"]!["id"]!;
        await client.HearAsync("video.playback.started", each => (string)each["playback"]!["id"]! == second);
        await Host.EndAsync(await MeetingOfAsync(ada));
        await client.HearAsync("video.room.ended", each => (string)each["room_session_id"]! == session);
        var types = client.Events.Where(each => (string?)each["params"]!["room_session_id"] == session).Select(each => (string)each["event_type"]!).ToList();
        Assert.Equal("video.room.ended", types[^1]);
        Assert.Equal(2, types.Count(type => type == "video.playback.ended"));
    }

    [Theory]
    [InlineData("clip.mp4")]
    [InlineData("clip.m3u8")]
    public async Task A_file_and_a_playlist_are_played_from_where_they_are_told_to(string name)
    {
        await using var client = await RelayClient.ConnectAsync(Host);
        var (ada, session) = await OpenAsync("From");
        await client.AskAsync("video.playback.start", With(session, ("url", new Uri(Host.Address, $"/files/{name}").AbsoluteUri), ("seek_position", 40_000)));
        var playback = (await client.HearAsync("video.playback.started"))["playback"]!;
        var id = (string)playback["id"]!;
        Assert.Equal(("playing", true), ((string)playback["state"]!, (bool)playback["seekable"]!));
        Assert.InRange((double)playback["position"]!, 39_000, 60_000);
        await UntilAsync(() => Host.Stage.Packets.GetValueOrDefault(Guid.Parse(id)) > 50);
        Assert.Equal("200", await client.CodeOfAsync("video.playback.pause", session, new JsonObject { ["playback_id"] = id }));
        var paused = (await client.HearAsync("video.playback.updated", each => (string)each["playback"]!["state"]! == "paused"))["playback"]!;
        Assert.InRange((double)paused["position"]!, 39_500, 60_000);
        Assert.Equal("200", await client.CodeOfAsync("video.playback.seek_absolute", session, new JsonObject { ["playback_id"] = id, ["position"] = 5_000 }));
        await client.HearAsync("video.playback.updated", each => (double)each["playback"]!["position"]! == 5_000);
        Assert.Equal("200", await client.CodeOfAsync("video.playback.stop", session, new JsonObject { ["playback_id"] = id }));
        Assert.Null((await client.HearAsync("video.playback.ended"))["playback"]!["error"]);
        await Host.EndAsync(await MeetingOfAsync(ada));
    }

    [Fact]
    public async Task A_stream_is_played_over_RTMP_and_has_no_positions()
    {
        await using var source = await RtmpPlayout.StartAsync(Host.FileOf("clip.mp4"));
        await using var client = await RelayClient.ConnectAsync(Host);
        var (ada, session) = await OpenAsync("Live");
        await client.AskAsync("video.playback.start", With(session, ("url", source.Address)));
        var playback = (await client.HearAsync("video.playback.started"))["playback"]!;
        var id = (string)playback["id"]!;
        Assert.Equal(("playing", false, source.Address), ((string)playback["state"]!, (bool)playback["seekable"]!, (string)playback["url"]!));
        await UntilAsync(() => Host.Stage.Packets.GetValueOrDefault(Guid.Parse(id)) > 100);
        Assert.Equal("409", await client.CodeOfAsync("video.playback.seek_absolute", session, new JsonObject { ["playback_id"] = id, ["position"] = 5_000 }));
        Assert.Equal("200", await client.CodeOfAsync("video.playback.stop", session, new JsonObject { ["playback_id"] = id }));
        Assert.Null((await client.HearAsync("video.playback.ended"))["playback"]!["error"]);
        await Host.EndAsync(await MeetingOfAsync(ada));
    }

    [Fact]
    public async Task A_host_that_removes_what_is_played_ends_it()
    {
        await using var client = await RelayClient.ConnectAsync(Host);
        var (ada, session) = await OpenAsync("Kicked");
        var id = (string)(await client.AskAsync("video.playback.start", With(session, ("url", Url))))["result"]!["playback"]!["id"]!;
        await client.HearAsync("video.playback.started");
        await ada.Session.PostAsync(ada.Peer, room => room.Host.Kick(ada.Peer, [id]), _ => { });
        Assert.Equal(id, (string)(await client.HearAsync("video.playback.ended"))["playback"]!["id"]!);
        await Host.EndAsync(await MeetingOfAsync(ada));
    }

    [Fact]
    public async Task What_cannot_be_played_ends_without_a_start_and_says_why()
    {
        await using var client = await RelayClient.ConnectAsync(Host);
        var (ada, session) = await OpenAsync("Cannot");
        foreach (var (url, reason) in new[] { ("http://127.0.0.1:1/a.mp4", "source_not_opened"), (new Uri(Host.Address, "/files/no.mp4").AbsoluteUri, "source_not_opened") })
        {
            var id = (string)(await client.AskAsync("video.playback.start", With(session, ("url", url))))["result"]!["playback"]!["id"]!;
            var ended = (await client.HearAsync("video.playback.ended", each => (string)each["playback"]!["id"]! == id))["playback"]!;
            Assert.StartsWith(reason, (string)ended["error"]!, StringComparison.Ordinal);
            Assert.Null(ended["started_at"]);
        }

        Assert.DoesNotContain(client.Events, each => (string?)each["event_type"] == "video.playback.started");
        await Host.EndAsync(await MeetingOfAsync(ada));
    }

    [Fact]
    public async Task A_room_has_so_many_playbacks_and_no_more_and_nobody_else_may_touch_them()
    {
        await using var client = await RelayClient.ConnectAsync(Host);
        await using var reader = await RelayClient.ConnectAsync(Host, token: Host.ReadToken);
        await using var other = await RelayClient.ConnectAsync(Host, isOther: true);
        var (ada, session) = await OpenAsync("Bounded");
        var ids = new List<string>();
        for (var i = 0; i < 2; i++)
        {
            ids.Add((string)(await client.AskAsync("video.playback.start", With(session, ("url", Url))))["result"]!["playback"]!["id"]!);
        }

        Assert.Equal("429", await client.CodeOfAsync("video.playback.start", session, new JsonObject { ["url"] = Url }));
        Assert.Equal("403", await reader.CodeOfAsync("video.playback.stop", session, new JsonObject { ["playback_id"] = ids[0] }));
        Assert.Equal("404", await other.CodeOfAsync("video.playback.stop", session, new JsonObject { ["playback_id"] = ids[0] }));
        Assert.Equal("404", await other.CodeOfAsync("video.playback.list", session));
        foreach (var id in ids)
        {
            Assert.Equal("200", await client.CodeOfAsync("video.playback.stop", session, new JsonObject { ["playback_id"] = id }));
        }

        await Host.EndAsync(await MeetingOfAsync(ada));
    }

    [Fact]
    public async Task A_member_is_deafened_and_its_sensitivity_chosen()
    {
        await using var client = await RelayClient.ConnectAsync(Host);
        var (ada, session) = await OpenAsync("Deaf");
        await client.SubscribeAsync($"room.{session}", "video.member.updated");
        foreach (var (method, isDeaf) in new[] { ("deaf", true), ("undeaf", false) })
        {
            Assert.Equal("200", await client.CodeOfAsync($"video.member.{method}", session, new JsonObject { ["member_id"] = ada.Peer.Id }));
            var member = (await client.HearAsync("video.member.updated", each => (bool)each["member"]!["deaf"]! == isDeaf))["member"]!;
            Assert.Equal("deaf", (string)Assert.Single(member["updated"]!.AsArray())!);
        }

        Assert.Equal("200", await client.CodeOfAsync("video.member.set_input_sensitivity", session, new JsonObject { ["member_id"] = ada.Peer.Id, ["value"] = 12 }));
        var sensitive = (await client.HearAsync("video.member.updated", each => (double)each["member"]!["input_sensitivity"]! == 12))["member"]!;
        Assert.Equal("input_sensitivity", (string)Assert.Single(sensitive["updated"]!.AsArray())!);
        await Host.EndAsync(await MeetingOfAsync(ada));
    }

    private async Task<(Guest Ada, string Session)> OpenAsync(string title)
    {
        var ada = await Host.JoinAsync(await Host.NewMeetingAsync(title), "Ada");
        return (ada, ada.Session.SessionId!.Value.ToString());
    }

    private async Task<Meeting> MeetingOfAsync(Guest guest) =>
        (await Host.Service<MeetingStore>().FindAsync(Host.App.Id, guest.Session.MeetingId, CancellationToken.None))!;

    private static async Task<JsonArray> ListAsync(RelayClient client, string session) =>
        (await client.AskAsync("video.playback.list", With(session)))["result"]!["playbacks"]!.AsArray();

    private static JsonObject With(string session, params (string Name, JsonNode Value)[] more)
    {
        var parameters = new JsonObject { ["room_session_id"] = session };
        foreach (var (name, value) in more)
        {
            parameters[name] = value;
        }

        return parameters;
    }

    private static async Task UntilAsync(Func<bool> holds)
    {
        var began = TimeProvider.System.GetTimestamp();
        while (!holds())
        {
            Assert.True(TimeProvider.System.GetElapsedTime(began) < TimeSpan.FromMinutes(3), "It did not come about.");
            await Task.Delay(20);
        }
    }

    public sealed class Shared : IAsyncLifetime
    {
        public RelayHost Host { get; private set; } = null!;

        public async Task InitializeAsync()
        {
            Host = await RelayHost.StartAsync(options => options.RequestsPerSecond = 10_000);
            foreach (var (name, seconds) in new[] { ("clip.mp4", "60"), ("short.mp4", "1") })
            {
                await FfmpegTool.RunAsync(
                    "-f", "lavfi", "-i", "testsrc=s=320x180:r=15", "-f", "lavfi", "-i", "sine=frequency=440", "-t", seconds,
                    "-c:v", "libx264", "-preset", "ultrafast", "-g", "15", "-pix_fmt", "yuv420p", "-c:a", "aac", "-movflags", "+faststart", Host.FileOf(name));
            }

            await FfmpegTool.RunAsync(
                "-i", Host.FileOf("clip.mp4"), "-c", "copy", "-f", "hls", "-hls_time", "2", "-hls_playlist_type", "vod", Host.FileOf("clip.m3u8"));
        }

        public async Task DisposeAsync() => await Host.DisposeAsync();
    }
}
