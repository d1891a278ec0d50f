using System.Text.Json.Nodes;
using Roomcast.Client.Relay;
using Roomcast.Client.Tests.Meeting;

namespace Roomcast.Client.Tests.Relay;

/// <summary>What every act of a controller sends, and what every event of the protocol is told as.</summary>
public sealed class RelayWireTests
{
    [Fact]
    public async Task Every_act_of_a_controller_is_the_method_of_the_protocol_with_its_parameters()
    {
        await using var server = await PretendServer.StartAsync(AnswerAsync);
        await using var client = await ConnectAsync(server);
        var room = await client.Video.GetRoomSessionAsync("s1");
        Assert.True(room.TryGetMember("m1", out var member));
        var playback = Assert.Single(room.RunningPlaybacks);
        var recording = Assert.Single(room.RunningRecordings);
        var stream = Assert.Single(room.RunningStreams);
        (Func<Task> Act, string Method, string Parameters)[] acts =
        [
            (() => room.AudioMuteAsync("m1"), "video.member.audio_mute", """{"member_id":"m1"}"""),
            (() => member!.AudioUnmuteAsync(), "video.member.audio_unmute", """{"member_id":"m1"}"""),
            (() => member!.VideoMuteAsync(), "video.member.video_mute", """{"member_id":"m1"}"""),
            (() => room.VideoUnmuteAsync("m1"), "video.member.video_unmute", """{"member_id":"m1"}"""),
            (() => member!.SetDeafAsync(true), "video.member.deaf", """{"member_id":"m1"}"""),
            (() => room.UndeafAsync("m1"), "video.member.undeaf", """{"member_id":"m1"}"""),
            (() => member!.SetOutputVolumeAsync(5), "video.member.set_output_volume", """{"member_id":"m1","volume":5}"""),
            (() => member!.SetInputSensitivityAsync(20), "video.member.set_input_sensitivity", """{"member_id":"m1","value":20}"""),
            (() => member!.SetRaisedHandAsync(false), "video.member.lowerhand", """{"member_id":"m1"}"""),
            (() => room.PromoteAsync("m1"), "video.member.promote", """{"member_id":"m1"}"""),
            (() => room.DemoteAsync("m1"), "video.member.demote", """{"member_id":"m1"}"""),
            (() => member!.RemoveAsync(), "video.member.remove", """{"member_id":"m1"}"""),
            (() => room.RemoveAllMembersAsync(), "video.member.remove", """{"member_id":"all"}"""),
            (() => room.SetHideVideoMutedAsync(true), "video.hide_video_muted", "{}"),
            (() => room.SetHideVideoMutedAsync(false), "video.show_video_muted", "{}"),
            (() => room.SetPrioritizeHandraiseAsync(false), "video.prioritize_handraise", """{"enable":false}"""),
            (() => recording.PauseAsync(), "video.recording.pause", """{"recording_id":"rec1"}"""),
            (() => recording.ResumeAsync(), "video.recording.resume", """{"recording_id":"rec1"}"""),
            (() => recording.StopAsync(), "video.recording.stop", """{"recording_id":"rec1"}"""),
            (() => stream.StopAsync(), "video.stream.stop", """{"stream_id":"str1"}"""),
            (() => playback.PauseAsync(), "video.playback.pause", """{"playback_id":"pb1"}"""),
            (() => playback.ResumeAsync(), "video.playback.resume", """{"playback_id":"pb1"}"""),
            (() => playback.SetVolumeAsync(-10), "video.playback.set_volume", """{"playback_id":"pb1","volume":-10}"""),
            (() => playback.SeekAsync(TimeSpan.FromSeconds(30)), "video.playback.seek_absolute", """{"playback_id":"pb1","position":30000}"""),
            (() => playback.SeekByAsync(TimeSpan.FromSeconds(-5)), "video.playback.seek_relative", """{"playback_id":"pb1","position":-5000}"""),
            (() => playback.StopAsync(), "video.playback.stop", """{"playback_id":"pb1"}"""),
        ];
        foreach (var (act, method, parameters) in acts)
        {
            server.Heard.Clear();
            await act();
            var asked = Assert.Single(server.Heard, frame => ((string?)frame["method"])?.StartsWith("video.", StringComparison.Ordinal) is true);
            var sent = asked["params"]!.DeepClone().AsObject();
            Assert.True(sent.Remove("room_session_id", out var id), method);
            Assert.Equal((method, "s1"), ((string?)asked["method"], (string?)id));
            Assert.True(JsonNode.DeepEquals(JsonNode.Parse(parameters), sent), $"{method}: {sent.ToJsonString()}");
        }
    }

    [Fact]
    public async Task Every_event_is_told_as_what_it_is_and_state_stands_before_it()
    {
        await using var server = await PretendServer.StartAsync(AnswerAsync);
        await using var client = await ConnectAsync(server);
        var room = await client.Video.GetRoomSessionAsync("s1");
        await room.ListenAsync();
        var heard = new Heard();
        room.MemberVideoMuted += who => heard.Add($"video {who.IsVideoMuted}");
        room.MemberDeaf += who => heard.Add($"deaf {who.IsDeaf}");
        room.MemberVisible += who => heard.Add($"visible {who.IsVisible}");
        room.MemberOutputVolume += who => heard.Add($"output {who.OutputVolume}");
        room.MemberInputSensitivity += who => heard.Add($"sensitivity {who.InputSensitivity}");
        room.MemberTalking += who => heard.Add($"talking {who.IsTalking}");
        room.MemberTalkingStarted += who => heard.Add($"began to talk {who.Id}");
        room.MemberTalkingEnded += who => heard.Add($"fell silent {who.Id}");
        room.MemberPromoted += id => heard.Add($"promoted {id}");
        room.MemberDemoted += id => heard.Add($"demoted {id}");
        room.AudienceCountChanged += count => heard.Add($"audience {count} {room.AudienceCount}");
        room.RecordingStarted += each => heard.Add($"recording {each.Id} {room.RunningRecordings.Count}");
        room.RecordingEnded += each => heard.Add($"recorded {each.Id} {each.HasEnded} {room.RunningRecordings.Count}");
        room.PlaybackStarted += each => heard.Add($"playing {each.Id} {room.RunningPlaybacks.Count}");
        room.PlaybackUpdated += each => heard.Add($"played {each.Id} {each.Volume} {each.Position.TotalSeconds}");
        room.PlaybackEnded += each => heard.Add($"over {each.Id} {each.HasEnded} {room.RunningPlaybacks.Count}");
        (string Type, string Parameters, string[] Told)[] events =
        [
            ("video.member.updated", """{"member":{"id":"m1","video_muted":true,"updated":["video_muted"]}}""", ["video True"]),
            ("video.member.updated", """{"member":{"id":"m1","deaf":true,"visible":false,"updated":["deaf","visible"]}}""", ["deaf True", "visible False"]),
            ("video.member.updated", """{"member":{"id":"m1","output_volume":3,"input_sensitivity":7,"updated":["output_volume","input_sensitivity"]}}""", ["output 3", "sensitivity 7"]),
            ("video.member.talking", """{"member":{"id":"m1","talking":true}}""", ["talking True", "began to talk m1"]),
            ("video.member.talking", """{"member":{"id":"m1","talking":false}}""", ["talking False", "fell silent m1"]),
            ("video.member.promoted", """{"member_id":"m1","authorization":{}}""", ["promoted m1"]),
            ("video.member.demoted", """{"member_id":"m1","authorization":{}}""", ["demoted m1"]),
            ("video.room.audience_count", """{"total":4}""", ["audience 4 4"]),
            ("video.recording.started", """{"recording":{"id":"rec2","state":"recording"}}""", ["recording rec2 2"]),
            ("video.recording.ended", """{"recording":{"id":"rec2","state":"completed","duration":1}}""", ["recorded rec2 True 1"]),
            ("video.playback.started", """{"playback":{"id":"pb2","state":"playing","url":"https://h/x.mp4"}}""", ["playing pb2 2"]),
            ("video.playback.updated", """{"playback":{"id":"pb2","state":"playing","volume":-3,"position":2000}}""", ["played pb2 -3 2"]),
            ("video.playback.ended", """{"playback":{"id":"pb2","state":"completed"}}""", ["over pb2 True 1"]),
        ];
        var expected = new List<string>();
        for (var i = 0; i < events.Length; i++)
        {
            var said = JsonNode.Parse(events[i].Parameters)!.AsObject();
            (said["room_id"], said["room_session_id"]) = ("r1", "s1");
            await server.TellAsync($"e{i}", events[i].Type, said);
            expected.AddRange(events[i].Told);
            await heard.UntilAsync(events[i].Told[^1]);
        }

        await client.DrainEventsAsync();
        Assert.Equal(expected, heard.All);
    }

    private static async ValueTask AnswerAsync(PretendServer server, JsonNode request)
    {
        switch ((string?)request["method"])
        {
            case "signalwire.connect":
                await server.WelcomeAsync(request, "signalwire_s_1");
                break;
            case "video.room.get":
                await server.AnswerAsync(request, new JsonObject
                {
                    ["code"] = "200",
                    ["room"] = JsonNode.Parse("""
                        {
                          "id": "s1", "room_id": "r1", "name": "lobby", "display_name": "Lobby", "event_channel": "room.x",
                          "members": [{ "id": "m1", "room_id": "r1", "room_session_id": "s1", "type": "member", "name": "Ada", "visible": true }],
                          "streams": [{ "id": "str1", "url": "rtmp://h/a/b", "state": "streaming" }],
                          "recordings": [{ "id": "rec1", "state": "recording" }],
                          "playbacks": [{ "id": "pb1", "url": "https://h/x.mp4", "state": "playing" }]
                        }
                        """),
                });
                break;
            default:
                await server.AnswerAsync(request, new JsonObject { ["code"] = "200", ["message"] = "OK" });
                break;
        }
    }

    private static Task<RealtimeClient> ConnectAsync(PretendServer server) => RealtimeClient.ConnectAsync(new()
    {
        Project = "p", Token = "t", Host = server.Host, RequestTimeout = MeetingServer.Patience,
    });
}
