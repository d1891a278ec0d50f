namespace Roomcast.Rtc.Congestion;

/// <summary>How many bits passed in the last half second, in buckets of 25 ms.</summary>
/// <remarks>Not thread-safe; nothing is allocated after it is made. Time may stand still but not go back.</remarks>
public sealed class RateMeter
{
    private const int Buckets = 20;

    private static readonly TimeSpan BucketLength = TimeSpan.FromMilliseconds(25);

    private readonly long[] _bytes = new long[Buckets];
    private long _total;
    private long _current = -1;
    private long _first;

    /// <summary>Adds bytes that passed.</summary>
    public void Add(int bytes, TimeSpan now)
    {
        MoveTo(now);
        _bytes[_current % Buckets] += bytes;
        _total += bytes;
    }

    /// <summary>Bits per second; null until 150 ms have been seen.</summary>
    public long? RateBps(TimeSpan now)
    {
        if (_current < 0)
        {
            return null;
        }

        MoveTo(now);
        var seen = Math.Min(_current - _first + 1, Buckets);
        return seen < 6 ? null : (long)(_total * 8 / (seen * BucketLength.TotalSeconds));
    }

    private void MoveTo(TimeSpan now)
    {
        var bucket = now.Ticks / BucketLength.Ticks;
        if (_current < 0 || bucket - _current > 4 * Buckets)
        {
            Array.Clear(_bytes);
            _total = 0;
            _first = bucket;
            _current = bucket;
            return;
        }

        while (_current < bucket)
        {
            _current++;
            _total -= _bytes[_current % Buckets];
            _bytes[_current % Buckets] = 0;
        }
    }
}
