using Roomcast.Meetings;
using Roomcast.RealtimeKit.Socket.Messages;
using Roomcast.RealtimeKit.Socket.Wire;

namespace Roomcast.RealtimeKit.Socket.Routes;

/// <summary>Polls. Who creates one and who votes learns of it by what everybody is told.</summary>
internal static class PollRoutes
{
    public static void AddTo(SocketRouteTable routes)
    {
        routes.On(SocketEvent.GetPolls, call =>
            call.Reply(new GetPollsResponse { Polls = { call.Room.Polls.List(call.Peer).Select(WireForms.Of) } }));
        routes.On(SocketEvent.CreatePoll, NewPollRequest.Parser, (call, request) => call.Room.Polls.Create(
            call.Peer, new PollRequest(request.Question, request.Options, request.Anonymous, request.HideVotes)));
        routes.On(SocketEvent.VotePoll, VotePollRequest.Parser, (call, request) =>
            call.Room.Polls.Vote(call.Peer, request.PollId, request.Index));
    }
}
