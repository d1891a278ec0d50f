using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Roomcast.RealtimeKit.Rest;
using Roomcast.RealtimeKit.Rest.Access;
using Roomcast.RealtimeKit.Rest.Answers;
using Roomcast.RealtimeKit.Rest.Requests;
using Roomcast.RealtimeKit.Tests.Hosting;
using Roomcast.Storage;

namespace Roomcast.RealtimeKit.Tests.Rest;

public sealed class FaultTests
{
    [Fact]
    public async Task A_fault_of_ours_is_told_without_its_insides_and_logged_once()
    {
        await using var host = await StartAsync(_ => throw new InvalidOperationException("the vault's combination is 1234"));

        var reply = await CallAsync(host);

        Assert.Equal(500, reply.Status);
        Assert.Equal(50000, reply.Code);
        Assert.DoesNotContain("1234", reply.Body.ToJsonString(), StringComparison.Ordinal);
        Assert.DoesNotContain("Exception", reply.Body.ToJsonString(), StringComparison.Ordinal);
        var line = Assert.Single(host.Logbook.Lines, line => line.Contains("1234", StringComparison.Ordinal));
        Assert.StartsWith("Error 3001", line, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(StorageFailure.Unavailable, 503, 50300)]
    [InlineData(StorageFailure.Contended, 503, 50300)]
    [InlineData(StorageFailure.DiskFull, 503, 50300)]
    [InlineData(StorageFailure.Corrupted, 500, 50000)]
    [InlineData(StorageFailure.Unexpected, 500, 50000)]
    public async Task A_failure_that_may_pass_is_told_as_such(StorageFailure failure, int status, int code)
    {
        await using var host = await StartAsync(_ => throw new StorageException(failure, "rows in /var/lib"));

        var reply = await CallAsync(host);

        Assert.Equal(status, reply.Status);
        Assert.Equal(code, reply.Code);
        Assert.DoesNotContain("/var/lib", reply.Body.ToJsonString(), StringComparison.Ordinal);
        Assert.Equal(status == 503 ? "2" : null, reply.Header("Retry-After"));
    }

    [Fact]
    public async Task A_conflict_is_not_to_be_repeated()
    {
        await using var host = await StartAsync(_ => Task.FromResult(KitAnswer.Refuse(KitErrorCode.AlreadyRunning, "one is running")));

        var reply = await CallAsync(host);

        Assert.Equal(409, reply.Status);
        Assert.Equal(40901, reply.Code);
        Assert.Equal("false", reply.Header("x-should-retry"));
    }

    [Fact]
    public async Task A_caller_who_leaves_while_the_server_works_is_no_fault()
    {
        var hasBegun = new TaskCompletionSource();
        var hasEnded = new TaskCompletionSource();
        await using var host = await StartAsync(async request =>
        {
            hasBegun.SetResult();
            try
            {
                await Task.Delay(Timeout.InfiniteTimeSpan, request.Aborted);
                throw new InvalidOperationException("It waits until the caller leaves.");
            }
            finally
            {
                hasEnded.SetResult();
            }
        });

        using var leaving = new CancellationTokenSource();
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri($"{host.One.Path}/test", UriKind.Relative));
        request.Headers.TryAddWithoutValidation("Authorization", $"Bearer {host.One.ReadToken}");
        var call = host.Client.Http.SendAsync(request, leaving.Token);
        await hasBegun.Task;
        await leaving.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
        await hasEnded.Task;
        await host.StopAsync();

        Assert.DoesNotContain(host.Logbook.Lines, line => line.StartsWith("Error", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_caller_who_leaves_in_the_middle_of_a_body_is_no_fault()
    {
        await using var host = await ApiHost.StartAsync();
        foreach (var isAbrupt in new[] { true, false })
        {
            using var connection = new TcpClient { LingerState = new LingerOption(isAbrupt, 0) };
            await connection.ConnectAsync(IPAddress.Loopback, host.Address.Port);
            var head = $"POST {host.One.Path}/apps HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {host.One.WriteToken}\r\n";
            await connection.GetStream().WriteAsync(Encoding.ASCII.GetBytes(head + "Content-Length: 500\r\n\r\n{\"na"));
        }

        // A whole request behind them shows that the server has moved on.
        Assert.Equal(200, (await host.Client.PostAsync($"{host.One.Path}/apps", host.One.WriteToken, """{"name":"x"}""")).Status);
        await host.StopAsync();
        Assert.DoesNotContain(host.Logbook.Lines, line => line.StartsWith("Error", StringComparison.Ordinal));
    }

    /// <summary>A host with one route more, behind the same door as all others.</summary>
    private static Task<ApiHost> StartAsync(Func<KitRequest, Task<KitAnswer>> handler) => ApiHost.StartAsync(map: app =>
        app.MapGroup($"/client/v4{KitPaths.Account}/test")
            .Behind(app.Services.GetRequiredService<KitDoor>())
            .Asking(KitAccess.Account)
            .MapRead("", handler));

    private static Task<Reply> CallAsync(ApiHost host) => host.Client.GetAsync($"{host.One.Path}/test", host.One.ReadToken);
}
