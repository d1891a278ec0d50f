namespace Roomcast.Meetings.Sessions.Rules;

/// <summary>So many acts at once, and so many per second for long. Owned by one loop; time is handed in.</summary>
internal sealed class Allowance(double burst, double perSecond)
{
    private double _taken;
    private TimeSpan? _at;

    /// <summary>Takes one. False when none is left.</summary>
    public bool TryTake(TimeSpan now)
    {
        _taken = Math.Max(0, _taken - (Math.Max(0, (now - (_at ?? now)).TotalSeconds) * perSecond));
        _at = now;
        if (_taken + 1 > burst)
        {
            return false;
        }

        _taken++;
        return true;
    }
}
