using System.Net;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Text;
using Roomcast.Egress.Recording.Pages;

namespace Roomcast.Egress.Tests.Recording.Pages;

/// <summary>The way out of a browser that records, over real sockets: where it leads, where it does not, and what it costs others.</summary>
public sealed class PageGuardTests : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private static readonly IPNetwork Loopback = IPNetwork.Parse("127.0.0.0/8");

    private readonly TcpListener _inside = new(IPAddress.Loopback, 0);
    private readonly PageSignals _signals = new();
    private PageGuard? _guard;

    public PageGuardTests() => _inside.Start();

    private int Port => ((IPEndPoint)_inside.LocalEndpoint).Port;

    public async ValueTask DisposeAsync()
    {
        if (_guard is not null)
        {
            await _guard.DisposeAsync();
        }

        _inside.Dispose();
    }

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("127.1.2.3")]
    [InlineData("localhost")]
    [InlineData("::1")]
    [InlineData("::ffff:127.0.0.1")]
    [InlineData("0.0.0.0")]
    [InlineData("10.0.0.1")]
    [InlineData("169.254.169.254")]
    public async Task What_is_not_open_to_the_whole_internet_is_refused(string host)
    {
        using var client = await AskAsync(Guard(), host, Port);

        Assert.Equal(2, await AnswerAsync(client));
        Assert.False(_inside.Pending());
    }

    [Fact]
    public async Task What_the_owner_allows_is_reached_but_nothing_link_local()
    {
        var guard = Guard(Loopback, IPNetwork.Parse("169.254.0.0/16"));
        using var client = await AskAsync(guard, "127.0.0.1", Port);
        Assert.Equal(0, await AnswerAsync(client));
        await CheckThroughAsync(client);

        using var linkLocal = await AskAsync(guard, "169.254.169.254", 80);
        Assert.Equal(2, await AnswerAsync(linkLocal));
    }

    [Fact]
    public async Task This_server_is_reached_by_each_of_its_names_at_the_ports_it_tells()
    {
        var guard = Guard(server: new PageServer(
            "meet.example.org", new HashSet<string> { "meet.example.org", "api.meet.example.org" }, new Dictionary<int, IPEndPoint> { [443] = new(IPAddress.Loopback, Port) }, default));
        using var client = await AskAsync(guard, "api.meet.example.org", 443);
        Assert.Equal(0, await AnswerAsync(client));
        await CheckThroughAsync(client);

        using var otherPort = await AskAsync(guard, "127.0.0.1", Port);
        Assert.Equal(2, await AnswerAsync(otherPort));
    }

    [Fact]
    public async Task Who_is_not_there_is_told_so()
    {
        var port = Port;
        _inside.Stop();
        using var client = await AskAsync(Guard(Loopback), "127.0.0.1", port);

        Assert.Equal(4, await AnswerAsync(client));
    }

    [Fact]
    public async Task A_page_says_when_it_is_to_be_recorded_and_when_no_more()
    {
        var guard = Guard();
        using var socket = await ConnectAsync(guard);
        foreach (var message in new[] { "[]", "{\"type\":1}", "no JSON", "{\"type\":\"chat\"}" })
        {
            await socket.SendAsync(Encoding.UTF8.GetBytes(message), WebSocketMessageType.Text, true, CancellationToken.None);
        }

        // Closed, it has been heard to its end.
        await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, CancellationToken.None).WaitAsync(Patience);
        await UntilAsync(() => _signals.IsClosed);
        Assert.False(_signals.Started.IsCompleted);
        using var again = await ConnectAsync(guard);
        await again.SendAsync("{\"type\":\"StartRecording\"}"u8.ToArray(), WebSocketMessageType.Text, true, CancellationToken.None);
        await _signals.Started.WaitAsync(Patience);
        Assert.Equal((true, false), (_signals.HasConnected, _signals.IsClosed));
    }

    [Fact]
    public async Task What_else_listens_on_this_machine_is_not_reached_by_its_public_address_and_connections_to_the_server_are_known()
    {
        // To the guard, the loopback is a public address here, and this machine's.
        var server = new PageServer("meet.example.org", new HashSet<string> { "own" }, new Dictionary<int, IPEndPoint> { [443] = new(IPAddress.Loopback, Port) }, default)
        {
            Addresses = new HashSet<IPAddress> { IPAddress.Parse("192.88.99.1"), IPAddress.Loopback },
        };
        var guard = Guard(server: server);
        using var refused = await AskAsync(guard, "192.88.99.1", 9_100);
        Assert.Equal(2, await AnswerAsync(refused));

        using var client = await AskAsync(guard, "own", 443);
        Assert.Equal(0, await AnswerAsync(client));
        using var taken = await _inside.AcceptTcpClientAsync().WaitAsync(Patience);
        var from = (IPEndPoint)taken.Client.RemoteEndPoint!;
        Assert.True(server.Connections.Contains(from.Address.MapToIPv6(), from.Port));
        Assert.False(server.Connections.Contains(from.Address, from.Port + 1));
        client.Dispose();
        taken.Dispose();
        await UntilAsync(() => !server.Connections.Contains(from.Address, from.Port));
    }

    [Fact]
    public async Task Another_page_at_the_address_of_the_signals_goes_where_it_wants()
    {
        var guard = Guard(server: new PageServer(
            "localhost", new HashSet<string> { "localhost" }, new Dictionary<int, IPEndPoint> { [8080] = new(IPAddress.Loopback, Port) }, default));
        using var client = await AskAsync(guard, "localhost", 8080);
        Assert.Equal(0, await AnswerAsync(client));
        await client.WriteAsync("GET /meet HTTP/1.1\r\n\r\n"u8.ToArray());
        using var taken = await _inside.AcceptTcpClientAsync().WaitAsync(Patience);

        Assert.Equal("GET /meet HTTP/1.1\r\n\r\n", await ReadHeadAsync(taken.GetStream()));
        Assert.False(_signals.HasConnected);
    }

    [Fact]
    public async Task Nonsense_ends_its_own_connection_alone()
    {
        var guard = Guard(Loopback);
        var random = new Random(3);
        for (var i = 0; i < 50; i++)
        {
            using var nonsense = new TcpClient();
            await nonsense.ConnectAsync(IPAddress.Loopback, guard.Port);
            var bytes = new byte[random.Next(1, 400)];
            random.NextBytes(bytes);
            await nonsense.GetStream().WriteAsync(bytes);
        }

        using var client = await AskAsync(guard, "127.0.0.1", Port);
        Assert.Equal(0, await AnswerAsync(client));
        await CheckThroughAsync(client);
    }

    private PageGuard Guard(params IPNetwork[] allowed) =>
        Guard(new PageServer("localhost:1", new HashSet<string>(), new Dictionary<int, IPEndPoint>(), default), allowed);

    private PageGuard Guard(PageServer server, params IPNetwork[] allowed) => _guard = new PageGuard(server, allowed, _signals);

    private static async Task<NetworkStream> AskAsync(PageGuard guard, string host, int port)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(IPAddress.Loopback, guard.Port);
        var client = new NetworkStream(socket, ownsSocket: true);
        await client.WriteAsync(new byte[] { 5, 1, 0 });
        var chosen = new byte[2];
        await client.ReadExactlyAsync(chosen).AsTask().WaitAsync(Patience);
        Assert.Equal([5, 0], chosen);
        await client.WriteAsync((byte[])[5, 1, 0, 3, (byte)host.Length, .. Encoding.ASCII.GetBytes(host), (byte)(port >> 8), (byte)port]);
        return client;
    }

    private static async Task<byte> AnswerAsync(NetworkStream client)
    {
        var answer = new byte[10];
        await client.ReadExactlyAsync(answer).AsTask().WaitAsync(Patience);
        return answer[1];
    }

    private async Task CheckThroughAsync(NetworkStream client)
    {
        using var taken = await _inside.AcceptTcpClientAsync().WaitAsync(Patience);
        var there = taken.GetStream();
        var sent = new byte[300_000];
        new Random(1).NextBytes(sent);
        var sending = client.WriteAsync(sent).AsTask();
        var received = new byte[sent.Length];
        await there.ReadExactlyAsync(received).AsTask().WaitAsync(Patience);
        await sending;
        Assert.Equal(sent, received);

        // Each way ends by itself.
        client.Socket.Shutdown(SocketShutdown.Send);
        Assert.Equal(0, await there.ReadAsync(received).AsTask().WaitAsync(Patience));
        await there.WriteAsync("back"u8.ToArray());
        await client.ReadExactlyAsync(received.AsMemory(0, 4)).AsTask().WaitAsync(Patience);
        Assert.Equal("back"u8.ToArray(), received[..4]);
    }

    private static async Task<string> ReadHeadAsync(NetworkStream stream)
    {
        var head = new StringBuilder();
        var one = new byte[1];
        while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
        {
            await stream.ReadExactlyAsync(one).AsTask().WaitAsync(Patience);
            head.Append((char)one[0]);
        }

        return head.ToString();
    }

    private static async Task<WebSocket> ConnectAsync(PageGuard guard)
    {
        var client = await AskAsync(guard, "localhost", 8080);
        Assert.Equal(0, await AnswerAsync(client));
        await client.WriteAsync("GET /ws HTTP/1.1\r\nHost: localhost:8080\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"u8.ToArray());
        var head = await ReadHeadAsync(client);
        Assert.StartsWith("HTTP/1.1 101 ", head, StringComparison.Ordinal);
        Assert.Contains("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n", head, StringComparison.Ordinal);
        return WebSocket.CreateFromStream(client, new WebSocketCreationOptions());
    }

    private static async Task UntilAsync(Func<bool> condition)
    {
        var began = TimeProvider.System.GetTimestamp();
        while (!condition())
        {
            Assert.True(TimeProvider.System.GetElapsedTime(began) < Patience);
            await Task.Delay(10);
        }
    }
}
