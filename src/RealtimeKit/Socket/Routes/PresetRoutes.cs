using Google.Protobuf;
using Roomcast.Meetings.Presets;
using Roomcast.RealtimeKit.Socket.Messages;
using Roomcast.RealtimeKit.Socket.Wire;

namespace Roomcast.RealtimeKit.Socket.Routes;

/// <summary>Permissions while the session lasts.</summary>
internal static class PresetRoutes
{
    public static void AddTo(SocketRouteTable routes)
    {
        routes.On(SocketEvent.GetPresets, ReadPeersPresetRequest.Parser, (call, request) => call.Reply(new ReadPeersPresetResponse
        {
            PeerPresets =
            {
                call.Room.Permissions.Read(call.Peer, request.UserIds).Select(entry => new PeerPreset
                {
                    UserId = entry.Peer.UserId,
                    PeerId = entry.Peer.Id,
                    Preset = ByteString.CopyFrom(PresetJson.WriteForClient(entry.Preset)),
                }),
            },
        }));
        routes.On(SocketEvent.UpdatePresets, UpdatePeersPresetRequest.Parser, (call, request) =>
        {
            call.Room.Permissions.Change(
                call.Peer,
                [.. request.UpdatePeersPresets.Select(update => (update.UserIds, PresetPatches.ToJson(update.Patch ?? new PresetUpdates())))]);
            call.Reply(new UpdatePeersPresetResponse { UpdatePeersPresets = { request.UpdatePeersPresets } });
        });
    }
}
