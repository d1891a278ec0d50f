namespace Roomcast.Sfu.Consumers;

/// <summary>Lays the sequence numbers and timestamps of one source after another on one line, as if they were one.</summary>
/// <remarks>
/// <para>Within a source the distance between packets stays, so that a receiver sees what was lost. Where a packet is
/// not forwarded, or one of ours is put in between, later numbers move by one; packets that come late still find the
/// distance that was in force at their place. docs/protocols/sfu.md has a worked example.</para>
/// <para>Not thread-safe; nothing is allocated per packet.</para>
/// </remarks>
internal sealed class StreamRewriter
{
    private const int MaxSteps = 64;

    private readonly Step[] _steps = new Step[MaxSteps];
    private readonly int _clockRateHz;
    private int _count;
    private long _highestSource;
    private long _highestOut;
    private uint _timestampOffset;
    private uint _lastTimestamp;
    private TimeSpan _lastAt;
    private bool _hasSent;

    /// <param name="clockRateHz">Ticks of the timestamps in a second.</param>
    /// <param name="firstNumber">Number of the first packet; below 2^15, so that a receiver's rollover counter begins well.</param>
    public StreamRewriter(int clockRateHz, ushort firstNumber)
    {
        _clockRateHz = clockRateHz;
        FirstOut = firstNumber;
        _highestOut = firstNumber - 1L;
    }

    /// <summary>The number of the first packet.</summary>
    public long FirstOut { get; }

    /// <summary>The number of the newest packet that was mapped or put in between.</summary>
    public long HighestOut => _highestOut;

    /// <summary>The number in its source of the newest packet that was mapped or taken out.</summary>
    public long HighestSource => _highestSource;

    /// <summary>The timestamp of the newest packet.</summary>
    public uint LastTimestamp => _lastTimestamp;

    /// <summary>Begins to follow another source, at this packet.</summary>
    /// <param name="number">Its number in its source.</param>
    /// <param name="timestamp">Its timestamp in its source.</param>
    /// <param name="aligned">What its timestamp would be on the line, if that is known from sender reports.</param>
    /// <param name="now">Monotonic time.</param>
    public void Switch(long number, uint timestamp, uint? aligned, TimeSpan now)
    {
        _count = 0;
        Push(new Step(number, _highestOut + 1 - number));
        _highestSource = number - 1;
        if (!_hasSent)
        {
            _timestampOffset = aligned is { } first ? first - timestamp : 0;
            return;
        }

        // Without reports time itself tells how far the line has gone on since the last packet.
        var elapsed = (long)((Int128)(now - _lastAt).Ticks * _clockRateHz / TimeSpan.TicksPerSecond);
        var expected = unchecked(_lastTimestamp + (uint)elapsed);
        var chosen = aligned ?? expected;

        // Reports that are nonsense must not send time far away. A frame of the same moment as the last one, or of a
        // moment before, comes next after it: two frames must not share a timestamp, and time must not run backwards.
        if (Math.Abs((long)unchecked((int)(chosen - expected))) > _clockRateHz)
        {
            chosen = expected;
        }

        if (unchecked((int)(chosen - _lastTimestamp)) <= 0)
        {
            chosen = unchecked(_lastTimestamp + 1);
        }

        _timestampOffset = unchecked(chosen - timestamp);
    }

    /// <summary>The timestamp on the line of a timestamp of the source that is being followed.</summary>
    public uint MapTimestamp(uint timestamp) => unchecked(timestamp + _timestampOffset);

    /// <summary>Finds a packet's place on the line.</summary>
    /// <param name="number">Its number in its source.</param>
    /// <param name="timestamp">Its timestamp in its source.</param>
    /// <param name="now">Monotonic time.</param>
    /// <param name="mapped">Its number on the line.</param>
    /// <returns>False when it lies before the place where the source was taken up, or too far back.</returns>
    public bool TryMap(long number, uint timestamp, TimeSpan now, out long mapped)
    {
        for (var i = _count - 1; i >= 0; i--)
        {
            ref readonly var step = ref _steps[i];
            if (number < step.From)
            {
                continue;
            }

            mapped = number + step.Offset;
            if (i < _count - 1 && mapped >= _steps[i + 1].From + _steps[i + 1].Offset)
            {
                return false; // It was taken out of the line and comes again.
            }

            if (number > _highestSource)
            {
                _highestSource = number;
                _highestOut = mapped;
                _lastTimestamp = MapTimestamp(timestamp);
                _lastAt = now;
                _hasSent = true;
            }

            return true;
        }

        mapped = 0;
        return false;
    }

    /// <summary>Takes a packet out of the line: those behind it move up. Only the newest can be; a late one leaves its gap.</summary>
    public void Drop(long number)
    {
        if (_count > 0 && number > _highestSource)
        {
            // What is missing in front of it keeps its places: they must not be given to anything else.
            var offset = _steps[_count - 1].Offset;
            _highestOut = Math.Max(_highestOut, number - 1 + offset);
            _highestSource = number;
            Push(new Step(number + 1, offset - 1, IsDrop: true));
        }
    }

    /// <summary>Puts a packet of our own behind the newest one.</summary>
    /// <returns>Its number on the line.</returns>
    public long Insert()
    {
        var offset = _count > 0 ? _steps[_count - 1].Offset : 0;
        _highestOut++;
        Push(new Step(_highestSource + 1, offset + 1));
        return _highestOut;
    }

    private void Push(Step step)
    {
        if (_count > 0 && _steps[_count - 1].From == step.From)
        {
            _steps[_count - 1] = step; // Two changes at one place are one.
            return;
        }

        if (step.IsDrop && _count > 1 && _steps[_count - 1] is { IsDrop: true } last && last.From == step.From - 1)
        {
            _steps[_count - 1] = step; // So is a run of dropped packets: the place of each lies behind the next one's beginning.
            return;
        }

        if (_count == MaxSteps)
        {
            Array.Copy(_steps, 1, _steps, 0, MaxSteps - 1);
            _count--;
        }

        _steps[_count++] = step;
    }

    /// <summary>From this number of the source on, this is added.</summary>
    private readonly record struct Step(long From, long Offset, bool IsDrop = false);
}
