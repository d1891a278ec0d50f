using Roomcast.Rtc.Rtp;

namespace Roomcast.Rtc.Rtcp;

/// <summary>What has arrived of one source: the loss and jitter that receiver reports tell.</summary>
/// <remarks>Sources: RFC 3550 A.1, A.3 and A.8. Not thread-safe; nothing is allocated per packet.</remarks>
public sealed class ReceiveStatistics
{
    private readonly uint _ssrc;
    private readonly int _clockRateHz;
    private readonly SequenceUnwrapper _sequence = new();
    private long _first;
    private long _received;
    private long _reportedExpected;
    private long _reportedReceived;
    private long _transit;
    private double _jitter;
    private uint _lastSenderReport;
    private TimeSpan _lastSenderReportAt;

    /// <summary>Begins with nothing received.</summary>
    /// <param name="ssrc">The source.</param>
    /// <param name="clockRateHz">Ticks of its timestamps in a second.</param>
    public ReceiveStatistics(uint ssrc, int clockRateHz)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(clockRateHz);
        _ssrc = ssrc;
        _clockRateHz = clockRateHz;
    }

    /// <summary>Packets received, duplicates included.</summary>
    public long Received => _received;

    /// <summary>Bytes of payload received.</summary>
    public long ReceivedBytes { get; private set; }

    /// <summary>Packets that should have come by now.</summary>
    public long Expected => _received == 0 ? 0 : Highest - _first + 1;

    /// <summary>Packets that have not come; negative when duplicates outnumber losses.</summary>
    public long Lost => Expected - _received;

    /// <summary>The highest number so far, on a line that does not wrap.</summary>
    public long Highest { get; private set; }

    /// <summary>Spread of the transit times.</summary>
    public TimeSpan Jitter => TimeSpan.FromSeconds(_jitter / _clockRateHz);

    /// <summary>Notes a packet.</summary>
    /// <param name="sequenceNumber">Its number.</param>
    /// <param name="timestamp">Its timestamp.</param>
    /// <param name="payloadLength">Bytes of payload.</param>
    /// <param name="now">Monotonic time.</param>
    public void OnPacket(ushort sequenceNumber, uint timestamp, int payloadLength, TimeSpan now)
    {
        var number = _sequence.Unwrap(sequenceNumber);
        var arrival = (long)((Int128)now.Ticks * _clockRateHz / TimeSpan.TicksPerSecond);
        if (_received == 0)
        {
            _first = number;
            Highest = number;
            _transit = arrival - timestamp;
        }

        _received++;
        ReceivedBytes += payloadLength;
        Highest = Math.Max(Highest, number);
        _first = Math.Min(_first, number); // The first to arrive need not be the first sent.

        // RFC 3550 A.8, with the difference taken modulo 2^32 as timestamps wrap.
        var transit = arrival - timestamp;
        var difference = Math.Abs((long)unchecked((int)(transit - _transit)));
        _transit = transit;
        _jitter += (difference - _jitter) / 16;
    }

    /// <summary>Notes a sender report of the source.</summary>
    /// <param name="ntp">The time it carries.</param>
    /// <param name="now">Monotonic time.</param>
    public void OnSenderReport(NtpTime ntp, TimeSpan now)
    {
        _lastSenderReport = ntp.Middle;
        _lastSenderReportAt = now;
    }

    /// <summary>The block for the next report. The share lost is counted from the last call.</summary>
    /// <param name="now">Monotonic time.</param>
    public ReportBlock Report(TimeSpan now)
    {
        var expected = Expected - _reportedExpected;
        var lost = expected - (_received - _reportedReceived);
        _reportedExpected = Expected;
        _reportedReceived = _received;
        var delay = _lastSenderReport == 0 ? TimeSpan.Zero : now - _lastSenderReportAt;
        return new ReportBlock(
            _ssrc,
            expected <= 0 || lost <= 0 ? (byte)0 : (byte)Math.Min(255, lost * 256 / expected),
            (int)Math.Clamp(Lost, -(1 << 23), (1 << 23) - 1),
            (uint)Highest,
            (uint)_jitter,
            _lastSenderReport,
            (uint)((Int128)delay.Ticks * 65_536 / TimeSpan.TicksPerSecond));
    }
}
