using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Text.Json.Nodes;
using Roomcast.Meetings.Records;
using Roomcast.Meetings.Sessions.Events;
using Roomcast.Relay.Connection;
using Roomcast.Relay.Methods;
using Roomcast.Relay.Rooms;
using Roomcast.Relay.Tests.Hosting;

namespace Roomcast.Relay.Tests.Methods;

public sealed class MethodAnswerTests(MethodAnswerTests.Shared shared) : IClassFixture<MethodAnswerTests.Shared>
{
    private RelayHost Host => shared.Host;

    [Fact]
    public async Task Meta_that_would_grow_too_long_is_refused_and_stays_whatever_its_characters()
    {
        await using var client = await RelayClient.ConnectAsync(Host);
        var meeting = await Host.NewMeetingAsync("Meta");
        var ada = await Host.JoinAsync(meeting, "Ada");
        var session = await SessionOfAsync(client, meeting);
        foreach (var (kind, id) in new[] { ("video", null), ("video.member", ada.Peer.Id) })
        {
            JsonObject With(JsonObject meta) => id is null ? new JsonObject { ["meta"] = meta } : new JsonObject { ["member_id"] = id, ["meta"] = meta };
            Assert.Equal("200", await client.CodeOfAsync($"{kind}.set_meta", session, With(new JsonObject { ["text"] = new string('\u4e2d', 2_000) })));
            Assert.Equal("200", await client.CodeOfAsync($"{kind}.update_meta", session, With(new JsonObject { ["seat"] = 7 })));
            Assert.Equal("422", await client.CodeOfAsync($"{kind}.update_meta", session, With(new JsonObject { ["more"] = new string('\u4e2d', 7_000) })));
            Assert.Equal("422", await client.CodeOfAsync($"{kind}.set_meta", session, With(new JsonObject { ["more"] = new string('x', Notes.MaxLength) })));
            var parameters = new JsonObject { ["room_session_id"] = session };
            if (id is not null)
            {
                parameters["member_id"] = id;
            }

            var meta = (await client.AskAsync($"{kind}.get_meta", parameters))["result"]!["meta"]!.AsObject();
            Assert.Equal((7, 2_000, 2), ((int)meta["seat"]!, ((string)meta["text"]!).Length, meta.Count));
        }
    }

    [Fact]
    public async Task What_was_noted_of_somebody_in_the_audience_can_be_read()
    {
        await using var client = await RelayClient.ConnectAsync(Host);
        var meeting = await Host.NewMeetingAsync("Audience");
        await Host.JoinAsync(meeting, "Ada", "livestream_host");
        var eve = await Host.JoinAsync(meeting, "Eve", "livestream_viewer");
        var session = await SessionOfAsync(client, meeting);
        var note = new JsonObject { ["member_id"] = eve.Peer.Id, ["meta"] = new JsonObject { ["seat"] = 7 } };
        Assert.Equal("200", await client.CodeOfAsync("video.member.set_meta", session, note));
        var meta = await client.AskAsync("video.member.get_meta", new JsonObject { ["room_session_id"] = session, ["member_id"] = eve.Peer.Id });
        Assert.Equal("""{"seat":7}""", meta["result"]!["meta"]!.ToJsonString());
    }

    [Fact]
    public async Task Promoting_notes_what_it_is_given_and_refuses_what_is_malformed_without_promoting()
    {
        await using var client = await RelayClient.ConnectAsync(Host);
        var meeting = await Host.NewMeetingAsync("Promoted");
        var ada = await Host.JoinAsync(meeting, "Ada", "webinar_presenter");
        var eve = await Host.JoinAsync(meeting, "Eve", "webinar_viewer");
        var session = await SessionOfAsync(client, meeting);
        foreach (var (name, value) in new (string, JsonNode)[]
        {
            ("meta", "text"), ("meta", new JsonObject { ["text"] = new string('x', Notes.MaxLength) }), ("join_audio_muted", "yes"), ("join_video_muted", 1),
        })
        {
            Assert.Equal("422", await client.CodeOfAsync("video.member.promote", session, new JsonObject { ["member_id"] = eve.Peer.Id, [name] = value }));
        }

        Assert.DoesNotContain(eve.Link.Heard, heard => heard is StageGranted);
        Assert.Equal("200", await client.CodeOfAsync("video.member.promote", session, new JsonObject
        {
            ["member_id"] = eve.Peer.Id,
            ["media_allowed"] = "all",
            ["join_audio_muted"] = true,
            ["join_video_muted"] = false,
            ["permissions"] = new JsonArray("room.member.audio_mute"),
            ["meta"] = new JsonObject { ["seat"] = 7 },
        }));
        Assert.Single(eve.Link.Heard, heard => heard is StageGranted);
        Assert.Equal("""{"seat":7}""", await MetaAsync());
        Assert.Equal("200", await client.CodeOfAsync("video.member.promote", session, new JsonObject { ["member_id"] = eve.Peer.Id }));
        Assert.Equal("""{"seat":7}""", await MetaAsync());
        await ada.LeaveAsync();

        async Task<string> MetaAsync() => (await client.AskAsync(
            "video.member.get_meta", new JsonObject { ["room_session_id"] = session, ["member_id"] = eve.Peer.Id }))["result"]!["meta"]!.ToJsonString();
    }

    [Fact]
    public async Task Removing_whom_there_is_not_is_answered_once()
    {
        await using var client = await RelayClient.ConnectAsync(Host);
        var meeting = await Host.NewMeetingAsync("Once");
        await Host.JoinAsync(meeting, "Ada");
        var session = await SessionOfAsync(client, meeting);
        foreach (var parameters in new[] { new JsonObject(), new JsonObject { ["member_id"] = Guid.NewGuid().ToString() } })
        {
            parameters["room_session_id"] = session;
            var id = await client.PostAsync("video.member.remove", parameters);
            await client.AskAsync("signalwire.ping"); // Requests are answered in order: there is nothing more to come.
            Assert.Single(client.Heard, frame => (string?)frame["id"] == id);
        }
    }

    [Fact]
    public async Task A_room_has_so_many_recordings_and_no_more()
    {
        await using var client = await RelayClient.ConnectAsync(Host);
        var meeting = await Host.NewMeetingAsync("Recorded");
        await Host.JoinAsync(meeting, "Ada");
        var session = await SessionOfAsync(client, meeting);
        var room = Host.Service<RoomDirectory>().Find(Host.App.Id, Guid.Parse(session))!;
        await room.DoAsync(each =>
        {
            for (var i = 0; i < MediaMethods.MaxRecordings; i++)
            {
                each.RecordingAsked();
            }
        });
        Assert.Equal("429", await client.CodeOfAsync("video.recording.start", session));
        await room.DoAsync(each => Assert.Equal(MediaMethods.MaxRecordings, each.RecordingsUnderWay));
        await room.DoAsync(each =>
        {
            for (var i = 0; i < MediaMethods.MaxRecordings; i++)
            {
                each.RecordingAnswered(null);
            }
        });
        Assert.Equal("200", await client.CodeOfAsync("video.recording.start", session));
        await Host.EndAsync(meeting);
    }

    [Fact]
    public async Task What_takes_too_long_is_refused_in_time_and_not_answered_again()
    {
        await using var host = await RelayHost.StartAsync(times: new RelayTimes { AnswerWithin = TimeSpan.FromMilliseconds(300) });
        await using var client = await RelayClient.ConnectAsync(host);
        var session = (await host.JoinAsync(await host.NewMeetingAsync("Slow"), "Ada")).Session.SessionId!.Value;
        var room = host.Service<RoomDirectory>().Find(host.App.Id, session.Value)!;
        using var held = new ManualResetEventSlim();
        room.Post(_ => held.Wait());
        var id = await client.PostAsync("video.room.get", new JsonObject { ["room_session_id"] = session.ToString() });
        var refused = await client.WaitAsync(frame => (string?)frame["id"] == id);
        Assert.Equal("503", (string)refused["result"]!["code"]!);
        Assert.False(held.IsSet);
        held.Set();
        while (await client.CodeOfAsync("video.room.get", session.ToString()) != "200")
        {
            await Task.Delay(20);
        }

        Assert.Single(client.Heard, frame => (string?)frame["id"] == id);
    }

    [Fact]
    public async Task Names_of_events_that_there_are_not_are_taken_and_not_kept()
    {
        await using var host = await RelayHost.StartAsync(options => options.MaxSubscriptions = 10);
        await using var client = await RelayClient.ConnectAsync(host);
        for (var times = 0; times < 3; times++)
        {
            var invented = Enumerable.Range(0, 100).Select(i => $"video.event{times}.{i}").ToArray();
            Assert.Equal("200", (string)(await client.SubscribeAsync("video.rooms", invented))["result"]!["code"]!);
        }

        await client.SubscribeAsync("video.rooms", "video.room.started");
        await host.JoinAsync(await host.NewMeetingAsync("Heard"), "Ada");
        await client.HearAsync("video.room.started");
    }

    [Fact]
    public async Task Every_request_that_is_refused_is_counted_once_by_its_code()
    {
        await using var host = await RelayHost.StartAsync(options => options.RequestsPerSecond = 1);
        var counted = new ConcurrentDictionary<string, long>();
        using var listener = new MeterListener();
        var meters = host.Service<IMeterFactory>();
        listener.InstrumentPublished = (instrument, listening) =>
        {
            if (instrument.Name == "roomcast.relay.refusals" && instrument.Meter.Scope == meters)
            {
                listening.EnableMeasurementEvents(instrument);
            }
        };
        listener.SetMeasurementEventCallback<long>((_, by, tags, _) => counted.AddOrUpdate((string)tags[0].Value!, by, (_, before) => before + by));
        listener.Start();
        await using var client = await RelayClient.ConnectAsync(host);
        Assert.Equal("404", await client.CodeOfAsync("video.lock", Guid.NewGuid().ToString()));
        Assert.Equal("-32601", await client.CodeOfAsync("video.no.such", Guid.NewGuid().ToString()));
        while (await client.CodeOfAsync("video.rooms.get", "") != "429")
        {
            // Four at once, and then one a second.
        }

        Assert.Equal([("-32601", 1L), ("404", 1L), ("429", 1L)], counted.Select(each => (each.Key, each.Value)).OrderBy(each => each.Key, StringComparer.Ordinal));
    }

    private static async Task<string> SessionOfAsync(RelayClient client, Meeting meeting)
    {
        while (true)
        {
            var rooms = (await client.AskAsync("video.rooms.get"))["result"]!["rooms"]!.AsArray();
            if (rooms.FirstOrDefault(room => (string?)room!["room_id"] == meeting.Id.ToString()) is { } found)
            {
                return (string)found["id"]!;
            }
        }
    }

    public sealed class Shared : IAsyncLifetime
    {
        public RelayHost Host { get; private set; } = null!;

        public async Task InitializeAsync() => Host = await RelayHost.StartAsync(options => options.RequestsPerSecond = 10_000);

        public async Task DisposeAsync() => await Host.DisposeAsync();
    }
}
