namespace Roomcast.Livestreams.Viewers;

/// <summary>Finds the most viewers at one time, judged when all is known: a viewer that fell silent left when it was last seen.</summary>
/// <remarks>
/// Comings and goings are kept by the second until no more news about that second can come. A reload of a page, which makes
/// a new viewer while the old one is not yet missed, therefore never counts as two. Thread-safe.
/// </remarks>
internal sealed class ConcurrencyPeak
{
    private const int Seconds = 256;

    private readonly Lock _lock = new();
    private readonly int[] _changes = new int[Seconds];
    private long _settledTo;
    private int _level;
    private int _peak;

    /// <summary>The most viewers at one time, so far as settled.</summary>
    public int Peak => Volatile.Read(ref _peak);

    /// <summary>One came (+1) or went (-1) at a moment, which may lie in the past by up to <see cref="Seconds"/> seconds.</summary>
    public void Change(TimeSpan at, int by)
    {
        lock (_lock)
        {
            var second = Math.Max((long)at.TotalSeconds, _settledTo);
            SettleTo(second - Seconds + 1);
            _changes[second % Seconds] += by;
        }
    }

    /// <summary>All before this moment is known.</summary>
    public void Settle(TimeSpan before)
    {
        lock (_lock)
        {
            SettleTo((long)before.TotalSeconds);
        }
    }

    private void SettleTo(long second)
    {
        // After a gap longer than the ring nothing is left to add after one round.
        for (var rounds = 0; _settledTo < second; rounds++)
        {
            if (rounds == Seconds)
            {
                _settledTo = second;
                break;
            }

            ref var change = ref _changes[_settledTo % Seconds];
            _level += change;
            change = 0;
            _peak = Math.Max(_peak, _level);
            _settledTo++;
        }
    }
}
