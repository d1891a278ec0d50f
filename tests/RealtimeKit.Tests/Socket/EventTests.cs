using System.Text.Json;
using Google.Protobuf;
using Roomcast.RealtimeKit.Socket.Messages;
using Roomcast.RealtimeKit.Socket.Wire;

namespace Roomcast.RealtimeKit.Tests.Socket;

/// <summary>Each event as the client sends it, what it is answered, and what the others are told.</summary>
[Collection(SharedMeetingHostTests.Name)]
public sealed class EventTests(SharedMeetingHost shared) : IAsyncLifetime
{
    private SocketClient _alice = null!;
    private SocketClient _bob = null!;

    private MeetingHost Host => shared.Host;

    public async Task InitializeAsync()
    {
        var meeting = await Host.NewMeetingAsync();
        const string All = """{"permissions":{"connected_meetings":{"can_alter_connected_meetings":true}}}""";
        _alice = await Host.JoinAsync(await Host.NewGuestAsync(meeting, "Alice", patch: All));
        _bob = await Host.JoinAsync(await Host.NewGuestAsync(meeting, "Bob"));
    }

    public async Task DisposeAsync()
    {
        await _alice.DisposeAsync();
        await _bob.DisposeAsync();
    }

    [Fact]
    public async Task Chat()
    {
        await _alice.SendAsync(SocketEvent.SendMessage, new SendChatMessageToRoomRequest { Payload = "hello" });
        var sent = (await _alice.HearAsync(SocketEvent.SendMessage, SendChatMessageToRoomResponse.Parser)).Message;
        Assert.Equal(sent, (await _bob.HearAsync(SocketEvent.SendMessage, SendChatMessageToRoomResponse.Parser)).Message);
        Assert.Equal((_alice.PeerId, _alice.UserId, "Alice", 0, "hello"), (sent.PeerId, sent.UserId, sent.DisplayName, sent.PayloadType, sent.Payload));
        Assert.Equal(sent.CreatedAt, sent.CreatedAtMs / 1_000);

        await _alice.SendAsync(SocketEvent.SendMessage, new SendChatMessageToRoomRequest { PayloadType = 2, Payload = """{"link":"x","name":"y","size":1}""" });
        await _bob.HearAsync(SocketEvent.SendMessage, SendChatMessageToRoomResponse.Parser, message => message.Message.PayloadType == 2);
        await _alice.SendAsync(SocketEvent.SendMessage, new SendChatMessageToRoomRequest { PayloadType = 3, Payload = """{"message":"m"}""" });
        await _alice.SendAsync(SocketEvent.SendMessageToPeers, new SendChatMessageToPeersRequest { PeerIds = { _bob.PeerId, _alice.PeerId }, Payload = "psst" });
        var secret = (await _bob.HearAsync(SocketEvent.SendMessageToPeers, SendChatMessageToPeersResponse.Parser)).Message;
        Assert.Equal(new[] { _alice.UserId, _bob.UserId }.Order(), secret.TargetUserIds.Order());
        await _alice.HearAsync(SocketEvent.SendMessageToPeers);

        var edited = await _alice.AskAsync(
            SocketEvent.EditMessage, new EditChatMessageRequest { ChatId = sent.ChatId, PayloadType = 0, Payload = "hello!" }, EditChatMessageResponse.Parser);
        Assert.True(edited.Message is { IsEdited: true, Payload: "hello!" });
        Assert.Equal(edited, await _bob.HearAsync(SocketEvent.EditMessage, EditChatMessageResponse.Parser));
        var pinned = await _bob.AskAsync(
            SocketEvent.PinMessage, new PinChatMessageRequest { ChatId = sent.ChatId, Pinned = true }, PinChatMessageResponse.Parser);
        Assert.True(pinned is { Pinned: true, Message: { Pinned: true, Payload: "hello!" } });
        Assert.Equal(pinned, await _alice.HearAsync(SocketEvent.PinMessage, PinChatMessageResponse.Parser));
        await _bob.RefusedAsync(SocketEvent.PinMessage, new PinChatMessageRequest { ChatId = "no id", Pinned = true });

        var history = await _bob.AskAsync(SocketEvent.GetMessages, null, GetChatMessagesResponse.Parser);
        Assert.Equal(4, history.Messages.Count);
        var page = await _bob.AskAsync(
            SocketEvent.GetMessagePage,
            new GetPaginatedChatMessageRoomRequest { TimeStamp = sent.CreatedAtMs + 1, Size = 10, Reversed = true },
            GetPaginatedChatMessageRoomResponse.Parser);
        Assert.Equal(sent.ChatId, Assert.Single(page.Messages).ChatId);
        page = await _bob.AskAsync(
            SocketEvent.GetMessagePage,
            new GetPaginatedChatMessageRoomRequest { TimeStamp = 1, Size = 10, Filters = new GetPaginatedChatMessageFilters { Pinned = true } },
            GetPaginatedChatMessageRoomResponse.Parser);
        Assert.Equal(sent.ChatId, Assert.Single(page.Messages).ChatId);
        page = await _bob.AskAsync(
            SocketEvent.GetMessagePage,
            new GetPaginatedChatMessageRoomRequest { TimeStamp = 1, Size = 10, Filters = new GetPaginatedChatMessageFilters { UserId = _alice.UserId } },
            GetPaginatedChatMessageRoomResponse.Parser);
        Assert.Equal(secret.ChatId, Assert.Single(page.Messages).ChatId);
        var found = await _bob.AskAsync(
            SocketEvent.SearchMessages, new SearchChatMessagesRequest { Size = 10, SearchTerm = "HELLO" }, GetChatMessagesResponse.Parser);
        Assert.Equal(sent.ChatId, Assert.Single(found.Messages).ChatId);

        var deleted = await _alice.AskAsync(
            SocketEvent.DeleteMessage, new DeleteChatMessageRequest { ChatId = sent.ChatId }, DeleteChatMessageResponse.Parser);
        Assert.Equal(deleted, await _bob.HearAsync(SocketEvent.DeleteMessage, DeleteChatMessageResponse.Parser));
        await _alice.SettleAsync();
        Assert.Equal(0, _alice.CountOf(SocketEvent.EditMessage) + _alice.CountOf(SocketEvent.DeleteMessage));
    }

    [Fact]
    public async Task Polls()
    {
        await _alice.SendAsync(SocketEvent.CreatePoll, new NewPollRequest { Question = "Lunch?", Options = { "Yes", "No" } });
        var poll = (await _bob.HearAsync(SocketEvent.CreatePoll, UpdatePollResponse.Parser)).Poll;
        await _alice.HearAsync(SocketEvent.CreatePoll);
        Assert.All(poll.Options, option => Assert.True(option is { HasCount: true, Count: 0 }));
        await _bob.SendAsync(SocketEvent.VotePoll, new VotePollRequest { PollId = poll.PollId, Index = 1 });
        var voted = (await _alice.HearAsync(SocketEvent.VotePoll, UpdatePollResponse.Parser)).Poll;
        Assert.Equal((1ul, "Bob"), (voted.Options[1].Count, voted.Options[1].Votes[0].Name));
        Assert.Equal([_bob.UserId], voted.Votes);
        Assert.Equal(voted, Assert.Single((await _bob.AskAsync(SocketEvent.GetPolls, null, GetPollsResponse.Parser)).Polls));
    }

    [Fact]
    public async Task Stores_and_plugins()
    {
        var meetingId = _alice.Guest.Meeting.Id.ToString();
        foreach (var store in (string[])["counter", "__rtk_plugins__"])
        {
            await _alice.SendAsync(SocketEvent.StoreInsert, new PluginStoreInsertKeysRequest
            {
                PluginId = meetingId, StoreName = store, InsertKeys = { new StoreKeys { StoreKey = "k", Payload = ByteString.CopyFromUtf8("1") } },
            });
            var changed = await _bob.HearAsync(SocketEvent.StoreInsert, PluginStoreResponse.Parser, change => change.StoreName == store);
            var item = Assert.Single(changed.StoreItems);
            Assert.Equal((_alice.PeerId, "k", "1"), (item.PeerId, item.StoreKey, item.Payload.ToStringUtf8()));
            var read = await _bob.AskAsync(
                SocketEvent.StoreGet, new PluginStoreGetKeysRequest { PluginId = meetingId, StoreName = store }, PluginStoreResponse.Parser);
            Assert.Equal(item, Assert.Single(read.StoreItems));
        }

        await _bob.SendAsync(SocketEvent.StoreDelete, new PluginStoreDeleteKeysRequest
        {
            PluginId = meetingId, StoreName = "counter", DeleteKeys = { new StoreKeys { StoreKey = "k" } },
        });
        await _alice.HearAsync(SocketEvent.StoreDelete, PluginStoreResponse.Parser, change => change.StoreItems[0].StoreKey == "k");
    }

    [Fact]
    public async Task Broadcasts_and_spotlight()
    {
        var message = new BroadcastMessage { Type = "wave", Payload = ByteString.CopyFromUtf8("""{"a":1}"""), Timestamp = 5 };
        Assert.Equal(message, await _alice.AskAsync(SocketEvent.Broadcast, message, BroadcastMessage.Parser));
        Assert.Equal(message, await _bob.HearAsync(SocketEvent.Broadcast, BroadcastMessage.Parser));
        var targeted = new BroadcastMessage { Type = "poke", Ids = { _bob.PeerId }, BroadcastType = BroadcastType.Peers };
        await _alice.SendAsync(SocketEvent.BroadcastToEntity, targeted);
        Assert.Equal("poke", (await _bob.HearAsync(SocketEvent.BroadcastToEntity, BroadcastMessage.Parser)).Type);

        await _alice.AskAsync(SocketEvent.Broadcast, new BroadcastMessage { Type = "spotlight", Payload = ByteString.CopyFromUtf8("{}") }, BroadcastMessage.Parser);
        await using var late = await Host.JoinAsync(await Host.NewGuestAsync(_alice.Guest.Meeting, "Late"));
        Assert.Equal("spotlight", (await late.HearAsync(SocketEvent.BroadcastToEntity, BroadcastMessage.Parser)).Type);
        Assert.Equal(0, _alice.CountOf(SocketEvent.Broadcast));
    }

    [Fact]
    public async Task Permissions()
    {
        var read = await _alice.AskAsync(
            SocketEvent.GetPresets, new ReadPeersPresetRequest { UserIds = { _bob.UserId } }, ReadPeersPresetResponse.Parser);
        var preset = Assert.Single(read.PeerPresets);
        using var json = JsonDocument.Parse(preset.Preset.ToStringUtf8());
        Assert.True(json.RootElement.GetProperty("permissions").GetProperty("chat").GetProperty("public").GetProperty("can_send").GetBoolean());

        var update = new UpdatePeersPresetRequest
        {
            UpdatePeersPresets =
            {
                new UpdatePeerPreset
                {
                    UserIds = _bob.UserId,
                    Patch = new PresetUpdates { Chat = new ChatPermissionUpdate { Public = new PublicChatPermission { CanSend = false } } },
                },
            },
        };
        var reply = await _alice.AskAsync(SocketEvent.UpdatePresets, update, UpdatePeersPresetResponse.Parser);
        Assert.Equal(update.UpdatePeersPresets, reply.UpdatePeersPresets);
        Assert.Equal(reply, await _bob.HearAsync(SocketEvent.UpdatePresets, UpdatePeersPresetResponse.Parser));
        await _bob.RefusedAsync(SocketEvent.SendMessage, new SendChatMessageToRoomRequest { Payload = "x" });
    }

    [Fact]
    public async Task Muting_pinning_and_names()
    {
        var ofBob = await _bob.EnterMediaAsync();
        await _bob.CompleteMediaAsync();
        await _alice.EnterMediaAsync();
        await _alice.CompleteMediaAsync();
        var microphone = await _bob.ProduceAsync("audio", ofBob.Sending);
        var created = await _alice.HearAsync(SocketEvent.ProducerCreated, PeerProducerCreateBroadcastResponse.Parser);
        Assert.Equal((_bob.PeerId, microphone.ProducerId), (created.ParticipantId, created.ProducerState.ProducerId));
        Assert.Equal(ofBob.Sending, created.ProducerState.ProducingTransportId);

        var muted = await _alice.AskAsync(
            SocketEvent.MutePeer, new HostMediaControlForPeerRequest { ParticipantId = _bob.PeerId, Audio = true }, HostMediaControlForPeerResponse.Parser);
        Assert.Equal("success", muted.Status);
        var toggled = await _bob.HearAsync(SocketEvent.ProducerToggled, PeerProducerToggleBroadcastResponse.Parser);
        Assert.Equal((_bob.PeerId, _alice.PeerId, true), (toggled.ParticipantId, toggled.InitiatorParticipantId, toggled.ProducerState.Pause));
        await _alice.HearAsync(SocketEvent.ProducerToggled);
        Assert.Equal("success", (await _alice.AskAsync(
            SocketEvent.MuteAll, new HostMediaControlForAllPeerRequest { Audio = true, Video = true }, HostMediaControlForAllPeerResponse.Parser)).Status);

        await _alice.AskAsync(SocketEvent.PinPeer, new GlobalPeerPinningRequest { ParticipantId = _bob.PeerId }, GlobalPeerPinningResponse.Parser);
        Assert.Equal(_bob.PeerId, (await _alice.HearAsync(SocketEvent.PeerPinned, GlobalPeerPinningBroadcastResponse.Parser)).ParticipantId);
        await _bob.HearAsync(SocketEvent.PeerPinned);
        Assert.Equal([_bob.PeerId], (await _alice.CompleteMediaAsync()).RoomState.PinnedPeerIds);

        await _alice.AskAsync(
            SocketEvent.ChangeName, new PeerDisplayNameEditRequest { ParticipantId = _alice.PeerId, DisplayName = "Alicia" }, PeerDisplayNameEditResponse.Parser);
        Assert.Equal("Alicia", (await _bob.HearAsync(SocketEvent.NameChanged, PeerDisplayNameEditBroadcastResponse.Parser)).DisplayName);
        Assert.Equal("Alicia", (await _bob.AskAsync(SocketEvent.GetPeer, new GetPeerInfoRequest { PeerId = _alice.PeerId }, PeerInfoResponse.Parser)).Peer.DisplayName);

        await _bob.AskAsync(SocketEvent.CloseProducer, new ProducerCloseRequest { ProducerId = microphone.ProducerId }, ProducerClosingResponse.Parser);
        Assert.Equal(microphone.ProducerId, (await _alice.HearAsync(SocketEvent.ProducerClosed, PeerProducerCloseBroadcastResponse.Parser)).ProducerState.ProducerId);
        Assert.False((await _bob.AskAsync(SocketEvent.LeaveMedia, new PeerLeaveRequest(), PeerLeaveResponse.Parser)).Closed);
        Host.Clock.Advance(TimeSpan.FromSeconds(2));
        await _alice.HearAsync(SocketEvent.MediaPeerLeft);
    }

    [Fact]
    public async Task Kicking()
    {
        var kick = new RemoveParticipantsRequest { PeerIds = { _bob.PeerId } };
        var first = await _alice.SendAsync(SocketEvent.Kick, kick);
        var second = await _alice.SendAsync(SocketEvent.Kick, kick);
        await _bob.HearAsync(SocketEvent.Kick);
        await _alice.HearAsync(SocketEvent.LeaveRoom);
        await _alice.SettleAsync();
        Assert.DoesNotContain(_alice.History(), heard => heard.Message is { } message && (message.Id == first || message.Id == second));
        Assert.Equal(0, _alice.CountOf(SocketEvent.Kick));

        await _alice.SendAsync(SocketEvent.KickAll, new KickAllPeersRequest { PropagateKickAcrossRooms = true });
        await _alice.HearAsync(SocketEvent.KickAll);
    }

    [Fact]
    public async Task Peers_are_searched_and_left_behind()
    {
        var found = await _alice.AskAsync(
            SocketEvent.GetPeers, new RoomPeersInfoRequest { SeachQuery = "bo", Limit = 5 }, RoomPeersInfoResponse.Parser);
        Assert.Equal(_bob.PeerId, Assert.Single(found.Peers).PeerId);
        await _bob.SendAsync(SocketEvent.LeaveRoom, new LeaveRoomRequest());
        await _alice.HearAsync(SocketEvent.LeaveRoom);
        Assert.Equal(1ul, (await _alice.HearAsync(SocketEvent.PeerCount, RoomPeerCountResponse.Parser, count => count.Count == 1)).Count);
    }

    [Fact]
    public async Task Stage()
    {
        var meeting = await Host.NewMeetingAsync();
        await using var host = await Host.JoinAsync(await Host.NewGuestAsync(meeting, "Host", "webinar_presenter"));
        await using var viewer = await Host.ConnectAsync(
            await Host.NewGuestAsync(meeting, "Viewer", "webinar_viewer", """{"permissions":{"stage_access":"CAN_REQUEST"}}"""));
        Assert.Equal(StageType.OffStage, (await viewer.JoinAsync()).StageType);
        await viewer.SendAsync(SocketEvent.RequestStage, null);
        var request = Assert.Single((await host.HearAsync(SocketEvent.GetStageRequests, GetStageRequestsResponse.Parser)).StageRequests);
        Assert.Equal((viewer.PeerId, viewer.UserId, "Viewer"), (request.PeerId, request.UserId, request.DisplayName));
        Assert.Single((await host.AskAsync(SocketEvent.GetStageRequests, null, GetStageRequestsResponse.Parser)).StageRequests);
        await host.HearAsync(SocketEvent.StageChanged, PeerStatusUpdate.Parser, update => update.StageType == StageType.RequestedStage);

        await host.SendAsync(SocketEvent.GrantStage, new GrantStageAccessRequest { UserIds = { viewer.UserId } });
        await viewer.HearAsync(SocketEvent.GrantStage);
        var joined = await viewer.AskAsync(SocketEvent.JoinStage, null, PeerStatusUpdate.Parser, on: SocketEvent.StageChanged);
        Assert.Equal((viewer.PeerId, StageType.OnStage), (joined.PeerId, joined.StageType));
        await host.HearAsync(SocketEvent.StageChanged, PeerStatusUpdate.Parser, update => update.StageType == StageType.OnStage);
        Assert.Contains(viewer.PeerId, (await host.AskAsync(SocketEvent.GetStage, null, GetRoomStageStateResponse.Parser)).OnStagePeers);

        await host.AskAsync(SocketEvent.LeaveStage, new LeaveStageRequest { UserIds = { viewer.UserId } }, LeaveStageRequest.Parser);
        await viewer.HearAsync(SocketEvent.StageChanged, PeerStatusUpdate.Parser, update => update is { StageType: StageType.OffStage } && update.PeerId == viewer.PeerId);
        var left = await viewer.AskAsync(
            SocketEvent.LeaveStage, new LeaveStageRequest { UserIds = { viewer.UserId } }, PeerStatusUpdate.Parser, on: SocketEvent.StageChanged);
        Assert.Equal(StageType.OffStage, left.StageType);
        await viewer.SendAsync(SocketEvent.RequestStage, null);
        await viewer.SettleAsync(); // The two come by sockets of their own.
        await host.SendAsync(SocketEvent.DenyStage, new DenyStageAccessRequest { UserIds = { viewer.UserId } });
        await viewer.HearAsync(SocketEvent.DenyStage);
    }

    [Fact]
    public async Task Rejecting_one_that_waits()
    {
        await using var waiting = await Host.ConnectAsync(await Host.NewGuestAsync(
            _alice.Guest.Meeting, "Waiting", patch: """{"permissions":{"waiting_room_type":"SKIP_ON_ACCEPT"}}"""));
        await waiting.AskAsync(SocketEvent.JoinRoom, waiting.JoinOf(), PeerInfoResponse.Parser);
        Assert.Single((await _alice.AskAsync(SocketEvent.GetWaiting, null, GetWaitingRoomRequests.Parser)).Requests);
        await _alice.SendAsync(SocketEvent.DenyWaiting, new DenyWaitingRoomRequests { UserIds = { waiting.UserId } });
        await waiting.HearAsync(SocketEvent.WaitingDenied);
        await _alice.HearAsync(SocketEvent.GetWaiting, GetWaitingRoomRequests.Parser, list => list.Requests.Count == 0);
    }

    [Fact]
    public async Task Connected_meetings()
    {
        var made = await _alice.AskAsync(
            SocketEvent.CreateConnectedRooms,
            new CreateConnectedRoomsRequest { Payloads = { new CreateRoomRequestPayload { Title = "Breakout" } } },
            CreateConnectedRoomsResponse.Parser);
        var child = Assert.Single(made.Payloads);
        foreach (var each in new[] { _alice, _bob })
        {
            Assert.Equal(made, await each.HearAsync(SocketEvent.ConnectedRoomsCreated, CreateConnectedRoomsResponse.Parser));
        }

        var moved = await _alice.SendAsync(SocketEvent.MovePeers, new MovePeersBetweenRoomsRequest
        {
            SourceMeetingId = _alice.Guest.Meeting.Id.ToString(),
            DestinationMeetingId = child.Id,
            Participants = { new MovePeerPayload { Id = _bob.UserId } },
        });
        var reply = await _alice.WaitAsync(heard => heard.Message?.Id == moved);
        Assert.DoesNotContain("error", reply.Message!.Payload.ToStringUtf8(), StringComparison.Ordinal);
        var transfer = await _bob.HearAsync(SocketEvent.TransferPeer, TransferPeer.Parser);
        Assert.Equal(child.Id, transfer.MeetingId);

        // From here, and from a meeting that nobody is in.
        foreach (var (source, destination) in new[] { (_alice.Guest.Meeting.Id.ToString(), child.Id), (child.Id, _alice.Guest.Meeting.Id.ToString()) })
        {
            var nobody = await _alice.AskAsync(
                SocketEvent.MovePeers,
                new MovePeersBetweenRoomsRequest
                {
                    SourceMeetingId = source,
                    DestinationMeetingId = destination,
                    Participants = { new MovePeerPayload { Id = "nobody" } },
                },
                MovePeersBetweenRoomsResponse.Parser);
            var failed = Assert.Single(nobody.Payloads);
            Assert.Equal((destination, "nobody", "error"), (failed.MeetingId, failed.CustomParticipantId, failed.Error.Code));
        }

        await using var there = await SocketClient.ConnectAsync(Host.Address, _bob.Guest with { Token = transfer.AuthToken }, meetingId: child.Id);
        await there.JoinAsync();
        var dump = await _alice.AskAsync(SocketEvent.GetConnectedRooms, null, GetConnectedRoomsDumpResponse.Parser);
        Assert.Equal("Bob", Assert.Single(Assert.Single(dump.Meetings).Participants).CustomParticipantId);
        await _alice.HearAsync(SocketEvent.GetConnectedRooms);

        var deleted = await _alice.AskAsync(
            SocketEvent.DeleteConnectedRooms, new DisableConnectedRoomsRequest { Payloads = { new DisableRoomPayload { Id = child.Id } } }, DisableConnectedRoomsResponse.Parser);
        Assert.Equal(child.Id, Assert.Single(deleted.Payloads).Id);
        await _alice.HearAsync(SocketEvent.ConnectedRoomsDeleted);
        await _bob.HearAsync(SocketEvent.ConnectedRoomsDeleted);
        await there.HearAsync(SocketEvent.TransferPeer);
        Assert.Equal(2, (await _alice.AskAsync(SocketEvent.GetAddedParticipants, null, GetAllAddedParticipantsResponse.Parser)).Participants.Count);
    }

    [Fact]
    public async Task Consuming()
    {
        var ofAlice = await _alice.EnterMediaAsync();
        var ofBob = await _bob.EnterMediaAsync();
        await _alice.CompleteMediaAsync();
        await _bob.CompleteMediaAsync();
        var camera = await _alice.ProduceAsync("video", ofAlice.Sending);
        var consumed = await _bob.AskAsync(
            SocketEvent.Consume,
            new ConsumePeersRequest
            {
                ConsumingTransportId = ofBob.Receiving,
                Requests = { new ConsumePeerRequest { ProducerId = camera.ProducerId }, new ConsumePeerRequest { ProducerId = "gone" } },
            },
            ConsumePeerResponse.Parser);
        Assert.Equal("not_found_track_error", consumed.ConsumerIdsMap.Map["gone"].ErrorCode);
        Assert.False(consumed.ConsumerIdsMap.Map[camera.ProducerId].HasErrorCode);

        await _bob.AskAsync(
            SocketEvent.UpdateSimulcast,
            new UpdateConsumersSimulcastConfigRequest
            {
                ConsumingTransportId = ofBob.Receiving,
                Requests = { new UpdateConsumerSimulcastConfigRequest { ProducerId = camera.ProducerId, Simulcast = new Simulcast { PreferredRid = "q" } } },
            },
            PeerJoinResponse.Parser);

        // A transport that is not known, or not yet: the client is to ask again.
        var later = await _bob.AskAsync(
            SocketEvent.Consume,
            new ConsumePeersRequest
            {
                ConsumingTransportId = "gone",
                Requests = { new ConsumePeerRequest { ProducerId = camera.ProducerId } },
            },
            ConsumePeerResponse.Parser);
        Assert.Equal("busy", Assert.Single(later.ConsumerIdsMap.Map).Value.ErrorCode);
        Assert.Null(later.Description);
        await _bob.RefusedAsync(SocketEvent.Renegotiate, new RenegotiateRequest { TransportId = ofBob.Receiving });
        await _bob.RefusedAsync(SocketEvent.CreateTransport, new CreateTransportRequest
        {
            Description = new SessionDescription { Type = "offer", Sdp = "nonsense" },
        });

        // A second transport of one direction takes the place of the first, and its tracks are gone.
        await _alice.OpenTransportAsync(isConsuming: false);
        Assert.Equal(camera.ProducerId, (await _bob.HearAsync(SocketEvent.ProducerClosed, PeerProducerCloseBroadcastResponse.Parser)).ProducerState.ProducerId);
    }
}
