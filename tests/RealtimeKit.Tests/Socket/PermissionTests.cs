using System.Text.Json;
using Google.Protobuf;
using Roomcast.RealtimeKit.Socket.Messages;
using Roomcast.RealtimeKit.Socket.Wire;

namespace Roomcast.RealtimeKit.Tests.Socket;

/// <summary>Each permission of a preset, one by one: who has all but this one is refused over the socket what it is for.</summary>
[Collection(SharedMeetingHostTests.Name)]
public sealed class PermissionTests(SharedMeetingHost shared)
{
    private const string NotAllowed = "permissions";

    /// <summary>What each permission is for. Some acts need one of two, and some presets give one right by another: there both are
    /// taken away.</summary>
    private static readonly Row[] Rows =
    [
        new(
            """{"accept_waiting_requests":false}""",
            _ =>
            [
                (SocketEvent.GetWaiting, null),
                (SocketEvent.AcceptWaiting, new AcceptWaitingRoomRequests { UserIds = { Guid.NewGuid().ToString() } }),
                (SocketEvent.DenyWaiting, new DenyWaitingRoomRequests { UserIds = { Guid.NewGuid().ToString() } }),
            ]),
        new(
            """{"can_accept_production_requests":false,"accept_stage_requests":false}""",
            scene =>
            [
                (SocketEvent.GetStageRequests, null),
                (SocketEvent.GrantStage, new GrantStageAccessRequest { UserIds = { scene.Host.UserId } }),
                (SocketEvent.DenyStage, new DenyStageAccessRequest { UserIds = { scene.Host.UserId } }),
                (SocketEvent.LeaveStage, new LeaveStageRequest { UserIds = { scene.Host.UserId } }),
            ]),
        new(
            """{"can_change_participant_permissions":false}""",
            scene =>
            [
                (SocketEvent.GetPresets, new ReadPeersPresetRequest { UserIds = { scene.Host.UserId } }),
                (SocketEvent.UpdatePresets, PinPermissionOf(scene.Host)),
                (SocketEvent.UpdatePresets, PinPermissionOf(scene.Guest)),
            ]),
        new(
            """{"can_edit_display_name":false}""",
            scene => [(SocketEvent.ChangeName, new PeerDisplayNameEditRequest { ParticipantId = scene.Guest.PeerId, DisplayName = "Boss" })]),
        new(
            """{"can_spotlight":false}""",
            scene =>
            [
                (SocketEvent.Broadcast, new BroadcastMessage { Type = "spotlight" }),
                (SocketEvent.BroadcastToEntity, new BroadcastMessage { Type = "spotlight", Ids = { scene.Host.PeerId } }),
            ]),
        new(
            """{"show_participant_list":false}""",
            _ =>
            [
                (SocketEvent.GetPeers, new RoomPeersInfoRequest { SeachQuery = "o" }),
                (SocketEvent.GetPeers, new RoomPeersInfoRequest { Limit = 10 }),
                (SocketEvent.GetPeers, new RoomPeersInfoRequest { Offset = 1 }),
            ]),
        new(
            """{"disable_participant_audio":false}""",
            scene =>
            [
                (SocketEvent.MutePeer, new HostMediaControlForPeerRequest { ParticipantId = scene.Host.PeerId, Audio = true }),
                (SocketEvent.MuteAll, new HostMediaControlForAllPeerRequest { Audio = true }),
            ]),
        new(
            """{"disable_participant_video":false}""",
            scene =>
            [
                (SocketEvent.MutePeer, new HostMediaControlForPeerRequest { ParticipantId = scene.Host.PeerId, Video = true }),
                (SocketEvent.MuteAll, new HostMediaControlForAllPeerRequest { Video = true }),
            ]),
        new(
            """{"disable_participant_screensharing":false}""",
            scene =>
            [
                (SocketEvent.MutePeer, new HostMediaControlForPeerRequest { ParticipantId = scene.Host.PeerId, ScreeShare = true }),
                (SocketEvent.MuteAll, new HostMediaControlForAllPeerRequest { ScreenShare = true }),
            ]),
        new(
            """{"pin_participant":false}""",
            scene => [(SocketEvent.PinPeer, new GlobalPeerPinningRequest { ParticipantId = scene.Host.PeerId })]),
        new("""{"chat":{"public":{"can_send":false}}}""", _ => [Say(0), Say(1), Say(2), Say(3)]),
        new("""{"chat":{"public":{"text":false}}}""", _ => [Say(0), Say(3)]),
        new("""{"chat":{"public":{"files":false}}}""", _ => [Say(1), Say(2), Say(3)]),
        new("""{"chat":{"private":{"can_send":false}}}""", scene => [Whisper(scene, 0), Whisper(scene, 1), Whisper(scene, 2), Whisper(scene, 3)]),
        new("""{"chat":{"private":{"text":false}}}""", scene => [Whisper(scene, 0), Whisper(scene, 3)]),
        new("""{"chat":{"private":{"files":false}}}""", scene => [Whisper(scene, 1), Whisper(scene, 2), Whisper(scene, 3)]),
        new(
            """{"chat":{"public":{"can_send":false},"private":{"can_send":false}}}""",
            _ =>
            [
                (SocketEvent.EditMessage, new EditChatMessageRequest { ChatId = Guid.NewGuid().ToString(), Payload = "x" }),
                (SocketEvent.PinMessage, new PinChatMessageRequest { ChatId = Guid.NewGuid().ToString(), Pinned = true }),
            ]),
        new(
            """{"connected_meetings":{"can_alter_connected_meetings":false}}""",
            scene =>
            [
                (SocketEvent.CreateConnectedRooms, new CreateConnectedRoomsRequest { Payloads = { new CreateRoomRequestPayload { Title = "x" } } }),
                (SocketEvent.DeleteConnectedRooms, new DisableConnectedRoomsRequest { Payloads = { new DisableRoomPayload { Id = Guid.NewGuid().ToString() } } }),
                Move(scene, scene.Host.UserId, scene.MeetingId),
                (SocketEvent.GetAddedParticipants, null),
                (SocketEvent.BroadcastToEntity, new BroadcastMessage { Type = "t", BroadcastType = BroadcastType.Rooms, Ids = { scene.MeetingId } }),
            ]),
        new(
            """{"connected_meetings":{"can_alter_connected_meetings":false,"can_switch_connected_meetings":false}}""",
            scene => [Move(scene, scene.Guest.UserId, Guid.NewGuid().ToString())]),
        new(
            """{"connected_meetings":{"can_alter_connected_meetings":false,"can_switch_to_parent_meeting":false}}""",
            scene => [Move(scene, scene.Guest.UserId, scene.MeetingId)]),
        new(
            """{"media":{"audio":{"can_produce":"NOT_ALLOWED"}}}""",
            scene => [(SocketEvent.Produce, MediaClientExtensions.ProduceOf("audio", scene.SendingId))]),
        new(
            """{"media":{"video":{"can_produce":"NOT_ALLOWED"}}}""",
            scene => [(SocketEvent.Produce, MediaClientExtensions.ProduceOf("video", scene.SendingId))]),
        new(
            """{"media":{"video":{"can_produce":"CAN_REQUEST"}}}""",
            scene => [(SocketEvent.Produce, MediaClientExtensions.ProduceOf("video", scene.SendingId))]),
        new(
            """{"media":{"screenshare":{"can_produce":"NOT_ALLOWED"}}}""",
            scene => [(SocketEvent.Produce, MediaClientExtensions.ProduceOf("video", scene.SendingId, isScreen: true))]),
        new("""{"plugins":{"can_start":false}}""", _ => [SetPlugin("""{"id":"board"}""")]),
        new(
            """{"plugins":{"can_close":false}}""",
            _ =>
            [
                SetPlugin("null"),
                SetPlugin(""),
                (SocketEvent.StoreDelete, new PluginStoreDeleteKeysRequest { PluginId = "m", StoreName = "__rtk_plugins__", DeleteKeys = { new StoreKeys { StoreKey = "k" } } }),
            ]),
        new("""{"polls":{"can_create":false}}""", _ => [(SocketEvent.CreatePoll, new NewPollRequest { Question = "?", Options = { "a", "b" } })]),
        new("""{"polls":{"can_vote":false}}""", _ => [(SocketEvent.VotePoll, new VotePollRequest { PollId = Guid.NewGuid().ToString() })]),
        new(
            """{"stage_enabled":true,"stage_access":"NOT_ALLOWED"}""",
            scene =>
            [
                (SocketEvent.RequestStage, null),
                (SocketEvent.JoinStage, null),
                (SocketEvent.Produce, MediaClientExtensions.ProduceOf("audio", scene.SendingId)),
            ],
            Instead: """{"stage_enabled":true,"stage_access":"CAN_REQUEST"}""",
            NeedsMore: [SocketEvent.JoinStage, SocketEvent.Produce]),

        // The last: whoever may, ends the scene.
        new(
            """{"kick_participant":false}""",
            scene =>
            [
                (SocketEvent.Kick, new RemoveParticipantsRequest { PeerIds = { scene.Host.PeerId } }),
                (SocketEvent.KickAll, new KickAllPeersRequest()),
            ]),
    ];

    /// <summary>What is no right to an act on the socket, and why.</summary>
    private static readonly Dictionary<string, string> Elsewhere = new(StringComparer.Ordinal)
    {
        ["can_record"] = "ClientHttpTests: recordings are calls",
        ["can_livestream"] = "LivestreamTests: livestreams are calls",
        ["transcription_enabled"] = "NewsTests: it is about being told",
        ["chat.private.can_receive"] = "below: it is about being told",
        ["polls.can_view"] = "below: who may not gets an empty list",
        ["waiting_room_type"] = "IsolationTests: a peer that waits",
        ["hidden_participant"] = "how it is shown to others",
        ["is_recorder"] = "how it is shown to others",
        ["recorder_type"] = "how it is shown to others",
        ["plugins.can_edit_config"] = "the page's own: there is no such message",
        ["plugins.config"] = "the page's own: there is no such message",
    };

    public static TheoryData<string> Permissions => [.. Rows.Select(row => row.Without)];

    private MeetingHost Server => shared.Host;

    [Theory]
    [MemberData(nameof(Permissions))]
    public async Task Who_has_every_permission_but_one_is_refused_what_it_is_for(string without)
    {
        var row = Rows.Single(row => row.Without == without);
        await using var scene = await SetAsync(row.Without);
        await scene.Host.SettleAsync();
        var before = scene.Host.History().Length;
        foreach (var (number, request) in row.Acts(scene))
        {
            Assert.Contains(NotAllowed, await scene.Guest.RefusedAsync(number, request), StringComparison.Ordinal);
        }

        // And nobody hears of it.
        await scene.Host.SettleAsync();
        Assert.Equal(before + 1, scene.Host.History().Length);
    }

    [Theory]
    [MemberData(nameof(Permissions))]
    public async Task Who_has_the_permission_is_not_refused_for_want_of_one(string without)
    {
        var row = Rows.Single(row => row.Without == without);
        await using var scene = await SetAsync(row.Instead);
        foreach (var (number, request) in row.Acts(scene))
        {
            if (row.NeedsMore.Contains(number))
            {
                continue;
            }

            var id = await scene.Guest.SendAsync(number, request);
            if (number is SocketEvent.KickAll)
            {
                await scene.Guest.HearAsync(SocketEvent.KickAll);
                return;
            }

            // A refusal comes before the answer to what is asked next.
            await scene.Guest.SettleAsync();
            foreach (var error in scene.Guest.History().Where(heard => heard.Message?.Id == id && heard.Event is SocketEvent.Error))
            {
                Assert.DoesNotContain(NotAllowed, ErrorResponse.Parser.ParseFrom(error.Message!.Payload).ErrorMessage, StringComparison.Ordinal);
            }
        }
    }

    [Fact]
    public async Task Every_permission_of_a_preset_is_tried_here_or_elsewhere()
    {
        var guest = await Server.NewGuestAsync(await Server.NewMeetingAsync(), "Guest", patch: """{"permissions":{"stage_access":"ALLOWED"}}""");
        await using var client = await Server.JoinAsync(guest);
        var read = await client.AskAsync(SocketEvent.GetPresets, new ReadPeersPresetRequest { UserIds = { client.UserId } }, ReadPeersPresetResponse.Parser);
        using var preset = JsonDocument.Parse(Assert.Single(read.PeerPresets).Preset.Memory);
        var tried = new HashSet<string>(Elsewhere.Keys, StringComparer.Ordinal);
        foreach (var row in Rows)
        {
            using var patch = JsonDocument.Parse(row.Without);
            tried.UnionWith(LeavesOf(patch.RootElement, ""));
        }

        Assert.Equal(LeavesOf(preset.RootElement.GetProperty("permissions"), "").Order(StringComparer.Ordinal), tried.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Who_may_not_receive_private_messages_gets_none()
    {
        await using var scene = await SetAsync("""{"chat":{"private":{"can_receive":false}}}""");
        await scene.Host.SendAsync(
            SocketEvent.SendMessageToPeers, new SendChatMessageToPeersRequest { PeerIds = { scene.Guest.PeerId, scene.Host.PeerId }, Payload = "psst" });
        await scene.Host.SendAsync(SocketEvent.SendMessage, new SendChatMessageToRoomRequest { Payload = "to all" });
        await scene.Guest.HearAsync(SocketEvent.SendMessage);
        Assert.Equal(0, scene.Guest.CountOf(SocketEvent.SendMessageToPeers));
        var history = await scene.Guest.AskAsync(SocketEvent.GetMessages, null, GetChatMessagesResponse.Parser);
        Assert.Equal("to all", Assert.Single(history.Messages).Payload);
    }

    [Fact]
    public async Task Who_may_not_see_polls_is_told_of_none_and_lists_none()
    {
        await using var scene = await SetAsync("""{"polls":{"can_view":false}}""");
        await scene.Host.SendAsync(SocketEvent.CreatePoll, new NewPollRequest { Question = "?", Options = { "a", "b" } });
        await scene.Host.HearAsync(SocketEvent.CreatePoll);
        Assert.Empty((await scene.Guest.AskAsync(SocketEvent.GetPolls, null, GetPollsResponse.Parser)).Polls);
        Assert.Equal(0, scene.Guest.CountOf(SocketEvent.CreatePoll));
    }

    [Fact]
    public async Task Who_may_not_see_the_list_learns_of_the_others_only_by_joining_them()
    {
        var meeting = await Server.NewMeetingAsync();
        await using var host = await Server.JoinAsync(await Server.NewGuestAsync(meeting, "Host"));
        foreach (var (may, before) in new[] { ("true", 1), ("false", 0) })
        {
            var patch = $$$"""{"permissions":{"show_participant_list":{{{may}}}}}""";
            await using var guest = await Server.ConnectAsync(await Server.NewGuestAsync(meeting, $"Guest {may}", patch: patch));
            Assert.Equal(before, (await guest.AskAsync(SocketEvent.GetPeers, null, RoomPeersInfoResponse.Parser)).Peers.Count);
            await guest.JoinAsync();
            Assert.Contains((await guest.AskAsync(SocketEvent.GetPeers, null, RoomPeersInfoResponse.Parser)).Peers, peer => peer.PeerId == host.PeerId);
            await guest.SendAsync(SocketEvent.LeaveRoom, new LeaveRoomRequest());
            await host.HearAsync(SocketEvent.LeaveRoom);
        }
    }

    private static IEnumerable<string> LeavesOf(JsonElement element, string path) => element.ValueKind is JsonValueKind.Object && path != "plugins.config"
        ? element.EnumerateObject().SelectMany(field => LeavesOf(field.Value, path.Length == 0 ? field.Name : $"{path}.{field.Name}"))
        : [path];

    private static UpdatePeersPresetRequest PinPermissionOf(SocketClient client) => new()
    {
        UpdatePeersPresets = { new UpdatePeerPreset { UserIds = client.UserId, Patch = new PresetUpdates { PinParticipant = true } } },
    };

    private static (SocketEvent, IMessage?) Say(int kind) =>
        (SocketEvent.SendMessage, new SendChatMessageToRoomRequest { PayloadType = kind, Payload = PayloadOf(kind) });

    private static (SocketEvent, IMessage?) Whisper(Scene scene, int kind) => (
        SocketEvent.SendMessageToPeers,
        new SendChatMessageToPeersRequest { PeerIds = { scene.Host.PeerId }, PayloadType = kind, Payload = PayloadOf(kind) });

    private static string PayloadOf(int kind) => kind switch
    {
        2 => """{"link":"https://x.example.org/y","name":"y","size":1}""",
        3 => """{"message":"m"}""",
        _ => "https://x.example.org/y",
    };

    private static (SocketEvent, IMessage?) SetPlugin(string value) => (SocketEvent.StoreInsert, new PluginStoreInsertKeysRequest
    {
        PluginId = "m", StoreName = "__rtk_plugins__", InsertKeys = { new StoreKeys { StoreKey = "k", Payload = ByteString.CopyFromUtf8(value) } },
    });

    private static (SocketEvent, IMessage?) Move(Scene scene, string userId, string destination) => (
        SocketEvent.MovePeers,
        new MovePeersBetweenRoomsRequest
        {
            SourceMeetingId = scene.MeetingId, DestinationMeetingId = destination, Participants = { new MovePeerPayload { Id = userId } },
        });

    /// <summary>A host, and a guest that may do all that a host may, but for this.</summary>
    private async Task<Scene> SetAsync(string permissions)
    {
        var meeting = await Server.NewMeetingAsync();
        var host = await Server.JoinAsync(await Server.NewGuestAsync(meeting, "Host"));
        var guest = await Server.JoinAsync(await Server.NewGuestAsync(meeting, "Guest", patch: $$"""{"permissions":{{permissions}}}"""));
        var (sendingId, _) = await guest.EnterMediaAsync();
        return new Scene(host, guest, sendingId);
    }

    /// <param name="Without">What the preset has different, in the shape of its permissions; also the row's name.</param>
    /// <param name="Acts">What it is refused then.</param>
    /// <param name="Instead">What the preset has different where the acts are to succeed.</param>
    /// <param name="NeedsMore">Acts that need more than a permission to succeed.</param>
    private sealed record Row(string Without, Func<Scene, (SocketEvent Number, IMessage? Request)[]> Acts, string Instead = "{}", params SocketEvent[] NeedsMore);

    private sealed record Scene(SocketClient Host, SocketClient Guest, string SendingId) : IAsyncDisposable
    {
        public string MeetingId => Host.Guest.Meeting.Id.ToString();

        public async ValueTask DisposeAsync()
        {
            await Host.DisposeAsync();
            await Guest.DisposeAsync();
        }
    }
}
