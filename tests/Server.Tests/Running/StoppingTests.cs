using System.Net;
using System.Net.Sockets;
using System.Text;
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
        // Long enough for what is looked at meanwhile on a machine that does much else, or the request that finishes would be cut off too.
        await using var server = await RoomcastProcess.StartAsync(new RoomcastStart { Arguments = ["--drain-timeout", "30s"] });
        await using var finishing = await HeldRequest.OpenAsync(server);
        await using var endless = await HeldRequest.OpenAsync(server);
        await Task.Delay(200);

        server.Terminate();
        await server.WaitForLogAsync("SIGTERM received");

        // New connections are refused, while the requests that were there go on.
        while (await IsAcceptedAsync(server))
        {
            await Task.Delay(50);
        }

        Assert.False(server.HasExited);
        Assert.StartsWith("HTTP/1.1 201 ", await finishing.FinishAsync(), StringComparison.Ordinal);

        // The other one would have gone on for minutes.
        Assert.False(server.HasExited);
        var exit = await server.WaitForExitAsync();
        Assert.Equal(0, exit.ExitCode);
        Assert.True(endless.IsFarFromSent, "The server did not end before the request did.");
    }

    private static async Task<bool> IsAcceptedAsync(RoomcastProcess server)
    {
        using var socket = new TcpClient();
        try
        {
            await socket.ConnectAsync(IPAddress.Loopback, server.HttpBase.Port);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    [Fact]
    public async Task A_second_signal_quits_at_once()
    {
        await using var server = await RoomcastProcess.StartAsync(new RoomcastStart { Arguments = ["--drain-timeout", "1h"] });
        await using var held = await HeldRequest.OpenAsync(server);
        await Task.Delay(200);

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

    /// <summary>A request that goes on for as long as it is fed. One that stands still is ended by the web server after 5 s, and the
    /// drain with it, before a slow machine has sent its second signal.</summary>
    private sealed class HeldRequest : IAsyncDisposable
    {
        private const int Length = 200_000;
        private const string End = "\"title\": \"Held\"}";
        private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);
        private static readonly byte[] Spaces = Encoding.ASCII.GetBytes(new string(' ', 100));

        private readonly TcpClient _client = new();
        private readonly CancellationTokenSource _over = new();
        private Task _feeding = Task.CompletedTask;
        private int _sent;

        /// <summary>Whether most of it is still to come.</summary>
        public bool IsFarFromSent => _sent < Length / 2;

        public static async Task<HeldRequest> OpenAsync(RoomcastProcess server)
        {
            var held = new HeldRequest();
            await held._client.ConnectAsync(IPAddress.Loopback, server.HttpBase.Port);
            var head = $"POST {server.AppPath}/meetings HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {server.Credentials.ApiToken}\r\n"
                + $"Content-Type: application/json\r\nContent-Length: {Length}\r\n\r\n{{";
            await held._client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(head));
            held._sent = 1;
            held._feeding = held.FeedAsync();
            return held;
        }

        /// <summary>Sends the rest of it, and reads the answer's beginning.</summary>
        public async Task<string> FinishAsync()
        {
            await _over.CancelAsync();
            await _feeding;
            var rest = Encoding.ASCII.GetBytes(End.PadLeft(Length - _sent));
            await _client.GetStream().WriteAsync(rest);
            var answer = new byte[256];
            return Encoding.ASCII.GetString(answer, 0, await _client.GetStream().ReadAtLeastAsync(answer, 32, throwOnEndOfStream: false));
        }

        public async ValueTask DisposeAsync()
        {
            await _over.CancelAsync();
            await _feeding;
            _client.Dispose();
            _over.Dispose();
        }

        private async Task FeedAsync()
        {
            try
            {
                while (_sent + Spaces.Length + End.Length < Length)
                {
                    await _client.GetStream().WriteAsync(Spaces);
                    _sent += Spaces.Length;
                    await Task.Delay(Pause, _over.Token);
                }
            }
            catch (Exception fault) when (fault is IOException or OperationCanceledException)
            {
                // The server has quit, or the test is over.
            }
        }
    }
}
