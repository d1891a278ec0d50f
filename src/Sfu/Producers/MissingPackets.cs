namespace Roomcast.Sfu.Producers;

/// <summary>Notices gaps in a stream and says which packets to ask its sender for, and when.</summary>
/// <remarks>
/// <para>A packet is asked for <see cref="ReorderTolerance"/> after a later one arrived, and then four times in each round trip
/// (which is learnt from how long the asked ones take). A browser repeats a packet once in a round trip and no oftener; what is
/// asked in between costs a few bytes, and makes up for requests that are lost themselves. It is given up after
/// <see cref="MaxRequests"/> requests (twice as many where much is lost) or <see cref="MaxAge"/>.</para>
/// <para>Where much is lost, requests and repetitions are lost as well, and each miss costs a round trip: there a packet is asked
/// for after <see cref="ShortTolerance"/> unless packets came out of order lately, a second time right after the first, and eight
/// times in a round trip. And where a frame has not ended, what follows the last packet is asked for after <see cref="TailWait"/>, before
/// the next frame shows that it is missing.</para>
/// <para>When more are missing than can sensibly be repeated, all are given up: a keyframe is cheaper. When one is still missing
/// after its second repetition was due, a keyframe is wanted beside it: whichever comes first ends the standstill.</para>
/// <para>A pure state machine; not thread-safe.</para>
/// </remarks>
internal sealed class MissingPackets
{
    public static readonly TimeSpan ReorderTolerance = TimeSpan.FromMilliseconds(10);
    public static readonly TimeSpan ShortTolerance = TimeSpan.FromMilliseconds(2);
    public static readonly TimeSpan TailWait = TimeSpan.FromMilliseconds(15);
    public static readonly TimeSpan MaxAge = TimeSpan.FromSeconds(1);
    public const int MaxRequests = 32;
    public const int MaxMissing = 128;

    // In round trips: the first repetition takes one, and the second another. Where so much is lost that the keyframe will have to
    // be repeated in part as well, the second is not waited for.
    private const double Patience = 2.1;
    private const double ShortPatience = 1.6;
    private const double LossForShortPatience = 0.07;

    // What a packet took weighs in the round trip; less when it took longer, as it may have been repeated twice.
    private const double WeightOfShorter = 1 / 8.0;
    private const double WeightOfLonger = 1 / 32.0;

    // Of a round trip: sooner than this no repetition can have come.
    private const double TooSoon = 0.25;

    // Share of packets missing at first from which requests are made oftener, over as many packets as this.
    private const double LossForHaste = 0.025;
    private const double LossWindow = 128;

    private static readonly TimeSpan MinRepeat = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan MaxRepeat = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan MinHastyRepeat = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan OrderTrial = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan MinPatience = TimeSpan.FromMilliseconds(150);

    private readonly List<Missing> _missing = [];
    private long _highest = long.MinValue;
    private bool _isHopeless;
    private double _loss;
    private TimeSpan? _reorderedAt;
    private TimeSpan? _tailAt;
    private TimeSpan _roundTrip = TimeSpan.FromMilliseconds(100);

    /// <summary>When <see cref="TakeDue"/> has something; null while nothing is missing.</summary>
    public TimeSpan? NextDeadline { get; private set; }

    /// <summary>How many are missing now.</summary>
    public int Count => _missing.Count;

    /// <summary>Whether so many packets are missing at first that what is asked must be expected to be lost too.</summary>
    public bool IsLossy => _loss >= LossForHaste;

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
    /// <param name="hasMore">Whether its frame goes on with the next number.</param>
    public void OnPacket(long number, TimeSpan now, bool hasMore = false)
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
            var tolerance = IsHasty(now) ? ShortTolerance : ReorderTolerance;
            for (var lost = _highest + 1; lost < number; lost++)
            {
                _missing.Add(new Missing(lost, now, default, now + tolerance, Requests: 0, IsLate: false));
                _loss += (1 - _loss) / LossWindow;
            }
        }

        _loss -= _loss / LossWindow;
        _tailAt = hasMore && IsHasty(now) ? now + TailWait : null;

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
        if (_tailAt <= now)
        {
            _tailAt = null;
            _highest++;
            _missing.Add(new Missing(_highest, now, default, now, Requests: 0, IsLate: false));
            _loss += (1 - _loss) / LossWindow;
        }

        var repeat = _roundTrip / (IsLossy ? 8 : 4);
        var least = IsLossy ? MinHastyRepeat : MinRepeat;
        repeat = repeat < least ? least : repeat > MaxRepeat ? MaxRepeat : repeat;
        var patience = _roundTrip * (_loss >= LossForShortPatience ? ShortPatience : Patience);
        patience = patience < MinPatience ? MinPatience : patience;
        for (var i = 0; i < _missing.Count; i++)
        {
            var missing = _missing[i];
            if (missing.Requests >= (IsLossy ? 2 * MaxRequests : MaxRequests) || now - missing.NoticedAt >= MaxAge)
            {
                _missing.RemoveAt(i--);
                _isHopeless = true;
                continue;
            }

            if (missing.NextRequestAt <= now && count < due.Length)
            {
                due[count++] = unchecked((ushort)missing.Number);
                var isLate = now - missing.NoticedAt >= patience;
                var next = now + (missing.Requests == 0 && IsLossy ? MinHastyRepeat : repeat);
                var lateAt = missing.NoticedAt + patience;
                next = !isLate && lateAt < next ? lateAt : next;

                _isHopeless |= isLate && !missing.IsLate;
                _missing[i] = missing with
                {
                    RequestedAt = missing.Requests == 0 ? now : missing.RequestedAt,
                    NextRequestAt = next,
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

    // Where packets come out of order, most of what seems to be missing is on its way.
    private bool IsHasty(TimeSpan now) => IsLossy && (_reorderedAt is not { } at || now - at >= OrderTrial);

    private void Clear()
    {
        _missing.Clear();
        Arm();
    }

    private void Remove(long number, TimeSpan now)
    {
        for (var i = 0; i < _missing.Count; i++)
        {
            if (_missing[i].Number == number)
            {
                var took = _missing[i].Requests > 0 ? now - _missing[i].RequestedAt : TimeSpan.Zero;
                if (_missing[i].Requests == 0 || (IsHasty(now) && took < _roundTrip * TooSoon))
                {
                    _reorderedAt = now; // No answer to a request, but a packet that others had overtaken.
                }
                else
                {
                    // Counted from the first request, which most often is the one that worked; where it was not, the bound
                    // keeps a packet that took several from looking like a long way.
                    took = took > 2 * _roundTrip ? 2 * _roundTrip : took;
                    _roundTrip += (took - _roundTrip) * (took > _roundTrip ? WeightOfLonger : WeightOfShorter);
                }

                _missing.RemoveAt(i);
                Arm();
                return;
            }
        }
    }

    private void Arm()
    {
        NextDeadline = _tailAt;
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
