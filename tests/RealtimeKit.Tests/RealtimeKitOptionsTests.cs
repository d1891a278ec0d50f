namespace Roomcast.RealtimeKit.Tests;

public sealed class RealtimeKitOptionsTests
{
    private readonly RealtimeKitOptionsValidator _validator = new();

    [Fact]
    public void The_defaults_are_valid() => Assert.True(_validator.Validate(null, new RealtimeKitOptions()).Succeeded);

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
