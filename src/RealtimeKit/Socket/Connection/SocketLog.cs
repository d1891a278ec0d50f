using Microsoft.Extensions.Logging;

namespace Roomcast.RealtimeKit.Socket.Connection;

/// <summary>Event ids 4100-4149.</summary>
internal static partial class SocketLog
{
    [LoggerMessage(4101, LogLevel.Debug, "A socket was refused: {Reason}.")]
    public static partial void Refused(ILogger logger, string reason);

    [LoggerMessage(4102, LogLevel.Information, "The socket of peer {PeerId} is given up: nothing was heard of it.")]
    public static partial void PeerSilent(ILogger logger, string peerId);

    [LoggerMessage(4103, LogLevel.Information, "The socket of peer {PeerId} is given up: it does not keep up with what it is sent.")]
    public static partial void PeerSlow(ILogger logger, string peerId);

    [LoggerMessage(4104, LogLevel.Error, "A socket failed before it was open.")]
    public static partial void Failed(ILogger logger, Exception fault);
}
