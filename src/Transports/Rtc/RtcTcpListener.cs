using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using Roomcast.Rtc;
using Roomcast.Transports.Tcp;

namespace Roomcast.Transports.Rtc;

/// <summary>ICE-TCP: accepts the connections of peers that cannot use UDP, and knows them by their paths (RFC 6544, passive).</summary>
/// <remarks>
/// Three bounds keep strangers out: connections in all and for each address, a time within which a check must have passed,
/// and that the first frame is a check for a known ufrag. A peer that does not take what is sent is disconnected. Thread-safe.
/// </remarks>
internal sealed class RtcTcpListener : IAsyncDisposable
{
    private const int Backlog = 512;
    private static readonly TimeSpan SweepEvery = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan PauseAfterFailure = TimeSpan.FromMilliseconds(100);

    private readonly RtcHostOptions _options;
    private readonly RtcDirectory _directory;
    private readonly TimeProvider _clock;
    private readonly RtcMetrics _metrics;
    private readonly ILogger _logger;
    private readonly ConnectionQuota _quota;
    private readonly ConcurrentDictionary<RtcAddress, RtcTcpConnection> _connections = new();
    private readonly CancellationTokenSource _stopping = new();
    private ITimer? _sweep;
    private Socket? _socket;
    private Task _accepting = Task.CompletedTask;
    private long _bytesReceived;
    private long _bytesSent;

    public RtcTcpListener(RtcDirectory directory, RtcHostOptions options, TimeProvider clock, RtcMetrics metrics, ILogger logger)
    {
        _directory = directory;
        _options = options;
        _clock = clock;
        _metrics = metrics;
        _logger = logger;
        _quota = new ConnectionQuota(options.MaxTcpConnections, options.MaxTcpConnectionsPerAddress, options.MaxUnprovenTcpPerAddress);
    }

    /// <summary>Connections now.</summary>
    public int ConnectionCount => _quota.Count;

    /// <summary>Bytes received, frames' headers included.</summary>
    public long BytesReceived => Volatile.Read(ref _bytesReceived);

    /// <summary>Bytes sent, frames' headers included.</summary>
    public long BytesSent => Volatile.Read(ref _bytesSent);

    /// <summary>The clock's timestamp.</summary>
    public long Timestamp => _clock.GetTimestamp();

    /// <summary>Begins to accept.</summary>
    /// <exception cref="SocketException">Another process listens there since the socket was bound.</exception>
    public void Start(Socket socket)
    {
        _socket = socket;
        socket.Listen(Backlog);
        _sweep = _clock.CreateTimer(static state => ((RtcTcpListener)state!).Sweep(), this, SweepEvery, SweepEvery);
        _accepting = AcceptAsync(socket);
    }

    /// <summary>Takes no new connections; those there are go on.</summary>
    public async Task StopAcceptingAsync()
    {
        await _stopping.CancelAsync();
        _socket?.Dispose();
        await _accepting;
    }

    /// <summary>Breaks off all connections.</summary>
    public async ValueTask DisposeAsync()
    {
        await StopAcceptingAsync();
        if (_sweep is not null)
        {
            await _sweep.DisposeAsync();
        }

        foreach (var (_, connection) in _connections)
        {
            connection.End(RtcTcpEnd.ClosedByUs);
        }

        _stopping.Dispose();
    }

    /// <summary>Finds the worker that a check is for.</summary>
    public RtcWorker? FindUfrag(ReadOnlySpan<byte> ufrag) => _directory.FindUfrag(ufrag);

    /// <summary>Finds a connection.</summary>
    public bool TryFind(in RtcAddress path, [NotNullWhen(true)] out RtcTcpConnection? connection) =>
        _connections.TryGetValue(path, out connection);

    /// <summary>Takes it that a check has passed on a connection, which therefore may stay.</summary>
    /// <returns>False when there is no such connection.</returns>
    public bool TryAddPath(in RtcAddress path, RtcWorker owner) => TryFind(path, out var connection) && connection.TryAddPath(owner);

    /// <summary>Called by a connection on which a check has passed.</summary>
    public void OnPathAdded(RtcTcpConnection connection, RtcWorker owner, bool isFirst)
    {
        _directory.AddPath(connection.Path, owner);
        if (isFirst)
        {
            _quota.Prove(connection.Path.ToIPAddress());
        }
    }

    public void OnBytesReceived(int count) => Interlocked.Add(ref _bytesReceived, count);

    public void OnBytesSent(int count) => Interlocked.Add(ref _bytesSent, count);

    /// <summary>Forgets a connection that has ended, and tells the worker whose path it was.</summary>
    public void OnEnded(RtcTcpConnection connection, RtcTcpEnd reason)
    {
        var path = connection.Path;
        _connections.TryRemove(new KeyValuePair<RtcAddress, RtcTcpConnection>(path, connection));
        _quota.Leave(path.ToIPAddress(), connection.IsProven);
        _metrics.TcpEnded(reason);
        RtcLog.TcpEnded(_logger, path, reason);
        if (connection.Owner is { } owner && _directory.RemovePath(path, owner))
        {
            owner.PathClosed(path);
        }
    }

    private async Task AcceptAsync(Socket listening)
    {
        var hasFailed = false;
        while (!_stopping.IsCancellationRequested)
        {
            Socket socket;
            try
            {
                socket = await listening.AcceptAsync(_stopping.Token);
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
                    RtcLog.AcceptFailed(_logger, fault.Message);
                }

                await Task.Delay(PauseAfterFailure, _clock, CancellationToken.None);
                continue;
            }

            Take(socket);
        }
    }

    private void Take(Socket socket)
    {
        IPEndPoint remote;
        try
        {
            remote = (IPEndPoint)socket.RemoteEndPoint!;
            socket.NoDelay = true;

            // What the system holds back is late already; what waits here can still be dropped.
            socket.SendBufferSize = _options.TcpSendBytes;
        }
        catch (Exception fault) when (fault is SocketException or ObjectDisposedException)
        {
            socket.Dispose();
            return;
        }

        var path = RtcAddress.From(remote.Address, remote.Port, RtcProtocol.Tcp);
        var refusal = _quota.TryEnter(path.ToIPAddress());
        if (refusal is not ConnectionRefusal.None)
        {
            _metrics.TcpRefused(refusal);
            socket.Dispose();
            return;
        }

        var connection = new RtcTcpConnection(this, socket, path, Timestamp, _options.TcpSendBytes);
        if (!_connections.TryAdd(path, connection))
        {
            // The same address and port to another of our addresses: a path would be two.
            connection.Dispose();
            _quota.Leave(path.ToIPAddress(), isProven: false);
            return;
        }

        connection.Start();
    }

    private void Sweep()
    {
        foreach (var (_, connection) in _connections)
        {
            if (!connection.IsProven && _clock.GetElapsedTime(connection.AcceptedAt) >= _options.TcpHandshakeTimeout)
            {
                connection.End(RtcTcpEnd.Unproven);
            }
            else if (connection.SendingSince is var since and not long.MaxValue && _clock.GetElapsedTime(since) >= _options.TcpStallTimeout)
            {
                connection.End(RtcTcpEnd.Stalled);
            }
        }
    }
}
