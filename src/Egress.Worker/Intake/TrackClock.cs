using Roomcast.Rtc.Rtcp;
using Roomcast.Rtc.Rtp;

namespace Roomcast.Egress.Worker.Intake;

/// <summary>Tells the composition time of a track's RTP timestamps: by its sender reports and its peer's clock.</summary>
/// <remarks>
/// <para>
/// Before the first report, times come of arrivals, through a clock of the track's own: browsers send the first report of sound
/// after seconds, and nobody should be silent for that long. With the first report the track goes over to its peer's clock. The
/// peer's first sound stays where it is then, and the pictures step to it, which nobody sees; another sound goes over by
/// <see cref="Slew.PerSecond"/>, and all at once where it is more than <see cref="Slewed"/> away.
/// </para>
/// <para>
/// Each further report moves the mapping by what the media clock has drifted against the wall clock; sound takes that up by slewing
/// too. Where the report's wall clock went on otherwise than the time since the last one did, by more than half a second, the peer
/// set it, which all its tracks then share. Where it did not, the timestamps of this track have jumped: browsers count the samples that a
/// microphone gave, and a headset that is unplugged gives none for a while, though time passes. Then this track alone is placed anew, at once.
/// </para>
/// <para>
/// Reports of sound come seconds after the jump. So sound that for a good second came too late, or far too early, while the peer's
/// other media came in time, is moved beside them, until a report tells of the jump or it comes in time without that.
/// </para>
/// <para>Not thread-safe.</para>
/// </remarks>
internal sealed class TrackClock(PeerTimes peer, int clockRateHz, bool isSound)
{
    private const int LeastInRow = 10;

    /// <summary>What reports may come late by, so that a step of the wall clock has to be more.</summary>
    private static readonly TimeSpan Step = TimeSpan.FromSeconds(0.5);

    /// <summary>Most that sound is slewed by; <see cref="Sound.SoundTrack"/> places anew what is off by more.</summary>
    private static readonly TimeSpan Slewed = TimeSpan.FromMilliseconds(60);

    /// <summary>A little more than the peer's clock takes to step, which comes first where all its tracks are off.</summary>
    private static readonly TimeSpan ForLong = TimeSpan.FromSeconds(1.25);

    private readonly TimestampUnwrapper _timestamps = new();
    private readonly PeerClock _own = new();
    private long? _first;
    private TimeSpan _toPeer;
    private TimeSpan _correction;
    private TimeSpan _apart;
    private TimeSpan _transit;
    private TimeSpan _leastInRow;
    private TimeSpan _offSince;
    private TimeSpan _lastStep;
    private TimeSpan _reportedToPeer;
    private TimeSpan _reportedAhead;
    private TimeSpan _told;
    private int _offInRow;

    /// <summary>Whether a sender report has come.</summary>
    public bool HasReports { get; private set; }

    /// <summary>When the peer's clock was told last of something that arrived; null before that.</summary>
    public TimeSpan? ArrivedAt { get; private set; }

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
            ? time + _toPeer + peer.Clock.Offset.GetValueOrDefault() + _apart + _correction
            : time + _own.Offset.GetValueOrDefault();
    }

    /// <summary>Notes that a packet of sound or the last packet of a frame arrived.</summary>
    public void OnArrival(uint timestamp, TimeSpan now)
    {
        var time = TrackTime(timestamp);
        if (!HasReports)
        {
            _own.OnArrival(time, now);
            return;
        }

        _transit = now - time - _toPeer;
        if (_apart == TimeSpan.Zero)
        {
            ArrivedAt = now;
            peer.Clock.OnArrival(time + _toPeer, now);
        }

        if (isSound)
        {
            MoveBesideOthers(now);
        }
    }

    /// <summary>Notes a sender report.</summary>
    /// <param name="ntp">A moment of the peer's wall clock.</param>
    /// <param name="timestamp">The RTP timestamp of that moment.</param>
    /// <param name="now">When it arrived.</param>
    public void OnReport(NtpTime ntp, uint timestamp, TimeSpan now)
    {
        var ahead = peer.TimeOf(ntp) - now;
        var toPeer = peer.TimeOf(ntp) - TrackTime(timestamp);
        var (clockStep, moved) = (ahead - _reportedAhead, toPeer - _reportedToPeer);
        (_reportedAhead, _reportedToPeer) = (ahead, toPeer);
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

        if (moved.Duration() > Step && clockStep.Duration() > Step && (moved - clockStep).Duration() <= Step)
        {
            moved -= _told;
            _told = TimeSpan.Zero;
            if (moved.Duration() > Step)
            {
                Shift(moved);
                peer.OnClockSet(moved, ahead);
                return;
            }
        }

        OnMoved(moved, now);
    }

    /// <summary>
    /// A track of the peer has shown that the peer set its wall clock. The next report of each will show it too, and then finds it done;
    /// until then the forwarding unit goes on to tell what the last one was.
    /// </summary>
    /// <param name="by">How much later it is now.</param>
    /// <param name="ahead">How far it is ahead of the composition's now.</param>
    public void OnClockSet(TimeSpan by, TimeSpan ahead)
    {
        if (HasReports && (ahead - _reportedAhead).Duration() > Step)
        {
            _told += by;
            Shift(by);
        }
    }

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
            Correct(off);
        }
        else
        {
            peer.Clock.GoOnFrom(inUse);
        }
    }

    /// <summary>A report places this track anew, and no other.</summary>
    /// <param name="by">How much later its media is now by the peer's time.</param>
    /// <param name="now">When it came.</param>
    private void OnMoved(TimeSpan by, TimeSpan now)
    {
        var (before, after) = (_transit, _transit - by);
        Shift(by);
        if (by.Duration() <= Slewed)
        {
            Correct(_correction - by);
            return;
        }

        _offInRow = 0;
        if (peer.IsAlone(this, now) && peer.Clock.Fits(before) && !peer.Clock.Fits(after))
        {
            // The peer's clock has followed this track, which is right where it is.
            peer.Clock.OnClockSet(by);
            return;
        }

        if (by < TimeSpan.Zero)
        {
            peer.Clock.ForgetWay();
        }

        Correct(_correction + _apart - by);
        _apart = TimeSpan.Zero;
    }

    private void Shift(TimeSpan by)
    {
        _toPeer += by;
        _transit -= by;
        _leastInRow -= by;
    }

    /// <summary>Sound that the peer's clock does not go with goes by what else comes of the peer.</summary>
    private void MoveBesideOthers(TimeSpan now)
    {
        if (peer.Clock.Fits(_transit - _apart) && (_apart == TimeSpan.Zero || !peer.Clock.Fits(_transit)))
        {
            _offInRow = 0;
            return;
        }

        if (_offInRow++ == 0)
        {
            _offSince = now;
            _leastInRow = _transit;
        }

        _leastInRow = _transit < _leastInRow ? _transit : _leastInRow;
        if (_offInRow >= LeastInRow && now - _offSince >= ForLong)
        {
            _offInRow = 0;
            _apart = peer.Clock.Fits(_leastInRow) ? TimeSpan.Zero : _leastInRow - peer.Clock.Shortest;
        }
    }

    /// <summary>Has sound slewed from where it is to where it belongs; pictures, and what is far away, are there at once.</summary>
    private void Correct(TimeSpan from) => _correction = isSound && from.Duration() <= Slewed ? from : TimeSpan.Zero;

    private TimeSpan TrackTime(uint timestamp)
    {
        var extended = _timestamps.Unwrap(timestamp);
        _first ??= extended;
        return TimeSpan.FromTicks((long)((Int128)(extended - _first.Value) * TimeSpan.TicksPerSecond / clockRateHz));
    }
}
