using Roomcast.Webhooks.Delivery;

namespace Roomcast.Webhooks.Tests.Delivery;

public sealed class ReceiverHealthTests
{
    private static readonly DateTimeOffset Start = DateTimeOffset.UnixEpoch;

    [Fact]
    public void After_fifty_failures_in_a_row_there_is_one_attempt_in_ten_minutes()
    {
        var health = new ReceiverHealth();
        for (var i = 1; i <= ReceiverHealth.RestingFrom; i++)
        {
            Assert.Equal(TimeSpan.Zero, health.RestFrom(Start));
            health.Fail(Start);
            Assert.Equal(i >= ReceiverHealth.FailingFrom, health.IsFailing);
        }

        Assert.True(health.IsResting);
        Assert.Equal(TimeSpan.FromMinutes(10), health.RestFrom(Start));
        Assert.Equal(TimeSpan.FromMinutes(4), health.RestFrom(Start.AddMinutes(6)));
        Assert.Equal(TimeSpan.Zero, health.RestFrom(Start.AddMinutes(10)));

        health.Fail(Start.AddMinutes(10));
        Assert.Equal(TimeSpan.FromMinutes(10), health.RestFrom(Start.AddMinutes(10)));
    }

    [Fact]
    public void One_that_is_taken_opens_everything_again()
    {
        var health = new ReceiverHealth();
        for (var i = 0; i < 2 * ReceiverHealth.RestingFrom; i++)
        {
            health.Fail(Start);
        }

        health.Recover();

        Assert.False(health.IsFailing);
        Assert.Equal(TimeSpan.Zero, health.RestFrom(Start));
    }
}
