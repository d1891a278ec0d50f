using Roomcast.Meetings.Sessions.Events;
using Roomcast.Meetings.Sessions.Peers;
using Roomcast.RealtimeKit.Socket.Messages;
using Roomcast.RealtimeKit.Socket.Wire;

namespace Roomcast.RealtimeKit.Socket.Routes;

/// <summary>The stage.</summary>
internal static class StageRoutes
{
    public static void AddTo(SocketRouteTable routes)
    {
        routes.On(SocketEvent.GetStageRequests, call => call.Reply(WireForms.StageRequestsOf(call.Room.Stage.ListRequests(call.Peer))));
        routes.On(SocketEvent.RequestStage, call => call.Room.Stage.Request(call.Peer));
        routes.On(SocketEvent.CancelStageRequest, call => call.Room.Stage.CancelRequest(call.Peer));
        routes.On(SocketEvent.GrantStage, GrantStageAccessRequest.Parser, (call, request) =>
            call.Room.Stage.Grant(call.Peer, request.UserIds));
        routes.On(SocketEvent.DenyStage, DenyStageAccessRequest.Parser, (call, request) =>
            call.Room.Stage.Deny(call.Peer, request.UserIds));
        routes.On(SocketEvent.JoinStage, call => ReplyWithState(call, call.Room.Stage.Join(call.Peer)));
        routes.On(SocketEvent.LeaveStage, LeaveStageRequest.Parser, (call, request) =>
        {
            if (request.UserIds.All(userId => userId == call.Peer.UserId))
            {
                ReplyWithState(call, call.Room.Stage.Leave(call.Peer));
                return;
            }

            call.Room.Stage.Remove(call.Peer, request.UserIds);
            call.Reply(request);
        });
        routes.On(SocketEvent.GetStage, call =>
        {
            var stage = call.Room.Stage.Read(call.Peer);
            call.Reply(new GetRoomStageStateResponse
            {
                OnStagePeers = { stage[StageState.On] },
                ApprovedStagePeers = { stage[StageState.Approved] },
                RequestedStagePeers = { stage[StageState.Requested] },
            });
        });
    }

    // The client waits for these two on the event by which the others are told.
    private static void ReplyWithState(SocketCall call, StageChanged changed) =>
        call.ReplyOn(SocketEvent.StageChanged, WireForms.StageOf(changed.PeerId, changed.UserId, changed.Stage));
}
