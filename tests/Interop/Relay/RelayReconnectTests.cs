using System.Text.Json;
using System.Text.Json.Nodes;
using Roomcast.Interop.Meetings;
using Roomcast.TestKit;
using Roomcast.TestKit.Network;
using Roomcast.TestKit.Server;

namespace Roomcast.Interop.Relay;

/// <summary>
/// The unmodified SDK through what becomes of its connection: cut off while rooms end and begin, and a server that is killed, or stopped,
/// and started again. It comes back by itself, and misses nothing.
/// </summary>
[Collection(MeetingServerTests.Name)]
public sealed class RelayReconnectTests(MeetingServer server) : IAsyncLifetime
{
    public Task InitializeAsync() => Task.CompletedTask;

    public Task DisposeAsync() => server.ClearAsync();

    [Fact]
    public async Task A_server_that_is_stopped_announces_it_and_its_controllers_go_on_with_the_next_one()
    {
        await using var proxy = CuttableProxy.Start(server.Server.HttpBase.Port);
        var stopFile = Path.Combine(server.Folder, $"stop-{Guid.NewGuid():N}");
        await using var program = Start(proxy, isSecure: false, stopFile);
        await program.WaitAsync("listening");
        Assert.DoesNotContain(program.Said, line => What(line) == "close announced");
        var served = proxy.Served;
        await server.RestartAsync(isPlanned: true);
        await program.WaitAsync("close announced");
        await UntilAsync(program, () => proxy.Served > served);
        var meeting = await server.CreateMeetingAsync("Planned");
        var ada = await server.JoinAsync(meeting, 0);
        await UntilAsync(program, "subscribed", meeting, 1);
        await server.PostAsync($"/meetings/{meeting}/active-session/kick-all", new { });
        await UntilAsync(program, "ended", meeting, 1);
        Assert.Equal(["started", "ended"], Heard(program, meeting).Where(what => what is "started" or "ended"));

        await File.WriteAllTextAsync(stopFile, "");
        await program.WaitAsync("done");
        Assert.Equal(0, await program.WaitForExitAsync());
        Assert.Single(program.Said, line => What(line) == "close announced");
        await ada.LeaveAsync();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_controller_that_was_cut_off_hears_once_and_in_order_what_happened_meanwhile_and_goes_on_after_a_restart(bool isSecure)
    {
        await using var proxy = CuttableProxy.Start((isSecure ? server.Server.HttpsBase : server.Server.HttpBase).Port);
        var stopFile = Path.Combine(server.Folder, $"stop-{Guid.NewGuid():N}");
        await using var program = Start(proxy, isSecure, stopFile);
        await program.WaitAsync("listening");
        var first = await server.CreateMeetingAsync("First");
        var ada = await server.JoinAsync(first, 0);
        await UntilAsync(program, "subscribed", first, 1);

        // Cut off: somebody joins, the room ends, another begins.
        proxy.Cut();
        var ben = await server.JoinAsync(first, 1);
        await server.PostAsync($"/meetings/{first}/active-session/kick-all", new { });
        var second = await server.CreateMeetingAsync("Second");
        await ben.LeaveAsync();
        await ada.LeaveAsync();
        ada = await server.JoinAsync(second, 0);
        proxy.Mend();
        await UntilAsync(program, "subscribed", second, 1);
        Assert.True(proxy.Served >= 2);
        Assert.Equal(["started", "subscribed", "joined Ben", "ended"], Heard(program, first).Where(what => what != "joined Ada"));
        Assert.Equal("started", Heard(program, second)[0]);

        // Killed and started again: its client offers the name it had, which the new process has never heard, and does not subscribe again.
        var served = proxy.Served;
        await server.RestartAsync();
        await UntilAsync(program, () => proxy.Served > served);
        var third = await server.CreateMeetingAsync("Third");
        var cleo = await server.JoinAsync(third, 2);
        await UntilAsync(program, "subscribed", third, 1);
        await server.PostAsync($"/meetings/{third}/active-session/kick-all", new { });
        await UntilAsync(program, "ended", third, 1);
        Assert.Equal(["started", "ended"], Heard(program, third).Where(what => what is "started" or "ended"));

        await File.WriteAllTextAsync(stopFile, "");
        await program.WaitAsync("done");
        Assert.Equal(0, await program.WaitForExitAsync());
        await cleo.LeaveAsync();
        await ada.LeaveAsync();
    }

    private NodeProgram Start(CuttableProxy proxy, bool isSecure, string stopFile) => NodeProgram.Start(
        RepositoryFiles.PathOf("tests", "Conformance", "relay"),
        "reconnect.mjs",
        new JsonObject
        {
            ["host"] = $"{(isSecure ? "wss" : "ws")}://127.0.0.1:{proxy.Port}",
            ["project"] = server.Server.Credentials.AppId,
            ["token"] = server.Server.Credentials.ApiToken,
            ["stopFile"] = stopFile,
        },
        RelayHosts.TrustOf(server, isSecure));

    private static List<string> Heard(NodeProgram program, string meeting) =>
    [
        .. program.Said.Where(line => line.TryGetProperty("room", out var room) && room.GetString() == meeting)
            .Select(line => line.TryGetProperty("name", out var name) ? $"{What(line)} {name.GetString()}" : What(line)),
    ];

    private static string What(JsonElement line) => line.GetProperty("what").GetString()!;

    private Task UntilAsync(NodeProgram program, string what, string meeting, int count) =>
        UntilAsync(program, () => Heard(program, meeting).Count(said => said == what) == count);

    private async Task UntilAsync(NodeProgram program, Func<bool> holds)
    {
        var began = TimeProvider.System.GetTimestamp();
        while (!holds())
        {
            Assert.True(TimeProvider.System.GetElapsedTime(began) < 2 * MeetTab.Patience, $"{program}\n{server.Server.Errors}");
            await Task.Delay(100);
        }
    }
}
