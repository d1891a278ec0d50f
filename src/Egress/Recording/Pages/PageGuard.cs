using System.Buffers;
using System.Net;
using System.Net.Sockets;
using Roomcast.Storage.Outbound;

namespace Roomcast.Egress.Recording.Pages;

/// <summary>The only way out of a browser that records: connects it to the open internet, to this server, and to nothing else.</summary>
/// <remarks>
/// <para>A SOCKS proxy (RFC 1928) on loopback for one browser. Names are resolved here, and what was checked is what is connected to,
/// whatever a name resolves to later. Redirects, frames and scripts of a page all come by here.</para>
/// <para>Bounded: <see cref="MaxConnections"/> at once, more are refused; <see cref="Patience"/> for a request, and to connect. Connections
/// of other processes of this machine, which could as well go out themselves, are not told apart.</para>
/// </remarks>
internal sealed class PageGuard : IAsyncDisposable
{
    /// <summary>Most connections of a browser at once. Browsers themselves open up to 32 through a proxy, and up to 256 sockets of the web.</summary>
    public const int MaxConnections = 256;

    /// <summary>How long a request may take, and then connecting.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private const int BufferLength = 16_384;
    private static readonly TimeSpan AcceptRetry = TimeSpan.FromMilliseconds(50);

    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly CancellationTokenSource _ending = new();
    private readonly PageServer _server;
    private readonly IReadOnlyList<IPNetwork> _allowed;
    private readonly PageSignals _signals;
    private readonly Task _accepting;
    private int _connections;
    private volatile bool _hasRefused;

    /// <summary>Begins to listen.</summary>
    /// <param name="server">Where this server is reached.</param>
    /// <param name="allowed">As <see cref="RecordingPageOptions.PrivateNetworks"/>.</param>
    /// <param name="signals">Takes the connection by which a page says when it is to be recorded.</param>
    public PageGuard(PageServer server, IReadOnlyList<IPNetwork> allowed, PageSignals signals)
    {
        _server = server;
        _allowed = allowed;
        _signals = signals;
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen(64);
        _accepting = Task.Run(AcceptAsync);
    }

    /// <summary>Its port on loopback.</summary>
    public int Port => ((IPEndPoint)_listener.LocalEndPoint!).Port;

    /// <summary>Whether the page was refused something that it is not to reach.</summary>
    public bool HasRefused => _hasRefused;

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _ending.CancelAsync();
        _listener.Dispose();
        await _accepting;
        _ending.Dispose();
    }

    private async Task AcceptAsync()
    {
        var running = new List<Task>();
        while (!_ending.IsCancellationRequested)
        {
            try
            {
                var socket = await _listener.AcceptAsync(_ending.Token);
                running.RemoveAll(static each => each.IsCompleted);
                running.Add(Task.Run(() => ServeAsync(socket)));
            }
            catch (SocketException) when (!_ending.IsCancellationRequested)
            {
                // One that was gone before it was taken harms nothing; and where the system can open no more, it may soon.
                await Task.Delay(AcceptRetry);
            }
            catch (Exception fault) when (fault is OperationCanceledException or SocketException or ObjectDisposedException)
            {
                // The end.
            }
        }

        await Task.WhenAll(running);
    }

    private async Task ServeAsync(Socket socket)
    {
        using var client = new NetworkStream(socket, ownsSocket: true);
        socket.NoDelay = true;
        try
        {
            if (Interlocked.Increment(ref _connections) <= MaxConnections)
            {
                await ServeAsync(client);
            }
        }
        catch (Exception fault) when (fault is IOException or SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // Either end has gone; so does the other.
        }
        finally
        {
            Interlocked.Decrement(ref _connections);
        }
    }

    private async Task ServeAsync(NetworkStream client)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(_ending.Token);
        limit.CancelAfter(Patience);
        var bytes = new byte[SocksRequest.MaxLength];
        var have = 0;
        var length = 0;
        while (SocksRequest.ReadGreeting(bytes.AsSpan(0, have), out length) is var outcome && outcome is not SocksOutcome.Whole)
        {
            have = await ReadMoreAsync(client, bytes, have, outcome, limit.Token);
        }

        await client.WriteAsync(Accepted, limit.Token);
        bytes.AsSpan(length, have - length).CopyTo(bytes);
        have -= length;
        DnsEndPoint? target;
        while (SocksRequest.Read(bytes.AsSpan(0, have), out length, out target) is var outcome && outcome is not SocksOutcome.Whole)
        {
            have = await ReadMoreAsync(client, bytes, have, outcome, limit.Token);
        }

        // A client speaks on only once it has been answered.
        if (have != length)
        {
            return;
        }

        if (PageSignals.IsMeant(target!))
        {
            await client.WriteAsync(Connected, limit.Token);
            if (await _signals.TryServeAsync(client, _ending.Token) is not { } read)
            {
                return;
            }

            // Something else of that name and port: what it has said already goes on to it.
            await TunnelAsync(client, target!, read, isAnswered: true, limit);
            return;
        }

        await TunnelAsync(client, target!, default, isAnswered: false, limit);
    }

    private static ReadOnlyMemory<byte> Accepted { get; } = new byte[] { 5, 0 };

    private static ReadOnlyMemory<byte> Connected { get; } = new byte[] { 5, 0, 0, 1, 0, 0, 0, 0, 0, 0 };

    // "Connection not allowed by ruleset" and "host unreachable" (RFC 1928 section 6).
    private static ReadOnlyMemory<byte> Refused { get; } = new byte[] { 5, 2, 0, 1, 0, 0, 0, 0, 0, 0 };

    private static ReadOnlyMemory<byte> Unreachable { get; } = new byte[] { 5, 4, 0, 1, 0, 0, 0, 0, 0, 0 };

    private static async Task<int> ReadMoreAsync(
        NetworkStream client, byte[] bytes, int have, SocksOutcome outcome, CancellationToken cancellationToken)
    {
        var read = outcome is SocksOutcome.Partial && have < bytes.Length ? await client.ReadAsync(bytes.AsMemory(have), cancellationToken) : 0;
        return read > 0 ? have + read : throw new IOException("It speaks no SOCKS.");
    }

    private async Task TunnelAsync(
        NetworkStream client, DnsEndPoint target, ReadOnlyMemory<byte> first, bool isAnswered, CancellationTokenSource limit)
    {
        Socket? socket;
        try
        {
            socket = await ConnectAsync(target, limit.Token);
        }
        catch (Exception fault) when (fault is SocketException or ArgumentException || (fault is OperationCanceledException && !_ending.IsCancellationRequested))
        {
            await AnswerAsync(Unreachable);
            return;
        }

        if (socket is null)
        {
            _hasRefused = true; // Before the page knows.
            await AnswerAsync(Refused);
            return;
        }

        using var server = new NetworkStream(socket, ownsSocket: true);
        var from = (IPEndPoint)socket.LocalEndPoint!;
        _server.Connections.Add(from);
        try
        {
            limit.CancelAfter(Timeout.InfiniteTimeSpan);
            await AnswerAsync(Connected);
            await server.WriteAsync(first, _ending.Token);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(_ending.Token);
            var there = CopyAsync(client, server, either);
            await CopyAsync(server, client, either);
            await there;
        }
        finally
        {
            _server.Connections.Remove(from);
        }

        async Task AnswerAsync(ReadOnlyMemory<byte> answer)
        {
            if (!isAnswered)
            {
                await client.WriteAsync(answer, _ending.Token);
            }
        }
    }

    // One way, until its sender has finished; a fault ends both ways.
    private static async Task CopyAsync(NetworkStream from, NetworkStream to, CancellationTokenSource either)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(BufferLength);
        try
        {
            while (await from.ReadAsync(buffer, either.Token) is var read and > 0)
            {
                await to.WriteAsync(buffer.AsMemory(0, read), either.Token);
            }

            to.Socket.Shutdown(SocketShutdown.Send);
        }
        catch (Exception fault) when (fault is IOException or SocketException or OperationCanceledException or ObjectDisposedException)
        {
            await either.CancelAsync();
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <returns>Null when the target is none that a page may reach.</returns>
    private async Task<Socket?> ConnectAsync(DnsEndPoint target, CancellationToken cancellationToken)
    {
        IPEndPoint[] open;
        if (FindOwn(target) is { } own)
        {
            open = [own];
        }
        else
        {
            // Asked for an unspecified address, the resolver would throw.
            var addresses = IPAddress.TryParse(target.Host, out var written) ? [written] : await Dns.GetHostAddressesAsync(target.Host, cancellationToken);
            open = [.. addresses.Where(IsOpen).Select(address => new IPEndPoint(address, target.Port))];
        }

        SocketException? last = null;
        foreach (var point in open)
        {
            var socket = new Socket(point.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            try
            {
                await socket.ConnectAsync(point, cancellationToken);
                return socket;
            }
            catch (SocketException fault)
            {
                socket.Dispose();
                last = fault;
            }
            catch
            {
                socket.Dispose();
                throw;
            }
        }

        return last is null ? null : throw last;
    }

    // What is open to the internet on other machines may be shut off on this one, by whatever stands before it.
    private bool IsOpen(IPAddress address)
    {
        var plain = OpenInternet.Behind(address);
        return OpenInternet.IsOpen(plain, _allowed) && (!_server.Addresses.Contains(plain) || _allowed.Any(network => network.Contains(plain)));
    }

    // However a name of this server resolves outside, what it stands for is here.
    private IPEndPoint? FindOwn(DnsEndPoint target) =>
        _server.Names.Contains(target.Host) ? _server.EndPoints.GetValueOrDefault(target.Port) : null;
}
