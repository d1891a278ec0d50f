namespace Roomcast.RealtimeKit.Tests;

public sealed class RealtimeKitOptionsTests
{
    private readonly RealtimeKitOptionsValidator _validator = new();

    [Fact]
    public void The_defaults_are_valid() => Assert.True(_validator.Validate(null, new RealtimeKitOptions()).Succeeded);

    [Theory]
    [InlineData("*", null, true)]
    [InlineData("*", "DELETE", true)]
    [InlineData("*", "TRACE", false)]
    [InlineData("/{app_id}/meetings", "POST", true)]
    [InlineData("/{app_id}/meetings", "DELETE", false)]
    [InlineData("/{app_id}/recordings*", null, true)]
    [InlineData("/{app_id}/recording", null, false)]
    [InlineData("/{app}/recordings", null, false)]
    [InlineData("/client/v4/accounts", null, false)]
    public void A_limit_that_would_count_nothing_is_a_fault(string route, string? method, bool isValid)
    {
        var options = new RealtimeKitOptions { RateLimits = [new RateLimitOptions { Route = route, Method = method, Requests = 1 }] };

        var result = _validator.Validate(null, options);

        Assert.Equal(isValid, result.Succeeded);
        Assert.All(result.Failures ?? [], failure => Assert.Contains("RateLimits:0:Route", failure, StringComparison.Ordinal));
    }

    [Fact]
    public void Every_fault_is_named_at_once()
    {
        var options = new RealtimeKitOptions { MaxBodyBytes = 5, ListShape = (LivestreamListShape)7 };
        options.RateLimits =
        [
            new RateLimitOptions { Requests = 1 },
            new RateLimitOptions { Route = "apps", Method = "GET /", Requests = 0, Window = TimeSpan.Zero },
        ];

        var result = _validator.Validate(null, options);

        Assert.Equal(6, result.Failures!.Count());
        Assert.All(
            ["MaxBodyBytes", "ListShape", "RateLimits:1:Route", "RateLimits:1:Method", "RateLimits:1:Requests", "RateLimits:1:Window"],
            key => Assert.Contains(result.Failures!, failure => failure.Contains(key, StringComparison.Ordinal)));
    }
}
