using System.Security.Cryptography.X509Certificates;
using Roomcast.Transports.Tcp;

namespace Roomcast.Egress.Push;

/// <summary>Connects to targets.</summary>
internal interface IPushDialer
{
    /// <summary>Connects.</summary>
    /// <exception cref="OutgoingException">It could not be.</exception>
    Task<IPushConnection> ConnectAsync(PushAddress address, CancellationToken cancellationToken);
}

/// <summary>A connection to a target: one receive and one send at a time.</summary>
internal interface IPushConnection : IAsyncDisposable
{
    /// <summary>Waits for bytes; 0 at the end.</summary>
    /// <exception cref="IOException">It broke, or was aborted.</exception>
    ValueTask<int> ReceiveAsync(Memory<byte> buffer);

    /// <summary>Sends; done when the system has taken all of it.</summary>
    /// <exception cref="IOException">It broke, or was aborted.</exception>
    ValueTask SendAsync(ReadOnlyMemory<byte> bytes);

    /// <summary>Says that no more comes.</summary>
    /// <exception cref="IOException">It broke, or was aborted.</exception>
    ValueTask ShutdownAsync();

    /// <summary>Breaks it off, whoever uses it.</summary>
    void Abort();
}

/// <summary>Connects over TCP and TLS.</summary>
internal sealed class TcpPushDialer : IPushDialer
{
    private readonly PushOptions _options;
    private readonly PushAddressGuard _guard;
    private readonly TimeProvider _time;
    private readonly X509Certificate2Collection? _authorities;

    public TcpPushDialer(PushOptions options, PushAddressGuard guard, TimeProvider time)
    {
        _options = options;
        _guard = guard;
        _time = time;
        if (options.TrustedAuthorities is { } file)
        {
            _authorities = [];
            _authorities.ImportFromPemFile(file);
        }
    }

    public async Task<IPushConnection> ConnectAsync(PushAddress address, CancellationToken cancellationToken) =>
        new Connection(await OutgoingConnection.ConnectAsync(
            new OutgoingOptions
            {
                Host = address.Target.Host,
                Port = address.Target.Port,
                IsEncrypted = address.Target.IsEncrypted,
                TrustedAuthorities = _authorities,
                Allows = _guard.Allows,
                Timeout = _options.ConnectTimeout,
            },
            _time,
            cancellationToken));

    private sealed class Connection(OutgoingConnection connection) : IPushConnection
    {
        public ValueTask<int> ReceiveAsync(Memory<byte> buffer) => connection.ReceiveAsync(buffer);

        public ValueTask SendAsync(ReadOnlyMemory<byte> bytes) => connection.SendAsync(bytes);

        public ValueTask ShutdownAsync() => connection.ShutdownAsync();

        public void Abort() => connection.Abort();

        public ValueTask DisposeAsync() => connection.DisposeAsync();
    }
}
