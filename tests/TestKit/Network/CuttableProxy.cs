using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Roomcast.TestKit.Network;

/// <summary>A TCP proxy on loopback that a test cuts: connections end without a word, and new ones are not served until it is mended.</summary>
public sealed class CuttableProxy : IAsyncDisposable
{
    private readonly ConcurrentDictionary<Socket, byte> _open = new();
    private readonly CancellationTokenSource _over = new();
    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly int _targetPort;
    private readonly Task _accepting;
    private volatile bool _isCut;
    private int _served;

    private CuttableProxy(int targetPort)
    {
        _targetPort = targetPort;
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen(16);
        _accepting = AcceptAsync();
    }

    /// <summary>Where it is served.</summary>
    public int Port => ((IPEndPoint)_listener.LocalEndPoint!).Port;

    /// <summary>Connections served so far.</summary>
    public int Served => Volatile.Read(ref _served);

    /// <summary>Begins to serve.</summary>
    /// <param name="targetPort">Where on loopback it leads.</param>
    public static CuttableProxy Start(int targetPort) => new(targetPort);

    /// <summary>Ends all connections, and serves none.</summary>
    public void Cut()
    {
        _isCut = true;
        foreach (var socket in _open.Keys)
        {
            // Closing without lingering is a reset, as of a network that has gone.
            socket.Close(0);
        }
    }

    /// <summary>Serves again.</summary>
    public void Mend() => _isCut = false;

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _over.CancelAsync();
        Cut();
        _listener.Dispose();
        await _accepting;
        _over.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                var client = await _listener.AcceptAsync(_over.Token);
                _ = ServeAsync(client);
            }
        }
        catch (Exception fault) when (fault is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // The test is over.
        }
    }

    private async Task ServeAsync(Socket client)
    {
        var server = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        client.NoDelay = true;
        _open[client] = 0;
        _open[server] = 0;
        try
        {
            if (_isCut)
            {
                return;
            }

            await server.ConnectAsync(IPAddress.Loopback, _targetPort, _over.Token);
            Interlocked.Increment(ref _served);
            await using var near = new NetworkStream(client);
            await using var far = new NetworkStream(server);
            await Task.WhenAny(near.CopyToAsync(far, _over.Token), far.CopyToAsync(near, _over.Token));
        }
        catch (Exception fault) when (fault is IOException or SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // Cut, or the server is gone.
        }
        finally
        {
            _open.TryRemove(client, out _);
            _open.TryRemove(server, out _);
            client.Dispose();
            server.Dispose();
        }
    }
}
