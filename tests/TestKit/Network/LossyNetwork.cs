using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Roomcast.TestKit.Network;

/// <summary>A network between clients and the server's media that does to datagrams what the emulator says, both ways, in real time.</summary>
/// <remarks>The server is told that <see cref="MediaAddress"/> is its own address; its port there is the one it has.</remarks>
public sealed class LossyNetwork : IAsyncDisposable
{
    /// <summary>What the server is to give as its public address.</summary>
    public static readonly IPAddress MediaAddress = IPAddress.Parse("127.0.0.6");

    private const int MaxDatagram = 2_048;
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(2);

    private readonly Lock _lock = new();
    private readonly NetworkEmulator<Func<byte[], Task>> _emulator;
    private readonly CancellationTokenSource _stopping = new();
    private readonly ConcurrentDictionary<IPEndPoint, Socket> _flows = new();
    private readonly ConcurrentBag<Task> _tasks = [];
    private readonly Socket _media = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
    private readonly IPEndPoint _server;
    private readonly long _began = TimeProvider.System.GetTimestamp();

    private LossyNetwork(int rtcPort, NetworkConditions conditions)
    {
        _emulator = new NetworkEmulator<Func<byte[], Task>>(seed: 1, conditions);
        _server = new IPEndPoint(IPAddress.Loopback, rtcPort);
        _media.Bind(new IPEndPoint(MediaAddress, rtcPort));
    }

    /// <summary>Datagrams that were lost.</summary>
    public long Lost
    {
        get
        {
            lock (_lock)
            {
                return _emulator.Lost;
            }
        }
    }

    /// <summary>How many addresses of clients have sent anything: one for each transport that was tried.</summary>
    public int Clients => _flows.Count;

    /// <summary>Has other conditions from now on.</summary>
    public void Change(NetworkConditions conditions)
    {
        lock (_lock)
        {
            _emulator.Conditions = conditions;
        }
    }

    private TimeSpan Now => TimeProvider.System.GetElapsedTime(_began);

    /// <summary>Begins to carry.</summary>
    public static LossyNetwork Start(int rtcPort, NetworkConditions conditions)
    {
        var network = new LossyNetwork(rtcPort, conditions);
        network._tasks.Add(Task.Run(network.ReceiveFromClientsAsync));
        network._tasks.Add(Task.Run(network.DeliverAsync));
        return network;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await Task.WhenAll(_tasks);
        _media.Dispose();
        foreach (var flow in _flows.Values)
        {
            flow.Dispose();
        }

        _stopping.Dispose();
    }

    private Task ReceiveFromClientsAsync() => UntilStoppedAsync(async buffer =>
    {
        var received = await _media.ReceiveFromAsync(buffer, SocketFlags.None, new IPEndPoint(IPAddress.Any, 0), _stopping.Token);
        var client = (IPEndPoint)received.RemoteEndPoint;
        var flow = _flows.GetOrAdd(client, Open);
        Send(buffer.AsSpan(0, received.ReceivedBytes), datagram => flow.SendAsync(datagram, SocketFlags.None));
    });

    private Socket Open(IPEndPoint client)
    {
        var flow = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        flow.Connect(_server);
        _tasks.Add(Task.Run(() => UntilStoppedAsync(async buffer =>
        {
            var length = await flow.ReceiveAsync(buffer, SocketFlags.None, _stopping.Token);
            Send(buffer.AsSpan(0, length), datagram => _media.SendToAsync(datagram, SocketFlags.None, client));
        })));
        return flow;
    }

    private void Send(ReadOnlySpan<byte> datagram, Func<byte[], Task> deliver)
    {
        lock (_lock)
        {
            _emulator.Send(datagram, deliver, Now);
        }
    }

    private Task DeliverAsync() => UntilStoppedAsync(async _ =>
    {
        await Task.Delay(Tick, _stopping.Token);
        while (true)
        {
            byte[] datagram;
            Func<byte[], Task> deliver;
            lock (_lock)
            {
                if (!_emulator.TryReceive(Now, out datagram, out deliver))
                {
                    return;
                }
            }

            await deliver(datagram);
        }
    });

    private async Task UntilStoppedAsync(Func<byte[], Task> act)
    {
        var buffer = new byte[MaxDatagram];
        while (!_stopping.IsCancellationRequested)
        {
            try
            {
                await act(buffer);
            }
            catch (SocketException)
            {
                // The server is away for the moment; what is sent meanwhile is lost.
            }
            catch (Exception fault) when (fault is OperationCanceledException or ObjectDisposedException)
            {
                return;
            }
        }
    }
}
