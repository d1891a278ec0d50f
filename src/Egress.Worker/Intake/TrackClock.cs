using Roomcast.Rtc.Rtcp;
using Roomcast.Rtc.Rtp;

namespace Roomcast.Egress.Worker.Intake;

/// <summary>Tells the composition time of a track's RTP timestamps: by its sender reports and its peer's clock.</summary>
/// <remarks>
/// <para>
/// Before the first report, times come of arrivals, through a clock of the track's own: browsers send the first report of sound
/// after seconds, and nobody should be silent for that long. With the first report the track goes over to its peer's clock. The
/// peer's first sound stays where it is then, and the pictures step to it, which nobody sees; another sound goes over by
/// <see cref="Slew.PerSecond"/>, and all at once where it is more than half a second away.
/// </para>
/// <para>
/// Each further report moves the mapping by what the media clock has drifted against the wall clock; sound takes that up by slewing
/// too. A step of more than half a second is the peer setting its wall clock, which all its tracks then share.
/// </para>
/// <para>Not thread-safe.</para>
/// </remarks>
internal sealed class TrackClock(PeerTimes peer, int clockRateHz, bool isSound)
{
    private static readonly TimeSpan Step = TimeSpan.FromSeconds(0.5);

    private readonly TimestampUnwrapper _timestamps = new();
    private readonly PeerClock _own = new();
    private long? _first;
    private TimeSpan _toPeer;
    private TimeSpan _correction;
    private TimeSpan _lastStep;

    /// <summary>Whether a sender report has come.</summary>
    public bool HasReports { get; private set; }

    /// <summary>How long media is held now against the quickest packet.</summary>
    public TimeSpan Hold => (HasReports ? peer.Clock : _own).Hold;

    /// <summary>Whether anything has arrived, so that timestamps have a time.</summary>
    public bool IsKnown => (HasReports ? peer.Clock : _own).Offset is not null;

    /// <summary>The composition time at which a sample is to be shown or heard.</summary>
    /// <param name="timestamp">Its RTP timestamp, near those that have arrived.</param>
    public TimeSpan At(uint timestamp)
    {
        var time = TrackTime(timestamp);
        return HasReports
            ? time + _toPeer + peer.Clock.Offset.GetValueOrDefault() + _correction
            : time + _own.Offset.GetValueOrDefault();
    }

    /// <summary>Notes that a packet of sound or the last packet of a frame arrived.</summary>
    public void OnArrival(uint timestamp, TimeSpan now)
    {
        var time = TrackTime(timestamp);
        if (HasReports)
        {
            peer.Clock.OnArrival(time + _toPeer, now);
        }
        else
        {
            _own.OnArrival(time, now);
        }
    }

    /// <summary>Notes a sender report.</summary>
    public void OnReport(NtpTime ntp, uint timestamp)
    {
        var toPeer = peer.TimeOf(ntp) - TrackTime(timestamp);
        if (!HasReports)
        {
            HasReports = true;
            _toPeer = toPeer;
            if (_own.Offset is { } own)
            {
                GoOver(own - toPeer);
            }

            peer.HasSoundReports |= isSound;

            return;
        }

        var moved = toPeer - _toPeer;
        if (moved.Duration() > Step)
        {
            peer.OnClockSet(moved);
        }
        else if (isSound)
        {
            _correction -= moved;
        }

        _toPeer = toPeer;
    }

    /// <summary>A track of the peer has shown that the peer set its wall clock. The next report of each will show it too, and then finds it done.</summary>
    public void OnClockSet(TimeSpan by) => _toPeer += by;

    /// <summary>Moves on.</summary>
    public void Advance(TimeSpan now)
    {
        var elapsed = now - _lastStep;
        _lastStep = now;
        _own.Advance(now);
        if (elapsed > TimeSpan.Zero)
        {
            _correction = Slew.Toward(_correction, TimeSpan.Zero, elapsed);
        }
    }

    /// <summary>Goes over to the peer's clock.</summary>
    /// <param name="inUse">The offset of the peer's time with which everything would stay where it is.</param>
    private void GoOver(TimeSpan inUse)
    {
        peer.Clock.BeginAt(inUse);
        var off = inUse - peer.Clock.Offset.GetValueOrDefault();
        if (!isSound || off.Duration() > Step)
        {
            return;
        }

        if (peer.HasSoundReports)
        {
            _correction = off;
        }
        else
        {
            peer.Clock.GoOnFrom(inUse);
        }
    }

    private TimeSpan TrackTime(uint timestamp)
    {
        var extended = _timestamps.Unwrap(timestamp);
        _first ??= extended;
        return TimeSpan.FromTicks((long)((Int128)(extended - _first.Value) * TimeSpan.TicksPerSecond / clockRateHz));
    }
}
