using Roomcast.Webhooks.Delivery;

namespace Roomcast.Webhooks.Tests.Delivery;

public sealed class ReceiverHealthTests
{
    private static readonly DateTimeOffset Start = DateTimeOffset.UnixEpoch;
    private static readonly TimeSpan Soon = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan Late = TimeSpan.FromSeconds(2.9);

    [Fact]
    public void After_fifty_failures_in_a_row_there_is_one_attempt_in_ten_minutes()
    {
        var health = new ReceiverHealth();
        for (var i = 1; i <= ReceiverHealth.RestingFrom; i++)
        {
            Assert.Equal(TimeSpan.Zero, health.RestFrom(Start));
            health.Fail(Start, Soon);
            Assert.Equal(i >= ReceiverHealth.FailingFrom, health.IsFailing);
        }

        Assert.True(health.IsResting);
        Assert.Equal(TimeSpan.FromMinutes(10), health.RestFrom(Start));
        Assert.Equal(TimeSpan.FromMinutes(4), health.RestFrom(Start.AddMinutes(6)));
        Assert.Equal(TimeSpan.Zero, health.RestFrom(Start.AddMinutes(10)));

        health.Fail(Start.AddMinutes(10), Soon);
        Assert.Equal(TimeSpan.FromMinutes(10), health.RestFrom(Start.AddMinutes(10)));
    }

    [Fact]
    public void One_that_is_taken_opens_everything_again()
    {
        var health = new ReceiverHealth();
        for (var i = 0; i < 2 * ReceiverHealth.RestingFrom; i++)
        {
            health.Fail(Start, Soon);
        }

        health.Take(Soon);

        Assert.False(health.IsFailing);
        Assert.Equal(Standing.Quick, health.Standing);
        Assert.Equal(TimeSpan.Zero, health.RestFrom(Start));
    }

    [Fact]
    public void It_is_on_trial_until_it_takes_something_and_a_change_does_not_spare_it_that()
    {
        var health = new ReceiverHealth();
        Assert.Equal(Standing.OnTrial, health.Standing);
        health.Fail(Start, Soon);
        health.Recover();
        Assert.Equal(Standing.OnTrial, health.Standing);

        health.Take(Soon);

        Assert.Equal(Standing.Quick, health.Standing);
    }

    [Fact]
    public void One_that_takes_its_time_is_slow_until_it_has_been_quick_for_a_while()
    {
        var health = new ReceiverHealth();
        health.Take(Soon);
        health.Take(Late);
        Assert.Equal(Standing.Slow, health.Standing);
        health.Take(Soon);
        Assert.Equal(Standing.Slow, health.Standing);

        for (var i = 0; i < 10; i++)
        {
            health.Take(Soon);
        }

        Assert.Equal(Standing.Quick, health.Standing);
    }

    [Fact]
    public void One_that_hangs_twice_and_takes_the_third_is_never_quick()
    {
        var health = new ReceiverHealth();
        for (var i = 0; i < 100; i++)
        {
            health.Fail(Start, Late);
            health.Fail(Start, Late);
            health.Take(Soon);
            Assert.Equal(Standing.Slow, health.Standing);
        }
    }
}
