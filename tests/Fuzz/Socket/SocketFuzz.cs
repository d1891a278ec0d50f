using Google.Protobuf;
using Roomcast.RealtimeKit.Socket.Messages;
using Roomcast.RealtimeKit.Socket.Routes;
using Roomcast.RealtimeKit.Socket.Wire;

namespace Roomcast.Fuzz;

/// <summary>What web clients send over their sockets.</summary>
public sealed class SocketFuzz
{
    public static TheoryData<string> Events => [.. SocketRoutes.Table.Keys.Order().Select(number => number.ToString())];

    [Fact]
    public void A_frame_is_read_or_refused() => FuzzRun.Of(
        "socket-envelope",
        [
            SocketEnvelope.Write(SocketEvent.JoinRoom, "50f44fcc-8a47-4713-926e-10b9cf49526d-fich2k", Seeds[0]),
            SocketEnvelope.Write(SocketEvent.Error, null, null),
            new SocketMessage { Event = uint.MaxValue, Id = "\u00e4\ud83d\ude00", Metadata = ByteString.CopyFromUtf8("{}") }.ToByteArray(),
        ],
        bytes =>
        {
            if (SocketEnvelope.TryRead(bytes, out var message))
            {
                Assert.InRange(message.Id.Length, 0, SocketEnvelope.MaxIdLength);
                Assert.True(SocketEnvelope.TryRead(message.ToByteArray(), out var again));
                Assert.Equal(message, again);
            }
        });

    [Theory]
    [MemberData(nameof(Events))]
    public void A_payload_is_read_or_refused(string name)
    {
        var route = SocketRoutes.Table[Enum.Parse<SocketEvent>(name)];
        FuzzRun.Of(
            $"socket-{name}",
            Seeds.Select(seed => seed.ToByteArray()),
            bytes => route(ByteString.CopyFrom(bytes)));
    }

    [Fact]
    public void The_media_section_of_a_producer_is_read_or_passed_over() => FuzzRun.Of(
        "socket-app-data",
        ["""{"e2ee":false,"mid":"2"}"""u8.ToArray(), """{"mid":"\ud800"}"""u8.ToArray(), "[[[[[[[[[[1"u8.ToArray()],
        bytes => Assert.InRange(MediaRoutes.MidOf(System.Text.Encoding.UTF8.GetString(bytes))?.Length ?? 1, 1, 16));

    [Fact]
    public void A_change_of_permissions_is_read_and_written_again_or_refused() => FuzzRun.Of(
        "socket-permissions",
        [Patch.ToByteArray()],
        bytes =>
        {
            if (SocketEnvelope.TryRead(PresetUpdates.Parser, ByteString.CopyFrom(bytes), out var patch))
            {
                var json = PresetPatches.ToJson(patch);
                Assert.Equal(json.ToJsonString(), PresetPatches.ToJson(PresetPatches.ToMessage(json)).ToJsonString());
            }
        });

    private static PresetUpdates Patch => new()
    {
        Polls = new PollsPermissionUpdate { CanCreate = true },
        Chat = new ChatPermissionUpdate { Public = new PublicChatPermission { Text = false } },
        Media = new MediaPermissionUpdate { Audio = new StreamPermission { CanProduce = StreamPermissionType.NotAllowed } },
        WaitingRoomType = WaitingRoomType.SkipOnAccept,
        RecorderType = RecorderType.None,
    };

    private static IReadOnlyList<IMessage> Seeds =>
    [
        new JoinRoomRequest { Peer = new Peer { PeerId = "p", DisplayName = "Bob", Flags = new PeerFlags { PresetName = "x" } } },
        new RoomPeersInfoRequest { SeachQuery = "a", Limit = 10, Offset = -1 },
        new BroadcastMessage { Type = "t", Payload = ByteString.CopyFromUtf8("{}"), Timestamp = ulong.MaxValue, Ids = { "a" } },
        new UpdatePeersPresetRequest { UpdatePeersPresets = { new UpdatePeerPreset { UserIds = "u", Patch = Patch } } },
        new PluginStoreInsertKeysRequest
        {
            PluginId = "m", StoreName = "s", InsertKeys = { new StoreKeys { StoreKey = "k", Payload = ByteString.CopyFromUtf8("null") } },
        },
        new GetPaginatedChatMessageRoomRequest
        {
            TimeStamp = 1_700_000_000_000, Size = 10, Filters = new GetPaginatedChatMessageFilters { UserId = "u" },
        },
        new NewPollRequest { Question = "?", Options = { "a", "b" }, Anonymous = true },
        new ProducerCreateRequest
        {
            Kind = "video", Description = new SessionDescription { Type = "offer", Sdp = "v=0" }, AppData = """{"mid":"2"}""",
        },
        new ConsumePeersRequest
        {
            ConsumingTransportId = "t",
            Requests = { new ConsumePeerRequest { ProducerId = "p", Simulcast = new Simulcast { PreferredRid = "f" } } },
        },
        new UpdateConsumersSimulcastConfigRequest { Requests = { new UpdateConsumerSimulcastConfigRequest { Mid = "3" } } },
        new MovePeersBetweenRoomsRequest { SourceMeetingId = "a", Participants = { new MovePeerPayload { Id = "x" } } },
    ];
}
