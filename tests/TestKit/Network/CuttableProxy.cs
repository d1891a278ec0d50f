using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Roomcast.TestKit.Network;

/// <summary>A TCP proxy on loopback that a test cuts, at once or in the middle of what is sent: connections end without a word, and new ones are not served until it is mended.</summary>
public sealed class CuttableProxy : IAsyncDisposable
{
    private readonly ConcurrentDictionary<Socket, byte> _open = new();
    private readonly CancellationTokenSource _over = new();
    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly int _targetPort;
    private readonly Task _accepting;
    private volatile bool _isCut;
    private int _served;
    private int _refused;
    private long _sent;
    private long _cutAfter = long.MaxValue;
    private long _holdAfter = long.MaxValue;

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

    /// <summary>Connections that came while it was cut.</summary>
    public int Refused => Volatile.Read(ref _refused);

    /// <summary>Bytes of clients that were handed on so far.</summary>
    public long Sent => Interlocked.Read(ref _sent);

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

    /// <summary>Cuts by itself as soon as clients have sent so many bytes, all connections together; none of what follows is handed on.</summary>
    public void CutAfter(long bytes) => Interlocked.Exchange(ref _cutAfter, bytes);

    /// <summary>Hands nothing on any more as soon as clients have sent so many bytes, and leaves all connections open, as of a server that hangs.</summary>
    public void HoldAfter(long bytes) => Interlocked.Exchange(ref _holdAfter, bytes);

    /// <summary>Serves again, however much is sent.</summary>
    public void Mend()
    {
        Interlocked.Exchange(ref _cutAfter, long.MaxValue);
        Interlocked.Exchange(ref _holdAfter, long.MaxValue);
        _isCut = false;
    }

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
                Interlocked.Increment(ref _refused);
                return;
            }

            await server.ConnectAsync(IPAddress.Loopback, _targetPort, _over.Token);
            Interlocked.Increment(ref _served);
            await using var near = new NetworkStream(client);
            await using var far = new NetworkStream(server);
            await Task.WhenAny(HandOnAsync(near, far), far.CopyToAsync(near, _over.Token));
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

    private async Task HandOnAsync(NetworkStream near, NetworkStream far)
    {
        var buffer = new byte[64 << 10];
        int count;
        while ((count = await near.ReadAsync(buffer, _over.Token)) > 0)
        {
            if (Interlocked.Add(ref _sent, count) > Interlocked.Read(ref _cutAfter))
            {
                Cut();
                return;
            }

            while (Interlocked.Read(ref _sent) > Interlocked.Read(ref _holdAfter))
            {
                await Task.Delay(10, _over.Token);
            }

            await far.WriteAsync(buffer.AsMemory(0, count), _over.Token);
        }
    }
}
