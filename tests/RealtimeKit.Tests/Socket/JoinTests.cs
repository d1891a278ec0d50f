using Roomcast.RealtimeKit.Socket.Messages;
using Roomcast.RealtimeKit.Socket.Wire;

namespace Roomcast.RealtimeKit.Tests.Socket;

[Collection(SharedMeetingHostTests.Name)]
public sealed class JoinTests(SharedMeetingHost shared)
{
    private MeetingHost Host => shared.Host;

    [Fact]
    public async Task Two_clients_go_the_whole_way_from_init_to_each_others_media()
    {
        var meeting = await Host.NewMeetingAsync();
        await using var alice = await Host.ConnectAsync(await Host.NewGuestAsync(meeting, "Alice"));

        // What init does, before joining.
        var store = await alice.AskAsync(
            SocketEvent.StoreGet,
            new PluginStoreGetKeysRequest { PluginId = meeting.Id.ToString(), StoreName = "__rtk_plugins__" },
            PluginStoreResponse.Parser);
        Assert.Equal((meeting.Id.ToString(), "__rtk_plugins__"), (store.PluginId, store.StoreName));
        Assert.Empty(store.StoreItems);
        var ofAlice = await alice.EnterMediaAsync();

        // What join does.
        var self = await alice.JoinAsync();
        Assert.Equal(StageType.OnStage, self.StageType);
        Assert.Equal(alice.UserId, self.UserId);
        Assert.Equal("NONE", self.Flags.RecorderType);
        var room = await alice.AskAsync(SocketEvent.GetRoom, null, RoomInfoResponse.Parser);
        Assert.Equal("Weekly", room.Room.Title);
        Assert.NotEqual("", room.Room.RoomUuid);
        Assert.NotEqual(0ul, room.Room.CreatedAt);
        Assert.Empty((await alice.AskAsync(SocketEvent.GetMessages, null, GetChatMessagesResponse.Parser)).Messages);
        Assert.Empty((await alice.AskAsync(SocketEvent.GetPolls, null, GetPollsResponse.Parser)).Polls);
        Assert.Single((await alice.AskAsync(SocketEvent.GetPeers, null, RoomPeersInfoResponse.Parser)).Peers);
        var alone = await alice.CompleteMediaAsync();
        Assert.NotNull(alone.RoomState);
        Assert.Empty(alone.Participants);
        var dump = await alice.AskAsync(SocketEvent.GetConnectedRooms, null, GetConnectedRoomsDumpResponse.Parser);
        Assert.Equal(meeting.Id.ToString(), dump.ParentMeeting.Id);

        var camera = await alice.ProduceAsync("video", ofAlice.Sending);
        Assert.True(camera.Status);
        Assert.Equal("answer", camera.Description.Type);

        // The second one.
        await using var bob = await Host.ConnectAsync(await Host.NewGuestAsync(meeting, "Bob"));
        var ofBob = await bob.EnterMediaAsync();
        await bob.JoinAsync();
        Assert.Equal(bob.PeerId, (await alice.HearAsync(SocketEvent.JoinRoom, PeerInfoResponse.Parser)).Peer.PeerId);
        Assert.Equal(2ul, (await alice.HearAsync(SocketEvent.PeerCount, RoomPeerCountResponse.Parser, count => count.Count == 2)).Count);
        var seen = await bob.CompleteMediaAsync();
        var other = Assert.Single(seen.Participants);
        Assert.Equal((alice.PeerId, "Alice"), (other.PeerId, other.DisplayName));
        var state = Assert.Single(other.ProducerStates);
        Assert.Equal((camera.ProducerId, ProducerKind.Video, false), (state.ProducerId, state.Kind, state.Pause));
        Assert.Equal(bob.PeerId, (await alice.HearAsync(SocketEvent.MediaPeerJoined, PeerJoinBroadcastResponse.Parser)).Participant.PeerId);

        var consumed = await bob.AskAsync(
            SocketEvent.Consume,
            new ConsumePeersRequest
            {
                ConsumingTransportId = ofBob.Receiving,
                Requests = { new ConsumePeerRequest { ProducingPeerId = alice.PeerId, ProducerId = camera.ProducerId } },
            },
            ConsumePeerResponse.Parser);
        var consumer = consumed.ConsumerIdsMap.Map[camera.ProducerId];
        Assert.Equal(camera.ProducerId, consumer.ConsumerId);
        Assert.Equal("offer", consumed.Description.Type);
        Assert.Contains($"a=mid:{consumer.ProducerTrack.StreamId}", consumed.Description.Sdp, StringComparison.Ordinal);

        // Muting, and leaving: the room's event comes before the media's.
        await alice.SendAsync(SocketEvent.ToggleProducer, new ProducerToggleRequest { ProducerId = camera.ProducerId, Pause = true });
        var toggled = await bob.HearAsync(SocketEvent.ProducerToggled, PeerProducerToggleBroadcastResponse.Parser);
        Assert.True(toggled.ProducerState.Pause);
        Assert.Equal(alice.PeerId, toggled.InitiatorParticipantId);
        await alice.CloseAsync();
        await bob.HearAsync(SocketEvent.MediaPeerLeft);
        var order = bob.History().Select(heard => heard.Message is null ? default : heard.Event).ToList();
        Assert.InRange(order.IndexOf(SocketEvent.LeaveRoom), 0, order.IndexOf(SocketEvent.MediaPeerLeft));
    }
}
