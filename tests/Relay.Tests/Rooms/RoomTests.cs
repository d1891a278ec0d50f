using System.Net;
using System.Net.WebSockets;
using System.Text.Json.Nodes;
using Roomcast.Meetings;
using Roomcast.Meetings.Records;
using Roomcast.Relay.Methods;
using Roomcast.Relay.Rooms;
using Roomcast.Relay.Tests.Hosting;
using Roomcast.TestKit.Hls;

namespace Roomcast.Relay.Tests.Rooms;

public sealed class RoomTests(RoomTests.Shared shared) : IClassFixture<RoomTests.Shared>
{
    private RelayHost Host => shared.Host;

    [Fact]
    public async Task A_room_begins_is_greeted_and_ends_in_order_and_once()
    {
        await using var client = await RelayClient.ConnectAsync(Host);
        await client.SubscribeAsync("video.rooms", "video.room.started", "video.room.ended");
        var meeting = await Host.NewMeetingAsync("Lobby");
        await Host.JoinAsync(meeting, "Ada");
        var started = (await client.HearAsync("video.room.started", room => Is(room, meeting)))["room_session"]!;
        Assert.Equal(("Lobby", "Lobby", "grid-responsive"), ((string)started["name"]!, (string)started["display_name"]!, (string)started["layout_name"]!));
        var (session, channel) = ((string)started["id"]!, (string)started["event_channel"]!);

        await client.SubscribeAsync(channel, "video.member.joined", "video.member.left", "video.member.updated", "video.room.updated", "video.layout.changed");
        var greeting = await client.HearAsync("video.room.subscribed");
        Assert.Equal("Ada", (string)Assert.Single(greeting["room_session"]!["members"]!.AsArray())!["name"]!);
        Assert.Equal(session, (string)greeting["room"]!["room_session_id"]!);
        await client.SubscribeAsync(channel, "video.stream.started");

        await Host.JoinAsync(meeting, "Ben");
        var ben = (await client.HearAsync("video.member.joined"))["member"]!;
        Assert.Equal(("Ben", session, "member", true), ((string)ben["name"]!, (string)ben["room_session_id"]!, (string)ben["type"]!, (bool)ben["audio_muted"]!));
        await Host.EndAsync(meeting);
        await client.HearAsync("video.room.ended", room => Is(room, meeting));
        var types = client.Events.Where(each => (string?)each["params"]!["room_session_id"] == session).Select(each => (string)each["event_type"]!).ToList();
        Assert.Equal("video.room.started", types[0]);
        Assert.Equal("video.room.ended", types[^1]);
        Assert.Equal(2, types.Count(type => type == "video.member.left"));
        Assert.Equal(1, types.Count(type => type == "video.room.ended"));
        Assert.Equal(1, client.Events.Count(each => (string?)each["event_type"] == "video.room.subscribed"));
        Assert.Equal("404", await client.CodeOfAsync("video.room.get", session));
        Assert.Equal("404", (string)(await client.SubscribeAsync(channel, "video.member.joined"))["result"]!["code"]!);
    }

    [Fact]
    public async Task Members_and_the_room_are_steered_and_each_change_is_told_by_its_name()
    {
        await using var client = await RelayClient.ConnectAsync(Host);
        var meeting = await Host.NewMeetingAsync("Steered");
        var ada = await Host.JoinAsync(meeting, "Ada");
        var ben = await Host.JoinAsync(meeting, "Ben");
        var room = await RoomOfAsync(client, meeting);
        var session = (string)room["id"]!;
        await client.SubscribeAsync((string)room["event_channel"]!, "video.member.updated", "video.room.updated", "video.layout.changed", "video.member.left");
        async Task DoAsync(string method, JsonObject? more = null) => Assert.Equal("200", await client.CodeOfAsync(method, session, more));
        Task<JsonNode> UpdatedAsync(string type, string field, string of) => client.HearAsync(
            type, each => each[of]!["updated"]!.AsArray().Any(name => (string?)name == field));
        JsonObject Ada(string? name = null, JsonNode? value = null) => name is null
            ? new JsonObject { ["member_id"] = ada.Peer.Id }
            : new JsonObject { ["member_id"] = ada.Peer.Id, [name] = value };

        await DoAsync("video.member.raisehand", Ada());
        Assert.True((bool)(await UpdatedAsync("video.member.updated", "handraised", "member"))["member"]!["handraised"]!);
        await DoAsync("video.member.set_meta", Ada("meta", new JsonObject { ["team"] = "red" }));
        await DoAsync("video.member.update_meta", Ada("meta", new JsonObject { ["seat"] = 7 }));
        await DoAsync("video.member.delete_meta", Ada("keys", new JsonArray("team")));
        var meta = await client.AskAsync("video.member.get_meta", new JsonObject { ["room_session_id"] = session, ["member_id"] = ada.Peer.Id });
        Assert.Equal("""{"seat":7}""", meta["result"]!["meta"]!.ToJsonString());
        await DoAsync("video.member.set_input_volume", Ada("volume", -12));
        Assert.Equal(-12, (double)(await UpdatedAsync("video.member.updated", "input_volume", "member"))["member"]!["input_volume"]!);

        await DoAsync("video.set_meta", new JsonObject { ["meta"] = new JsonObject { ["a"] = 1, ["b"] = 2 } });
        await DoAsync("video.delete_meta", new JsonObject { ["keys"] = new JsonArray("a") });
        Assert.Equal("""{"b":2}""", (await client.AskAsync("video.get_meta", new JsonObject { ["room_session_id"] = session }))["result"]!["meta"]!.ToJsonString());
        await DoAsync("video.set_layout", new JsonObject { ["name"] = "full-screen", ["positions"] = new JsonObject { [ben.Peer.Id] = "off-canvas" } });
        Assert.Equal("full-screen", (string)(await UpdatedAsync("video.room.updated", "layout_name", "room_session"))["room_session"]!["layout_name"]!);
        await DoAsync("video.set_layout", new JsonObject { ["name"] = "grid-responsive" });
        await DoAsync("video.set_position", new JsonObject { ["positions"] = new JsonObject { [ben.Peer.Id] = "standard-1" } });
        var layout = (await client.HearAsync("video.layout.changed", each => (string?)each["layout"]!["layers"]![0]?["member_id"] == ben.Peer.Id
            && each["layout"]!["layers"]!.AsArray().Count == 2))["layout"]!;
        Assert.InRange((double)layout["layers"]![0]!["width"]!, 20, 60);
        foreach (var (method, field) in new[] { ("video.hide_video_muted", "hide_video_muted"), ("video.lock", "locked") })
        {
            await DoAsync(method);
            Assert.True((bool)(await UpdatedAsync("video.room.updated", field, "room_session"))["room_session"]![field]!);
        }

        await DoAsync("video.prioritize_handraise", new JsonObject { ["enable"] = true });
        var locked = await Assert.ThrowsAsync<Roomcast.Meetings.Sessions.Rules.SessionException>(() => Host.JoinAsync(meeting, "Cleo"));
        Assert.Contains("locked", locked.Message, StringComparison.Ordinal);
        await DoAsync("video.unlock");
        await Host.JoinAsync(meeting, "Dan");

        // Nobody sends anything here: there is nothing to mute, and nothing that a server could switch on.
        await DoAsync("video.member.audio_mute", Ada());
        Assert.Equal("409", await client.CodeOfAsync("video.member.audio_unmute", session, Ada()));
        Assert.Equal("409", await client.CodeOfAsync("video.member.promote", session, Ada()));
        await DoAsync("video.member.remove", new JsonObject { ["member_id"] = ben.Peer.Id });
        Assert.Equal(ben.Peer.Id, (string)(await client.HearAsync("video.member.left"))["member"]!["id"]!);
        await DoAsync("video.member.remove", new JsonObject { ["member_id"] = "all" });
        await client.WaitAsync(_ => Host.Service<RoomDirectory>().Find(Host.App.Id, Guid.Parse(session)) is null);
    }

    [Fact]
    public async Task Where_rooms_are_replayed_one_that_begins_to_listen_is_told_once_of_those_that_run()
    {
        await using var host = await RelayHost.StartAsync(options => options.ReplaysRooms = true);
        var (early, later) = (await host.NewMeetingAsync("Early"), await host.NewMeetingAsync("Later"));
        await host.JoinAsync(early, "Ada");
        await using var client = await RelayClient.ConnectAsync(host);
        await using var other = await RelayClient.ConnectAsync(host, isOther: true);
        await client.AskAsync("signalwire.ping");
        Assert.Empty(client.Events);
        foreach (var each in new[] { client, other })
        {
            Assert.Equal("200", (string)(await each.SubscribeAsync("video.rooms", "video.room.started"))["result"]!["code"]!);
        }

        await client.HearAsync("video.room.started", room => Is(room, early));
        await client.SubscribeAsync("video.rooms", "video.room.ended");
        await host.JoinAsync(later, "Ben");
        await client.HearAsync("video.room.started", room => Is(room, later));
        await client.CutAsync();
        await using var again = await RelayClient.ConnectAsync(host, client.Protocol);
        await host.EndAsync(later);
        await again.HearAsync("video.room.ended");
        Assert.Equal(
            ["Early", "Later"],
            client.Events.Concat(again.Events).Where(each => (string?)each["event_type"] == "video.room.started").Select(each => (string)each["params"]!["room_session"]!["name"]!).Distinct());
        Assert.Equal(2, client.Events.Count);
        await other.AskAsync("signalwire.ping");
        Assert.Empty(other.Events);
    }

    [Fact]
    public async Task Raised_hands_come_first_in_the_layout_while_that_is_wanted_and_the_earliest_before_the_others()
    {
        await using var client = await RelayClient.ConnectAsync(Host);
        var meeting = await Host.NewMeetingAsync("Hands");
        var (ada, ben, cleo) = (await Host.JoinAsync(meeting, "Ada"), await Host.JoinAsync(meeting, "Ben"), await Host.JoinAsync(meeting, "Cleo"));
        var room = await RoomOfAsync(client, meeting);
        var session = (string)room["id"]!;
        var names = new Dictionary<string, string> { [ada.Peer.Id] = "Ada", [ben.Peer.Id] = "Ben", [cleo.Peer.Id] = "Cleo" };
        await client.SubscribeAsync((string)room["event_channel"]!, "video.layout.changed", "video.member.updated");
        Task HandAsync(Guest whose, bool isUp) => DoAsync($"video.member.{(isUp ? "raisehand" : "lowerhand")}", new JsonObject { ["member_id"] = whose.Peer.Id });
        Task PrioritizeAsync(bool isOn) => DoAsync("video.prioritize_handraise", new JsonObject { ["enable"] = isOn });
        async Task DoAsync(string method, JsonObject more) => Assert.Equal("200", await client.CodeOfAsync(method, session, more));

        await HandAsync(cleo, isUp: true);
        await client.HearAsync("video.member.updated", each => (bool)each["member"]!["handraised"]!);
        await client.AskAsync("video.members.get", new JsonObject { ["room_session_id"] = session });
        Assert.DoesNotContain("Cleo Ada Ben", Layouts()); // It is not wanted so far.
        await PrioritizeAsync(true);
        await LaidOutAsync("Cleo Ada Ben");
        await HandAsync(ben, isUp: true);
        await LaidOutAsync("Cleo Ben Ada");
        await HandAsync(cleo, isUp: false);
        await LaidOutAsync("Ben Ada Cleo");
        await PrioritizeAsync(false);
        await LaidOutAsync("Ada Ben Cleo");
        await Host.EndAsync(meeting);

        Task LaidOutAsync(string wanted) => client.WaitAsync(_ => Layouts().LastOrDefault() == wanted);

        List<string> Layouts() => [.. client.Events.Where(each => (string?)each["event_type"] == "video.layout.changed")
            .Select(each => string.Join(' ', each["params"]!["layout"]!["layers"]!.AsArray().Select(layer => names[(string)layer!["member_id"]!])))];
    }

    [Fact]
    public async Task A_meeting_that_is_renamed_renames_its_room_once()
    {
        await using var client = await RelayClient.ConnectAsync(Host);
        await client.SubscribeAsync("video.rooms", "video.room.started", "video.room.ended");
        var meeting = await Host.NewMeetingAsync("Before");
        await Host.JoinAsync(meeting, "Ada");
        var room = (await client.HearAsync("video.room.started", each => Is(each, meeting)))["room_session"]!;
        await client.SubscribeAsync((string)room["event_channel"]!, "video.room.updated");
        foreach (var change in new Func<Meeting, Meeting>[]
        {
            each => each with { Title = "After" },
            each => each with { Settings = each.Settings with { SummarizesOnEnd = !each.Settings.SummarizesOnEnd } },
            each => each with { Title = "" },
        })
        {
            var changed = await Host.Service<MeetingStore>().UpdateAsync(meeting.AppId, meeting.Id, change, CancellationToken.None);
            await Host.Service<IActiveSessions>().MeetingChangedAsync(changed!, CancellationToken.None);
        }

        await Host.EndAsync(meeting);
        var ended = (await client.HearAsync("video.room.ended", each => Is(each, meeting)))["room_session"]!;
        var told = client.Events.Where(each => (string?)each["event_type"] == "video.room.updated").Select(each => each["params"]!["room_session"]!);
        Assert.Equal(
            [("After", "After", "name+display_name"), (meeting.Id.ToString(), meeting.Id.ToString(), "name+display_name")],
            told.Select(each => ((string)each["name"]!, (string)each["display_name"]!, string.Join('+', each["updated"]!.AsArray().Select(name => (string?)name)))));
        Assert.Equal(meeting.Id.ToString(), (string)ended["name"]!);
    }

    [Fact]
    public async Task A_position_is_told_by_the_name_it_was_asked_for_and_that_of_the_controller_itself_is_passed_over()
    {
        await using var client = await RelayClient.ConnectAsync(Host);
        var meeting = await Host.NewMeetingAsync("Placed");
        var ada = await Host.JoinAsync(meeting, "Ada");
        var room = await RoomOfAsync(client, meeting);
        var session = (string)room["id"]!;
        await client.SubscribeAsync((string)room["event_channel"]!, "video.member.updated");
        foreach (var (position, requested) in new[]
        {
            ("reserved-2", "reserved-2"), ("standard-2", "standard-2"), ("reserved-02", "reserved-2"), ("auto", "auto"), ("off-canvas", "off-canvas"), ("reserved-1", "reserved-1"),
        })
        {
            Assert.Equal("200", await client.CodeOfAsync("video.member.set_position", session, new JsonObject { ["member_id"] = ada.Peer.Id, ["position"] = position }));
            Assert.Equal(requested, await RequestedAsync());
        }

        foreach (var (method, more) in new (string, JsonObject)[] { ("video.set_position", []), ("video.set_layout", new JsonObject { ["name"] = "2x2" }) })
        {
            more["positions"] = new JsonObject { ["self"] = "standard-1", [ada.Peer.Id] = method == "video.set_layout" ? "auto" : "reserved-3" };
            Assert.Equal("200", await client.CodeOfAsync(method, session, more));
            Assert.Equal(method == "video.set_layout" ? "auto" : "reserved-3", await RequestedAsync());
        }

        await client.AskAsync("signalwire.ping");
        Assert.Equal(
            ["reserved-2", "standard-2", "reserved-2", "auto", "off-canvas", "reserved-1", "reserved-3", "auto"],
            client.Events.Where(each => (string?)each["event_type"] == "video.member.updated").Select(each => (string)each["params"]!["member"]!["requested_position"]!));
        await Host.EndAsync(meeting);

        async Task<string> RequestedAsync() => (string)(await client.AskAsync("video.members.get", new JsonObject { ["room_session_id"] = session }))["result"]!["members"]![0]!["requested_position"]!;
    }

    [Fact]
    public async Task A_room_that_is_ended_ends_for_everybody()
    {
        await using var client = await RelayClient.ConnectAsync(Host);
        await client.SubscribeAsync("video.rooms", "video.room.started", "video.room.ended");
        var meeting = await Host.NewMeetingAsync("Ended");
        await Host.JoinAsync(meeting, "Ada");
        var session = (string)(await client.HearAsync("video.room.started", room => Is(room, meeting)))["room_session_id"]!;
        Assert.Equal("200", await client.CodeOfAsync("video.room.end", session));
        await client.HearAsync("video.room.ended", room => Is(room, meeting));
        Assert.Equal("404", await client.CodeOfAsync("video.room.end", session));
    }

    [Fact]
    public async Task No_method_does_anything_for_a_token_that_may_not_or_in_a_room_that_is_not_the_projects()
    {
        var methods = Host.Service<MethodTable>().RoomMethodNames.ToList();
        Assert.True(methods.Count > 40, $"{methods.Count}");
        await using var client = await RelayClient.ConnectAsync(Host);
        await using var other = await RelayClient.ConnectAsync(Host, isOther: true);
        await using var reader = await RelayClient.ConnectAsync(Host, token: Host.ReadToken);
        var meeting = await Host.NewMeetingAsync("Shut");
        await Host.JoinAsync(meeting, "Ada");
        var session = (string)(await RoomOfAsync(client, meeting))["id"]!;
        foreach (var method in methods)
        {
            Assert.Equal((method, "404"), (method, await client.CodeOfAsync(method, Guid.NewGuid().ToString())));
            Assert.Equal((method, "404"), (method, await other.CodeOfAsync(method, session)));
            var readers = await reader.CodeOfAsync(method, session);
            Assert.True(readers == "403" || method.Contains("list", StringComparison.Ordinal) || method.Contains("get", StringComparison.Ordinal), $"{method}: {readers}");
        }

        Assert.Equal("200", await client.CodeOfAsync("video.room.get", session));
        await Host.EndAsync(meeting);
    }

    [Fact]
    public async Task What_cannot_be_is_refused_by_the_codes_of_the_protocol()
    {
        await using var client = await RelayClient.ConnectAsync(Host);
        await using var other = await RelayClient.ConnectAsync(Host, isOther: true);
        await using var reader = await RelayClient.ConnectAsync(Host, token: Host.ReadToken);
        var meeting = await Host.NewMeetingAsync("Refused");
        var ada = await Host.JoinAsync(meeting, "Ada");
        var room = await RoomOfAsync(client, meeting);
        var session = (string)room["id"]!;
        var unknown = Guid.NewGuid().ToString();
        var cases = new (string Method, JsonObject Params, string Code)[]
        {
            ("video.stream.start", new JsonObject { ["url"] = "http://x" }, "422"),
            ("video.stream.start", [], "422"),
            ("video.stream.start", new JsonObject { ["url"] = 7 }, "422"),
            ("video.stream.start", new JsonObject { ["url"] = "rtmp://host" }, "422"),
            ("video.stream.stop", new JsonObject { ["stream_id"] = unknown }, "404"),
            ("video.stream.stop", [], "422"),
            ("video.recording.pause", new JsonObject { ["recording_id"] = unknown }, "404"),
            ("video.member.audio_mute", [], "422"),
            ("video.member.audio_mute", new JsonObject { ["member_id"] = unknown }, "404"),
            ("video.member.deaf", new JsonObject { ["member_id"] = unknown }, "404"),
            ("video.member.set_input_sensitivity", new JsonObject { ["member_id"] = ada.Peer.Id, ["value"] = 101 }, "422"),
            ("video.member.set_output_volume", new JsonObject { ["member_id"] = ada.Peer.Id, ["volume"] = 1 }, "501"),
            ("video.member.set_input_volume", new JsonObject { ["member_id"] = ada.Peer.Id, ["volume"] = 51 }, "422"),
            ("video.member.set_position", new JsonObject { ["member_id"] = ada.Peer.Id, ["position"] = "somewhere" }, "422"),
            ("video.set_layout", new JsonObject { ["name"] = "10x10" }, "422"),
            ("video.set_position", new JsonObject { ["positions"] = new JsonObject { [unknown] = "auto" } }, "404"),
            ("video.set_meta", new JsonObject { ["meta"] = "text" }, "422"),
            ("video.prioritize_handraise", [], "422"),
            ("video.playback.start", new JsonObject { ["url"] = "file:///etc/passwd" }, "422"),
            ("video.playback.start", new JsonObject { ["url"] = "https://10.0.0.1/a.mp4" }, "422"),
            ("video.playback.start", new JsonObject { ["url"] = "https://user:word@example.com/a.mp4" }, "422"),
            ("video.playback.start", new JsonObject { ["url"] = "https://example.com/a.mp4", ["volume"] = 51 }, "422"),
            ("video.playback.start", new JsonObject { ["url"] = "https://example.com/a.mp4", ["layout"] = "10x10" }, "422"),
            ("video.playback.start", new JsonObject { ["url"] = "https://example.com/a.mp4", ["positions"] = new JsonObject { [unknown] = "auto" } }, "404"),
            ("video.playback.set_volume", new JsonObject { ["playback_id"] = unknown, ["volume"] = "loud" }, "422"),
            ("video.playback.seek_absolute", new JsonObject { ["playback_id"] = unknown, ["position"] = -1 }, "422"),
            ("video.playback.stop", new JsonObject { ["playback_id"] = unknown }, "404"),
            ("video.no.such", [], "-32601"),
            ("calling.dial", [], "-32601"),
        };
        foreach (var (method, parameters, code) in cases)
        {
            Assert.Equal((method, code), (method, await client.CodeOfAsync(method, session, parameters)));
        }

        Assert.Equal("404", await client.CodeOfAsync("video.room.get", unknown));
        Assert.Equal("404", await client.CodeOfAsync("video.room.get", "no uuid"));

        // Another project neither sees nor hears nor touches it; who may only read touches nothing.
        Assert.Equal("404", await other.CodeOfAsync("video.room.get", session));
        Assert.Equal("404", await other.CodeOfAsync("video.lock", session));
        Assert.Equal("404", (string)(await other.SubscribeAsync((string)room["event_channel"]!, "video.member.joined"))["result"]!["code"]!);
        Assert.Empty((await other.AskAsync("video.rooms.get"))["result"]!["rooms"]!.AsArray());
        Assert.Equal("200", await reader.CodeOfAsync("video.members.get", session));
        Assert.Equal("403", await reader.CodeOfAsync("video.lock", session));
        await Host.EndAsync(meeting);
    }

    [Fact]
    public async Task A_dead_target_ends_its_stream_without_a_start_for_who_never_subscribed()
    {
        await using var client = await RelayClient.ConnectAsync(Host);
        var meeting = await Host.NewMeetingAsync("Dead");
        await Host.JoinAsync(meeting, "Ada");
        var session = (string)(await RoomOfAsync(client, meeting))["id"]!;
        const string Url = "rtmp://127.0.0.1:1/app/s3cr3t";
        Assert.Equal("200", await client.CodeOfAsync("video.stream.start", session, new JsonObject { ["url"] = Url }));
        Assert.Empty((await client.AskAsync("video.stream.list", new JsonObject { ["room_session_id"] = session }))["result"]!["streams"]!.AsArray());
        var ended = (await client.HearAsync("video.stream.ended"))["stream"]!.AsObject();
        Assert.Equal(("completed", Url, 0.0), ((string)ended["state"]!, (string)ended["url"]!, (double)ended["duration"]!));
        Assert.False(ended.ContainsKey("started_at"));
        Assert.StartsWith("connection_refused", (string)ended["error"]!, StringComparison.Ordinal);
        Assert.DoesNotContain(client.Events, each => (string?)each["event_type"] is "video.stream.started" or "video.room.subscribed");

        // One that is still trying ends with the room, before it.
        await client.SubscribeAsync("video.rooms", "video.room.ended");
        await client.AskAsync("video.stream.start", new JsonObject { ["room_session_id"] = session, ["url"] = Url });
        await Host.EndAsync(meeting);
        await client.HearAsync("video.room.ended", room => Is(room, meeting));
        Assert.Equal(
            ["video.stream.ended", "video.stream.ended", "video.room.ended"],
            client.Events.Where(each => (string?)each["params"]!["room_session_id"] == session).Select(each => (string)each["event_type"]!));
    }

    [Fact]
    public async Task A_controller_that_comes_back_keeps_what_it_subscribed_to_and_hears_what_it_missed()
    {
        var first = await RelayClient.ConnectAsync(Host);
        await first.SubscribeAsync("video.rooms", "video.room.started", "video.room.ended");
        var (protocol, parts) = (first.Protocol, first.Protocol.Split('_'));
        Assert.Equal(3, parts.Length);
        await first.CutAsync();
        await first.DisposeAsync();

        var meeting = await Host.NewMeetingAsync("Missed");
        await Host.JoinAsync(meeting, "Ada");
        await Host.EndAsync(meeting);
        await using var second = await RelayClient.ConnectAsync(Host, protocol);
        Assert.Equal(protocol, second.Protocol);
        await second.HearAsync("video.room.started", room => Is(room, meeting));
        await second.HearAsync("video.room.ended", room => Is(room, meeting));

        // One whose name no server of this life has given, but that one may have: it hears of everything.
        var earlier = $"signalwire_{parts[1]}_{new string('a', 32)}";
        await using var third = await RelayClient.ConnectAsync(Host, earlier);
        Assert.Equal(earlier, third.Protocol);
        await using var forged = await RelayClient.ConnectAsync(Host, $"signalwire_{new string('0', 32)}_{new string('a', 32)}");
        Assert.Equal(parts[1], forged.Protocol.Split('_')[1]);
        var again = await Host.NewMeetingAsync("Again");
        await Host.JoinAsync(again, "Ben");
        await third.HearAsync("video.member.joined");
        await second.HearAsync("video.room.started", room => Is(room, again));
        await Host.EndAsync(again);
        Assert.DoesNotContain(forged.Events, _ => true);
    }

    [Fact]
    public async Task A_server_that_stops_says_so_and_the_next_one_takes_its_controllers_up()
    {
        await using var host = await RelayHost.StartAsync();
        await using var first = await RelayClient.ConnectAsync(host);
        await first.SubscribeAsync("video.rooms", "video.room.started");
        var meeting = await host.NewMeetingAsync("Before");
        await host.JoinAsync(meeting, "Ada");
        var session = (string)(await first.HearAsync("video.room.started"))["room_session_id"]!;
        await first.AskAsync("video.stream.start", new JsonObject { ["room_session_id"] = session, ["url"] = "rtmp://127.0.0.1:1/a/b" });
        host.Recorded.Begin(meeting.Id.Value, Guid.Parse(session));
        await first.AskAsync("video.recording.start", new JsonObject { ["room_session_id"] = session });
        var folder = host.FileOf("encoded");
        Directory.CreateDirectory(folder);
        var encoded = await EncodedSource.EncodeAsync(
            folder, TimeSpan.FromSeconds(2), "-c:v libx264 -preset ultrafast -g 30 -bf 0 -pix_fmt yuv420p", "-c:a aac -ac 2 -ar 48000");
        host.Compositions.Of(Guid.Parse(session)).Publish(encoded, TimeSpan.Zero, TimeSpan.FromSeconds(2));
        await first.HearAsync("video.recording.started");
        await host.RestartAsync();
        await first.WaitForCloseAsync();
        string[] told = [.. first.Heard.Select(frame => (string?)frame["params"]?["event_type"] ?? (string?)frame["method"]).OfType<string>()
            .Where(name => name is "video.stream.ended" or "video.recording.ended" or "signalwire.disconnect")];
        Assert.Equal(["video.stream.ended", "video.recording.ended", "signalwire.disconnect"], told);
        Assert.True((double)(await first.HearAsync("video.recording.ended"))["recording"]!["duration"]! > 0);

        await using var second = await RelayClient.ConnectAsync(host, first.Protocol);
        Assert.Equal(first.Protocol, second.Protocol);
        await host.JoinAsync(meeting, "Ada");
        Assert.Equal(session, (string)(await second.HearAsync("video.room.started"))["room_session_id"]!);
        await second.HearAsync("video.member.joined");
        await host.EndAsync(meeting);
        await second.HearAsync("video.room.ended");
    }

    [Fact]
    public async Task After_a_restart_a_controller_hears_of_rooms_that_began_before_it_was_back_and_that_those_without_people_ended()
    {
        await using var host = await RelayHost.StartAsync();
        await using var first = await RelayClient.ConnectAsync(host);
        await first.SubscribeAsync("video.rooms", "video.room.started");
        var left = await host.NewMeetingAsync("Left");
        await host.JoinAsync(left, "Ada");
        var session = (string)(await first.HearAsync("video.room.started"))["room_session_id"]!;
        await host.RestartAsync();
        await first.WaitForCloseAsync();

        var early = await host.NewMeetingAsync("Early");
        await host.JoinAsync(early, "Ben");
        await using var second = await RelayClient.ConnectAsync(host, first.Protocol);
        await second.HearAsync("video.room.started", room => Is(room, early));
        var record = await host.Service<SessionRecordStore>().FindAsync(left.AppId, new SessionId(Guid.Parse(session)), CancellationToken.None);
        host.Service<RoomDirectory>().EndedUnattended(record!);
        await second.HearAsync("video.room.ended", room => Is(room, left));

        await host.EndAsync(early);
        await second.HearAsync("video.room.ended", room => Is(room, early));
        Assert.Single(second.Events, each => (string?)each["event_type"] == "video.room.started");
    }

    [Fact]
    public async Task Who_is_unknown_is_told_so_and_closed_and_nothing_comes_before_connect()
    {
        foreach (var (project, token) in new[]
        {
            (Host.App.Id.ToString(), "rct_wrong"), (Guid.NewGuid().ToString(), Host.Token), (Host.OtherApp.Id.ToString(), Host.Token), ("no uuid", Host.Token),
        })
        {
            await using var client = await RelayClient.OpenAsync(Host);
            var answer = await client.AskAsync("signalwire.connect", RelayClient.ConnectOf(project, token));
            Assert.Equal(-32002, (int)answer["error"]!["code"]!);
            await client.WaitForCloseAsync();
            Assert.Equal(WebSocketCloseStatus.PolicyViolation, client.CloseStatus);
        }

        await using var early = await RelayClient.OpenAsync(Host, "/api/relay/ws");
        Assert.Equal(-32002, (int)(await early.AskAsync("video.rooms.get"))["error"]!["code"]!);
        await early.WaitForCloseAsync();
    }

    [Fact]
    public async Task A_malformed_frame_is_answered_and_closes_neither_its_own_connection_nor_another()
    {
        await using var other = await RelayClient.ConnectAsync(Host);
        await using var client = await RelayClient.ConnectAsync(Host);
        await client.SendAsync("no json");
        await client.WaitAsync(frame => (int?)frame["error"]?["code"] == -32700 && frame["id"] is null);
        await client.SendAsync("""{"jsonrpc":"2.0","id":"b1"}""");
        await client.WaitAsync(frame => (int?)frame["error"]?["code"] == -32600 && (string?)frame["id"] == "b1");
        await client.SendAsync("""{"jsonrpc":"2.0","id":"b2","method":"video.rooms.get","params":[]}""");
        await client.WaitAsync(frame => (int?)frame["error"]?["code"] == -32602 && (string?)frame["id"] == "b2");
        await client.SendAsync("""{"jsonrpc":"2.0","id":"zz","result":{}}""");
        await client.SendAsync("binary", WebSocketMessageType.Binary);
        var ping = await client.AskAsync("signalwire.ping", new JsonObject { ["timestamp"] = 12.5 });
        Assert.Equal(12.5, (double)ping["result"]!["timestamp"]!);
        Assert.Equal("200", (string)(await other.AskAsync("video.rooms.get"))["result"]!["code"]!);

        await client.SendAsync(new string('x', 300_000));
        await client.WaitForCloseAsync();
        Assert.Equal(WebSocketCloseStatus.MessageTooBig, client.CloseStatus);
        Assert.Equal("200", (string)(await other.AskAsync("video.rooms.get"))["result"]!["code"]!);
    }

    [Fact]
    public async Task What_is_no_socket_goes_on_to_another()
    {
        using var http = new HttpClient { BaseAddress = Host.Address };
        Assert.Equal("nothing here", await (await http.GetAsync(new Uri("/", UriKind.Relative))).Content.ReadAsStringAsync());
        Assert.Equal(HttpStatusCode.UpgradeRequired, (await http.GetAsync(new Uri("/api/relay/ws", UriKind.Relative))).StatusCode);
    }

    [Fact]
    public async Task Too_many_requests_connections_and_subscriptions_are_refused()
    {
        await using var host = await RelayHost.StartAsync(options => (options.RequestsPerSecond, options.MaxConnectionsPerApp, options.MaxSubscriptions) = (1, 2, 10));
        await using var client = await RelayClient.ConnectAsync(host);
        string[] names =
        [
            .. new[] { "started", "updated", "ended" }.SelectMany(each => new[] { $"video.room.{each}", $"video.recording.{each}", $"video.playback.{each}" }),
            "video.stream.started", "video.stream.ended",
        ];
        Assert.Equal("429", (string)(await client.SubscribeAsync("video.rooms", names))["result"]!["code"]!);
        for (var i = 0; i < 20; i++)
        {
            await client.PostAsync("video.rooms.get");
        }

        await client.WaitAsync(frame => (string?)frame["result"]?["code"] == "429" && ((string)frame["result"]!["message"]!).Contains("too many requests", StringComparison.Ordinal));
        await using var second = await RelayClient.ConnectAsync(host);
        await using var third = await RelayClient.OpenAsync(host);
        var answer = await third.AskAsync("signalwire.connect", RelayClient.ConnectOf(host.App.Id.ToString(), host.Token));
        Assert.Equal(-32603, (int)answer["error"]!["code"]!);
        await third.WaitForCloseAsync();
        await using var other = await RelayClient.ConnectAsync(host, isOther: true);
    }

    private static bool Is(JsonNode room, Roomcast.Meetings.Records.Meeting meeting) => (string?)room["room_id"] == meeting.Id.ToString();

    private static async Task<JsonNode> RoomOfAsync(RelayClient client, Roomcast.Meetings.Records.Meeting meeting)
    {
        while (true)
        {
            var rooms = (await client.AskAsync("video.rooms.get"))["result"]!["rooms"]!.AsArray();
            if (rooms.FirstOrDefault(room => Is(room!, meeting)) is { } found)
            {
                return found;
            }
        }
    }

    public sealed class Shared : IAsyncLifetime
    {
        public RelayHost Host { get; private set; } = null!;

        // A test asks for rooms again and again.
        public async Task InitializeAsync() => Host = await RelayHost.StartAsync(options => options.RequestsPerSecond = 10_000);

        public async Task DisposeAsync() => await Host.DisposeAsync();
    }
}
