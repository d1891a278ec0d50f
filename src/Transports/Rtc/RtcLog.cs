using Microsoft.Extensions.Logging;
using Roomcast.Rtc;

namespace Roomcast.Transports.Rtc;

internal static partial class RtcLog // Event ids 5500-5599.
{
    [LoggerMessage(5500, LogLevel.Information,
        "WebRTC on {Address}, UDP and TCP: {WorkerCount} workers, {Form}; told to peers as {Told}.")]
    public static partial void Started(ILogger logger, string address, int workerCount, string form, string told);

    [LoggerMessage(5501, LogLevel.Error, "The engine of WebRTC worker {Worker} had a fault of ours, number {Count}; it goes on.")]
    public static partial void EngineFaulted(ILogger logger, Exception fault, int worker, long count);

    [LoggerMessage(5502, LogLevel.Critical, "WebRTC worker {Worker} has ended by a fault of ours.")]
    public static partial void WorkerEnded(ILogger logger, Exception fault, int worker);

    [LoggerMessage(5503, LogLevel.Warning, "WebRTC worker {Worker} did not end in time.")]
    public static partial void WorkerDidNotEnd(ILogger logger, int worker);

    [LoggerMessage(5504, LogLevel.Warning, "TCP connections for WebRTC cannot be accepted for the moment: {Error}.")]
    public static partial void AcceptFailed(ILogger logger, string error);

    [LoggerMessage(5505, LogLevel.Debug, "The WebRTC connection {Path} ended: {Reason}.")]
    public static partial void TcpEnded(ILogger logger, RtcAddress path, RtcTcpEnd reason);
}
