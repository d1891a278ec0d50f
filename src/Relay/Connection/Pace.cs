namespace Roomcast.Relay.Connection;

/// <summary>So many at once, and so many per second for long. Used by one reader.</summary>
internal sealed class Pace(double burst, double perSecond, TimeProvider time)
{
    private double _taken;
    private long _at = time.GetTimestamp();

    /// <summary>Takes one. False when none is left.</summary>
    public bool TryTake()
    {
        var now = time.GetTimestamp();
        _taken = Math.Max(0, _taken - (time.GetElapsedTime(_at, now).TotalSeconds * perSecond));
        _at = now;
        if (_taken >= burst)
        {
            return false;
        }

        _taken++;
        return true;
    }
}
