using System.Net.WebSockets;
using System.Text.Json.Nodes;
using Roomcast.Accounts;
using Roomcast.Relay.Connection;
using Roomcast.Relay.Rest;
using Roomcast.Relay.Tests.Hosting;

namespace Roomcast.Relay.Tests.Connection;

/// <summary>Who is closed though the network holds.</summary>
public sealed class ExpulsionTests
{
    [Fact]
    public async Task Who_holds_a_token_that_was_revoked_is_closed_and_others_are_not()
    {
        await using var host = await RelayHost.StartAsync(times: new RelayTimes { PingInterval = TimeSpan.FromMilliseconds(50) });
        var tokens = host.Service<ApiTokenStore>();
        var issued = await tokens.IssueAsync(host.App.AccountId, ApiTokenScope.Write, "short-lived", null, CancellationToken.None);
        await using var client = await RelayClient.ConnectAsync(host, token: issued.Secret);
        await using var other = await RelayClient.ConnectAsync(host);
        await client.WaitAsync(frame => (string?)frame["id"] == "ping-3");
        Assert.Null(client.CloseStatus);

        await tokens.RevokeAsync(host.App.AccountId, issued.Token.Id, CancellationToken.None);
        await client.WaitForCloseAsync();
        Assert.Equal(WebSocketCloseStatus.PolicyViolation, client.CloseStatus);
        Assert.Equal("200", (string)(await other.AskAsync("video.rooms.get"))["result"]!["code"]!);
    }

    [Fact]
    public async Task A_token_can_be_changed_for_another_of_the_same_project_before_it_ends()
    {
        await using var host = await RelayHost.StartAsync(times: new RelayTimes { PingInterval = TimeSpan.FromMilliseconds(50) });
        var tokens = host.Service<ApiTokenStore>();
        var issued = await tokens.IssueAsync(host.App.AccountId, ApiTokenScope.Write, "short-lived", null, CancellationToken.None);
        await using var client = await RelayClient.ConnectAsync(host, token: issued.Secret);
        foreach (var (project, token) in new[] { (host.App.Id, "rct_wrong"), (host.App.Id, host.OtherToken), (host.OtherApp.Id, host.OtherToken) })
        {
            var refused = await client.AskAsync("signalwire.reauthenticate", RelayClient.ConnectOf(project.ToString(), token));
            Assert.Equal(-32002, (int)refused["error"]!["code"]!);
        }

        // The new one may only read, and holds when the old one does not.
        var answer = await client.AskAsync("signalwire.reauthenticate", RelayClient.ConnectOf(host.App.Id.ToString(), host.ReadToken));
        Assert.Equal(host.App.Id.ToString(), (string)answer["result"]!["authorization"]!["project_id"]!);
        await tokens.RevokeAsync(host.App.AccountId, issued.Token.Id, CancellationToken.None);
        var pings = client.Heard.Count(IsPing);
        await client.WaitAsync(_ => client.Heard.Count(IsPing) >= pings + 5);
        Assert.Equal("200", (string)(await client.AskAsync("video.rooms.get"))["result"]!["code"]!);
        Assert.Equal("403", await client.CodeOfAsync("video.lock", Guid.NewGuid().ToString()));

        static bool IsPing(JsonNode frame) => (string?)frame["method"] == "signalwire.ping";
    }

    [Theory]
    [InlineData("by a wrong token")]
    [InlineData("by asking something first")]
    [InlineData("by saying nothing")]
    [InlineData("by saying what nobody asked for")]
    public async Task An_address_that_fails_too_often_to_say_who_it_is_is_kept_out_for_a_while(string how)
    {
        var times = how == "by saying nothing"
            ? new RelayTimes { ConnectWithin = TimeSpan.FromMilliseconds(100), PingInterval = TimeSpan.FromMilliseconds(50) }
            : new RelayTimes();
        await using var host = await RelayHost.StartAsync(options => options.RequestsPerSecond = 1, times);
        await Task.WhenAll(Enumerable.Range(0, RestLimits.StrangerFailures).Select(_ => FailAsync()));

        // The last failure is counted when its connection is gone.
        for (var tries = 0; await IsLetInAsync(host); tries++)
        {
            Assert.True(tries < 1_000, "It is let in.");
            await Task.Delay(10);
        }

        async Task FailAsync()
        {
            await using var client = await RelayClient.OpenAsync(host);
            switch (how)
            {
                case "by a wrong token":
                    await client.PostAsync("signalwire.connect", RelayClient.ConnectOf(host.App.Id.ToString(), "rct_wrong"));
                    break;
                case "by asking something first":
                    await client.PostAsync("video.rooms.get");
                    break;
                case "by saying what nobody asked for":
                    await FloodAsync(client, "no json", WebSocketMessageType.Text);
                    break;
            }

            await client.WaitForCloseAsync();
        }
    }

    [Fact]
    public async Task Only_so_many_of_an_address_may_leave_open_who_they_are()
    {
        await using var host = await RelayHost.StartAsync(
            options => options.MaxConnections = 10, new RelayTimes { ConnectWithin = TimeSpan.FromHours(1) });
        var silent = new List<RelayClient>();
        try
        {
            for (var count = 0; count < 5; count++)
            {
                silent.Add(await RelayClient.OpenAsync(host));
            }

            Assert.False(await IsLetInAsync(host));

            // One says who it is, another goes: each makes room for one.
            var answer = await silent[0].AskAsync("signalwire.connect", RelayClient.ConnectOf(host.App.Id.ToString(), host.Token));
            Assert.NotNull(answer["result"]);
            silent.Add(await RelayClient.OpenAsync(host));
            Assert.False(await IsLetInAsync(host));
            await silent[1].CutAsync();
            for (var tries = 0; !await IsLetInAsync(host); tries++)
            {
                Assert.True(tries < 1_000, "It is not let in.");
                await Task.Delay(10);
            }
        }
        finally
        {
            foreach (var client in silent)
            {
                await client.DisposeAsync();
            }
        }
    }

    [Theory]
    [InlineData("no json", WebSocketMessageType.Text)]
    [InlineData("binary", WebSocketMessageType.Binary)]
    [InlineData("""{"jsonrpc":"2.0","method":"signalwire.ping"}""", WebSocketMessageType.Text)]
    [InlineData("""{"jsonrpc":"2.0","id":"nothing","result":{}}""", WebSocketMessageType.Text)]
    public async Task Who_floods_with_what_is_no_request_is_closed_whether_known_or_not(string frame, WebSocketMessageType type)
    {
        await using var host = await RelayHost.StartAsync(options => options.RequestsPerSecond = 1);
        await using var client = await RelayClient.OpenAsync(host);
        await FloodAsync(client, frame, type);
        await client.WaitForCloseAsync();
        Assert.Equal(WebSocketCloseStatus.PolicyViolation, client.CloseStatus);
    }

    [Fact]
    public async Task Who_acknowledges_all_it_hears_is_not_closed_however_much_that_is()
    {
        await using var host = await RelayHost.StartAsync(options => options.RequestsPerSecond = 1);
        await using var client = await RelayClient.ConnectAsync(host);
        await client.SubscribeAsync("video.rooms", "video.room.started", "video.room.ended");
        for (var i = 0; i < 10; i++)
        {
            var meeting = await host.NewMeetingAsync($"Room {i}");
            await host.JoinAsync(meeting, "Ada");
            await host.EndAsync(meeting);
        }

        await client.WaitAsync(_ => client.Events.Count == 20);
        Assert.NotNull(await client.AskAsync("signalwire.ping"));
        Assert.Null(client.CloseStatus);
    }

    private static async Task FloodAsync(RelayClient client, string frame, WebSocketMessageType type)
    {
        try
        {
            while (client.CloseStatus is null)
            {
                await client.SendAsync(frame, type);

                // A sending that never has to wait would keep its thread from the server and from all other tests.
                await Task.Yield();
            }
        }
        catch (Exception closed) when (closed is WebSocketException or OperationCanceledException)
        {
            // It was closed in the middle of a frame; the second where the reading noticed it first.
        }
    }

    private static async Task<bool> IsLetInAsync(RelayHost host)
    {
        try
        {
            await using var client = await RelayClient.OpenAsync(host);
            return true;
        }
        catch (WebSocketException refused)
        {
            Assert.Contains("429", refused.Message, StringComparison.Ordinal);
            return false;
        }
    }
}
