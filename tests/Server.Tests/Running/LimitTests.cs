using System.Net;
using System.Net.Sockets;
using System.Text;
using Roomcast.TestKit.Server;

namespace Roomcast.Server.Tests.Running;

public class LimitTests
{
    [Fact]
    public async Task A_request_line_that_is_too_long_is_answered_414()
    {
        await using var server = await RoomcastProcess.StartAsync();
        using var answer = await server.Http.GetAsync(new Uri("/" + new string('a', 9_000), UriKind.Relative));
        Assert.Equal(HttpStatusCode.RequestUriTooLong, answer.StatusCode);
    }

    [Theory]
    [InlineData(1, 40_000)]
    [InlineData(150, 10)]
    public async Task Headers_that_are_too_large_or_too_many_are_answered_431(int count, int length)
    {
        await using var server = await RoomcastProcess.StartAsync();
        using var request = new HttpRequestMessage(HttpMethod.Get, "/healthz");
        for (var i = 0; i < count; i++)
        {
            request.Headers.Add($"X-Filler-{i}", new string('a', length));
        }

        using var answer = await server.Http.SendAsync(request);
        Assert.Equal(HttpStatusCode.RequestHeaderFieldsTooLarge, answer.StatusCode);
    }

    [Fact]
    public async Task Headers_that_do_not_come_are_waited_for_only_so_long()
    {
        await using var server = await RoomcastProcess.StartAsync(new RoomcastStart { Arguments = ["--http-header-timeout", "1s"] });
        using var slow = new TcpClient();
        await slow.ConnectAsync(IPAddress.Loopback, server.HttpBase.Port);
        await slow.GetStream().WriteAsync("GET /healthz HTTP/1.1\r\nHost: loc"u8.ToArray());

        Assert.StartsWith("HTTP/1.1 408", await ReadToEndAsync(slow), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_tls_handshake_that_does_not_come_is_waited_for_only_so_long()
    {
        await using var server = await RoomcastProcess.StartAsync(new RoomcastStart { Arguments = ["--http-header-timeout", "1s"] });
        using var slow = new TcpClient();
        await slow.ConnectAsync(IPAddress.Loopback, server.HttpsBase.Port);

        Assert.Empty(await ReadToEndAsync(slow));
    }

    [Fact]
    public async Task An_idle_connection_is_closed()
    {
        await using var server = await RoomcastProcess.StartAsync(new RoomcastStart { Arguments = ["--http-keep-alive-timeout", "1s"] });
        using var idle = new TcpClient();
        await idle.ConnectAsync(IPAddress.Loopback, server.HttpBase.Port);
        await idle.GetStream().WriteAsync("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"u8.ToArray());

        Assert.StartsWith("HTTP/1.1 200", await ReadToEndAsync(idle), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Connections_beyond_the_limit_are_closed_and_the_others_go_on()
    {
        await using var server = await RoomcastProcess.StartAsync(new RoomcastStart { Arguments = ["--http-max-connections", "3"] });
        var held = new List<TcpClient>();
        try
        {
            for (var i = 0; i < 3; i++)
            {
                var connection = new TcpClient();
                held.Add(connection);
                await connection.ConnectAsync(IPAddress.Loopback, server.HttpBase.Port);
                await AskAsync(connection);
            }

            using var tooMany = new TcpClient();
            await tooMany.ConnectAsync(IPAddress.Loopback, server.HttpBase.Port);
            Assert.Empty(await ReadToEndAsync(tooMany));
            Assert.StartsWith("HTTP/1.1 200", await AskAsync(held[0]), StringComparison.Ordinal);
        }
        finally
        {
            held.ForEach(connection => connection.Dispose());
        }
    }

    private static async Task<string> AskAsync(TcpClient connection)
    {
        await connection.GetStream().WriteAsync("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"u8.ToArray());
        var buffer = new byte[4_096];
        var length = 0;
        string answer;
        do
        {
            // The answer is chunked, and its last chunk may come on its own.
            var read = await connection.GetStream().ReadAsync(buffer.AsMemory(length));
            length += read;
            answer = Encoding.ASCII.GetString(buffer, 0, length);
            if (read == 0)
            {
                break;
            }
        }
        while (!answer.EndsWith("\r\n0\r\n\r\n", StringComparison.Ordinal));

        return answer;
    }

    private static async Task<string> ReadToEndAsync(TcpClient connection)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        using var text = new MemoryStream();
        try
        {
            await connection.GetStream().CopyToAsync(text, patience.Token);
        }
        catch (IOException)
        {
            // A connection that is refused may be reset.
        }

        return Encoding.ASCII.GetString(text.ToArray());
    }
}
