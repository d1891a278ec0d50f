namespace Roomcast.Egress.Worker.Intake;

/// <summary>
/// The shortest way of the last ten seconds: the least that arrivals were behind their own time. A packet that waited nowhere tells
/// how the sender's clock and ours lie to each other; with the window, drift of the clocks is followed.
/// </summary>
/// <remarks>Not thread-safe.</remarks>
internal sealed class TransitWindow
{
    private const int Buckets = 10;

    private static readonly TimeSpan BucketTime = TimeSpan.FromSeconds(1);

    private readonly TimeSpan[] _least = new TimeSpan[Buckets];
    private long _newest;

    /// <summary>Begins empty.</summary>
    public TransitWindow() => Clear();

    /// <summary>The least; <see cref="TimeSpan.MaxValue"/> when there was nothing.</summary>
    public TimeSpan Least { get; private set; } = TimeSpan.MaxValue;

    /// <summary>Notes an arrival.</summary>
    /// <param name="transit">Arrival minus its own time, on whatever clock that is.</param>
    /// <param name="now">When it arrived. Only the newest ten seconds count.</param>
    public void Add(TimeSpan transit, TimeSpan now)
    {
        var bucket = now.Ticks / BucketTime.Ticks;
        if (bucket - _newest >= Buckets)
        {
            Array.Fill(_least, TimeSpan.MaxValue);
            _newest = bucket;
        }

        while (_newest < bucket)
        {
            _least[++_newest % Buckets] = TimeSpan.MaxValue;
            Least = LeastOfAll();
        }

        ref var slot = ref _least[_newest % Buckets];
        slot = transit < slot ? transit : slot;
        Least = LeastOfAll();
    }

    /// <summary>Moves all by so much, since the clock they were measured by was moved.</summary>
    public void Shift(TimeSpan by)
    {
        for (var i = 0; i < Buckets; i++)
        {
            if (_least[i] != TimeSpan.MaxValue)
            {
                _least[i] += by;
            }
        }

        Least = LeastOfAll();
    }

    /// <summary>Forgets everything.</summary>
    public void Clear()
    {
        Array.Fill(_least, TimeSpan.MaxValue);
        Least = TimeSpan.MaxValue;
    }

    private TimeSpan LeastOfAll()
    {
        var least = TimeSpan.MaxValue;
        foreach (var each in _least)
        {
            least = each < least ? each : least;
        }

        return least;
    }
}
