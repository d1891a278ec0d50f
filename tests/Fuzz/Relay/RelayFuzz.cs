using System.Text;
using System.Text.Json;
using Roomcast.Relay.Framing;
using Roomcast.Relay.Rest;
using Roomcast.Relay.Rooms;

namespace Roomcast.Fuzz.Relay;

/// <summary>What controllers send.</summary>
public sealed class RelayFuzz
{
    [Fact]
    public void A_frame_is_read_or_refused_and_its_parameters_too() => FuzzRun.Of(
        "relay-frame",
        Seeds.Select(Encoding.UTF8.GetBytes),
        bytes =>
        {
            if (RelayFrame.Read(bytes, out var frame) is not FrameFault.None)
            {
                return;
            }

            Assert.InRange(frame.Method?.Length ?? 1, 1, RelayFrame.MaxMethodLength);
            Assert.Equal(JsonValueKind.Object, frame.Params.ValueKind);
            if (frame.Id is { } id)
            {
                // What an answer repeats is JSON again.
                Assert.Equal(FrameFault.None, RelayFrame.Read(RelayWriter.Result(id, []), out var answer));
                Assert.Equal(id, answer.Id);
            }

            frame.Params.TryText("url", 64, out _);
            frame.Params.TryId("room_session_id", out _);
            frame.Params.TryNumber("volume", -50, 50, out _);
            frame.Params.TryBoolean("enable", out _);
            frame.Params.TryTexts("events", 10, 64, out _);
            foreach (var each in frame.Params.EnumerateObject())
            {
                PositionNames.TryChoose(each.Name, out _);
            }
        });

    [Fact]
    public void The_body_of_a_new_stream_is_read_or_refused() => FuzzRun.Of(
        "relay-stream-body",
        [.. new[] { """{"url":"rtmp://h/a/b"}""", """{"url":"\ud800"}""", """{"\udc00url":1,"url":"\ud83d\ude00"}""" }.Select(Encoding.UTF8.GetBytes)],
        bytes => Assert.True(RestRoutes.TryReadUrl(bytes, out var url) || url is null));

    private static readonly string[] Seeds =
    [
        """{"jsonrpc":"2.0","id":"c1","method":"signalwire.connect","params":{"version":{"major":3,"minor":0,"revision":0},"event_acks":true,"agent":"a","authentication":{"project":"P","token":"T"},"protocol":"signalwire_a_b"}}""",
        """{"jsonrpc":"2.0","id":"c2","method":"signalwire.subscribe","params":{"get_initial_state":true,"event_channel":"video.rooms","events":["video.room.started","video.room.ended"]}}""",
        """{"jsonrpc":"2.0","id":3,"method":"video.stream.start","params":{"room_session_id":"4b1e3f60-3d5f-4b39-9a0b-0f3b7a5c2d11","url":"rtmp://h/a/\u00e4\ud83d\ude00"}}""",
        """{"jsonrpc":"2.0","id":"c4","method":"video.member.set_input_volume","params":{"volume":-1.5e1,"enable":false,"standard-3":1,"reserved-25":null}}""",
        """{"jsonrpc":"2.0","id":"e1","result":{}}""",
        """{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"x"}}""",
    ];
}
