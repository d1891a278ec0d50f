using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Roomcast.TestKit.Network;

/// <summary>
/// A network between peers and a server's UDP port, on real sockets and in real time: it stands at an address that the server gives
/// as its own, and delays and loses what it carries.
/// </summary>
public sealed class EmulatedRelay : IAsyncDisposable
{
    private const int MaxDatagram = 2_048;

    private readonly TimeProvider _time = TimeProvider.System;
    private readonly long _startedAt = TimeProvider.System.GetTimestamp();
    private readonly CancellationTokenSource _stopping = new();
    private readonly ConcurrentDictionary<IPEndPoint, Socket> _flows = new();
    private readonly Lock _lock = new();
    private readonly NetworkEmulator<Socket> _toServer;
    private readonly NetworkEmulator<IPEndPoint> _toPeers;
    private readonly Func<ReadOnlyMemory<byte>, bool> _isLostToServer;
    private readonly Func<ReadOnlyMemory<byte>, bool> _isLostToPeers;
    private readonly IPEndPoint _server;
    private readonly Socket _socket;
    private readonly ConcurrentBag<Task> _tasks = [];

    private EmulatedRelay(
        IPAddress address,
        IPEndPoint server,
        NetworkConditions conditions,
        Func<ReadOnlyMemory<byte>, bool> isLostToServer,
        Func<ReadOnlyMemory<byte>, bool> isLostToPeers,
        int seed)
    {
        _server = server;
        _isLostToServer = isLostToServer;
        _isLostToPeers = isLostToPeers;
        _toServer = new NetworkEmulator<Socket>(seed, conditions);
        _toPeers = new NetworkEmulator<IPEndPoint>(seed + 1, conditions);
        _socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp) { ReceiveBufferSize = 1 << 20 };
        _socket.Bind(new IPEndPoint(address, server.Port));
    }

    /// <summary>Begins to carry.</summary>
    /// <param name="address">Where peers send to; the port is the server's.</param>
    /// <param name="server">The server's own address.</param>
    /// <param name="conditions">What each direction does to datagrams.</param>
    /// <param name="isLostToServer">Loses datagrams of peers besides.</param>
    /// <param name="isLostToPeers">Loses datagrams of the server besides.</param>
    /// <param name="arrivesAtServer">Is told each datagram as it is handed to the server; not to block.</param>
    /// <param name="arrivesAtPeers">Is told each datagram as it is handed to a peer; not to block.</param>
    /// <param name="seed">Of what happens by chance.</param>
    public static EmulatedRelay Start(
        IPAddress address,
        IPEndPoint server,
        NetworkConditions conditions,
        Func<ReadOnlyMemory<byte>, bool> isLostToServer,
        Func<ReadOnlyMemory<byte>, bool> isLostToPeers,
        Action<ReadOnlyMemory<byte>>? arrivesAtServer = null,
        Action<ReadOnlyMemory<byte>>? arrivesAtPeers = null,
        int seed = 1)
    {
        ArgumentNullException.ThrowIfNull(server);
        ArgumentNullException.ThrowIfNull(isLostToServer);
        ArgumentNullException.ThrowIfNull(isLostToPeers);
        var relay = new EmulatedRelay(address, server, conditions, isLostToServer, isLostToPeers, seed)
        {
            ArrivesAtServer = arrivesAtServer,
            ArrivesAtPeers = arrivesAtPeers,
        };
        relay._tasks.Add(Task.Run(relay.TakeFromPeersAsync));
        relay._tasks.Add(Task.Run(relay.DeliverAsync));
        return relay;
    }

    /// <summary>
    /// Says of each datagram whether it is the RTP packet of a share of all, told by its sequence number: such a packet never arrives,
    /// however often it is sent again.
    /// </summary>
    /// <param name="oneOf">One packet in this many is lost.</param>
    public static Func<ReadOnlyMemory<byte>, bool> OnePacketOf(int oneOf) => datagram =>
    {
        var bytes = datagram.Span;
        return IsRtp(bytes) && BinaryPrimitives.ReadUInt16BigEndian(bytes[2..]) % oneOf == 0;
    };

    /// <summary>Whether a datagram is RTP (RFC 3550 section 5.1, told from RTCP by RFC 5761 section 4: V=2 and a type that is not 64 to 95).</summary>
    public static bool IsRtp(ReadOnlySpan<byte> datagram) =>
        datagram.Length >= 12 && datagram[0] >> 6 == 2 && (datagram[1] & 0x7f) is not (>= 64 and <= 95);

    /// <summary>Changes what happens from now on to datagrams on their way to peers; those on their way to the server fare as before.</summary>
    public void ChangeToPeers(NetworkConditions conditions)
    {
        lock (_lock)
        {
            _toPeers.Conditions = conditions;
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        _socket.Dispose();
        foreach (var flow in _flows.Values)
        {
            flow.Dispose();
        }

        await Task.WhenAll(_tasks).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stopping.Dispose();
    }

    private Action<ReadOnlyMemory<byte>>? ArrivesAtServer { get; init; }

    private Action<ReadOnlyMemory<byte>>? ArrivesAtPeers { get; init; }

    private TimeSpan Now => _time.GetElapsedTime(_startedAt);

    private async Task TakeFromPeersAsync()
    {
        var buffer = new byte[MaxDatagram];
        while (!_stopping.IsCancellationRequested)
        {
            var received = await _socket.ReceiveFromAsync(buffer, new IPEndPoint(IPAddress.Any, 0), _stopping.Token);
            var flow = _flows.GetOrAdd((IPEndPoint)received.RemoteEndPoint, Open);
            var datagram = buffer.AsMemory(0, received.ReceivedBytes);
            if (!_isLostToServer(datagram))
            {
                lock (_lock)
                {
                    _toServer.Send(datagram.Span, flow, Now);
                }
            }
        }
    }

    private Socket Open(IPEndPoint peer)
    {
        var flow = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp) { ReceiveBufferSize = 1 << 20 };
        flow.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _tasks.Add(Task.Run(() => TakeFromServerAsync(flow, peer)));
        return flow;
    }

    private async Task TakeFromServerAsync(Socket flow, IPEndPoint peer)
    {
        var buffer = new byte[MaxDatagram];
        while (!_stopping.IsCancellationRequested)
        {
            var received = await flow.ReceiveFromAsync(buffer, new IPEndPoint(IPAddress.Any, 0), _stopping.Token);
            var datagram = buffer.AsMemory(0, received.ReceivedBytes);
            if (!_isLostToPeers(datagram))
            {
                lock (_lock)
                {
                    _toPeers.Send(datagram.Span, peer, Now);
                }
            }
        }
    }

    private async Task DeliverAsync()
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(1));
        while (await timer.WaitForNextTickAsync(_stopping.Token))
        {
            lock (_lock)
            {
                while (_toServer.TryReceive(Now, out var datagram, out var flow))
                {
                    flow.SendTo(datagram, _server);
                    ArrivesAtServer?.Invoke(datagram);
                }

                while (_toPeers.TryReceive(Now, out var datagram, out var peer))
                {
                    _socket.SendTo(datagram, peer);
                    ArrivesAtPeers?.Invoke(datagram);
                }
            }
        }
    }
}
