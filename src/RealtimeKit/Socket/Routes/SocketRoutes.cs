using System.Collections.Frozen;
using Google.Protobuf;
using Roomcast.RealtimeKit.Socket.Messages;

namespace Roomcast.RealtimeKit.Socket.Routes;

/// <summary>Reads a payload. Null when it is not what the event wants; otherwise what to do on the session's loop.</summary>
internal delegate Action<SocketCall>? SocketRoute(ByteString payload);

/// <summary>Every request of the socket: how its payload is read, and what is done.</summary>
internal static class SocketRoutes
{
    /// <summary>Largest payload of an event that carries no description.</summary>
    public const int MaxPayloadBytes = 256 << 10;

    /// <summary>The table.</summary>
    public static readonly FrozenDictionary<SocketEvent, SocketRoute> Table = Build();

    private static FrozenDictionary<SocketEvent, SocketRoute> Build()
    {
        var table = new SocketRouteTable();
        RoomRoutes.AddTo(table);
        WaitingRoutes.AddTo(table);
        StageRoutes.AddTo(table);
        ChatRoutes.AddTo(table);
        PollRoutes.AddTo(table);
        StoreRoutes.AddTo(table);
        PresetRoutes.AddTo(table);
        HostRoutes.AddTo(table);
        ConnectedRoutes.AddTo(table);
        MediaRoutes.AddTo(table);
        return table.Routes.ToFrozenDictionary();
    }
}

/// <summary>Where the routes of each kind are put together.</summary>
internal sealed class SocketRouteTable
{
    public Dictionary<SocketEvent, SocketRoute> Routes { get; } = [];

    /// <summary>A request without a payload; one that comes with some all the same is taken.</summary>
    public void On(SocketEvent number, Action<SocketCall> act) => Routes.Add(number, _ => act);

    /// <summary>A request with a payload.</summary>
    /// <param name="number">The event.</param>
    /// <param name="parser">Reads its payload.</param>
    /// <param name="act">Does it.</param>
    /// <param name="maxBytes">Largest payload.</param>
    public void On<T>(SocketEvent number, MessageParser<T> parser, Action<SocketCall, T> act, int maxBytes = SocketRoutes.MaxPayloadBytes)
        where T : class, IMessage<T>
    {
        var strict = parser.WithDiscardUnknownFields(true);
        Routes.Add(number, payload => payload.Length <= maxBytes && SocketEnvelope.TryRead(strict, payload, out var request)
            ? call => act(call, request)
            : null);
    }
}
