using Roomcast.Meetings.Records;
using Roomcast.Meetings.Sessions.Features;
using Roomcast.RealtimeKit.Socket.Messages;
using Roomcast.RealtimeKit.Socket.Wire;

namespace Roomcast.RealtimeKit.Socket.Routes;

/// <summary>Connected meetings.</summary>
internal static class ConnectedRoutes
{
    public static void AddTo(SocketRouteTable routes)
    {
        routes.On(SocketEvent.GetConnectedRooms, call => call.Room.Connected.Read(call.Peer, call.Later<ConnectedView>(WireForms.Of)));
        routes.On(SocketEvent.CreateConnectedRooms, CreateConnectedRoomsRequest.Parser, (call, request) => call.Room.Connected.Create(
            call.Peer,
            [.. request.Payloads.Select(payload => payload.Title)],
            call.Later<IReadOnlyList<ConnectedMeeting>>(WireForms.CreatedOf)));
        routes.On(SocketEvent.DeleteConnectedRooms, DisableConnectedRoomsRequest.Parser, (call, request) => call.Room.Connected.Delete(
            call.Peer,
            [.. request.Payloads.Select(payload => payload.Id)],
            call.Later<IReadOnlyList<ConnectedMeeting>>(WireForms.DeletedOf)));
        routes.On(SocketEvent.MovePeers, MovePeersBetweenRoomsRequest.Parser, (call, request) => call.Room.Connected.Move(
            call.Peer,
            request.SourceMeetingId,
            request.DestinationMeetingId,
            [.. request.Participants.Select(move => new ConnectedMove(move.Id, move.HasPresetId ? move.PresetId : null))],
            call.Later<IReadOnlyList<ConnectedMoveFailure>>(failures => WireForms.MovedOf(request.DestinationMeetingId, failures))));
        routes.On(SocketEvent.GetAddedParticipants, call => call.Room.Connected.ListParticipants(
            call.Peer,
            call.Later<IReadOnlyList<Participant>>(participants =>
                new GetAllAddedParticipantsResponse { Participants = { participants.Select(WireForms.Of) } })));
    }
}
