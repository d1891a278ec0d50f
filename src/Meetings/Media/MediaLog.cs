using Microsoft.Extensions.Logging;

namespace Roomcast.Meetings.Media;

internal static partial class MediaLog // Event ids 5200-5299.
{
    [LoggerMessage(5200, LogLevel.Error, "The media of room {RoomId} ended after a fault; its peers will have to join again.")]
    public static partial void RoomFailed(ILogger logger, Exception fault, string roomId);

    [LoggerMessage(5201, LogLevel.Debug, "Transport {TransportId} of room {RoomId} connected after {ConnectMs} ms over {Protocol}.")]
    public static partial void Connected(ILogger logger, string transportId, string roomId, double connectMs, string protocol);

    [LoggerMessage(5202, LogLevel.Debug, "Transport {TransportId} of room {RoomId} was lost: {Reason}, {Failure}.")]
    public static partial void Lost(ILogger logger, string transportId, string roomId, TransportLossReason reason, string failure);

    [LoggerMessage(5203, LogLevel.Error, "Transport {TransportId} of room {RoomId} ended after a fault of ours in handling a datagram of its peer, or what was due on it.")]
    public static partial void TransportFailed(ILogger logger, Exception fault, string transportId, string roomId);

    [LoggerMessage(5204, LogLevel.Error, "What peer {PeerId} of room {RoomId} asked for or sent met a fault of ours; what it was at has ended.")]
    public static partial void RequestFailed(ILogger logger, Exception fault, string? peerId, string roomId);
}
