using System.Net;
using Roomcast.TestKit.Databases;
using Roomcast.TestKit.Server;

namespace Roomcast.Server.Tests.Running;

public class PostgresTests
{
    [Fact]
    public async Task A_database_that_goes_away_is_not_ready_and_one_that_comes_back_is()
    {
        await using var postgres = await PostgresServer.StartAsync(isDurable: false);
        var address = await postgres.CreateDatabaseAsync();
        await using var server = await RoomcastProcess.StartAsync(new RoomcastStart
        {
            Environment = new Dictionary<string, string> { ["ROOMCAST_DATABASE_URL"] = address },
        });
        Assert.NotEmpty(server.Credentials.ApiToken);
        Assert.Contains("PostgreSQL", server.Errors, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, (await AskAsync(server)).Status);

        await postgres.KillAsync();
        var (status, body) = await WaitForAsync(server, HttpStatusCode.ServiceUnavailable);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, status);
        Assert.Contains("database:", body, StringComparison.Ordinal);

        await postgres.RestartAsync();
        Assert.Equal(HttpStatusCode.OK, (await WaitForAsync(server, HttpStatusCode.OK)).Status);

        // The password is in the address, and in nothing else.
        var password = address.Split("Password=")[1].Split(';')[0];
        Assert.DoesNotContain(password, body + server.Errors + server.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_database_that_is_not_there_at_the_start_is_one_message() =>
        RefusedStartTests.AssertOneMessage(
            await RoomcastProcess.RunToExitAsync(new RoomcastStart { Arguments = ["--database-url", "postgres://u:hidden-word@127.0.0.1:9/x"] }),
            "127.0.0.1:9");

    private static async Task<(HttpStatusCode Status, string Body)> WaitForAsync(RoomcastProcess server, HttpStatusCode wanted)
    {
        var answer = await AskAsync(server);
        for (var attempt = 0; attempt < 40 && answer.Status != wanted; attempt++)
        {
            await Task.Delay(250);
            answer = await AskAsync(server);
        }

        return answer;
    }

    private static async Task<(HttpStatusCode Status, string Body)> AskAsync(RoomcastProcess server)
    {
        using var answer = await server.Http.GetAsync(new Uri("/readyz", UriKind.Relative));
        return (answer.StatusCode, await answer.Content.ReadAsStringAsync());
    }
}
