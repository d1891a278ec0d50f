using Google.Protobuf;
using Roomcast.Meetings.Sessions.Rules;
using Roomcast.RealtimeKit.Socket.Messages;
using Roomcast.RealtimeKit.Socket.Wire;

namespace Roomcast.RealtimeKit.Socket.Routes;

/// <summary>Stores, and plugins, which the client keeps in a store of a reserved name.</summary>
internal static class StoreRoutes
{
    private const string PluginStore = "__rtk_plugins__";

    private static readonly SessionAct[] Plain = [SessionAct.WriteStore];

    public static void AddTo(SocketRouteTable routes)
    {
        // Asked for while the page starts, and by a peer that waits as well: both must be answered.
        routes.On(SocketEvent.StoreGet, PluginStoreGetKeysRequest.Parser, (call, request) =>
        {
            var items = call.Room.Stores.Read(
                call.Peer, request.PluginId, request.StoreName, [.. request.GetKeys.Select(key => key.StoreKey).Distinct()]);
            call.Reply(WireForms.StoreOf(request.PluginId, request.StoreName, items));
        });
        routes.On(SocketEvent.StoreInsert, PluginStoreInsertKeysRequest.Parser, (call, request) =>
        {
            var values = new Dictionary<string, ReadOnlyMemory<byte>>(StringComparer.Ordinal);
            foreach (var item in request.InsertKeys)
            {
                values[item.StoreKey] = item.Payload.Memory;
            }

            call.Room.Stores.Write(
                call.Peer,
                request.PluginId,
                request.StoreName,
                values,
                request.StoreName == PluginStore ? [.. request.InsertKeys.Select(ActOf).Distinct()] : Plain);
        });
        routes.On(SocketEvent.StoreDelete, PluginStoreDeleteKeysRequest.Parser, (call, request) => call.Room.Stores.Delete(
            call.Peer,
            request.PluginId,
            request.StoreName,
            [.. request.DeleteKeys.Select(key => key.StoreKey).Distinct()],
            request.StoreName == PluginStore ? [SessionAct.ClosePlugin] : Plain));
    }

    private static SessionAct ActOf(StoreKeys item) =>
        item.Payload.IsEmpty || item.Payload.Equals(ByteString.CopyFromUtf8("null")) ? SessionAct.ClosePlugin : SessionAct.StartPlugin;
}
