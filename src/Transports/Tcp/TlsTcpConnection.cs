using System.Net.Security;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Security.Authentication;

namespace Roomcast.Transports.Tcp;

/// <summary>A connection with TLS.</summary>
internal sealed class TlsTcpConnection : TcpConnection
{
    private readonly SslStream _stream;

    public TlsTcpConnection(Socket socket, TimeProvider clock, ReceiveBeat beat)
        : base(socket, clock, beat) => _stream = new SslStream(new Records(this), leaveInnerStreamOpen: false);

    public override bool IsEncrypted => true;

    /// <summary>Makes the handshake.</summary>
    /// <returns>False when the peer fails it, or when it takes too long.</returns>
    public async Task<bool> TryAuthenticateAsync(Func<string?, SslServerAuthenticationOptions> options, CancellationToken cancellationToken)
    {
        try
        {
            await _stream.AuthenticateAsServerAsync(
                (_, hello, _, _) => ValueTask.FromResult(options(string.IsNullOrEmpty(hello.ServerName) ? null : hello.ServerName)),
                state: null,
                cancellationToken);
            return true;
        }
        catch (Exception fault) when (fault is AuthenticationException or IOException or SocketException or OperationCanceledException or ObjectDisposedException)
        {
            return false;
        }
    }

    public override async ValueTask DisposeAsync()
    {
        await _stream.DisposeAsync();
        await base.DisposeAsync();
    }

    // A read of nothing waits until there is something, and holds no buffer meanwhile.
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private protected override async ValueTask WaitAsync() => _ = await _stream.ReadAsync(Memory<byte>.Empty);

    private protected override ValueTask<int> ReceiveAsync(Memory<byte> buffer) => _stream.ReadAsync(buffer);

    private protected override ValueTask SendAllAsync(ReadOnlyMemory<byte> bytes) => _stream.WriteAsync(bytes);

    private protected override async ValueTask ShutdownAsync()
    {
        await _stream.ShutdownAsync();
        Socket.Shutdown(SocketShutdown.Send);
    }

    /// <summary>The socket as TLS sees it: reads wait for the beat.</summary>
    private sealed class Records(TlsTcpConnection connection) : Stream
    {
        public override bool CanRead => true;

        public override bool CanWrite => true;

        public override bool CanSeek => false;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            while (true)
            {
                var count = TryRead(buffer.Span);
                if (count >= 0)
                {
                    return count;
                }

                await connection.NextBeatAsync();
                cancellationToken.ThrowIfCancellationRequested();
                if (connection.End is not TcpEnd.None)
                {
                    return 0;
                }
            }
        }

        [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
        public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            while (!buffer.IsEmpty)
            {
                buffer = buffer[await connection.Socket.SendAsync(buffer, SocketFlags.None, cancellationToken)..];
            }
        }

        public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
            ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

        public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
            WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

        public override void Flush()
        {
            // Nothing is kept back.
        }

        public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        private int TryRead(Span<byte> buffer)
        {
            if (!buffer.IsEmpty)
            {
                return connection.TryReceive(buffer, SocketFlags.None);
            }

            // TLS asks whether there is anything before it takes a buffer of its own.
            Span<byte> one = stackalloc byte[1];
            return Math.Min(connection.TryReceive(one, SocketFlags.Peek), 0);
        }
    }
}
