using Roomcast.Egress.Composition;
using Roomcast.Rtc.Rtcp;
using Roomcast.Rtc.Rtp;
using Roomcast.Rtc.Rtp.Opus;

namespace Roomcast.Egress.Worker.Intake;

/// <summary>A microphone or a screen's sound. What has not come when it is due is made up; what comes later is dropped.</summary>
internal sealed class AudioIntake(SceneTrack track, TrackClock clock) : TrackIntake(track, clock)
{
    /// <summary>How far ahead packets are handed on: the one after a missing one may carry its redundancy (RFC 6716 section 2.1.7).</summary>
    private static readonly TimeSpan Ahead = TimeSpan.FromMilliseconds(40);

    /// <summary>Longest that is made up in a row; after it, and where a sender stopped on purpose, there is silence.</summary>
    private static readonly TimeSpan MostConcealed = TimeSpan.FromMilliseconds(120);

    private readonly OpusPacketQueue _packets = new();
    private uint _expected;
    private TimeSpan _duration;
    private TimeSpan _concealedInRow;
    private bool _hasBegun;

    /// <inheritdoc/>
    protected override long Lost => _packets.LostPackets;

    /// <inheritdoc/>
    public override bool Take(in RtpHeader header, ReadOnlySpan<byte> packet, TimeSpan now)
    {
        var outcome = _packets.Add(header, header.PayloadOf(packet), now);
        if (Count(outcome) && header.PayloadLength > 0)
        {
            Clock.OnArrival(header.Timestamp, now);
        }

        return outcome is not AssemblyOutcome.Malformed;
    }

    /// <inheritdoc/>
    public override void TakeReport(NtpTime ntp, uint timestamp, TimeSpan now) =>
        Clock.OnReport(ntp, Track.ReportedTimestamp(timestamp, _duration), now);

    /// <inheritdoc/>
    public override void Advance(TimeSpan now, IIntakeOutput output)
    {
        Clock.Advance(now);
        while (Clock.IsKnown)
        {
            if (!_packets.TryPeek(out var next))
            {
                ConcealUntil(now, output, long.MaxValue);
                return;
            }

            var late = _hasBegun ? TicksBetween(_expected, next.Timestamp) : 0;
            if (late < 0 && late > -OpusPayload.ClockRateHz)
            {
                // Its time has been filled. A second and more back is no late packet: the sender began anew.
                _packets.TryTake(out _, out _);
                Late++;
                continue;
            }

            if (_hasBegun && next.Missing > 0 && late is > 0 and < OpusPayload.ClockRateHz && !ConcealUntil(now, output, late))
            {
                return;
            }

            var at = Clock.At(next.Timestamp);
            if (at > now + Ahead)
            {
                return;
            }

            _packets.TryTake(out _, out var data);
            output.TakeAudio(Track.Ssrc, data, at);
            _expected = unchecked(next.Timestamp + Ticks(next.Duration));
            _duration = next.Duration;
            _concealedInRow = TimeSpan.Zero;
            _hasBegun = true;
        }
    }

    /// <inheritdoc/>
    public override void Clear()
    {
        _packets.Clear();
        _hasBegun = false;
    }

    private static uint Ticks(TimeSpan duration) => (uint)(duration.Ticks * OpusPayload.ClockRateHz / TimeSpan.TicksPerSecond);

    private static long TicksBetween(uint from, uint to) => unchecked((int)(to - from));

    /// <summary>Makes up what is missing, packet by packet as each is due.</summary>
    /// <returns>Whether nothing is missing any more before what is held.</returns>
    private bool ConcealUntil(TimeSpan now, IIntakeOutput output, long missing)
    {
        while (_hasBegun && missing > 0)
        {
            var at = Clock.At(_expected);
            if (at > now)
            {
                return false;
            }

            if (_concealedInRow >= MostConcealed)
            {
                return true;
            }

            output.MissAudio(Track.Ssrc, at, _duration);
            Concealed++;
            _concealedInRow += _duration;
            _expected = unchecked(_expected + Ticks(_duration));
            missing -= Ticks(_duration);
        }

        return true;
    }
}
