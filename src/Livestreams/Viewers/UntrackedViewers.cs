namespace Roomcast.Livestreams.Viewers;

/// <summary>Estimates the viewers beyond the number that is told apart, taking them to behave as the others do on average.</summary>
/// <remarks>
/// Between two settlements each kind of sighting (playlist request, heartbeat) of a told-apart viewer brought so much
/// counted time and stood for so many viewers; a sighting of somebody else is taken for the same. Thread-safe for
/// sightings; settled by one thread at a time.
/// </remarks>
internal sealed class UntrackedViewers
{
    private const double Smoothing = 0.3;

    private long _trackedSightings;
    private long _untrackedSightings;
    private double _ratio;

    /// <summary>How many there seem to be for each viewer told apart.</summary>
    public double Ratio => Volatile.Read(ref _ratio);

    /// <summary>A viewer that is told apart was sighted.</summary>
    public void SawTracked() => Interlocked.Increment(ref _trackedSightings);

    /// <summary>A viewer beyond the number was sighted.</summary>
    public void SawUntracked() => Interlocked.Increment(ref _untrackedSightings);

    /// <summary>Closes a span of time. Returns the time to add for the viewers beyond the number.</summary>
    public TimeSpan Settle(TimeSpan trackedTime)
    {
        var tracked = Interlocked.Exchange(ref _trackedSightings, 0);
        var untracked = Interlocked.Exchange(ref _untrackedSightings, 0);
        var ratio = tracked == 0 ? 0 : (double)untracked / tracked;
        var smooth = _ratio + (Smoothing * (ratio - _ratio));
        Volatile.Write(ref _ratio, smooth < 0.000_001 ? 0 : smooth);
        return untracked == 0 ? TimeSpan.Zero : trackedTime * ratio;
    }
}
