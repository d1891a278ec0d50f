namespace Roomcast.Storage.Tests;

public sealed class StorageOptionsTests
{
    private readonly StorageOptionsValidator _validator = new();

    [Fact]
    public void The_defaults_are_valid() => Assert.True(_validator.Validate(null, new StorageOptions()).Succeeded);

    [Fact]
    public void Every_fault_is_told_at_once()
    {
        var result = _validator.Validate(null, new StorageOptions
        {
            DataFolder = " ",
            DatabaseUrl = "nonsense",
            MaxConnections = 1,
            SlowStatement = TimeSpan.Zero,
        });

        Assert.Equal(4, result.Failures!.Count());
    }

    [Theory]
    [InlineData(2, 1.0, true)]
    [InlineData(500, 60_000.0, true)]
    [InlineData(501, 1.0, false)]
    [InlineData(2, 60_001.0, false)]
    public void Limits_are_kept(int maxConnections, double slowStatementMs, bool isValid) =>
        Assert.Equal(isValid, _validator.Validate(null, new StorageOptions
        {
            MaxConnections = maxConnections,
            SlowStatement = TimeSpan.FromMilliseconds(slowStatementMs),
        }).Succeeded);
}
