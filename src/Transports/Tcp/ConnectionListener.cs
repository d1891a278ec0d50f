using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;

namespace Roomcast.Transports.Tcp;

/// <summary>Accepts TCP connections on one address, with TLS where asked, and hands each to whoever serves it.</summary>
/// <remarks>
/// Accepting waits for nobody: the TLS handshake and the serving of each connection are tasks of their own, each within a time
/// limit that one timer watches over for all of them.
/// </remarks>
public sealed class ConnectionListener : IAsyncDisposable
{
    private const int Backlog = 512;
    private static readonly TimeSpan SweepEvery = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan PauseAfterFailure = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan DrainStep = TimeSpan.FromMilliseconds(20);

    private readonly ListenOptions _options;
    private readonly Func<TcpConnection, Task> _serve;
    private readonly ConnectionQuota _quota;
    private readonly TimeProvider _clock;
    private readonly TransportMetrics _metrics;
    private readonly ILogger _logger;
    private readonly Socket _socket;
    private readonly ConcurrentDictionary<TcpConnection, Task> _connections = new();
    private readonly CancellationTokenSource _stopping = new();
    private readonly ITimer _sweep;
    private readonly ReceiveBeat _beat;
    private readonly Task _accepting;

    // Held while a connection's bytes pass from the table to the sums, and while both are read: a counter never goes back.
    private readonly Lock _totals = new();
    private long _closedReceived;
    private long _closedSent;

    private ConnectionListener(
        Socket socket,
        ListenOptions options,
        Func<TcpConnection, Task> serve,
        ConnectionQuota quota,
        TimeProvider clock,
        TransportMetrics metrics,
        ILogger logger)
    {
        _socket = socket;
        _options = options;
        _serve = serve;
        _quota = quota;
        _clock = clock;
        _metrics = metrics;
        _logger = logger;
        LocalEndPoint = (IPEndPoint)socket.LocalEndPoint!;
        metrics.Add(this);
        _beat = new ReceiveBeat(options.ReceiveInterval, clock);
        _sweep = clock.CreateTimer(static state => ((ConnectionListener)state!).Sweep(), this, SweepEvery, SweepEvery);
        _accepting = AcceptAsync();
    }

    /// <summary>The address, with the port the system chose when 0 was asked for.</summary>
    public IPEndPoint LocalEndPoint { get; }

    /// <summary>What is spoken.</summary>
    public string Protocol => _options.Protocol;

    /// <summary>Connections now.</summary>
    public int ConnectionCount => _connections.Count;

    /// <summary>Bytes received by all connections so far.</summary>
    public long BytesReceived
    {
        get
        {
            lock (_totals)
            {
                return _closedReceived + _connections.Keys.Sum(static connection => connection.BytesReceived);
            }
        }
    }

    /// <summary>Bytes sent by all connections so far.</summary>
    public long BytesSent
    {
        get
        {
            lock (_totals)
            {
                return _closedSent + _connections.Keys.Sum(static connection => connection.BytesSent);
            }
        }
    }

    /// <summary>Binds the address and begins to accept.</summary>
    /// <param name="options">Where and how.</param>
    /// <param name="serve">Serves one connection; it is closed when the task ends. The task may fail only by a fault of ours.</param>
    /// <param name="quota">How many there may be.</param>
    /// <param name="clock">Measures the time limits.</param>
    /// <param name="metrics">Counts.</param>
    /// <param name="logger">Logs.</param>
    /// <exception cref="ListenException">The address is taken, not ours, or not allowed.</exception>
    public static ConnectionListener Start(
        ListenOptions options,
        Func<TcpConnection, Task> serve,
        ConnectionQuota quota,
        TimeProvider clock,
        TransportMetrics metrics,
        ILogger logger)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(clock);
        ArgumentNullException.ThrowIfNull(metrics);
        var socket = options.Socket ?? new Socket(options.Address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            if (options.Socket is null)
            {
                socket.Bind(options.Address);
            }

            socket.Listen(Backlog);
        }
        catch (SocketException cause)
        {
            socket.Dispose();
            throw ListenException.From(options, cause);
        }

        return new ConnectionListener(socket, options, serve, quota, clock, metrics, logger);
    }

    /// <summary>Takes no new connections; those there are go on.</summary>
    public async Task StopAcceptingAsync()
    {
        await _stopping.CancelAsync();
        _socket.Dispose();
        await _accepting;
    }

    /// <summary>Takes no new connections and waits for those there are to end.</summary>
    /// <param name="cancellationToken">When cancelled, those still open are broken off.</param>
    public async Task DrainAsync(CancellationToken cancellationToken)
    {
        await StopAcceptingAsync();
        using var giveUp = cancellationToken.Register(AbortAll);
        while (!_connections.IsEmpty)
        {
            // Those that were broken off are not left waiting for a beat, which by a clock that stands still never comes.
            if (cancellationToken.IsCancellationRequested)
            {
                _beat.ServeNow();
            }

            await Task.WhenAny(Task.WhenAll(_connections.Values), Task.Delay(DrainStep, TimeProvider.System, CancellationToken.None));
        }
    }

    /// <summary>Breaks off all connections and stops.</summary>
    public async ValueTask DisposeAsync()
    {
        await DrainAsync(new CancellationToken(canceled: true));
        await _sweep.DisposeAsync();
        _beat.Dispose();
        _metrics.Remove(this);
        _stopping.Dispose();
    }

    private void AbortAll()
    {
        foreach (var connection in _connections.Keys)
        {
            connection.Abort();
        }
    }

    private void Sweep()
    {
        var now = _clock.GetTimestamp();
        foreach (var (connection, _) in _connections)
        {
            connection.Sweep(now);
        }
    }

    private async Task AcceptAsync()
    {
        var hasFailed = false;
        while (!_stopping.IsCancellationRequested)
        {
            Socket socket;
            try
            {
                socket = await _socket.AcceptAsync(_stopping.Token);
                hasFailed = false;
            }
            catch (Exception fault) when (fault is OperationCanceledException or ObjectDisposedException)
            {
                return;
            }
            catch (SocketException fault)
            {
                if (_stopping.IsCancellationRequested)
                {
                    return;
                }

                // Out of descriptors or memory, or a peer that left before it was accepted. Say it once, go on.
                if (!hasFailed)
                {
                    hasFailed = true;
                    TransportLog.AcceptFailed(_logger, Protocol, fault.Message);
                }

                await Task.Delay(PauseAfterFailure, _clock, CancellationToken.None);
                continue;
            }

            Take(socket);
        }
    }

    private void Take(Socket socket)
    {
        TcpConnection? connection = null;
        IPEndPoint remote;
        try
        {
            remote = (IPEndPoint)socket.RemoteEndPoint!;
            var refusal = _quota.TryEnter(remote.Address);
            if (refusal is not ConnectionRefusal.None)
            {
                _metrics.Refused(Protocol, refusal);
                TransportLog.ConnectionRefused(_logger, Protocol, remote, refusal);
                socket.Dispose();
                return;
            }

            try
            {
                socket.NoDelay = true;
                connection = _options.Tls is null ? new PlainTcpConnection(socket, _clock, _beat) : new TlsTcpConnection(socket, _clock, _beat);
            }
            finally
            {
                if (connection is null)
                {
                    _quota.Leave(remote.Address, isProven: false);
                }
            }
        }
        catch (SocketException)
        {
            socket.Dispose(); // It left before we looked.
            return;
        }

        connection.Proven = () => _quota.Prove(remote.Address);

        // The task takes itself out of the table, so it must not run before it is in.
        var begin = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _connections[connection] = RunAsync(connection, begin.Task);
        begin.SetResult();
    }

    private async Task RunAsync(TcpConnection connection, Task begin)
    {
        await begin;
        try
        {
            if (connection is TlsTcpConnection encrypted)
            {
                // Half-open handshakes count against the time limit like everything else.
                using var limit = new CancellationTokenSource(_options.TlsHandshakeTimeout, _clock);
                if (!await encrypted.TryAuthenticateAsync(_options.Tls!, limit.Token))
                {
                    _metrics.TlsHandshakeFailed(Protocol);
                    TransportLog.TlsHandshakeFailed(_logger, Protocol, connection.RemoteEndPoint);
                    return;
                }
            }

            await _serve(connection);
        }
        catch (Exception fault)
        {
            // The smallest thing that can be thrown away is this connection.
            TransportLog.ConnectionFaulted(_logger, fault, Protocol, connection.RemoteEndPoint);
        }
        finally
        {
            await connection.DisposeAsync();
            lock (_totals)
            {
                _connections.TryRemove(connection, out _);
                _closedReceived += connection.BytesReceived;
                _closedSent += connection.BytesSent;
            }

            _quota.Leave(connection.RemoteEndPoint.Address, connection.IsProven);
        }
    }
}
