using Roomcast.Conformance.Running;
using Roomcast.TestKit.Databases;

namespace Roomcast.Conformance.Plain;

/// <summary>Refusals that pass by themselves: they tell when to come again.</summary>
public sealed class PassingRefusalTests
{
    [Fact]
    public async Task Who_calls_too_often_is_told_when_to_come_again()
    {
        await using var server = await RunningServer.StartAsync("--rest-rate-limits", "POST /{app_id}/meetings=2/1h");
        for (var i = 0; i < 2; i++)
        {
            await server.PostAsync("/meetings");
        }

        var refused = await server.CallAsync(HttpMethod.Post, $"{server.AppPath}/meetings", server.Token);
        Assert.Equal((429, 42900), (refused.Status, refused.Code));
        Assert.InRange(int.Parse(refused.Headers["Retry-After"], null), 1, 1_800);
        Assert.Equal(429, (int)refused.Body["error"]!["code"]!);
        await server.GetAsync("/meetings");
    }

    [Fact]
    public async Task A_database_that_is_away_is_told_as_such_and_everything_works_when_it_is_back()
    {
        await using var postgres = await PostgresServer.StartAsync(isDurable: true);
        await using var server = await RunningServer.StartAsync("--database-url", await postgres.CreateDatabaseAsync());
        await server.PostAsync("/meetings", new { title = "Kept" });
        await postgres.KillAsync();
        var refused = await server.CallAsync(HttpMethod.Post, $"{server.AppPath}/meetings", server.Token);
        Assert.Equal((503, 50300), (refused.Status, refused.Code));
        Assert.True(int.Parse(refused.Headers["Retry-After"], null) >= 1);
        Assert.False((bool)refused.Body["success"]!);
        await postgres.RestartAsync();
        var listed = await server.UntilAsync("/meetings", _ => true);
        Assert.Equal("Kept", (string)Assert.Single(listed.AsArray())!["title"]!);
    }
}
