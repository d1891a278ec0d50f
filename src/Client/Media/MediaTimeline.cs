namespace Roomcast.Client.Media;

/// <summary>What the times of sources that belong together are measured on, as the sound and the pictures of one file.</summary>
/// <remarks>
/// Sources that name the same one (<see cref="IFrameSource.Timeline"/>) are sent by one clock: frames of one time at one moment. A source
/// that is switched on later, or again, goes on where the others are; what it has of before then is left out, and pictures begin with a
/// keyframe. While none is sent the time of all stands still. Times on it do not go back. Thread-safe.
/// </remarks>
public sealed class MediaTimeline
{
    private readonly Lock _lock = new();
    private int _running;
    private bool _isSet;
    private long _origin;
    private TimeSpan _from;
    private TimeSpan? _reached;

    /// <summary>Makes one, for sources that are to be sent by one clock.</summary>
    public MediaTimeline()
    {
    }

    /// <summary>Begins to send a source.</summary>
    internal void Enter()
    {
        lock (_lock)
        {
            _isSet &= _running > 0;
            _running++;
        }
    }

    /// <summary>Ends to send a source.</summary>
    internal void Leave()
    {
        lock (_lock)
        {
            _running--;
        }
    }

    /// <summary>How long it is until a frame is due; negative when it is late. The first that is asked about is due at once.</summary>
    internal TimeSpan UntilDue(TimeSpan time, TimeProvider clock)
    {
        lock (_lock)
        {
            if (!_isSet)
            {
                _isSet = true;
                _origin = clock.GetTimestamp();
                _from = _reached is { } reached && reached > time ? reached : time;
            }

            return time - _from - clock.GetElapsedTime(_origin);
        }
    }

    /// <summary>Notes that a frame is sent.</summary>
    internal void Reach(TimeSpan time)
    {
        lock (_lock)
        {
            _reached = _reached is { } reached && reached > time ? reached : time;
        }
    }

    /// <summary>
    /// Has a frame that is very late be due now, and all that follows later: a machine that was busy goes on from now; it does not
    /// catch up in a burst. Of several sources that are late at once the first does it for all.
    /// </summary>
    /// <param name="time">The frame's.</param>
    /// <param name="unlessWithin">How late it may be without that.</param>
    /// <param name="clock">What it is late by.</param>
    internal void PutOff(TimeSpan time, TimeSpan unlessWithin, TimeProvider clock)
    {
        lock (_lock)
        {
            var late = clock.GetElapsedTime(_origin) - (time - _from);
            if (_isSet && late > unlessWithin)
            {
                _from -= late;
            }
        }
    }
}
