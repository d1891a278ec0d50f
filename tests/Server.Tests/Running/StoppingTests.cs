using System.Net;
using System.Net.Sockets;
using Roomcast.TestKit.Server;

namespace Roomcast.Server.Tests.Running;

public class StoppingTests
{
    [Fact]
    public async Task A_drained_server_ends_with_code_0_and_a_second_start_finds_all_as_it_was()
    {
        await using var server = await RoomcastProcess.StartAsync();
        var port = server.HttpBase.Port;

        var exit = await server.StopAsync();

        Assert.Equal(0, exit.ExitCode);
        Assert.Contains("SIGTERM received", exit.Errors, StringComparison.Ordinal);
        Assert.Contains("Stopped.", exit.Errors, StringComparison.Ordinal);
        using var socket = new TcpClient();
        await Assert.ThrowsAsync<SocketException>(() => socket.ConnectAsync(IPAddress.Loopback, port));
    }

    [Fact]
    public async Task A_drain_refuses_new_connections_lets_a_request_finish_and_is_bounded()
    {
        await using var server = await RoomcastProcess.StartAsync(new RoomcastStart { Arguments = ["--drain-timeout", "2s"] });

        // A request whose body never ends holds its connection open.
        using var slow = new TcpClient();
        await slow.ConnectAsync(IPAddress.Loopback, server.HttpBase.Port);
        await slow.GetStream().WriteAsync("POST /client/v4/accounts HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n{"u8.ToArray());
        await Task.Delay(200);

        server.Terminate();
        var exit = await server.WaitForExitAsync();

        Assert.Equal(0, exit.ExitCode);
    }

    [Fact]
    public async Task A_second_signal_quits_at_once()
    {
        await using var server = await RoomcastProcess.StartAsync(new RoomcastStart { Arguments = ["--drain-timeout", "1h"] });
        using var stream = await OpenHeldRequestAsync(server);

        server.Terminate();
        await server.WaitForLogAsync("SIGTERM received");
        Assert.False(server.HasExited);

        // Signals within a second of the first count as the same one.
        await Task.Delay(1_200);
        var exit = await server.StopAsync();

        Assert.Equal(1, exit.ExitCode);
        Assert.Contains("quitting at once", exit.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_killed_server_starts_again_on_its_data_folder()
    {
        using var folder = new TestKit.TemporaryFolder();
        var start = new RoomcastStart { DataFolder = folder.PathOf("data") };
        RoomcastCredentials credentials;
        await using (var server = await RoomcastProcess.StartAsync(start))
        {
            credentials = server.Credentials;
            await server.KillAsync();
        }

        await using var again = await RoomcastProcess.StartAsync(start);
        Assert.Equal(credentials, again.Credentials);
        using var answer = await again.Http.GetAsync(new Uri("/readyz", UriKind.Relative));
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
    }

    private static async Task<NetworkStream> OpenHeldRequestAsync(RoomcastProcess server)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(IPAddress.Loopback, server.HttpBase.Port);
        var stream = new NetworkStream(socket, ownsSocket: true);
        await stream.WriteAsync("POST /client/v4/accounts HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n{"u8.ToArray());
        await Task.Delay(200);
        return stream;
    }
}
