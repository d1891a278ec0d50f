using System.Net;
using Microsoft.Extensions.Logging;

namespace Roomcast.Transports.Tcp;

internal static partial class TransportLog // Event ids 1200-1299.
{
    [LoggerMessage(1200, LogLevel.Debug, "A {Protocol} connection of {Remote} was not taken: {Refusal}.")]
    public static partial void ConnectionRefused(ILogger logger, string protocol, IPEndPoint remote, ConnectionRefusal refusal);

    [LoggerMessage(1201, LogLevel.Debug, "The TLS handshake with {Remote} for {Protocol} failed.")]
    public static partial void TlsHandshakeFailed(ILogger logger, string protocol, IPEndPoint remote);

    [LoggerMessage(1202, LogLevel.Warning, "Connections for {Protocol} cannot be accepted for the moment: {Error}.")]
    public static partial void AcceptFailed(ILogger logger, string protocol, string error);

    [LoggerMessage(1203, LogLevel.Error, "A {Protocol} connection of {Remote} ended by a fault of ours.")]
    public static partial void ConnectionFaulted(ILogger logger, Exception fault, string protocol, IPEndPoint remote);
}
