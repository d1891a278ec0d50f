using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Roomcast.Interop.Meetings;

/// <summary>
/// A network between browsers and the server that can be taken from one of them: everything of that browser, the page's TCP
/// connections and its media over UDP, stops in both directions without either side being told, as when a cable is pulled.
/// </summary>
/// <remarks>
/// The server tells peers <see cref="MediaAddress"/> as its own address. Browsers are told apart by the address that their names
/// lead to, and by the ports that their media comes from.
/// </remarks>
internal sealed class CuttableNetwork : IAsyncDisposable
{
    /// <summary>What the server is to give as its public address.</summary>
    public static readonly IPAddress MediaAddress = IPAddress.Parse("127.0.0.5");

    private const int MaxDatagram = 2_048;

    private readonly CancellationTokenSource _stopping = new();
    private readonly ConcurrentDictionary<IPEndPoint, Socket> _flows = new();
    private readonly ConcurrentBag<Socket> _sockets = [];
    private readonly ConcurrentBag<Task> _tasks = [];
    private readonly ConcurrentDictionary<Socket, IPAddress> _connections = new();
    private readonly Random _chance = new(7);
    private volatile HashSet<int>? _portsThatPass;
    private volatile IPAddress? _cut;
    private TaskCompletionSource _restored = Restored();

    private CuttableNetwork()
    {
    }

    /// <summary>The address that the names of one browser lead to.</summary>
    /// <param name="browser">Its number.</param>
    public static IPAddress AddressOf(int browser) => IPAddress.Parse($"127.0.0.{10 + browser}");

    /// <summary>Flags that lead a browser's names through this network.</summary>
    public static string FlagFor(int browser) => $"--host-resolver-rules=MAP *.localhost {AddressOf(browser)}, MAP localhost {AddressOf(browser)}";

    /// <summary>Begins to carry.</summary>
    /// <param name="httpsPort">The server's port for pages and sockets.</param>
    /// <param name="rtcPort">The server's port for media.</param>
    /// <param name="browsers">How many browsers there are.</param>
    public static CuttableNetwork Start(int httpsPort, int rtcPort, int browsers)
    {
        var network = new CuttableNetwork();
        network.Carry(httpsPort, rtcPort, browsers);
        return network;
    }

    /// <summary>Takes the network from one browser.</summary>
    /// <param name="browser">Its number.</param>
    /// <param name="portsOfOthers">Where the media of the others comes from; all other media stops.</param>
    public void Cut(int browser, IEnumerable<int> portsOfOthers)
    {
        _restored = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _portsThatPass = [.. portsOfOthers];
        _cut = AddressOf(browser);
    }

    /// <summary>Share of all datagrams that are lost on their way, each on its own; 0 to 1.</summary>
    public double Loss { get; set; }

    /// <summary>Datagrams lost so far.</summary>
    public int Lost { get; private set; }

    /// <summary>Breaks the TCP connections of one browser, as a router that forgets them does; new ones are carried.</summary>
    /// <param name="browser">Its number.</param>
    /// <returns>How many there were.</returns>
    public int Reset(int browser)
    {
        var broken = _connections.Where(each => each.Value.Equals(AddressOf(browser))).Select(each => each.Key).ToList();
        foreach (var connection in broken)
        {
            // Closing without lingering is a reset.
            connection.Close(0);
        }

        return broken.Count;
    }

    /// <summary>Gives it back. What waited in TCP connections goes on; datagrams were lost.</summary>
    public void Restore()
    {
        _cut = null;
        _portsThatPass = null;
        _restored.TrySetResult();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        Restore();
        await _stopping.CancelAsync();
        foreach (var socket in _sockets)
        {
            socket.Dispose();
        }

        await Task.WhenAll(_tasks);
        _stopping.Dispose();
    }

    private void Carry(int httpsPort, int rtcPort, int browsers)
    {
        var media = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        media.Bind(new IPEndPoint(MediaAddress, rtcPort));
        _sockets.Add(media);
        _tasks.Add(CarryDatagramsAsync(media, new IPEndPoint(IPAddress.Loopback, rtcPort)));
        for (var browser = 0; browser < browsers; browser++)
        {
            var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            listener.Bind(new IPEndPoint(AddressOf(browser), httpsPort));
            listener.Listen();
            _sockets.Add(listener);
            _tasks.Add(AcceptAsync(listener, AddressOf(browser), new IPEndPoint(IPAddress.Loopback, httpsPort)));
        }
    }

    private static TaskCompletionSource Restored()
    {
        var source = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        source.SetResult();
        return source;
    }

    private bool Passes(IPEndPoint client) => (_portsThatPass is not { } ports || ports.Contains(client.Port)) && !IsLost();

    private bool IsLost()
    {
        if (Loss <= 0)
        {
            return false;
        }

        lock (_chance)
        {
            var isLost = _chance.NextDouble() < Loss;
            Lost += isLost ? 1 : 0;
            return isLost;
        }
    }

    private async Task CarryDatagramsAsync(Socket media, IPEndPoint server)
    {
        var buffer = new byte[MaxDatagram];
        await UntilStoppedAsync(async () =>
        {
            var received = await media.ReceiveFromAsync(buffer, SocketFlags.None, new IPEndPoint(IPAddress.Any, 0), _stopping.Token);
            var client = (IPEndPoint)received.RemoteEndPoint;
            if (Passes(client))
            {
                var flow = _flows.GetOrAdd(client, _ => OpenFlow(media, client, server));
                await flow.SendAsync(buffer.AsMemory(0, received.ReceivedBytes), SocketFlags.None, _stopping.Token);
            }
        });
    }

    private Socket OpenFlow(Socket media, IPEndPoint client, IPEndPoint server)
    {
        var flow = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        flow.Connect(server);
        _sockets.Add(flow);
        _tasks.Add(Task.Run(async () =>
        {
            var buffer = new byte[MaxDatagram];
            await UntilStoppedAsync(async () =>
            {
                var length = await flow.ReceiveAsync(buffer, SocketFlags.None, _stopping.Token);
                if (Passes(client))
                {
                    await media.SendToAsync(buffer.AsMemory(0, length), SocketFlags.None, client, _stopping.Token);
                }
            });
        }));
        return flow;
    }

    private Task AcceptAsync(Socket listener, IPAddress address, IPEndPoint server) => UntilStoppedAsync(async () =>
    {
        var client = await listener.AcceptAsync(_stopping.Token);
        _sockets.Add(client);
        _connections[client] = address;
        _tasks.Add(Task.Run(async () =>
        {
            await PassAsync(address);
            var upstream = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            _sockets.Add(upstream);
            try
            {
                await upstream.ConnectAsync(server, _stopping.Token);
                await Task.WhenAll(CarryAsync(client, upstream, address), CarryAsync(upstream, client, address));
            }
            catch (Exception fault) when (fault is SocketException or OperationCanceledException or ObjectDisposedException)
            {
                // The server is away, or the test has ended: the browser sees a connection that closes.
            }
            finally
            {
                _connections.TryRemove(client, out _);
                client.Dispose();
                upstream.Dispose();
            }
        }));
    });

    private async Task CarryAsync(Socket from, Socket to, IPAddress address)
    {
        var buffer = new byte[64 << 10];
        try
        {
            while (await from.ReceiveAsync(buffer, SocketFlags.None, _stopping.Token) is > 0 and var length)
            {
                await PassAsync(address);
                for (var sent = 0; sent < length;)
                {
                    sent += await to.SendAsync(buffer.AsMemory(sent, length - sent), SocketFlags.None, _stopping.Token);
                }
            }

            to.Shutdown(SocketShutdown.Send);
        }
        catch (SocketException)
        {
            // Reset by one side: the other is to know.
            from.Dispose();
            to.Dispose();
        }
    }

    private async Task PassAsync(IPAddress address)
    {
        while (address.Equals(_cut))
        {
            await _restored.Task.WaitAsync(_stopping.Token);
        }
    }

    private async Task UntilStoppedAsync(Func<Task> step)
    {
        while (!_stopping.IsCancellationRequested)
        {
            try
            {
                await step();
            }
            catch (SocketException) when (!_stopping.IsCancellationRequested)
            {
                // A port that nobody listens on at the moment, told for an earlier datagram.
                await Task.Yield();
            }
            catch (Exception fault) when (fault is SocketException or OperationCanceledException or ObjectDisposedException)
            {
                return;
            }
        }
    }
}
