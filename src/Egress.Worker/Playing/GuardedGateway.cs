using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;
using Roomcast.Egress.Playback;
using Roomcast.Storage.Outbound;

namespace Roomcast.Egress.Worker.Playing;

/// <summary>
/// The only way out of a player: an HTTP proxy on loopback, and a door for each RTMP server, that connect to addresses of the public
/// internet and to those the settings allow, and to no others. What was looked up and judged is what is connected to.
/// </summary>
/// <remarks>
/// FFmpeg's libraries look names up by themselves and follow redirects and playlists wherever these lead. All that they open goes through
/// <see cref="Native.OpenGuard"/>, which lets HTTP pass and nothing else and gives it this proxy, so that it comes through here.
/// </remarks>
internal sealed partial class GuardedGateway : IDisposable
{
    private const int MaxHeadBytes = 32 << 10;
    private const int MaxConnections = 64;
    private const int CopyBytes = 32 << 10;

    private static readonly TimeSpan ConnectPatience = TimeSpan.FromSeconds(10);

    private readonly IReadOnlyList<IPNetwork> _allowed;
    private readonly CancellationTokenSource _over = new();
    private readonly Socket _proxy;
    private int _connections;
    private volatile bool _hasRefused;

    public GuardedGateway(IReadOnlyList<IPNetwork> allowed)
    {
        _allowed = allowed;
        _proxy = Listen();
        ProxyUrl = $"http://127.0.0.1:{PortOf(_proxy)}";
        _ = AcceptAsync(_proxy, ServeProxyAsync);

        // For what FFmpeg opens without passing on the options it was given. The process's own copy of its environment does not reach it.
        _ = SetEnvironment("http_proxy", ProxyUrl, 1);
        _ = UnsetEnvironment("no_proxy");
    }

    /// <summary>The proxy's address.</summary>
    public string ProxyUrl { get; }

    /// <summary>Whether something was refused because of where or what it is.</summary>
    public bool HasRefused => _hasRefused;

    /// <summary>Opens a door to one RTMP server.</summary>
    /// <param name="target">The address; with rtmps its certificate is checked here.</param>
    /// <returns>The door's port on loopback, where plain RTMP is spoken.</returns>
    public int OpenDoor(Uri target)
    {
        var isSecure = target.Scheme == "rtmps";
        var port = target.Port > 0 ? target.Port : isSecure ? 443 : 1935;
        var listener = Listen();
        _ = AcceptAsync(listener, async client =>
        {
            await using var server = await ConnectAsync(target.IdnHost.Trim('[', ']'), port);
            if (!isSecure)
            {
                await RelayAsync(client, server);
                return;
            }

            await using var secure = new SslStream(server);
            await secure.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = target.IdnHost }, _over.Token);
            await RelayAsync(client, secure);
        });
        return PortOf(listener);
    }

    public void Dispose()
    {
        _over.Cancel();
        _proxy.Dispose();
        _over.Dispose();
    }

    /// <summary>Reads the first line of a request to a proxy (RFC 9112 sections 3.2.2 and 3.2.3).</summary>
    /// <param name="line">The line.</param>
    /// <param name="host">Whom it is for.</param>
    /// <param name="port">At which port.</param>
    /// <param name="rewritten">The line as that server is to read it; null for CONNECT.</param>
    /// <returns>False when it is none.</returns>
    internal static bool TryReadTarget(string line, out string host, out int port, out string? rewritten)
    {
        (host, port, rewritten) = ("", 0, null);
        if (line.Split(' ') is not [var method, var target, var version] || !version.StartsWith("HTTP/1.", StringComparison.Ordinal))
        {
            return false;
        }

        var isTunnel = method == "CONNECT";
        if (!Uri.TryCreate(isTunnel ? $"https://{target}" : target, UriKind.Absolute, out var uri)
            || uri.Scheme != (isTunnel ? "https" : "http") || uri.Host.Length == 0 || (isTunnel && uri.PathAndQuery != "/") || PlaybackAddress.HostOf(uri) is not { } name)
        {
            return false;
        }

        (host, port) = (name, uri.Port);
        if (!isTunnel)
        {
            // As it was written, since servers check signatures of it: all that follows the authority.
            var path = target.IndexOf('/', "http://".Length);
            rewritten = $"{method} {(path < 0 ? "/" : target[path..])} {version}";
        }

        return true;
    }

    private static Socket Listen()
    {
        var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen(16);
        return listener;
    }

    private static int PortOf(Socket listener) => ((IPEndPoint)listener.LocalEndPoint!).Port;

    private async Task AcceptAsync(Socket listener, Func<Stream, Task> serve)
    {
        try
        {
            while (true)
            {
                var client = await listener.AcceptAsync(_over.Token);
                client.NoDelay = true;
                _ = ServeAsync(new NetworkStream(client, ownsSocket: true), serve);
            }
        }
        catch (Exception fault) when (fault is SocketException or OperationCanceledException or ObjectDisposedException)
        {
            listener.Dispose(); // The player ends.
        }
    }

    private async Task ServeAsync(NetworkStream client, Func<Stream, Task> serve)
    {
        await using (client)
        {
            try
            {
                if (Interlocked.Increment(ref _connections) <= MaxConnections)
                {
                    await serve(client);
                }
            }
            catch (Exception fault) when (fault is IOException or SocketException or OperationCanceledException or ObjectDisposedException
                or System.Security.Authentication.AuthenticationException)
            {
                // Either side has gone, or cannot be reached: its reader sees the end of the connection.
            }
            finally
            {
                Interlocked.Decrement(ref _connections);
            }
        }
    }

    private async Task ServeProxyAsync(Stream client)
    {
        var head = await ReadHeadAsync(client);
        var lines = head.Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        if (lines.Length == 0 || !TryReadTarget(lines[0], out var host, out var port, out var rewritten))
        {
            _hasRefused = true; // A redirect to another protocol, which is asked of a proxy too.
            await AnswerAsync(client, "400 Bad Request");
            return;
        }

        Stream server;
        try
        {
            server = await ConnectAsync(host, port);
        }
        catch (PrivateAddressException)
        {
            await AnswerAsync(client, "403 Forbidden");
            return;
        }
        catch (Exception fault) when (fault is SocketException or OperationCanceledException)
        {
            await AnswerAsync(client, "502 Bad Gateway");
            return;
        }

        await using (server)
        {
            if (rewritten is null)
            {
                await client.WriteAsync("HTTP/1.1 200 Connection established\r\n\r\n"u8.ToArray(), _over.Token);
            }
            else
            {
                // One request for each connection: the next may be for another server.
                var kept = lines[1..].Where(static line => !line.StartsWith("Connection:", StringComparison.OrdinalIgnoreCase)
                    && !line.StartsWith("Proxy-", StringComparison.OrdinalIgnoreCase));
                await server.WriteAsync(Encoding.Latin1.GetBytes($"{rewritten}\r\n{string.Concat(kept.Select(static line => $"{line}\r\n"))}Connection: close\r\n\r\n"), _over.Token);
            }

            await RelayAsync(client, server);
        }
    }

    private async Task<string> ReadHeadAsync(Stream client)
    {
        // Byte by byte of a buffered stream would read into what follows; heads are short, and nothing follows one before its answer.
        var head = new byte[MaxHeadBytes];
        var length = 0;
        while (length < head.Length && !head.AsSpan(0, length).EndsWith("\r\n\r\n"u8))
        {
            var count = await client.ReadAsync(head.AsMemory(length), _over.Token);
            if (count == 0)
            {
                throw new IOException("The request ends within its head.");
            }

            length += count;
        }

        return Encoding.Latin1.GetString(head, 0, length);
    }

    private Task AnswerAsync(Stream client, string status) =>
        client.WriteAsync(Encoding.ASCII.GetBytes($"HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"), _over.Token).AsTask();

    private async Task<NetworkStream> ConnectAsync(string host, int port)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(_over.Token);
        patience.CancelAfter(ConnectPatience);
        var open = (await Dns.GetHostAddressesAsync(host, patience.Token)).Where(address => OpenInternet.IsOpen(address, _allowed)).ToArray();
        if (open.Length == 0)
        {
            _hasRefused = true;
            throw new PrivateAddressException();
        }

        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(open, port, patience.Token);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private async Task RelayAsync(Stream client, Stream server)
    {
        // When either side has said all, the other has nothing to wait for here: requests are one for each connection.
        var up = client.CopyToAsync(server, CopyBytes, _over.Token);
        var down = server.CopyToAsync(client, CopyBytes, _over.Token);
        await await Task.WhenAny(up, down);
    }

    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int SetEnvironment(string name, string value, int overwrite);

    [LibraryImport("libc", EntryPoint = "unsetenv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int UnsetEnvironment(string name);
}
