namespace Roomcast.Egress.Worker.Playing;

/// <summary>Decoded sound that waits for its time: stereo floats at 48 kHz, the channels in turn. Not thread-safe.</summary>
internal sealed class SoundQueue
{
    private const int RateHz = 48_000;

    /// <summary>Off by no more than this, sound follows without a gap: 30 ms.</summary>
    private const double Unnoticed = 0.03;

    /// <summary>A gap longer than this is a jump of the source's clock, and not silence.</summary>
    private const double LongestGap = 5;

    private readonly float[] _samples = new float[RateHz * 2 * 4];
    private int _start;
    private int _count;
    private double _begin;

    /// <summary>How much waits.</summary>
    public TimeSpan Waiting => TimeSpan.FromSeconds((double)_count / RateHz);

    /// <summary>Whether there is room for one more frame.</summary>
    public bool HasRoom => Waiting.TotalSeconds < 2;

    public void Clear() => (_start, _count) = (0, 0);

    /// <summary>Adds decoded samples.</summary>
    /// <param name="samples">Both channels in turn.</param>
    /// <param name="at">When they begin, in seconds; null where the source does not say: right after the last.</param>
    public void Add(ReadOnlySpan<float> samples, double? at)
    {
        if (_count == 0)
        {
            _begin = at ?? _begin;
        }
        else if (at is { } time && time - End is var gap && Math.Abs(gap) > Unnoticed)
        {
            if (gap < 0 && -gap < LongestGap)
            {
                samples = samples[Math.Min(samples.Length, 2 * (int)(-gap * RateHz))..];
            }
            else if (gap > 0 && gap < LongestGap)
            {
                for (var i = (int)(gap * RateHz); i > 0; i--)
                {
                    Put(0, 0);
                }
            }
            else
            {
                Clear();
                _begin = time;
            }
        }

        for (var i = 0; i + 1 < samples.Length; i += 2)
        {
            Put(samples[i], samples[i + 1]);
        }
    }

    /// <summary>Takes what is due from a time on; silence where there is nothing.</summary>
    /// <param name="target">Both channels in turn.</param>
    /// <param name="at">The time of the first, in seconds.</param>
    public void Take(Span<float> target, double at)
    {
        target.Clear();
        if (_count == 0)
        {
            return;
        }

        if (at - _begin > Unnoticed)
        {
            Drop((int)((at - _begin) * RateHz));
        }

        var silent = _begin - at > Unnoticed ? (int)Math.Min(target.Length / 2, (_begin - at) * RateHz) : 0;
        var taken = Math.Min(_count, (target.Length / 2) - silent);
        for (var i = 0; i < taken; i++)
        {
            var from = (_start + i) % (_samples.Length / 2) * 2;
            target[(silent + i) * 2] = _samples[from];
            target[((silent + i) * 2) + 1] = _samples[from + 1];
        }

        Drop(taken);
    }

    private double End => _begin + ((double)_count / RateHz);

    private void Drop(int count)
    {
        count = Math.Min(count, _count);
        _start = (_start + count) % (_samples.Length / 2);
        _count -= count;
        _begin += (double)count / RateHz;
    }

    private void Put(float left, float right)
    {
        if (_count == _samples.Length / 2)
        {
            Drop(1);
        }

        var to = (_start + _count) % (_samples.Length / 2) * 2;
        (_samples[to], _samples[to + 1]) = (left, right);
        _count++;
    }
}
