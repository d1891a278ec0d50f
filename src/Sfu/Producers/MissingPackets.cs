namespace Roomcast.Sfu.Producers;

/// <summary>Notices gaps in a stream and says which packets to ask its sender for, and when.</summary>
/// <remarks>
/// <para>A packet is asked for <see cref="ReorderTolerance"/> after a later one arrived, and then four times in each round trip
/// (which is learnt from how long the asked ones take). A browser repeats a packet once in a round trip and no oftener; what is
/// asked in between costs a few bytes, and makes up for requests that are lost themselves. It is given up after
/// <see cref="MaxRequests"/> requests or <see cref="MaxAge"/>.</para>
/// <para>When more are missing than can sensibly be repeated, all are given up: a keyframe is cheaper. When one is still missing
/// after its second repetition was due, a keyframe is wanted beside it: whichever comes first ends the standstill.</para>
/// <para>A pure state machine; not thread-safe.</para>
/// </remarks>
internal sealed class MissingPackets
{
    public static readonly TimeSpan ReorderTolerance = TimeSpan.FromMilliseconds(10);
    public static readonly TimeSpan MaxAge = TimeSpan.FromSeconds(1);
    public const int MaxRequests = 32;
    public const int MaxMissing = 128;

    // In round trips: the first repetition takes one, and the second another.
    private const double Patience = 2.2;

    private static readonly TimeSpan MinRepeat = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan MaxRepeat = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan MinPatience = TimeSpan.FromMilliseconds(150);

    private readonly List<Missing> _missing = [];
    private long _highest = long.MinValue;
    private bool _isHopeless;
    private TimeSpan _roundTrip = TimeSpan.FromMilliseconds(100);

    /// <summary>When <see cref="TakeDue"/> has something; null while nothing is missing.</summary>
    public TimeSpan? NextDeadline { get; private set; }

    /// <summary>How many are missing now.</summary>
    public int Count => _missing.Count;

    /// <summary>Whether so much was lost since the last call, or one packet for so long, that a keyframe is wanted.</summary>
    public bool TakeIsHopeless()
    {
        var isHopeless = _isHopeless;
        _isHopeless = false;
        return isHopeless;
    }

    /// <summary>Notes a packet that arrived.</summary>
    /// <param name="number">Its number, without wraps.</param>
    /// <param name="now">Monotonic time.</param>
    public void OnPacket(long number, TimeSpan now)
    {
        if (_highest == long.MinValue)
        {
            _highest = number;
            return;
        }

        if (number <= _highest)
        {
            Remove(number, now);
            return;
        }

        var gap = number - _highest - 1;
        if (gap + _missing.Count > MaxMissing)
        {
            _isHopeless = true;
            Clear();
        }
        else
        {
            for (var lost = _highest + 1; lost < number; lost++)
            {
                _missing.Add(new Missing(lost, now, default, now + ReorderTolerance, Requests: 0, IsLate: false));
            }
        }

        _highest = number;
        Arm();
    }

    /// <summary>Takes the numbers that are to be asked for now, oldest first.</summary>
    /// <param name="now">Monotonic time.</param>
    /// <param name="due">Room for the numbers.</param>
    /// <returns>How many there are.</returns>
    public int TakeDue(TimeSpan now, Span<ushort> due)
    {
        var count = 0;
        var repeat = _roundTrip / 4;
        repeat = repeat < MinRepeat ? MinRepeat : repeat > MaxRepeat ? MaxRepeat : repeat;
        var patience = _roundTrip * Patience;
        patience = patience < MinPatience ? MinPatience : patience;
        for (var i = 0; i < _missing.Count; i++)
        {
            var missing = _missing[i];
            if (missing.Requests >= MaxRequests || now - missing.NoticedAt >= MaxAge)
            {
                _missing.RemoveAt(i--);
                _isHopeless = true;
                continue;
            }

            if (missing.NextRequestAt <= now && count < due.Length)
            {
                due[count++] = unchecked((ushort)missing.Number);
                var isLate = now - missing.NoticedAt >= patience;
                _isHopeless |= isLate && !missing.IsLate;
                _missing[i] = missing with
                {
                    RequestedAt = missing.Requests == 0 ? now : missing.RequestedAt,
                    NextRequestAt = now + repeat,
                    Requests = missing.Requests + 1,
                    IsLate = isLate,
                };
            }
        }

        Arm();
        return count;
    }

    /// <summary>Gives all up: a keyframe has come, after which nothing before it is needed.</summary>
    /// <param name="before">The keyframe's first packet.</param>
    public void OnKeyframe(long before)
    {
        for (var i = _missing.Count - 1; i >= 0; i--)
        {
            if (_missing[i].Number < before)
            {
                _missing.RemoveAt(i);
            }
        }

        _isHopeless = false;
        Arm();
    }

    private void Clear()
    {
        _missing.Clear();
        NextDeadline = null;
    }

    private void Remove(long number, TimeSpan now)
    {
        for (var i = 0; i < _missing.Count; i++)
        {
            if (_missing[i].Number == number)
            {
                if (_missing[i].Requests > 0)
                {
                    // Counted from the first request, which most often is the one that worked; where it was not, the bound
                    // keeps a packet that took several from looking like a long way.
                    var took = now - _missing[i].RequestedAt;
                    took = took > 2 * _roundTrip ? 2 * _roundTrip : took;
                    _roundTrip = (_roundTrip * 0.875) + (took * 0.125);
                }

                _missing.RemoveAt(i);
                Arm();
                return;
            }
        }
    }

    private void Arm()
    {
        NextDeadline = null;
        foreach (var missing in _missing)
        {
            if (NextDeadline is null || missing.NextRequestAt < NextDeadline)
            {
                NextDeadline = missing.NextRequestAt;
            }
        }
    }

    private readonly record struct Missing(
        long Number, TimeSpan NoticedAt, TimeSpan RequestedAt, TimeSpan NextRequestAt, int Requests, bool IsLate);
}
