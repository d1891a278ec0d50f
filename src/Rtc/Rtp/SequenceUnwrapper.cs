namespace Roomcast.Rtc.Rtp;

/// <summary>Lays 16-bit sequence numbers on a line that does not wrap.</summary>
/// <remarks>Source: RFC 3550 A.1, without its probation of new sources. Not thread-safe; one per source.</remarks>
public sealed class SequenceUnwrapper
{
    private long _highest;
    private bool _hasStarted;

    /// <summary>Places one number.</summary>
    /// <param name="sequenceNumber">As on the wire, modulo 2^16.</param>
    /// <returns>
    /// The number extended, starting from the first one's own value. Lower than an earlier result when packets arrive
    /// out of order; it can fall below zero just after the start.
    /// </returns>
    /// <remarks>
    /// Never fails. A step of 32,767 or less counts as forward and anything larger as late, so a true gap of half the
    /// range (some 11 s of video at 3,000 packets/s) is misread: callers reset after silence.
    /// </remarks>
    public long Unwrap(ushort sequenceNumber)
    {
        if (!_hasStarted)
        {
            _hasStarted = true;
            return _highest = sequenceNumber;
        }

        var step = unchecked((short)(sequenceNumber - (ushort)_highest));
        var extended = _highest + step;
        _highest = Math.Max(_highest, extended);
        return extended;
    }

    /// <summary>Forgets what came before.</summary>
    public void Reset() => _hasStarted = false;
}

/// <summary>Lays 32-bit timestamps on a line that does not wrap.</summary>
/// <remarks>Not thread-safe; one per source.</remarks>
public sealed class TimestampUnwrapper
{
    private long _last;
    private bool _hasStarted;

    /// <summary>Places one timestamp: at the point nearest to the last one.</summary>
    /// <param name="timestamp">As on the wire, modulo 2^32.</param>
    /// <returns>The timestamp extended, starting from the first one's own value.</returns>
    public long Unwrap(uint timestamp)
    {
        if (!_hasStarted)
        {
            _hasStarted = true;
            return _last = timestamp;
        }

        _last += unchecked((int)(timestamp - (uint)_last));
        return _last;
    }

    /// <summary>Forgets what came before.</summary>
    public void Reset() => _hasStarted = false;
}
