using System.Net;
using System.Net.WebSockets;
using System.Text;
using Roomcast.Meetings.Records;
using Roomcast.Meetings.Tokens;
using Roomcast.RealtimeKit.Socket.Messages;
using Roomcast.RealtimeKit.Socket.Wire;
using ChatMessage = Roomcast.RealtimeKit.Socket.Wire.ChatMessage;

namespace Roomcast.RealtimeKit.Tests.Socket;

[Collection(SharedMeetingHostTests.Name)]
public sealed class IsolationTests(SharedMeetingHost shared)
{
    private MeetingHost Host => shared.Host;

    [Fact]
    public async Task A_token_opens_its_own_meeting_alone()
    {
        var guest = await Host.NewGuestAsync(await Host.NewMeetingAsync(), "Guest");
        var beside = await Host.NewMeetingAsync();
        var foreign = await Host.NewMeetingAsync(app: Host.Api.Other.First);
        Assert.Equal(HttpStatusCode.Unauthorized, await RefusedAsync(guest.Token, beside.Id.ToString()));
        Assert.Equal(HttpStatusCode.Unauthorized, await RefusedAsync(guest.Token, foreign.Id.ToString()));
        Assert.Equal(HttpStatusCode.Unauthorized, await RefusedAsync(guest.Token, Guid.NewGuid().ToString()));
        Assert.Equal(HttpStatusCode.BadRequest, await RefusedAsync(guest.Token, "room1"));
        Assert.Equal(HttpStatusCode.BadRequest, await RefusedAsync(guest.Token, guest.Meeting.Id.ToString(), "peer1"));
    }

    [Fact]
    public async Task Forged_tokens_open_nothing()
    {
        var guest = await Host.NewGuestAsync(await Host.NewMeetingAsync(), "Guest");
        var meetingId = guest.Meeting.Id.ToString();
        var parts = guest.Token.Split('.');
        var none = Convert.ToBase64String(Encoding.ASCII.GetBytes("""{"alg":"none","typ":"JWT"}""")).TrimEnd('=');
        var otherKey = new ParticipantTokens(new byte[ParticipantTokens.MinKeyLength])
            .Issue(guest.Participant, Host.Clock.GetUtcNow(), TimeSpan.FromHours(1));
        string[] forged =
        [
            "",
            "eyJ",
            $"{none}.{parts[1]}.",
            $"{none}.{parts[1]}.{parts[2]}",
            $"{parts[0]}.{parts[1]}.",
            $"{parts[0]}.{parts[1]}.{new string('A', parts[2].Length)}",
            otherKey,
            Host.Api.One.WriteToken,
        ];
        foreach (var token in forged)
        {
            Assert.Equal(HttpStatusCode.Unauthorized, await RefusedAsync(token, meetingId));
            Assert.Equal(401, (await DetailsAsync(token)).Status);
        }
    }

    [Fact]
    public async Task An_expired_token_opens_nothing()
    {
        var guest = await Host.NewGuestAsync(await Host.NewMeetingAsync(), "Guest");
        var expired = Host.Service<ParticipantTokens>().Issue(guest.Participant, Host.Clock.GetUtcNow() - TimeSpan.FromHours(2), TimeSpan.FromHours(1));
        Assert.Equal(HttpStatusCode.Unauthorized, await RefusedAsync(expired, guest.Meeting.Id.ToString()));
        Assert.Equal(401, (await DetailsAsync(expired)).Status);
    }

    [Fact]
    public async Task A_token_of_a_deleted_participant_and_a_closed_meeting_open_nothing()
    {
        var guest = await Host.NewGuestAsync(await Host.NewMeetingAsync(), "Guest");
        await Host.Service<ParticipantStore>().DeleteAsync(
            guest.Meeting.AppId, guest.Meeting.Id, guest.Participant.Id, CancellationToken.None);
        Assert.Equal(HttpStatusCode.Unauthorized, await RefusedAsync(guest.Token, guest.Meeting.Id.ToString()));

        var late = await Host.NewGuestAsync(await Host.NewMeetingAsync(), "Late");
        await Host.Service<MeetingStore>().UpdateAsync(
            late.Meeting.AppId, late.Meeting.Id, meeting => meeting with { Status = MeetingStatus.Inactive }, CancellationToken.None);
        Assert.Equal(HttpStatusCode.Forbidden, await RefusedAsync(late.Token, late.Meeting.Id.ToString()));
        Assert.Equal(403, (await DetailsAsync(late.Token)).Status);
    }

    [Fact]
    public async Task A_peer_id_cannot_be_taken_from_another_participant()
    {
        var meeting = await Host.NewMeetingAsync();
        await using var alice = await Host.JoinAsync(await Host.NewGuestAsync(meeting, "Alice"));
        var mallory = await Host.NewGuestAsync(meeting, "Mallory");
        Assert.Equal(HttpStatusCode.Forbidden, await RefusedAsync(mallory.Token, meeting.Id.ToString(), alice.PeerId));
        await alice.SettleAsync();
    }

    [Fact]
    public async Task Nothing_of_one_meeting_reaches_another()
    {
        await using var here = await Host.JoinAsync(await Host.NewGuestAsync(await Host.NewMeetingAsync(), "Here"));
        await using var there = await Host.JoinAsync(await Host.NewGuestAsync(await Host.NewMeetingAsync(), "There"));
        await there.SettleAsync();
        var before = there.History().Length;
        await here.SendAsync(SocketEvent.SendMessage, new SendChatMessageToRoomRequest { Payload = "secret" });
        await here.HearAsync(SocketEvent.SendMessage);
        await here.SendAsync(SocketEvent.SendMessageToPeers, new SendChatMessageToPeersRequest { PeerIds = { there.PeerId }, Payload = "secret" });
        await here.SendAsync(SocketEvent.Kick, new RemoveParticipantsRequest { PeerIds = { there.PeerId } });
        await here.AskAsync(SocketEvent.Broadcast, new BroadcastMessage { Type = "t" }, BroadcastMessage.Parser);
        Assert.Empty((await there.AskAsync(SocketEvent.GetMessages, null, GetChatMessagesResponse.Parser)).Messages);
        Assert.Single((await there.AskAsync(SocketEvent.GetPeers, null, RoomPeersInfoResponse.Parser)).Peers);
        Assert.Equal(before + 2, there.History().Length);
    }

    [Fact]
    public async Task Meetings_people_and_presets_of_another_app_take_no_part_in_connected_meetings()
    {
        foreach (var app in new[] { Host.Api.One.Second, Host.Api.Other.First })
        {
            await using var host = await Host.JoinAsync(await Host.NewGuestAsync(
                await Host.NewMeetingAsync(), "Host", patch: """{"permissions":{"connected_meetings":{"can_alter_connected_meetings":true}}}"""));
            var here = host.Guest.Meeting.Id.ToString();
            var made = await host.AskAsync(
                SocketEvent.CreateConnectedRooms,
                new CreateConnectedRoomsRequest { Payloads = { new CreateRoomRequestPayload { Title = "Next door" } } },
                CreateConnectedRoomsResponse.Parser);
            var child = Assert.Single(made.Payloads).Id;
            var foreign = (await Host.NewMeetingAsync(app: app)).Id;
            var guest = await Host.NewGuestAsync((await Host.Service<MeetingStore>().FindAsync(app.Id, foreign, CancellationToken.None))!, "There");
            await using var there = await Host.JoinAsync(guest);
            await there.SettleAsync();
            var before = there.History().Length;

            foreach (var (source, destination, user) in new[]
            {
                (here, foreign.ToString(), host.UserId), (child, foreign.ToString(), host.UserId),
                (foreign.ToString(), here, there.UserId), (foreign.ToString(), child, there.UserId),
            })
            {
                await host.RefusedAsync(SocketEvent.MovePeers, MoveOf(source, destination, user));
            }

            foreach (var move in new[] { MoveOf(here, child, there.UserId), MoveOf(here, child, host.UserId, guest.Participant.PresetId.ToString()) })
            {
                var answer = await host.AskAsync(SocketEvent.MovePeers, move, MovePeersBetweenRoomsResponse.Parser);
                Assert.Equal("error", Assert.Single(answer.Payloads).Error.Code);
            }

            var deleted = await host.AskAsync(
                SocketEvent.DeleteConnectedRooms,
                new DisableConnectedRoomsRequest { Payloads = { new DisableRoomPayload { Id = foreign.ToString() } } },
                DisableConnectedRoomsResponse.Parser);
            Assert.Empty(deleted.Payloads);
            await host.AskAsync(
                SocketEvent.BroadcastToEntity,
                new BroadcastMessage { Type = "t", BroadcastType = BroadcastType.Rooms, Ids = { foreign.ToString() } },
                BroadcastMessage.Parser);

            // Nothing came but what it asked for itself, and nobody was told to go.
            await there.SettleAsync();
            Assert.Equal(before + 1, there.History().Length);
            Assert.Equal(0, host.CountOf(SocketEvent.TransferPeer));
            Assert.Equal(MeetingStatus.Active, (await Host.Service<MeetingStore>().FindAsync(app.Id, foreign, CancellationToken.None))!.Status);
            Assert.Equal(1, (await Host.Service<ParticipantStore>().ListAsync(
                app.Id, foreign, new Storage.PageRequest(1, 10), Storage.SortOrder.Ascending, CancellationToken.None)).TotalCount);
        }

        static MovePeersBetweenRoomsRequest MoveOf(string source, string destination, string user, string? preset = null)
        {
            var move = new MovePeerPayload { Id = user };
            if (preset is not null)
            {
                move.PresetId = preset;
            }

            return new() { SourceMeetingId = source, DestinationMeetingId = destination, Participants = { move } };
        }
    }

    [Fact]
    public async Task A_waiting_peer_gets_empty_lists_and_sends_and_receives_nothing()
    {
        var meeting = await Host.NewMeetingAsync();
        await using var host = await Host.JoinAsync(await Host.NewGuestAsync(meeting, "Host"));
        await host.EnterMediaAsync();
        await host.CompleteMediaAsync();
        await host.SendAsync(SocketEvent.SendMessage, new SendChatMessageToRoomRequest { Payload = "secret" });
        await host.HearAsync(SocketEvent.SendMessage);

        await using var waiting = await Host.ConnectAsync(
            await Host.NewGuestAsync(meeting, "Waiting", patch: """{"permissions":{"waiting_room_type":"SKIP_ON_ACCEPT"}}"""));
        var media = await waiting.EnterMediaAsync();
        var joined = await waiting.AskAsync(SocketEvent.JoinRoom, waiting.JoinOf(), PeerInfoResponse.Parser);
        Assert.True(joined.Peer.Waitlisted);
        var request = Assert.Single((await host.HearAsync(SocketEvent.GetWaiting, GetWaitingRoomRequests.Parser)).Requests);
        Assert.Equal((waiting.PeerId, waiting.UserId, "Waiting"), (request.PeerId, request.UserId, request.DisplayName));

        Assert.Empty((await waiting.AskAsync(SocketEvent.GetMessages, null, GetChatMessagesResponse.Parser)).Messages);
        Assert.Empty((await waiting.AskAsync(SocketEvent.GetPolls, null, GetPollsResponse.Parser)).Polls);
        Assert.Empty((await waiting.AskAsync(SocketEvent.GetPeers, null, RoomPeersInfoResponse.Parser)).Peers);
        Assert.Empty((await waiting.AskAsync(
            SocketEvent.StoreGet, new PluginStoreGetKeysRequest { PluginId = "m", StoreName = "s" }, PluginStoreResponse.Parser)).StoreItems);
        await waiting.RefusedAsync(SocketEvent.Produce, MediaClientExtensions.ProduceOf("audio", media.Sending));
        await waiting.RefusedAsync(SocketEvent.Consume, new ConsumePeersRequest
        {
            ConsumingTransportId = media.Receiving,
            Requests = { new ConsumePeerRequest { ProducerId = "x" } },
        });
        await waiting.RefusedAsync(SocketEvent.CompleteMedia, new PeerJoinCompleteRequest());
        await waiting.RefusedAsync(SocketEvent.SendMessage, new SendChatMessageToRoomRequest { Payload = "hello?" });
        await host.SettleAsync();
        Assert.Equal(0, host.CountOf(SocketEvent.JoinRoom));
        Assert.Equal(0, host.CountOf(SocketEvent.MediaPeerJoined));

        await host.SendAsync(SocketEvent.AcceptWaiting, new AcceptWaitingRoomRequests { UserIds = { waiting.UserId } });
        await waiting.HearAsync(SocketEvent.WaitingAccepted);
        await waiting.JoinAsync();
        await host.HearAsync(SocketEvent.JoinRoom);
        Assert.Single((await waiting.AskAsync(SocketEvent.GetMessages, null, GetChatMessagesResponse.Parser)).Messages);
    }

    [Fact]
    public async Task A_participant_is_refused_each_act_it_has_no_permission_for()
    {
        var meeting = await Host.NewMeetingAsync();
        await using var host = await Host.JoinAsync(await Host.NewGuestAsync(meeting, "Host"));
        await using var guest = await Host.JoinAsync(await Host.NewGuestAsync(meeting, "Guest", patch: """
            {"permissions":{"accept_waiting_requests":false,"can_accept_production_requests":false,"accept_stage_requests":false,
              "can_edit_display_name":false,"can_spotlight":false,"disable_participant_audio":false,"disable_participant_video":false,
              "disable_participant_screensharing":false,"kick_participant":false,"pin_participant":false,
              "can_change_participant_permissions":false,"plugins":{"can_start":false,"can_close":false},
              "polls":{"can_create":false,"can_vote":false},"chat":{"public":{"can_send":false},"private":{"can_send":false}},
              "media":{"audio":{"can_produce":"NOT_ALLOWED"},"video":{"can_produce":"NOT_ALLOWED"},"screenshare":{"can_produce":"NOT_ALLOWED"}},
              "connected_meetings":{"can_alter_connected_meetings":false}}}
            """));
        var media = await guest.EnterMediaAsync();
        (SocketEvent Number, Google.Protobuf.IMessage? Request)[] forbidden =
        [
            (SocketEvent.SendMessage, new SendChatMessageToRoomRequest { Payload = "x" }),
            (SocketEvent.SendMessage, new SendChatMessageToRoomRequest { PayloadType = 2, Payload = "{}" }),
            (SocketEvent.SendMessageToPeers, new SendChatMessageToPeersRequest { PeerIds = { host.PeerId }, Payload = "x" }),
            (SocketEvent.EditMessage, new EditChatMessageRequest { ChatId = Guid.NewGuid().ToString(), Payload = "x" }),
            (SocketEvent.PinMessage, new PinChatMessageRequest { ChatId = Guid.NewGuid().ToString(), Pinned = true }),
            (SocketEvent.CreatePoll, new NewPollRequest { Question = "?", Options = { "a", "b" } }),
            (SocketEvent.VotePoll, new VotePollRequest { PollId = Guid.NewGuid().ToString() }),
            (SocketEvent.StoreInsert, new PluginStoreInsertKeysRequest
            {
                PluginId = "m", StoreName = "__rtk_plugins__", InsertKeys = { new StoreKeys { StoreKey = "k", Payload = Google.Protobuf.ByteString.CopyFromUtf8("{}") } },
            }),
            (SocketEvent.StoreDelete, new PluginStoreDeleteKeysRequest { PluginId = "m", StoreName = "__rtk_plugins__", DeleteKeys = { new StoreKeys { StoreKey = "k" } } }),
            (SocketEvent.GetStageRequests, null),
            (SocketEvent.GrantStage, new GrantStageAccessRequest { UserIds = { host.UserId } }),
            (SocketEvent.DenyStage, new DenyStageAccessRequest { UserIds = { host.UserId } }),
            (SocketEvent.LeaveStage, new LeaveStageRequest { UserIds = { host.UserId } }),
            (SocketEvent.GetWaiting, null),
            (SocketEvent.AcceptWaiting, new AcceptWaitingRoomRequests { UserIds = { host.UserId } }),
            (SocketEvent.DenyWaiting, new DenyWaitingRoomRequests { UserIds = { host.UserId } }),
            (SocketEvent.Kick, new RemoveParticipantsRequest { PeerIds = { host.PeerId } }),
            (SocketEvent.KickAll, new KickAllPeersRequest()),
            (SocketEvent.MutePeer, new HostMediaControlForPeerRequest { ParticipantId = host.PeerId, Audio = true }),
            (SocketEvent.MuteAll, new HostMediaControlForAllPeerRequest { Video = true }),
            (SocketEvent.PinPeer, new GlobalPeerPinningRequest { ParticipantId = host.PeerId }),
            (SocketEvent.ChangeName, new PeerDisplayNameEditRequest { ParticipantId = guest.PeerId, DisplayName = "Boss" }),
            (SocketEvent.GetPresets, new ReadPeersPresetRequest { UserIds = { host.UserId } }),
            (SocketEvent.UpdatePresets, new UpdatePeersPresetRequest
            {
                UpdatePeersPresets = { new UpdatePeerPreset { UserIds = guest.UserId, Patch = new PresetUpdates { KickParticipant = true } } },
            }),
            (SocketEvent.Broadcast, new BroadcastMessage { Type = "spotlight" }),
            (SocketEvent.BroadcastToEntity, new BroadcastMessage { Type = "t", BroadcastType = BroadcastType.Rooms, Ids = { meeting.Id.ToString() } }),
            (SocketEvent.CreateConnectedRooms, new CreateConnectedRoomsRequest { Payloads = { new CreateRoomRequestPayload { Title = "x" } } }),
            (SocketEvent.DeleteConnectedRooms, new DisableConnectedRoomsRequest()),
            (SocketEvent.MovePeers, new MovePeersBetweenRoomsRequest
            {
                SourceMeetingId = meeting.Id.ToString(), DestinationMeetingId = meeting.Id.ToString(), Participants = { new MovePeerPayload { Id = host.UserId } },
            }),
            (SocketEvent.GetAddedParticipants, null),
            (SocketEvent.Produce, MediaClientExtensions.ProduceOf("audio", media.Sending)),
            (SocketEvent.Produce, MediaClientExtensions.ProduceOf("video", media.Sending)),
            (SocketEvent.Produce, MediaClientExtensions.ProduceOf("video", media.Sending, isScreen: true)),
        ];
        await host.SettleAsync();
        var before = host.History().Length;
        foreach (var (number, request) in forbidden)
        {
            Assert.Contains("permissions", await guest.RefusedAsync(number, request), StringComparison.Ordinal);
        }

        await host.SettleAsync();
        Assert.Equal(before + 1, host.History().Length);
    }

    [Fact]
    public async Task Nobody_touches_what_another_sends()
    {
        var meeting = await Host.NewMeetingAsync();
        await using var alice = await Host.JoinAsync(await Host.NewGuestAsync(meeting, "Alice"));
        var ofAlice = await alice.EnterMediaAsync();
        var camera = await alice.ProduceAsync("video", ofAlice.Sending);
        await using var mallory = await Host.JoinAsync(await Host.NewGuestAsync(meeting, "Mallory"));
        await mallory.EnterMediaAsync();
        await mallory.RefusedAsync(SocketEvent.ToggleProducer, new ProducerToggleRequest { ProducerId = camera.ProducerId, Pause = true });
        await mallory.RefusedAsync(SocketEvent.CloseProducer, new ProducerCloseRequest { ProducerId = camera.ProducerId });
        await mallory.RefusedAsync(SocketEvent.Produce, MediaClientExtensions.ProduceOf("audio", ofAlice.Sending));

        // Another's transport is as unknown as one that does not exist: there is no track and no description to be had.
        var refused = await mallory.AskAsync(
            SocketEvent.Consume,
            new ConsumePeersRequest
            {
                ConsumingTransportId = ofAlice.Receiving,
                Requests = { new ConsumePeerRequest { ProducerId = camera.ProducerId } },
            },
            ConsumePeerResponse.Parser);
        var track = Assert.Single(refused.ConsumerIdsMap.Map).Value;
        Assert.Equal(("busy", null, null, null), (track.ErrorCode, track.ProducerTrack, track.ProducerState, refused.Description));
    }

    private async Task<HttpStatusCode> RefusedAsync(string token, string meetingId, string? peerId = null)
    {
        using var socket = new ClientWebSocket();
        socket.Options.CollectHttpResponseDetails = true;
        var address = SocketClient.AddressOf(Host.Address, peerId ?? Guid.NewGuid().ToString(), token, meetingId);
        await Assert.ThrowsAsync<WebSocketException>(() => socket.ConnectAsync(address, CancellationToken.None));
        return socket.HttpStatusCode;
    }

    private async Task<(int Status, string Body)> DetailsAsync(string token)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri("/v2/internals/participant-details", UriKind.Relative));
        request.Headers.TryAddWithoutValidation("Authorization", $"Bearer {token}");
        using var response = await Host.Api.Client.Http.SendAsync(request);
        return ((int)response.StatusCode, await response.Content.ReadAsStringAsync());
    }
}
