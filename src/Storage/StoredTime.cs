namespace Roomcast.Storage;

/// <summary>The resolution in which times are stored: whole milliseconds of UTC, in both databases.</summary>
public static class StoredTime
{
    /// <summary>The present, in the resolution it will have when it is read back.</summary>
    public static DateTimeOffset Now(TimeProvider clock)
    {
        ArgumentNullException.ThrowIfNull(clock);
        return Of(clock.GetUtcNow());
    }

    /// <summary>A time in the resolution it will have when it is read back: rounded down.</summary>
    public static DateTimeOffset Of(DateTimeOffset time) => DateTimeOffset.FromUnixTimeMilliseconds(time.ToUnixTimeMilliseconds());

    /// <summary>The first whole millisecond at or after a time: what a bound between stored times must be rounded to.</summary>
    public static DateTimeOffset CeilingOf(DateTimeOffset time)
    {
        var floor = Of(time);
        return floor == time || time > DateTimeOffset.MaxValue.AddMilliseconds(-1) ? floor : floor.AddMilliseconds(1);
    }
}
