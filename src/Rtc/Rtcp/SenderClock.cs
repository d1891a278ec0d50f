namespace Roomcast.Rtc.Rtcp;

/// <summary>Ties a source's timestamps to its wall clock, by its sender reports (RFC 3550 section 6.4.1).</summary>
/// <remarks>Sound and picture of one peer share a wall clock, so this is what keeps them together. Not thread-safe.</remarks>
public sealed class SenderClock
{
    private readonly int _clockRateHz;
    private NtpTime _ntp;
    private uint _timestamp;

    /// <summary>Begins without a report.</summary>
    /// <param name="clockRateHz">Ticks of the timestamps in a second.</param>
    public SenderClock(int clockRateHz)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(clockRateHz);
        _clockRateHz = clockRateHz;
    }

    /// <summary>Whether there has been a report.</summary>
    public bool IsKnown { get; private set; }

    /// <summary>Notes a report.</summary>
    public void OnSenderReport(NtpTime ntp, uint timestamp)
    {
        _ntp = ntp;
        _timestamp = timestamp;
        IsKnown = true;
    }

    /// <summary>The wall clock time of a timestamp, which may lie up to 2^31 ticks before or after the newest report.</summary>
    /// <returns>Null before the first report.</returns>
    public NtpTime? ToNtp(uint timestamp)
    {
        if (!IsKnown)
        {
            return null;
        }

        var ticks = unchecked((int)(timestamp - _timestamp));
        return _ntp.Add(TimeSpan.FromTicks((long)((Int128)ticks * TimeSpan.TicksPerSecond / _clockRateHz)));
    }

    /// <summary>The timestamp of a wall clock time.</summary>
    /// <returns>Null before the first report.</returns>
    public uint? ToTimestamp(NtpTime ntp)
    {
        if (!IsKnown)
        {
            return null;
        }

        var ticks = (long)((Int128)ntp.Since(_ntp).Ticks * _clockRateHz / TimeSpan.TicksPerSecond);
        return unchecked(_timestamp + (uint)ticks);
    }
}
