using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using Roomcast.Rtc;

namespace Roomcast.Transports.Rtc;

/// <summary>ICE-TCP: connections of peers that cannot use UDP.</summary>
internal sealed class RtcTcpListener(RtcHost host, RtcHostOptions options, TimeProvider clock, ILogger logger) : IRtcTcpPaths, IAsyncDisposable
{
    private Socket? _socket;

    public void Start(Socket socket) => _socket = socket;

    public Task StopAcceptingAsync()
    {
        _ = (host, options, clock, logger);
        _socket?.Dispose();
        return Task.CompletedTask;
    }

    public bool TryProve(in RtcAddress path, RtcWorker owner) => false;

    public bool TrySend(in RtcAddress path, ReadOnlySpan<byte> datagram) => false;

    public void Close(in RtcAddress path)
    {
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
