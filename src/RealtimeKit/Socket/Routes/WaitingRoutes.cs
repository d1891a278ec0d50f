using Roomcast.RealtimeKit.Socket.Messages;
using Roomcast.RealtimeKit.Socket.Wire;

namespace Roomcast.RealtimeKit.Socket.Routes;

/// <summary>The waiting room.</summary>
internal static class WaitingRoutes
{
    public static void AddTo(SocketRouteTable routes)
    {
        routes.On(SocketEvent.GetWaiting, call => call.Reply(WireForms.WaitingOf(call.Room.Waiting.List(call.Peer))));
        routes.On(SocketEvent.AcceptWaiting, AcceptWaitingRoomRequests.Parser, (call, request) =>
            call.Room.Waiting.Admit(call.Peer, request.UserIds));
        routes.On(SocketEvent.DenyWaiting, DenyWaitingRoomRequests.Parser, (call, request) =>
            call.Room.Waiting.Reject(call.Peer, request.UserIds));
    }
}
