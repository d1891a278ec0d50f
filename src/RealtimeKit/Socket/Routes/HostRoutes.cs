using Roomcast.Meetings.Sessions.Features;
using Roomcast.RealtimeKit.Socket.Messages;
using Roomcast.RealtimeKit.Socket.Wire;

namespace Roomcast.RealtimeKit.Socket.Routes;

/// <summary>What a host does to others, and the own name.</summary>
internal static class HostRoutes
{
    // What the client compares the answers with.
    private const string Success = "success";

    public static void AddTo(SocketRouteTable routes)
    {
        // Never answered: the client takes any message of these two events for its own removal.
        routes.On(SocketEvent.Kick, RemoveParticipantsRequest.Parser, (call, request) => call.Room.Host.Kick(call.Peer, request.PeerIds));
        routes.On(SocketEvent.KickAll, KickAllPeersRequest.Parser, (call, request) => call.Room.Host.KickAll(call.Peer, request.PropagateKickAcrossRooms));

        routes.On(SocketEvent.MutePeer, HostMediaControlForPeerRequest.Parser, (call, request) =>
        {
            call.Room.Host.Mute(call.Peer, request.ParticipantId, new MediaChoice(request.Audio, request.Video, request.ScreeShare));
            call.Reply(new HostMediaControlForPeerResponse { Status = Success });
        });
        routes.On(SocketEvent.MuteAll, HostMediaControlForAllPeerRequest.Parser, (call, request) =>
        {
            call.Room.Host.MuteAll(call.Peer, new MediaChoice(request.Audio, request.Video, request.ScreenShare));
            call.Reply(new HostMediaControlForAllPeerResponse { Status = Success });
        });
        routes.On(SocketEvent.PinPeer, GlobalPeerPinningRequest.Parser, (call, request) =>
        {
            call.Room.Host.Pin(call.Peer, request.ParticipantId);
            call.Reply();
        });
        routes.On(SocketEvent.ChangeName, PeerDisplayNameEditRequest.Parser, (call, request) =>
        {
            call.Room.Host.Rename(call.Peer, request.ParticipantId, request.DisplayName);
            call.Reply(new PeerDisplayNameEditResponse { Status = Success });
        });
    }
}
