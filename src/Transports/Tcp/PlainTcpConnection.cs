using System.Net.Sockets;
using System.Runtime.CompilerServices;

namespace Roomcast.Transports.Tcp;

/// <summary>A connection without TLS.</summary>
internal sealed class PlainTcpConnection(Socket socket, TimeProvider clock, ReceiveBeat beat) : TcpConnection(socket, clock, beat)
{
    public override bool IsEncrypted => false;

    private protected override ValueTask WaitAsync() => NextBeatAsync();

    private protected override ValueTask<int> ReceiveAsync(Memory<byte> buffer) => ValueTask.FromResult(TryReceive(buffer.Span, SocketFlags.None));

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private protected override async ValueTask SendAllAsync(ReadOnlyMemory<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            bytes = bytes[await Socket.SendAsync(bytes, SocketFlags.None)..];
        }
    }

    private protected override ValueTask ShutdownAsync()
    {
        Socket.Shutdown(SocketShutdown.Send);
        return ValueTask.CompletedTask;
    }
}
