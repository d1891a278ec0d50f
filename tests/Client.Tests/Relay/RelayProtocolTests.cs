using System.Text.Json.Nodes;
using Roomcast.Client.Relay;
using Roomcast.Client.Tests.Meeting;
using Roomcast.TestKit;

namespace Roomcast.Client.Tests.Relay;

/// <summary>What the client does when a server behaves otherwise than ours.</summary>
public sealed class RelayProtocolTests
{
    [Fact]
    public async Task A_request_that_is_not_answered_fails_after_its_time_and_the_connection_is_made_anew()
    {
        await using var server = await PretendServer.StartAsync(static async (server, request) =>
        {
            if ((string?)request["method"] == "signalwire.connect")
            {
                await server.WelcomeAsync(request, "signalwire_s_1");
            }
        });
        var clock = new ManualClock();
        await using var client = await ConnectAsync(server, clock);

        var asking = client.Video.GetRoomSessionsAsync();
        await MeetingServer.UntilAsync(() => server.Heard.Any(frame => (string?)frame["method"] == "video.rooms.get"), "it has asked");
        await UntilInTimeAsync(clock, () => asking.IsCompleted, "it is given up");
        Assert.Equal(RealtimeKitError.TimedOut, (await Assert.ThrowsAsync<RealtimeKitException>(() => asking)).Error);
        Assert.True(clock.Elapsed >= TimeSpan.FromSeconds(10), $"It was given up after {clock.Elapsed}.");
        await UntilInTimeAsync(clock, () => server.Connections > 1, "it has connected again");
        var offers = server.Heard.Where(frame => (string?)frame["method"] == "signalwire.connect").Select(frame => (string?)frame["params"]!["protocol"]).ToList();
        Assert.Equal([null, "signalwire_s_1"], offers.Take(2));
    }

    [Fact]
    public async Task A_server_that_does_not_answer_who_comes_is_given_up()
    {
        await using var server = await PretendServer.StartAsync(static (_, _) => ValueTask.CompletedTask);
        var clock = new ManualClock();

        var connecting = ConnectAsync(server, clock);
        await MeetingServer.UntilAsync(() => !server.Heard.IsEmpty, "it has said who it is");
        await UntilInTimeAsync(clock, () => connecting.IsCompleted, "it is given up");

        Assert.Equal(RealtimeKitError.TimedOut, (await Assert.ThrowsAsync<RealtimeKitException>(() => connecting)).Error);
    }

    [Fact]
    public async Task A_server_that_has_pinged_and_falls_silent_is_left_and_one_that_never_pings_is_not()
    {
        var pings = false;
        await using var server = await PretendServer.StartAsync(async (server, request) =>
        {
            if ((string?)request["method"] == "signalwire.connect")
            {
                await server.WelcomeAsync(request, "signalwire_s_1");
            }
            else if (pings)
            {
                await server.SendAsync(new JsonObject { ["jsonrpc"] = "2.0", ["id"] = "p1", ["method"] = "signalwire.ping", ["params"] = new JsonObject() });
                await server.AnswerAsync(request, []);
            }
            else
            {
                await server.AnswerAsync(request, []);
            }
        });
        var clock = new ManualClock();
        await using var client = await ConnectAsync(server, clock);
        clock.Advance(TimeSpan.FromMinutes(10));
        await client.PingAsync();
        Assert.Equal(1, server.Connections);

        pings = true;
        await client.PingAsync();
        clock.Advance(RelaySocket.Silence - TimeSpan.FromSeconds(1));
        await client.PingAsync(); // Something is heard.
        clock.Advance(RelaySocket.Silence - TimeSpan.FromSeconds(1));
        Assert.Equal(RealtimeClientState.Connected, client.State);
        await UntilInTimeAsync(clock, () => server.Connections > 1, "it has connected again");
    }

    [Fact]
    public async Task What_was_listened_to_is_listened_to_again_when_the_server_has_begun_anew()
    {
        var connections = 0;
        await using var server = await PretendServer.StartAsync(async (server, request) =>
        {
            if ((string?)request["method"] == "signalwire.connect")
            {
                await server.WelcomeAsync(request, $"signalwire_s_{++connections}");
            }
            else
            {
                await server.AnswerAsync(request, new JsonObject { ["code"] = "200" });
            }
        });
        await using var client = await ConnectAsync(server);
        await client.Video.ListenAsync();
        await client.Video.ListenAsync(); // Nothing is new.

        await client.LoseConnectionAsync();
        await MeetingServer.UntilAsync(() => Subscriptions().Count == 2, "it is subscribed again");

        Assert.All(Subscriptions(), frame => Assert.Equal("video.rooms", (string)frame["params"]!["event_channel"]!));
        Assert.Equal(
            ["video.room.ended", "video.room.started"],
            Subscriptions()[1]["params"]!["events"]!.AsArray().Select(name => (string)name!).Order(StringComparer.Ordinal));

        List<JsonNode> Subscriptions() => [.. server.Heard.Where(frame => (string?)frame["method"] == "signalwire.subscribe")];
    }

    [Fact]
    public async Task A_token_that_no_longer_holds_closes_the_client_for_good()
    {
        var connections = 0;
        await using var server = await PretendServer.StartAsync(async (server, request) =>
        {
            if (++connections == 1)
            {
                await server.WelcomeAsync(request, "signalwire_s_1");
            }
            else
            {
                await server.SendAsync(new JsonObject
                {
                    ["jsonrpc"] = "2.0",
                    ["id"] = request["id"]!.DeepClone(),
                    ["error"] = new JsonObject { ["code"] = -32002, ["message"] = "no longer" },
                });
            }
        });
        await using var client = await ConnectAsync(server);

        await client.LoseConnectionAsync();
        await MeetingServer.UntilAsync(() => client.State is RealtimeClientState.Closed, "it is closed");

        Assert.Equal(RealtimeKitError.InvalidToken, client.Fault!.Error);
        Assert.Equal(RealtimeKitError.InvalidToken, (await Assert.ThrowsAsync<RealtimeKitException>(() => client.PingAsync())).Error);
    }

    [Fact]
    public async Task Requests_of_the_server_are_answered_by_their_ids_and_events_that_come_twice_are_told_once()
    {
        await using var server = await PretendServer.StartAsync(async (server, request) =>
        {
            if ((string?)request["method"] == "signalwire.connect")
            {
                await server.WelcomeAsync(request, "signalwire_s_1");
            }
            else
            {
                await AskAsync(server, "p1", "signalwire.ping", new JsonObject { ["timestamp"] = 1_795_221_698.887 });
                await AskAsync(server, "d1", "signalwire.disconnect", []);
                await AskAsync(server, "x1", "signalwire.unheard", []);
                await server.TellAsync("e1", "video.room.started", Room());
                await server.TellAsync("e1", "video.room.started", Room());
                await server.TellAsync("e2", "video.of.a.later.server", []);
                await server.TellAsync("e3", "video.room.ended", Room());
                await server.AnswerAsync(request, []);
            }
        });
        var heard = new Heard();
        await using var client = await ConnectAsync(server);
        client.Video.RoomStarted += _ => throw new InvalidOperationException("A handler of the application.");
        client.Video.RoomStarted += room => heard.Add($"started {room.DisplayName}");
        client.Video.RoomEnded += room => heard.Add($"ended {room.DisplayName}");
        client.HandlerFailed += fault => heard.Add(fault.GetType().Name);
        await client.PingAsync();
        await client.DrainEventsAsync();
        await MeetingServer.UntilAsync(() => server.Heard.Any(frame => (string?)frame["id"] == "e3"), "all is answered");

        JsonNode AnswerTo(string id) => server.Heard.First(frame => (string?)frame["id"] == id);
        Assert.Equal(1_795_221_698.887, (double)AnswerTo("p1")["result"]!["timestamp"]!);
        Assert.Empty(AnswerTo("d1")["result"]!.AsObject());
        Assert.Equal(-32601, (int)AnswerTo("x1")["error"]!["code"]!);
        Assert.Equal(2, server.Heard.Count(frame => (string?)frame["id"] == "e1"));
        Assert.Equal(["started Lobby", nameof(InvalidOperationException), "ended Lobby"], heard.All);

        static ValueTask AskAsync(PretendServer server, string id, string method, JsonObject parameters) =>
            server.SendAsync(new JsonObject { ["jsonrpc"] = "2.0", ["id"] = id, ["method"] = method, ["params"] = parameters });
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_stream_that_the_answer_does_not_name_is_found_by_its_address_whenever_it_is_told(bool isToldFirst)
    {
        await using var server = await PretendServer.StartAsync(async (server, request) =>
        {
            switch ((string?)request["method"])
            {
                case "signalwire.connect":
                    await server.WelcomeAsync(request, "signalwire_s_1");
                    break;
                case "video.rooms.get":
                    await server.AnswerAsync(request, new JsonObject { ["rooms"] = new JsonArray(Session()) });
                    break;
                case "video.stream.start":
                    if (!isToldFirst)
                    {
                        await server.AnswerAsync(request, new JsonObject { ["code"] = "200" });
                    }

                    await server.TellAsync("e1", "video.stream.started", Stream("other", "rtmp://other/live/x"));
                    await server.TellAsync("e2", "video.stream.started", Stream("ours", (string)request["params"]!["url"]!));
                    if (isToldFirst)
                    {
                        await server.AnswerAsync(request, new JsonObject { ["code"] = 200 });
                    }

                    break;
            }
        });
        await using var client = await ConnectAsync(server);
        var room = Assert.Single(await client.Video.GetRoomSessionsAsync());

        var stream = await room.StartStreamAsync("rtmp://target/live/key").WaitAsync(MeetingServer.Patience);

        Assert.Equal("ours", stream.Id);
        Assert.Equal(["other", "ours"], room.RunningStreams.Select(each => each.Id));
    }

    [Fact]
    public async Task The_end_of_another_recording_is_not_the_failure_of_the_one_that_is_asked_for()
    {
        var asked = 0;
        await using var server = await PretendServer.StartAsync(async (server, request) =>
        {
            switch ((string?)request["method"])
            {
                case "signalwire.connect":
                    await server.WelcomeAsync(request, "signalwire_s_1");
                    break;
                case "video.rooms.get":
                    await server.AnswerAsync(request, new JsonObject { ["rooms"] = new JsonArray(Session()) });
                    break;
                case "video.recording.start" when ++asked == 1:
                    await server.TellAsync("e1", "video.recording.started", Recording("one", "recording"));
                    await server.AnswerAsync(request, new JsonObject { ["code"] = "200" });
                    break;
                case "video.recording.start":
                    await server.TellAsync("e2", "video.recording.ended", Recording("one", "completed"));
                    await server.AnswerAsync(request, new JsonObject { ["code"] = "200" });
                    await server.TellAsync("e3", "video.recording.started", Recording("two", "recording"));
                    break;
            }
        });
        await using var client = await ConnectAsync(server);
        var room = Assert.Single(await client.Video.GetRoomSessionsAsync());

        var one = await room.StartRecordingAsync().WaitAsync(MeetingServer.Patience);
        var two = await room.StartRecordingAsync().WaitAsync(MeetingServer.Patience);

        Assert.Equal(("one", "two"), (one.Id, two.Id));
        Assert.Equal(["two"], room.RunningRecordings.Select(each => each.Id));

        static JsonObject Recording(string id, string state) => new()
        {
            ["room_id"] = "r1",
            ["room_session_id"] = "s1",
            ["recording"] = new JsonObject { ["id"] = id, ["state"] = state, ["started_at"] = 1_795_221_698.887 },
        };
    }

    [Fact]
    public async Task What_does_not_begin_is_waited_for_no_longer_than_two_minutes_or_until_the_client_is_disconnected()
    {
        await using var server = await PretendServer.StartAsync(static async (server, request) =>
        {
            switch ((string?)request["method"])
            {
                case "signalwire.connect":
                    await server.WelcomeAsync(request, "signalwire_s_1");
                    break;
                case "video.rooms.get":
                    await server.AnswerAsync(request, new JsonObject { ["rooms"] = new JsonArray(Session()) });
                    break;
                default:
                    await server.AnswerAsync(request, new JsonObject { ["code"] = "200" });
                    break;
            }
        });
        var clock = new ManualClock();
        await using var client = await ConnectAsync(server, clock);
        var room = Assert.Single(await client.Video.GetRoomSessionsAsync());

        var late = room.StartRecordingAsync();
        await client.PingAsync(); // Its answer comes after the one to that.
        await UntilInTimeAsync(clock, () => late.IsCompleted, "it is given up");
        Assert.Equal(RealtimeKitError.TimedOut, (await Assert.ThrowsAsync<RealtimeKitException>(() => late)).Error);
        Assert.True(clock.Elapsed >= TimeSpan.FromMinutes(2), $"It was given up after {clock.Elapsed}.");

        var vain = room.StartRecordingAsync();
        await client.PingAsync();
        await client.DisconnectAsync();
        Assert.Equal(RealtimeKitError.WrongState, (await Assert.ThrowsAsync<RealtimeKitException>(() => vain.WaitAsync(MeetingServer.Patience))).Error);
    }

    [Fact]
    public async Task The_end_of_a_session_that_was_not_seen_is_told_once()
    {
        await using var server = await PretendServer.StartAsync(static async (server, request) =>
        {
            if ((string?)request["method"] == "signalwire.connect")
            {
                await server.WelcomeAsync(request, "signalwire_s_1");
            }
            else
            {
                await server.TellAsync("e1", "video.room.ended", Room());
                await server.TellAsync("e2", "video.room.ended", Room());
                await server.AnswerAsync(request, []);
            }
        });
        var heard = new Heard();
        await using var client = await ConnectAsync(server);
        client.Video.RoomEnded += room => heard.Add($"ended {room.DisplayName} {room.HasEnded}");

        await client.PingAsync();
        await client.DrainEventsAsync();

        Assert.Equal(["ended Lobby True"], heard.All);
    }

    [Fact]
    public async Task A_session_that_is_no_longer_listed_is_over()
    {
        var asked = 0;
        await using var server = await PretendServer.StartAsync(async (server, request) =>
        {
            if ((string?)request["method"] == "signalwire.connect")
            {
                await server.WelcomeAsync(request, "signalwire_s_1");
            }
            else
            {
                await server.AnswerAsync(request, new JsonObject { ["rooms"] = ++asked == 1 ? new JsonArray(Session()) : [] });
            }
        });
        var heard = new Heard();
        await using var client = await ConnectAsync(server);
        client.Video.RoomEnded += room => heard.Add($"ended {room.DisplayName}");
        var room = Assert.Single(await client.Video.GetRoomSessionsAsync());

        Assert.Empty(await client.Video.GetRoomSessionsAsync());
        await room.WaitForEndAsync().WaitAsync(MeetingServer.Patience);
        await client.DrainEventsAsync();

        Assert.Equal(["ended Lobby"], heard.All);
        Assert.Equal(RealtimeKitError.WrongState, (await Assert.ThrowsAsync<RealtimeKitException>(() => room.LockAsync())).Error);
    }

    [Fact]
    public async Task More_sessions_than_are_kept_are_an_error()
    {
        await using var server = await PretendServer.StartAsync(static async (server, request) =>
        {
            if ((string?)request["method"] == "signalwire.connect")
            {
                await server.WelcomeAsync(request, "signalwire_s_1");
            }
            else
            {
                await server.AnswerAsync(request, new JsonObject
                {
                    ["rooms"] = new JsonArray([.. Enumerable.Range(0, RelayJson.MaxItems + 1).Select(number => (JsonNode)new JsonObject { ["id"] = $"s{number}" })]),
                });
            }
        });
        await using var client = await ConnectAsync(server);

        Assert.Equal(RealtimeKitError.TooMany, (await Assert.ThrowsAsync<RealtimeKitException>(() => client.Video.GetRoomSessionsAsync())).Error);
    }

    private static JsonObject Session() => new() { ["id"] = "s1", ["room_id"] = "r1", ["name"] = "lobby", ["display_name"] = "Lobby", ["event_channel"] = "room.x" };

    private static JsonObject Room() => new() { ["room_id"] = "r1", ["room_session_id"] = "s1", ["room_session"] = Session() };

    private static JsonObject Stream(string id, string url) => new()
    {
        ["room_id"] = "r1",
        ["room_session_id"] = "s1",
        ["stream"] = new JsonObject { ["id"] = id, ["url"] = url, ["state"] = "streaming", ["started_at"] = 1_795_221_698.887 },
    };

    private static Task<RealtimeClient> ConnectAsync(PretendServer server, ManualClock? clock = null) => RealtimeClient.ConnectAsync(new()
    {
        Project = "p",
        Token = "t",
        Host = server.Host,
        RequestTimeout = clock is null ? MeetingServer.Patience : TimeSpan.FromSeconds(10),
        Time = clock ?? TimeProvider.System,
    });

    /// <summary>Waits until something is so, while time goes on.</summary>
    private static Task UntilInTimeAsync(ManualClock clock, Func<bool> isSo, string what) => MeetingServer.UntilAsync(
        () =>
        {
            clock.Advance(TimeSpan.FromSeconds(1));
            return isSo();
        },
        what);
}
