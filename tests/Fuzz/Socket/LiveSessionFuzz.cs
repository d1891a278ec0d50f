using Google.Protobuf;
using Roomcast.RealtimeKit.Socket.Messages;
using Roomcast.RealtimeKit.Socket.Wire;
using Names = Roomcast.Fuzz.LiveSession.Names;

namespace Roomcast.Fuzz;

/// <summary>Every request of the socket, one after another, at a session that takes place: what is read is done as well.</summary>
public sealed class LiveSessionFuzz
{
    private const int Weight = 20;

    [Fact]
    public async Task Requests_are_done_or_refused_and_the_session_goes_on()
    {
        await using var live = await LiveSession.StartAsync();
        await FuzzRun.OfAsync("live-session", Seeds.Append(Life), live.TakeAsync, Weight);
    }

    [Fact]
    public void Every_event_has_its_request_among_the_seeds() =>
        Assert.Equal(LiveSession.Events, Seeds.Select(seed => LiveSession.Events[seed[0]]).Distinct().Order());

    private static SessionDescription Offer(string sdp) => new() { Type = "offer", Sdp = sdp };

    private static StoreKeys Key(string payload) => new() { StoreKey = "k", Payload = ByteString.CopyFromUtf8(payload) };

    // A whole stay, in the order of the official client.
    private static byte[] Life =>
    [
        .. LiveSession.Request(SocketEvent.Produce, LiveOffers.Produce(Names.Sending)),
        .. LiveSession.Request(SocketEvent.Consume, ConsumeOther),
        .. LiveSession.Request(SocketEvent.Renegotiate, Renegotiate),
        .. LiveSession.Request(SocketEvent.UpdateSimulcast, Simulcast),
        .. LiveSession.Request(SocketEvent.CloseConsumer, CloseConsumers),
        .. LiveSession.Request(SocketEvent.CloseProducer, new ProducerCloseRequest { ProducerId = Names.Producer, Description = Offer(LiveOffers.First) }),
        .. LiveSession.Request(SocketEvent.LeaveStage, new LeaveStageRequest { UserIds = { Names.Actor } }),
        .. LiveSession.Request(SocketEvent.JoinStage, null),
        .. LiveSession.Request(SocketEvent.LeaveMedia, new PeerLeaveRequest()),
        .. LiveSession.Request(SocketEvent.LeaveRoom, null),
    ];

    private static ConsumePeersRequest ConsumeOther => new()
    {
        ConsumingTransportId = Names.Receiving,
        Requests =
        {
            new ConsumePeerRequest { ProducerId = Names.Producer, Simulcast = new Simulcast { PreferredRid = "h" } },
        },
    };

    private static RenegotiateRequest Renegotiate => new()
    {
        TransportId = Names.Receiving,
        Description = new SessionDescription { Type = "answer", Sdp = LiveOffers.Of(("audio", "inactive"), ("video", "inactive"), ("video", "recvonly")) },
    };

    private static UpdateConsumersSimulcastConfigRequest Simulcast => new()
    {
        ConsumingTransportId = Names.Receiving,
        Requests =
        {
            new UpdateConsumerSimulcastConfigRequest { ProducerId = Names.Producer, Mid = "2", Simulcast = new Simulcast { PreferredRid = "q" } },
        },
    };

    private static ConsumerCloseRequest CloseConsumers => new()
    {
        ConsumerIds = { "2" },
        ConsumingTransportId = Names.Receiving,
        Description = Offer(LiveOffers.Of(("audio", "inactive"), ("video", "inactive"), ("video", "inactive"))),
    };

    private static IReadOnlyList<byte[]> Seeds =>
    [
        LiveSession.Request(SocketEvent.GetPeer, new GetPeerInfoRequest { PeerId = LiveSession.OtherPeer }),
        LiveSession.Request(SocketEvent.GetPeers, new RoomPeersInfoRequest { SeachQuery = "o", Limit = 1, Offset = 1 }),
        LiveSession.Request(SocketEvent.JoinRoom, new JoinRoomRequest { Peer = new Peer { PeerId = LiveSession.ActorPeer, DisplayName = "A", DisplayPictureUrl = "https://example.org/a.png" } }),
        LiveSession.Request(SocketEvent.LeaveRoom, null),
        LiveSession.Request(SocketEvent.GetRoom, null),
        LiveSession.Request(SocketEvent.GetStageRequests, null),
        LiveSession.Request(SocketEvent.RequestStage, null),
        LiveSession.Request(SocketEvent.CancelStageRequest, null),
        LiveSession.Request(SocketEvent.GrantStage, new GrantStageAccessRequest { UserIds = { Names.Other } }),
        LiveSession.Request(SocketEvent.DenyStage, new DenyStageAccessRequest { UserIds = { Names.Other } }),
        LiveSession.Request(SocketEvent.JoinStage, null),
        LiveSession.Request(SocketEvent.LeaveStage, new LeaveStageRequest { UserIds = { Names.Other, Names.Actor } }),
        LiveSession.Request(SocketEvent.GetConnectedRooms, null),
        LiveSession.Request(SocketEvent.CreateConnectedRooms, new CreateConnectedRoomsRequest { Payloads = { new CreateRoomRequestPayload { Title = "Left" } } }),
        LiveSession.Request(SocketEvent.DeleteConnectedRooms, new DisableConnectedRoomsRequest { Payloads = { new DisableRoomPayload { Id = Names.Meeting } } }),
        LiveSession.Request(SocketEvent.MovePeers, new MovePeersBetweenRoomsRequest
        {
            SourceMeetingId = Names.Meeting, DestinationMeetingId = Names.Meeting, Participants = { new MovePeerPayload { Id = Names.Other } },
        }),
        LiveSession.Request(SocketEvent.GetAddedParticipants, null),
        LiveSession.Request(SocketEvent.Broadcast, new BroadcastMessage { Type = "spotlight", Payload = ByteString.CopyFromUtf8("{}"), Timestamp = 1 }),
        LiveSession.Request(SocketEvent.BroadcastToEntity, new BroadcastMessage { Type = "t", BroadcastType = BroadcastType.Rooms, Ids = { Names.Meeting } }),
        LiveSession.Request(SocketEvent.Kick, new RemoveParticipantsRequest { PeerIds = { LiveSession.OtherPeer } }),
        LiveSession.Request(SocketEvent.KickAll, new KickAllPeersRequest { PropagateKickAcrossRooms = true }),
        LiveSession.Request(SocketEvent.GetWaiting, null),
        LiveSession.Request(SocketEvent.AcceptWaiting, new AcceptWaitingRoomRequests { UserIds = { Names.Other } }),
        LiveSession.Request(SocketEvent.DenyWaiting, new DenyWaitingRoomRequests { UserIds = { Names.Other } }),
        LiveSession.Request(SocketEvent.GetStage, null),
        LiveSession.Request(SocketEvent.GetMessages, null),
        LiveSession.Request(SocketEvent.SendMessage, new SendChatMessageToRoomRequest { Payload = "Hello" }),
        LiveSession.Request(SocketEvent.SendMessageToPeers, new SendChatMessageToPeersRequest { PeerIds = { LiveSession.OtherPeer }, Payload = "Hello" }),
        LiveSession.Request(SocketEvent.EditMessage, new EditChatMessageRequest { ChatId = Names.Message, Payload = "Changed" }),
        LiveSession.Request(SocketEvent.DeleteMessage, new DeleteChatMessageRequest { ChatId = Names.Message }),
        LiveSession.Request(SocketEvent.GetMessagePage, new GetPaginatedChatMessageRoomRequest
        {
            TimeStamp = 1_700_000_000_000, Size = 10, Filters = new GetPaginatedChatMessageFilters { UserId = Names.Other },
        }),
        LiveSession.Request(SocketEvent.SearchMessages, new SearchChatMessagesRequest { SearchTerm = "ell", Size = 10 }),
        LiveSession.Request(SocketEvent.PinMessage, new PinChatMessageRequest { ChatId = Names.Message, Pinned = true }),
        LiveSession.Request(SocketEvent.StoreInsert, new PluginStoreInsertKeysRequest { PluginId = Names.Meeting, StoreName = "s", InsertKeys = { Key("null") } }),
        LiveSession.Request(SocketEvent.StoreGet, new PluginStoreGetKeysRequest { PluginId = Names.Meeting, StoreName = "s", GetKeys = { Key("") } }),
        LiveSession.Request(SocketEvent.StoreDelete, new PluginStoreDeleteKeysRequest { PluginId = Names.Meeting, StoreName = "__rtk_plugins__", DeleteKeys = { Key("") } }),
        LiveSession.Request(SocketEvent.CreatePoll, new NewPollRequest { Question = "?", Options = { "a", "b" }, Anonymous = true }),
        LiveSession.Request(SocketEvent.GetPolls, null),
        LiveSession.Request(SocketEvent.VotePoll, new VotePollRequest { PollId = Names.Poll, Index = 1 }),
        LiveSession.Request(SocketEvent.GetPresets, new ReadPeersPresetRequest { UserIds = { Names.Other } }),
        LiveSession.Request(SocketEvent.UpdatePresets, new UpdatePeersPresetRequest
        {
            UpdatePeersPresets =
            {
                new UpdatePeerPreset
                {
                    UserIds = Names.Other,
                    Patch = new PresetUpdates
                    {
                        Media = new MediaPermissionUpdate { Audio = new StreamPermission { CanProduce = StreamPermissionType.NotAllowed } },
                        WaitingRoomType = WaitingRoomType.SkipOnAccept,
                    },
                },
            },
        }),
        LiveSession.Request(SocketEvent.CreateTransport, new CreateTransportRequest { Consuming = true, Description = Offer(LiveOffers.First) }),
        LiveSession.Request(SocketEvent.Produce, LiveOffers.Produce(Names.Sending)),
        LiveSession.Request(SocketEvent.Consume, ConsumeOther),
        LiveSession.Request(SocketEvent.ToggleProducer, new ProducerToggleRequest { ProducerId = Names.Producer, Pause = true }),
        LiveSession.Request(SocketEvent.CloseProducer, new ProducerCloseRequest { ProducerId = Names.Producer, Description = Offer(LiveOffers.First) }),
        LiveSession.Request(SocketEvent.CloseConsumer, CloseConsumers),
        LiveSession.Request(SocketEvent.UpdateSimulcast, Simulcast),
        LiveSession.Request(SocketEvent.JoinMedia, new PeerJoinRequest { Prejoined = true }),
        LiveSession.Request(SocketEvent.LeaveMedia, new PeerLeaveRequest()),
        LiveSession.Request(SocketEvent.PinPeer, new GlobalPeerPinningRequest { ParticipantId = LiveSession.OtherPeer }),
        LiveSession.Request(SocketEvent.CompleteMedia, new PeerJoinCompleteRequest()),
        LiveSession.Request(SocketEvent.Renegotiate, Renegotiate),
        LiveSession.Request(SocketEvent.ChangeName, new PeerDisplayNameEditRequest { ParticipantId = LiveSession.ActorPeer, DisplayName = "B" }),
        LiveSession.Request(SocketEvent.MutePeer, new HostMediaControlForPeerRequest { ParticipantId = LiveSession.OtherPeer, Audio = true, Video = true }),
        LiveSession.Request(SocketEvent.MuteAll, new HostMediaControlForAllPeerRequest { Audio = true, ScreenShare = true }),
        LiveSession.Request(SocketEvent.AudioActivity, new AudioActivityRequest { ProducerId = Names.Producer, Energy = 7 }),
    ];
}
