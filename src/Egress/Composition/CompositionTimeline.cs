using Roomcast.Media.Time;

namespace Roomcast.Egress.Composition;

/// <summary>
/// Lays the time of one worker after the other on the feed's: it always rises, and the gap between two workers is as long as nothing
/// was composed. Not thread-safe.
/// </summary>
internal sealed class CompositionTimeline
{
    /// <summary>At least so much lies between the last frame of one worker and the first of the next: a sound frame and more.</summary>
    private static readonly TimeSpan LeastGap = TimeSpan.FromMilliseconds(50);

    private TimeSpan _base;
    private TimeSpan _begunAt;
    private TimeSpan _last;
    private bool _isNew = true;
    private bool _hasBegun;

    /// <summary>Another worker's frames follow.</summary>
    public void BeginWorker() => _isNew = true;

    /// <summary>The feed's time of a frame.</summary>
    /// <param name="at">Its composition time, from the worker.</param>
    /// <param name="now">Monotonic time at which it came.</param>
    public MediaTime Place(TimeSpan at, TimeSpan now)
    {
        if (_isNew)
        {
            _isNew = false;
            if (!_hasBegun)
            {
                _hasBegun = true;
                _begunAt = now - at;
                _base = TimeSpan.Zero;
            }
            else
            {
                // As the clock has it; never before what was there, however the machine's load delayed one of the two.
                var real = now - _begunAt;
                _base = (real > _last + LeastGap ? real : _last + LeastGap) - at;
            }
        }

        var placed = _base + at;
        _last = placed > _last ? placed : _last;
        return new MediaTime(placed.Ticks);
    }
}
