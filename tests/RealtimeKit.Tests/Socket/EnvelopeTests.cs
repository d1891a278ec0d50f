using FsCheck;
using FsCheck.Fluent;
using Google.Protobuf;
using Roomcast.RealtimeKit.Socket.Messages;
using Roomcast.RealtimeKit.Socket.Routes;
using Roomcast.RealtimeKit.Socket.Wire;

namespace Roomcast.RealtimeKit.Tests.Socket;

public sealed class EnvelopeTests
{
    [Fact]
    public void What_is_written_is_read_again()
    {
        var messages =
            from number in ArbMap.Default.GeneratorFor<uint>()
            from id in Gen.Elements(null, "", "a", "50f44fcc-8a47-4713-926e-10b9cf49526d-fich2k", new string('x', SocketEnvelope.MaxIdLength))
            from payload in ArbMap.Default.GeneratorFor<byte[]>()
            select (number, id, payload);
        Prop.ForAll(messages.ToArbitrary(), sent =>
        {
            var message = new SocketMessage { Event = sent.number, Payload = ByteString.CopyFrom(sent.payload) };
            if (sent.id is not null)
            {
                message.Id = sent.id;
            }

            Assert.True(SocketEnvelope.TryRead(message.ToByteArray(), out var read));
            Assert.Equal(message, read);
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void A_frame_cut_anywhere_is_read_as_something_smaller_or_refused()
    {
        var frame = SocketEnvelope.Write(SocketEvent.JoinRoom, "an-id", new JoinRoomRequest { Peer = new Peer { DisplayName = "Bob" } });
        for (var length = 0; length <= frame.Length; length++)
        {
            if (SocketEnvelope.TryRead(frame.AsSpan(0, length), out var message))
            {
                Assert.InRange(message.CalculateSize(), 0, length);
            }
        }
    }

    [Fact]
    public void A_payload_is_written_even_when_it_is_empty()
    {
        Assert.True(SocketEnvelope.TryRead(SocketEnvelope.Write(SocketEvent.KickAll, null, null), out var message));
        Assert.True(message.HasPayload);
        Assert.False(message.HasId);
    }

    [Fact]
    public void A_long_id_and_a_large_frame_are_refused()
    {
        Assert.False(SocketEnvelope.TryRead(new SocketMessage { Id = new string('x', SocketEnvelope.MaxIdLength + 1) }.ToByteArray(), out _));
        Assert.False(SocketEnvelope.TryRead(new byte[SocketEnvelope.MaxFrameBytes + 1], out _));
    }

    [Fact]
    public void A_payload_above_its_bound_is_refused()
    {
        var large = new BroadcastMessage { Payload = ByteString.CopyFrom(new byte[SocketRoutes.MaxPayloadBytes + 1]) };
        Assert.Null(SocketRoutes.Table[SocketEvent.Broadcast](large.ToByteString()));
    }

    [Fact]
    public void A_change_of_permissions_goes_to_json_and_back()
    {
        var patch = new PresetUpdates
        {
            KickParticipant = false,
            WaitingRoomType = WaitingRoomType.OnPrivilegedUserEntry,
            RecorderType = RecorderType.None,
            Media = new MediaPermissionUpdate
            {
                Audio = new StreamPermission { CanProduce = StreamPermissionType.CanRequest },
                Video = new StreamPermission { CanProduce = StreamPermissionType.None },
            },
        };
        var json = PresetPatches.ToJson(patch);
        Assert.Equal(
            """{"kick_participant":false,"waiting_room_type":"ON_PRIVILEGED_USER_ENTRY","recorder_type":"NONE","media":{"video":{},"audio":{"can_produce":"CAN_REQUEST"}}}""",
            json.ToJsonString());
        Assert.Equal(StreamPermissionType.CanRequest, PresetPatches.ToMessage(json).Media.Audio.CanProduce);
        Assert.True(PresetPatches.ToMessage(json).HasKickParticipant);
        Assert.False(PresetPatches.ToMessage(json).HasCanRecord);
    }
}
