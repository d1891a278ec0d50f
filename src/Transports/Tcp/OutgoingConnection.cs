using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;

namespace Roomcast.Transports.Tcp;

/// <summary>A connection that we have made to somebody else's server, with TLS where asked.</summary>
/// <remarks>One receive and one send at a time; <see cref="Abort"/> may come from anywhere and ends both.</remarks>
public sealed class OutgoingConnection : IAsyncDisposable
{
    private readonly Socket _socket;
    private readonly Stream _stream;
    private int _isAborted;

    private OutgoingConnection(Socket socket, Stream stream)
    {
        _socket = socket;
        _stream = stream;
        RemoteEndPoint = (IPEndPoint)socket.RemoteEndPoint!;
    }

    /// <summary>The address that it leads to.</summary>
    public IPEndPoint RemoteEndPoint { get; }

    /// <summary>
    /// Connects: the host's addresses of both families in turn, each with a head start before the next one is tried beside it
    /// (RFC 8305, section 4 and 5, in the order that the system's resolver gives).
    /// </summary>
    /// <param name="options">Where to.</param>
    /// <param name="clock">Measures the time limits.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="OutgoingException">It could not be made.</exception>
    public static async Task<OutgoingConnection> ConnectAsync(OutgoingOptions options, TimeProvider clock, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(clock);
        using var limit = new CancellationTokenSource(options.Timeout, clock);
        using var giveUp = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        Socket? socket = null;
        try
        {
            var addresses = await ResolveAsync(options, giveUp.Token);
            socket = await ConnectAnyAsync(addresses, options, clock, giveUp.Token);
            Stream stream = new NetworkStream(socket, ownsSocket: true);
            if (options.IsEncrypted)
            {
                stream = await EncryptAsync(stream, options, giveUp.Token);
            }

            return new OutgoingConnection(socket, stream);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            socket?.Dispose();
            throw new OutgoingException(OutgoingFailure.TimedOut, $"{options.Host} did not answer within {options.Timeout.TotalSeconds} s.");
        }
        catch
        {
            socket?.Dispose();
            throw;
        }
    }

    /// <summary>Waits for bytes.</summary>
    /// <returns>How many; 0 at the end.</returns>
    /// <exception cref="IOException">The connection broke, or was aborted.</exception>
    public async ValueTask<int> ReceiveAsync(Memory<byte> buffer)
    {
        try
        {
            return await _stream.ReadAsync(buffer);
        }
        catch (ObjectDisposedException fault)
        {
            throw new IOException("The connection was aborted.", fault);
        }
    }

    /// <summary>Sends all of it; not done before the system has taken it.</summary>
    /// <exception cref="IOException">The connection broke, or was aborted.</exception>
    public async ValueTask SendAsync(ReadOnlyMemory<byte> bytes)
    {
        try
        {
            await _stream.WriteAsync(bytes);
        }
        catch (ObjectDisposedException fault)
        {
            throw new IOException("The connection was aborted.", fault);
        }
    }

    /// <summary>Says that no more comes from us. What was sent still arrives.</summary>
    /// <exception cref="IOException">The connection broke, or was aborted.</exception>
    public async ValueTask ShutdownAsync()
    {
        try
        {
            if (_stream is SslStream encrypted)
            {
                await encrypted.ShutdownAsync();
            }

            _socket.Shutdown(SocketShutdown.Send);
        }
        catch (Exception fault) when (fault is SocketException or ObjectDisposedException or InvalidOperationException)
        {
            throw new IOException("The connection could not be shut down.", fault);
        }
    }

    /// <summary>Breaks the connection off at once, whoever uses it.</summary>
    public void Abort()
    {
        if (Interlocked.Exchange(ref _isAborted, 1) == 0)
        {
            _socket.Dispose();
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        Abort();
        await _stream.DisposeAsync();
    }

    private static async Task<IReadOnlyList<IPAddress>> ResolveAsync(OutgoingOptions options, CancellationToken cancellationToken)
    {
        IPAddress[] found;
        try
        {
            found = await Dns.GetHostAddressesAsync(options.Host, cancellationToken);
        }
        catch (Exception fault) when (fault is SocketException or ArgumentException)
        {
            throw new OutgoingException(OutgoingFailure.NameNotFound, $"{options.Host} has no address.", fault);
        }

        if (found.Length == 0)
        {
            throw new OutgoingException(OutgoingFailure.NameNotFound, $"{options.Host} has no address.");
        }

        var allowed = found.Where(address => options.Allows?.Invoke(address) ?? true).Distinct().ToList();
        if (allowed.Count == 0)
        {
            throw new OutgoingException(OutgoingFailure.AddressForbidden, $"{options.Host} has only addresses that may not be connected to.");
        }

        // One of each family in turn, beginning with the one that the resolver put first.
        var first = allowed.Where(address => address.AddressFamily == allowed[0].AddressFamily).ToList();
        var second = allowed.Where(address => address.AddressFamily != allowed[0].AddressFamily).ToList();
        var ordered = new List<IPAddress>();
        for (var i = 0; i < Math.Max(first.Count, second.Count); i++)
        {
            ordered.AddRange(first.Skip(i).Take(1));
            ordered.AddRange(second.Skip(i).Take(1));
        }

        return ordered;
    }

    private static async Task<Socket> ConnectAnyAsync(
        IReadOnlyList<IPAddress> addresses, OutgoingOptions options, TimeProvider clock, CancellationToken cancellationToken)
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var attempts = new List<Task<Socket>>();
        var next = 0;
        SocketException? firstFault = null;
        try
        {
            while (true)
            {
                if (next < addresses.Count)
                {
                    attempts.Add(ConnectOneAsync(new IPEndPoint(addresses[next++], options.Port), options, over.Token));
                }

                if (attempts.Count == 0)
                {
                    throw Failure(options.Host, firstFault!);
                }

                var any = Task.WhenAny(attempts);
                if (next < addresses.Count)
                {
                    using var headStart = CancellationTokenSource.CreateLinkedTokenSource(over.Token);
                    await Task.WhenAny(any, Task.Delay(options.AttemptDelay, clock, headStart.Token));
                    await headStart.CancelAsync();
                    cancellationToken.ThrowIfCancellationRequested();
                    if (!any.IsCompleted)
                    {
                        continue;
                    }
                }

                var done = await any;
                attempts.Remove(done);
                try
                {
                    return await done;
                }
                catch (SocketException fault)
                {
                    firstFault ??= fault;
                }
            }
        }
        finally
        {
            await over.CancelAsync();
            foreach (var late in attempts)
            {
                _ = late.ContinueWith(
                    static connected =>
                    {
                        if (connected.IsCompletedSuccessfully)
                        {
                            connected.GetAwaiter().GetResult().Dispose();
                        }

                        _ = connected.Exception;
                    },
                    CancellationToken.None,
                    TaskContinuationOptions.ExecuteSynchronously,
                    TaskScheduler.Default);
            }
        }
    }

    private static async Task<Socket> ConnectOneAsync(IPEndPoint address, OutgoingOptions options, CancellationToken cancellationToken)
    {
        var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true, SendBufferSize = options.SendBufferBytes };
        try
        {
            await socket.ConnectAsync(address, cancellationToken);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static OutgoingException Failure(string host, SocketException fault) => fault.SocketErrorCode switch
    {
        SocketError.ConnectionRefused => new OutgoingException(OutgoingFailure.Refused, $"Nobody listens on that port of {host}.", fault),
        SocketError.TimedOut => new OutgoingException(OutgoingFailure.TimedOut, $"{host} did not answer.", fault),
        _ => new OutgoingException(OutgoingFailure.Unreachable, $"{host} cannot be reached: {fault.SocketErrorCode}.", fault),
    };

    private static async Task<Stream> EncryptAsync(Stream plain, OutgoingOptions options, CancellationToken cancellationToken)
    {
        var isRejected = false;
        var stream = new SslStream(plain, leaveInnerStreamOpen: false);
        try
        {
            await stream.AuthenticateAsClientAsync(
                new SslClientAuthenticationOptions
                {
                    TargetHost = options.Host,
                    CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
                    RemoteCertificateValidationCallback = (_, certificate, chain, errors) =>
                    {
                        isRejected = !IsTrusted(certificate, chain, errors, options.TrustedAuthorities);
                        return !isRejected;
                    },
                },
                cancellationToken);
            return stream;
        }
        catch (Exception fault) when (fault is AuthenticationException or IOException or SocketException)
        {
            await stream.DisposeAsync();
            throw isRejected
                ? new OutgoingException(OutgoingFailure.CertificateRejected, $"The certificate of {options.Host} is not for that name, has expired, or is not signed by a trusted authority.", fault)
                : new OutgoingException(OutgoingFailure.TlsFailed, $"The TLS handshake with {options.Host} failed.", fault);
        }
        catch
        {
            await stream.DisposeAsync();
            throw;
        }
    }

    private static bool IsTrusted(X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors, X509Certificate2Collection? authorities)
    {
        if (errors is SslPolicyErrors.None)
        {
            return true;
        }

        // A wrong name stays wrong whoever has signed.
        if (errors is not SslPolicyErrors.RemoteCertificateChainErrors || authorities is not { Count: > 0 } || certificate is not X509Certificate2 leaf)
        {
            return false;
        }

        using var own = new X509Chain();
        own.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        own.ChainPolicy.CustomTrustStore.AddRange(authorities);
        own.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        foreach (var element in chain?.ChainElements.Skip(1) ?? [])
        {
            own.ChainPolicy.ExtraStore.Add(element.Certificate);
        }

        return own.Build(leaf);
    }
}
