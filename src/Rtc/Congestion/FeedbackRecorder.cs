using Roomcast.Rtc.Rtcp;
using Roomcast.Rtc.Rtp;

namespace Roomcast.Rtc.Congestion;

/// <summary>Notes when each packet of a transport arrived, and reports it to the sender, who estimates the bandwidth from it.</summary>
/// <remarks>
/// The receiver's half of transport-wide congestion control. A report leaves <see cref="Interval"/> after the first
/// packet it covers, or at once when <see cref="FullReport"/> packets wait. A packet that arrives after its number was
/// reported missing stays missing. Not thread-safe; nothing is allocated per packet.
/// </remarks>
public sealed class FeedbackRecorder
{
    /// <summary>How long packets wait for their report.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);

    /// <summary>How many numbers, arrived or not, make a report due at once.</summary>
    public const int FullReport = 256;

    private const int MinCapacity = 64;
    private const int Capacity = 2048;

    private static readonly TimeSpan NotArrived = TimeSpan.FromTicks(-1);

    private readonly SequenceUnwrapper _unwrapper = new();
    private TimeSpan[] _arrivals = new TimeSpan[MinCapacity];
    private TimeSpan[] _report = new TimeSpan[MinCapacity];
    private long _next = -1;
    private long _highest = -1;
    private bool _hasStarted;
    private uint _ssrc;
    private byte _count;

    /// <summary>When the next report is due; null when nothing has arrived since the last.</summary>
    public TimeSpan? NextDeadline { get; private set; }

    /// <summary>Notes a packet.</summary>
    /// <param name="transportSequenceNumber">From its header extension.</param>
    /// <param name="ssrc">Its source.</param>
    /// <param name="now">Monotonic time.</param>
    public void OnPacket(ushort transportSequenceNumber, uint ssrc, TimeSpan now)
    {
        _ssrc = ssrc;
        var number = _unwrapper.Unwrap(transportSequenceNumber);
        if (!_hasStarted || number - _next >= Capacity)
        {
            // The first, or a gap wider than what is kept: whatever lies before it is not reported any more.
            _hasStarted = true;
            _next = number;
            _highest = number - 1;
        }

        if (number < _next)
        {
            return;
        }

        while (number - _next >= _arrivals.Length)
        {
            Grow();
        }

        for (var skipped = _highest + 1; skipped < number; skipped++)
        {
            _arrivals[Slot(skipped)] = NotArrived;
        }

        if (number > _highest || _arrivals[Slot(number)] < TimeSpan.Zero)
        {
            _arrivals[Slot(number)] = now;
        }

        _highest = Math.Max(_highest, number);
        NextDeadline ??= now + Interval;
        if (_highest - _next >= FullReport)
        {
            NextDeadline = now;
        }
    }

    /// <summary>Writes the report that is due; to be called again while it returns true, as one packet may not hold all.</summary>
    /// <param name="writer">The compound.</param>
    /// <param name="senderSsrc">Who reports.</param>
    /// <param name="now">Monotonic time.</param>
    /// <returns>Whether something was written.</returns>
    public bool TryReport(ref RtcpWriter writer, uint senderSsrc, TimeSpan now)
    {
        if (NextDeadline is not { } deadline || now < deadline)
        {
            return false;
        }

        // It begins where the last one ended, so that a loss at the border is reported too.
        var length = (int)(_highest - _next + 1);
        for (var i = 0; i < length; i++)
        {
            _report[i] = _arrivals[Slot(_next + i)];
        }

        // It is about all sources together, and yet browsers heed no report that names none of theirs.
        var covered = TransportFeedback.Write(
            ref writer, senderSsrc, _ssrc, unchecked((ushort)_next), _count, _report.AsSpan(0, length));
        if (covered > 0)
        {
            _count++;
            _next += covered;
        }

        if (_next > _highest)
        {
            NextDeadline = null;
        }

        return covered > 0;
    }

    private void Grow()
    {
        var old = _arrivals;
        _arrivals = new TimeSpan[2 * old.Length];
        _report = new TimeSpan[_arrivals.Length];
        for (var number = _next; number <= _highest; number++)
        {
            _arrivals[Slot(number)] = old[SlotIn(old, number)];
        }
    }

    private int Slot(long number) => SlotIn(_arrivals, number);

    // Numbers may fall below zero just after the start; lengths are powers of two.
    private static int SlotIn(TimeSpan[] ring, long number) => (int)(number & (ring.Length - 1));
}
