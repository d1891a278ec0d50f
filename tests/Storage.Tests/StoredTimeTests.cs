using FsCheck;
using FsCheck.Fluent;

namespace Roomcast.Storage.Tests;

public sealed class StoredTimeTests
{
    [Fact]
    public void A_time_is_kept_in_whole_milliseconds_between_its_floor_and_its_ceiling() =>
        Prop.ForAll(ArbMap.Default.ArbFor<DateTimeOffset>(), time =>
        {
            var (floor, ceiling) = (StoredTime.Of(time), StoredTime.CeilingOf(time));
            return floor.Ticks % TimeSpan.TicksPerMillisecond == 0
                && ceiling.Ticks % TimeSpan.TicksPerMillisecond == 0
                && floor <= time && time <= ceiling
                && ceiling - floor <= TimeSpan.FromMilliseconds(1)
                && StoredTime.Of(floor) == floor && StoredTime.CeilingOf(ceiling) == ceiling;
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void The_first_and_the_last_moment_have_both()
    {
        Assert.Equal(DateTimeOffset.MinValue, StoredTime.CeilingOf(DateTimeOffset.MinValue));
        Assert.True(StoredTime.CeilingOf(DateTimeOffset.MaxValue) <= DateTimeOffset.MaxValue);
    }
}
