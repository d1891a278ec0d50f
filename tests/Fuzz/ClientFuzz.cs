extern alias client;

using System.Text;
using client::Roomcast.Client.Media;
using client::Roomcast.Client.Meeting;
using client::Roomcast.Client.Relay;
using client::Roomcast.Client.Wire;
using client::Roomcast.RealtimeKit.Socket.Messages;

namespace Roomcast.Fuzz;

/// <summary>What the client for .NET reads of servers and files.</summary>
public sealed class ClientFuzz
{
    [Fact]
    public void A_frame_of_the_socket_is_read_or_refused() => FuzzRun.Of(
        "client-envelope",
        [Envelope.Write(SocketEvent.JoinRoom, "id", null), Envelope.Write(SocketEvent.Error, "id", null)],
        bytes =>
        {
            if (Envelope.TryRead(bytes, out var message))
            {
                Envelope.ErrorOf(message);
            }
        });

    [Fact]
    public void A_token_names_a_meeting_or_is_none() => FuzzRun.Of(
        "client-token",
        ["eyJ.eyJtZWV0aW5nSWQiOiJtIn0.c2ln"u8.ToArray()],
        bytes =>
        {
            if (TokenClaims.TryReadMeeting(Encoding.UTF8.GetString(bytes), out var meetingId))
            {
                Assert.InRange(meetingId.Length, 1, 128);
            }
        });

    [Fact]
    public void A_line_of_a_transcript_is_read_or_refused() => FuzzRun.Of(
        "client-transcript",
        ["1700000000,peer,user,custom,Ann,\"Hello, \"\"you\"\"!\""u8.ToArray()],
        bytes => TranscriptItem.Read(Encoding.UTF8.GetString(bytes), isPartial: false));

    [Fact]
    public void A_file_of_pictures_is_read_or_refused() => FuzzRun.Of(
        "client-ivf",
        [[.. "DKIF"u8, 0, 0, 32, 0, .. "VP80"u8, 64, 1, 180, 0, 15, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10, 0, 0, 0x9D, 1, 0x2A, 64, 1, 180, 0]],
        bytes =>
        {
            if (IvfReader.TryRead(bytes, out var frames, out _))
            {
                Assert.NotEmpty(frames);
                Assert.All(frames, frame => Assert.InRange(frame.Time, TimeSpan.Zero, TimeSpan.FromDays(7)));
            }
        });

    [Fact]
    public void A_file_of_sound_is_read_or_refused() => FuzzRun.Of(
        "client-ogg",
        [[
            .. "OggS"u8, .. new byte[22], 1, 19, .. "OpusHead"u8, 1, 2, 0, 0, 0x80, 0xBB, 0, 0, 0, 0, 0,
            .. "OggS"u8, .. new byte[22], 1, 12, .. "OpusTags"u8, 0, 0, 0, 0, .. "OggS"u8, .. new byte[22], 1, 3, 0x78, 1, 2,
        ]],
        bytes =>
        {
            if (OggOpusReader.TryRead(bytes, out var frames, out _))
            {
                Assert.All(frames, frame => Assert.InRange(frame.Duration, TimeSpan.FromMilliseconds(2.5), TimeSpan.FromMilliseconds(120)));
            }
        });

    [Fact]
    public void What_a_server_tells_a_controller_is_taken_or_passed_over() => FuzzRun.Of(
        "client-relay",
        [
            """
            {"method":"signalwire.event","params":{"event_type":"video.room.started","params":{"room_session":{"id":"s","room_id":"r","name":"n","event_channel":"c","meta":{}}}}}
            {"method":"signalwire.event","params":{"event_type":"video.member.joined","params":{"room_session_id":"s","member":{"id":"m","name":"Ada","audio_muted":false,"meta":{}}}}}
            {"method":"signalwire.event","params":{"event_type":"video.member.updated","params":{"room_session_id":"s","member":{"id":"m","audio_muted":true,"updated":["audio_muted"]}}}}
            {"method":"signalwire.event","params":{"event_type":"video.layout.changed","params":{"room_session_id":"s","layout":{"name":"2x2","layers":[{"member_id":"m","z_index":1,"x":0,"width":50}]}}}}
            {"method":"signalwire.event","params":{"event_type":"video.stream.started","params":{"room_session_id":"s","stream":{"id":"t","url":"rtmp://a/b/c","started_at":1795221698.887}}}}
            {"method":"signalwire.event","params":{"event_type":"video.stream.ended","params":{"room_session_id":"s","stream":{"id":"t","ended_at":1795221708.893,"duration":10.006}}}}
            {"method":"signalwire.event","params":{"event_type":"video.room.ended","params":{"room_session_id":"s"}}}
            """u8.ToArray(),
            """
            {"method":"signalwire.event","params":{"event_type":"video.room.started","params":{"room_session":{"id":"s"}}}}
            {"method":"signalwire.event","params":{"event_type":"video.room.subscribed","params":{"room_session":{"id":"s","members":[{"id":"m"}],"streams":[{"id":"t"}],"recordings":[{"id":"e","state":"paused"}],"playbacks":[{"id":"p","position":5}]}}}}
            {"method":"signalwire.event","params":{"event_type":"video.room.audience_count","params":{"room_session_id":"s","total":3}}}
            {"result":{"code":"404","message":"gone"}}
            {"error":{"code":-32002}}
            """u8.ToArray(),
        ],
        bytes =>
        {
            var client = new RealtimeClient(new RealtimeClientOptions { Project = "p", Token = "t", Host = "ws://h" }, new Uri("ws://h"));
            foreach (var line in Encoding.Latin1.GetString(bytes).Split('\n'))
            {
                using var frame = RelayFrame.Read(Encoding.Latin1.GetBytes(line));
                if (frame is null)
                {
                    continue;
                }

                RelayFrame.RefusalOf(frame.RootElement);
                RelayFrame.ResultOf(frame.RootElement);
                if (frame.RootElement.Has("params", out var parameters) && parameters.Text("event_type") is { } type && parameters.Has("params", out var said))
                {
                    client.Video.Handle(type, said);
                }
            }
        });
}
