using Roomcast.TestKit;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Roomcast.TestKit.Server;

namespace Roomcast.Server.Tests.Running;

public class RefusedStartTests
{
    [Fact]
    public async Task Wrong_settings_are_told_at_once_and_nothing_is_started()
    {
        using var folder = new TemporaryFolder();
        var data = folder.PathOf("data");

        var exit = await RoomcastProcess.RunToExitAsync(new RoomcastStart
        {
            DataFolder = data,
            Arguments = ["--http-port", "eighty", "--metrics-token", "my-secret", "--htps-port=1"],
            Environment = new Dictionary<string, string> { ["ROOMCAST_BIND"] = "nowhere" },
        });

        Assert.Equal(2, exit.ExitCode);
        Assert.Empty(exit.Output);
        Assert.Contains("4 settings are wrong", exit.Errors, StringComparison.Ordinal);
        Assert.Contains("http_port (command line --http-port): \"eighty\"", exit.Errors, StringComparison.Ordinal);
        Assert.Contains("bind (environment variable ROOMCAST_BIND): \"nowhere\"", exit.Errors, StringComparison.Ordinal);
        Assert.Contains("did you mean --https-port?", exit.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain("my-secret", exit.Errors, StringComparison.Ordinal);
        Assert.False(Directory.Exists(data));
    }

    [Theory]
    [InlineData("--http-port")]
    [InlineData("--https-port")]
    [InlineData("--rtmp-port")]
    [InlineData("--rtc-port")]
    [InlineData("--rtmps-port")]
    public async Task A_busy_port_is_one_message_with_the_port_and_its_setting(string option)
    {
        using var holder = new TcpListener(IPAddress.Loopback, 0);
        holder.Start();
        var port = ((IPEndPoint)holder.LocalEndpoint).Port;
        using var folder = new TemporaryFolder();

        var exit = await RoomcastProcess.RunToExitAsync(new RoomcastStart
        {
            DataFolder = folder.PathOf("data"),
            Arguments = [option, port.ToString(System.Globalization.CultureInfo.InvariantCulture)],
        });

        AssertOneMessage(exit, $"Port {port} on 127.0.0.1 is in use", option);
        Assert.False(Directory.Exists(folder.PathOf("data")));
    }

    [Fact]
    public async Task An_address_of_another_machine_is_one_message() =>
        AssertOneMessage(await RoomcastProcess.RunToExitAsync(new RoomcastStart { Arguments = ["--bind", "192.0.2.7"] }), "no address 192.0.2.7", "--bind");

    [Fact]
    public async Task A_data_folder_that_is_a_file_is_one_message()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.PathOf("data"), "kept");

        var exit = await RoomcastProcess.RunToExitAsync(new RoomcastStart { DataFolder = folder.PathOf("data") });

        AssertOneMessage(exit, folder.PathOf("data"));
        Assert.Equal("kept", File.ReadAllText(folder.PathOf("data")));
    }

    [Fact]
    public async Task A_data_folder_on_a_read_only_disk_is_one_message()
    {
        // The root user may write past modes, but nobody writes below /proc.
        var exit = await RoomcastProcess.RunToExitAsync(new RoomcastStart { DataFolder = "/proc/roomcast", WorkingFolder = "/" });

        AssertOneMessage(exit, "/proc/roomcast");
    }

    [Fact]
    public async Task A_data_folder_that_another_server_holds_is_one_message_and_the_other_goes_on()
    {
        await using var first = await RoomcastProcess.StartAsync();

        AssertOneMessage(await RoomcastProcess.RunToExitAsync(new RoomcastStart { DataFolder = first.DataFolder }), "in use by another");

        using var answer = await first.Http.GetAsync(new Uri("/readyz", UriKind.Relative));
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
    }

    [Fact]
    public async Task A_full_disk_at_first_start_is_one_message_and_with_room_again_the_start_succeeds()
    {
        using var disk = SmallDisk.Mount(sizeKiB: 256);
        var data = Path.Combine(disk.Path, "data");
        disk.Fill();

        AssertOneMessage(await RoomcastProcess.RunToExitAsync(new RoomcastStart { DataFolder = data, WorkingFolder = "/" }), "full");

        disk.Grow(sizeKiB: 16 << 10);
        await using var server = await RoomcastProcess.StartAsync(new RoomcastStart { DataFolder = data, WorkingFolder = "/" });
        Assert.NotEmpty(server.Credentials.ApiToken);
        await server.StopAsync();
    }

    [Fact]
    public async Task A_disk_that_runs_full_at_any_point_of_a_first_start_loses_nothing()
    {
        // Growing room lets each start come further than the one before, until one succeeds.
        using var disk = SmallDisk.Mount(sizeKiB: 8);
        var data = Path.Combine(disk.Path, "data");
        for (var room = 8; room <= 1 << 14; room *= 2)
        {
            disk.Grow(room);
            var server = await TryStartAsync(data);
            if (server is not null)
            {
                await using (server)
                {
                    Assert.NotEmpty(server.Credentials.ApiToken);
                    using var https = server.CreateHttpsClient();
                    using var answer = await https.GetAsync(new Uri("/healthz", UriKind.Relative));
                    Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
                    return;
                }
            }
        }

        Assert.Fail("The server never started.");
    }

    [Theory]
    [InlineData("--help", "--http-port")]
    [InlineData("--version", "Roomcast 0.")]
    [InlineData("--print-config", "http_port = 0  # command line --http-port")]
    public async Task A_request_for_words_starts_nothing(string argument, string expected)
    {
        using var folder = new TemporaryFolder();

        var exit = await RoomcastProcess.RunToExitAsync(new RoomcastStart { DataFolder = folder.PathOf("data"), Arguments = [argument] });

        Assert.Equal(0, exit.ExitCode);
        Assert.Contains(expected, exit.Output, StringComparison.Ordinal);
        Assert.Empty(exit.Errors);
        Assert.False(Directory.Exists(folder.PathOf("data")));
    }

    internal static void AssertOneMessage(RoomcastExit exit, params string[] parts)
    {
        Assert.Equal(1, exit.ExitCode);
        Assert.DoesNotContain("ready", exit.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", exit.Errors, StringComparison.Ordinal);
        var message = Assert.Single(exit.Errors.Split('\n'), line => line.StartsWith("roomcast: ", StringComparison.Ordinal));
        Assert.All(parts, part => Assert.Contains(part, message, StringComparison.OrdinalIgnoreCase));
    }

    private static async Task<RoomcastProcess?> TryStartAsync(string data)
    {
        try
        {
            return await RoomcastProcess.StartAsync(new RoomcastStart { DataFolder = data, WorkingFolder = "/" });
        }
        catch (InvalidOperationException fault)
        {
            Assert.Contains("full", fault.Message, StringComparison.OrdinalIgnoreCase);
            Assert.DoesNotContain("   at ", fault.Message, StringComparison.Ordinal);
            return null;
        }
    }
}
