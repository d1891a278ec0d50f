using Roomcast.RealtimeKit.Tests.Hosting;

namespace Roomcast.RealtimeKit.Tests.Rest;

public sealed class RateLimitTests
{
    [Fact]
    public async Task A_call_too_many_is_told_when_to_come_again()
    {
        await using var host = await ApiHost.StartAsync(options => options.RateLimits =
            [new RateLimitOptions { Requests = 3, Window = TimeSpan.FromSeconds(30) }]);
        var path = $"{host.One.Path}/apps";

        for (var i = 0; i < 3; i++)
        {
            Assert.Equal(200, (await host.Client.GetAsync(path, host.One.ReadToken)).Status);
        }

        var refused = await host.Client.GetAsync(path, host.One.WriteToken);
        Assert.Equal(429, refused.Status);
        Assert.Equal(42900, refused.Code);
        Assert.Equal("10", refused.Header("Retry-After"));

        // Another account has its own allowance, and what was refused did not count.
        Assert.Equal(200, (await host.Client.GetAsync($"{host.Other.Path}/apps", host.Other.ReadToken)).Status);
        host.Clock.Advance(TimeSpan.FromSeconds(9.5));
        Assert.Equal("1", (await host.Client.GetAsync(path, host.One.ReadToken)).Header("Retry-After"));
        host.Clock.Advance(TimeSpan.FromSeconds(0.6));
        Assert.Equal(200, (await host.Client.GetAsync(path, host.One.ReadToken)).Status);
        Assert.Equal(429, (await host.Client.GetAsync(path, host.One.ReadToken)).Status);
        host.Clock.Advance(TimeSpan.FromHours(1));
        for (var i = 0; i < 3; i++)
        {
            Assert.Equal(200, (await host.Client.GetAsync(path, host.One.ReadToken)).Status);
        }

        Assert.Equal(429, (await host.Client.GetAsync(path, host.One.ReadToken)).Status);
    }

    [Fact]
    public async Task A_limit_counts_the_routes_and_the_method_that_it_names()
    {
        await using var host = await ApiHost.StartAsync(options => options.RateLimits =
        [
            new RateLimitOptions { Route = "/{app_id}/livestreams", Method = "post", Requests = 1, Window = TimeSpan.FromMinutes(1) },
            new RateLimitOptions { Route = "/{app_id}/analytics/*", Requests = 2, Window = TimeSpan.FromMinutes(1) },
        ]);
        var app = host.One.AppPath;

        Assert.Equal(201, (await host.Client.PostAsync($"{app}/livestreams", host.One.WriteToken)).Status);
        Assert.Equal(429, (await host.Client.PostAsync($"{app}/livestreams", host.One.WriteToken)).Status);
        Assert.Equal(429, (await host.Client.PostAsync($"{app}/livestreams"["/client/v4".Length..], host.One.WriteToken)).Status);
        Assert.Equal(200, (await host.Client.GetAsync($"{app}/livestreams", host.One.WriteToken)).Status);
        Assert.Equal(200, (await host.Client.GetAsync($"{app}/analytics/livestreams/overall", host.One.WriteToken)).Status);
        Assert.Equal(200, (await host.Client.SendAsync(HttpMethod.Head, $"{app}/analytics/livestreams/daywise", host.One.WriteToken)).Status);
        Assert.Equal(429, (await host.Client.GetAsync($"{app}/analytics/livestreams/overall", host.One.WriteToken)).Status);
        Assert.Equal(200, (await host.Client.GetAsync("/user/tokens/verify", host.One.WriteToken)).Status);
    }

    [Fact]
    public async Task A_caller_without_a_valid_token_uses_up_nobodys_allowance()
    {
        await using var host = await ApiHost.StartAsync(options => options.RateLimits =
            [new RateLimitOptions { Requests = 1, Window = TimeSpan.FromMinutes(1) }]);
        var path = $"{host.One.Path}/apps";

        for (var i = 0; i < 5; i++)
        {
            Assert.Equal(401, (await host.Client.GetAsync(path, "rct_unknown")).Status);
        }

        Assert.Equal(200, (await host.Client.GetAsync(path, host.One.ReadToken)).Status);
    }
}
