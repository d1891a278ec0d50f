using Google.Protobuf;
using Roomcast.RealtimeKit.Socket.Messages;
using Roomcast.RealtimeKit.Socket.Wire;
using SessionBroadcast = Roomcast.Meetings.Sessions.Events.BroadcastMessage;

namespace Roomcast.RealtimeKit.Socket.Routes;

/// <summary>Joining, leaving, who is there, broadcasts.</summary>
internal static class RoomRoutes
{
    private const string Spotlight = "spotlight";

    public static void AddTo(SocketRouteTable routes)
    {
        routes.On(SocketEvent.JoinRoom, JoinRoomRequest.Parser, (call, request) =>
            call.Room.Attendance.Join(
                call.Peer,
                request.Peer?.DisplayName,
                request.Peer?.DisplayPictureUrl,
                call.Later<Roomcast.Meetings.Sessions.Peers.PeerView>(peer => new PeerInfoResponse { Peer = WireForms.Of(peer) })));
        routes.On(SocketEvent.LeaveRoom, call =>
        {
            call.Room.Attendance.Leave(call.Peer);
            call.Reply();
        });
        routes.On(SocketEvent.GetRoom, call =>
        {
            call.Room.Attendance.CheckMayRead(call.Peer);
            call.Reply(new RoomInfoResponse
            {
                Room = new Room
                {
                    RoomId = call.Room.Meeting.Id.ToString(),
                    Title = call.Room.Meeting.Title,
                    CreatedAt = (ulong)(call.Room.StartedAt?.ToUnixTimeSeconds() ?? 0),
                    RoomUuid = call.Room.SessionId?.ToString() ?? "",
                    ActiveRecordings = { call.Room.Recordings.Select(WireForms.Of) },
                },
            });
        });
        routes.On(SocketEvent.GetPeer, GetPeerInfoRequest.Parser, (call, request) =>
            call.Reply(new PeerInfoResponse { Peer = WireForms.Of(call.Room.Attendance.Find(call.Peer, request.PeerId)) }));
        routes.On(SocketEvent.GetPeers, RoomPeersInfoRequest.Parser, (call, request) =>
        {
            var isSearch = request is not { SeachQuery.Length: 0, Limit: 0, Offset: 0 };
            var peers = isSearch
                ? call.Room.Attendance.Search(call.Peer, request.SeachQuery, request.Offset, request.Limit)
                : call.Room.Attendance.List(call.Peer);
            call.Reply(new RoomPeersInfoResponse { Peers = { peers.Select(WireForms.Of) } });
        });
        routes.On(SocketEvent.Broadcast, BroadcastMessage.Parser, (call, request) =>
        {
            call.Room.Broadcasts.Send(call.Peer, MessageOf(request), request.Type == Spotlight);

            // The echo is the reply, and the sender's own copy of the message as well.
            call.Reply(request);
        });
        routes.On(SocketEvent.BroadcastToEntity, BroadcastMessage.Parser, (call, request) =>
        {
            if (request.BroadcastType is BroadcastType.Rooms)
            {
                call.Room.Broadcasts.SendToMeetings(call.Peer, MessageOf(request), request.Ids);

                // Whatever comes back on this event is taken for a message and its payload read as JSON. A spotlight that names no
                // tab is the one that the client passes on to nobody.
                call.Reply(new BroadcastMessage { Type = Spotlight, Payload = ByteString.CopyFromUtf8("{}") });
            }
            else
            {
                call.Room.Broadcasts.SendTo(call.Peer, MessageOf(request), request.Ids, request.Type == Spotlight);
            }
        });
    }

    private static SessionBroadcast MessageOf(BroadcastMessage message) =>
        new(message.Type, message.Payload.Memory, (long)Math.Min(message.Timestamp, long.MaxValue));
}
