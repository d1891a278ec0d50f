using Roomcast.Rtc.Rtcp;

namespace Roomcast.Rtc.Congestion;

/// <summary>The bounds of an estimate, in bits per second.</summary>
/// <param name="MinBps">Never below: enough for sound.</param>
/// <param name="StartBps">Where to begin.</param>
/// <param name="MaxBps">Never above.</param>
public sealed record BandwidthLimits(long MinBps = 60_000, long StartBps = 600_000, long MaxBps = 20_000_000);

/// <summary>How much may be sent over a transport, judged from the receiver's reports.</summary>
/// <remarks>
/// <para>The sender's half of transport-wide congestion control: Google's algorithm (draft-ietf-rmcat-gcc-02) in a small
/// form. The delay is watched for queues that fill (<see cref="DelayTrend"/>, <see cref="RateControl"/>); loss above
/// 15 % lowers the rate, less lets it recover; the lower of the two counts. The draft draws the line at 10 %: a radio
/// link may lose as much without being full, and lost packets are sent again here. Where the delay grew
/// first, the queue is full, and what gets through is what the path carries. Probes, short bursts above the rate,
/// find out whether more would get through than is being sent (<see cref="BandwidthProbe"/>).</para>
/// <para>Deterministic: the same packets at the same times give the same answer. Not thread-safe; nothing is allocated
/// per packet.</para>
/// </remarks>
public sealed class BandwidthEstimator
{
    private const double LowLoss = 0.02;
    private const double BearableLoss = 0.10;
    private const double HighLoss = 0.15;
    private const int MinPacketsForLoss = 20;

    // Share of what is being sent; reports come in their own time, and the newest packets are in none of them yet.
    private const double ShareThrough = 0.8;
    private const double LossRecoveryPerSecond = 1.08;
    private const double SlowLossRecoveryPerSecond = 1.04;

    // Of the newest half second; the rest is what came before. A run of bad luck is not congestion.
    private const double LossWeight = 0.4;

    private static readonly TimeSpan LossInterval = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan OveruseMemory = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan ReportSilence = TimeSpan.FromSeconds(2);

    private readonly BandwidthLimits _limits;
    private readonly SentPackets _sent = new();
    private readonly List<(TimeSpan SentAt, TimeSpan? ArrivedAt)> _arrived = [];
    private readonly ArrivalGroups _groups = new();
    private readonly DelayTrend _trend = new();
    private readonly RateMeter _acknowledged = new();
    private readonly RateMeter _sending = new();
    private readonly RateMeter _sendingFirst = new(); // Without second copies, of which no report tells.
    private readonly RateControl _rate;
    private readonly ProbeResults _probes = new();
    private double _lossBps = double.MaxValue;
    private long _rembBps = long.MaxValue;
    private int _lossPackets;
    private int _lost;
    private TimeSpan? _lossFrom;
    private TimeSpan? _overusedAt;
    private TimeSpan _fullUntil;
    private TimeSpan? _reportedAt;
    private TimeSpan _silenceHandledAt;

    /// <summary>Begins at the limits' start.</summary>
    public BandwidthEstimator(BandwidthLimits? limits = null)
    {
        _limits = limits ?? new BandwidthLimits();
        _rate = new RateControl(_limits);
    }

    /// <summary>Bits per second that may be sent.</summary>
    public long TargetBps => (long)Math.Clamp(
        Math.Min(Math.Min(_rate.RateBps, _lossBps), _rembBps), _limits.MinBps, _limits.MaxBps);

    /// <summary>Share of packets lost, smoothed over some two seconds.</summary>
    public double LossRatio { get; private set; }

    /// <summary>Time there and back, as the reports show it, receiver's waiting included; 100 ms before the first.</summary>
    public TimeSpan RoundTripTime { get; private set; } = TimeSpan.FromMilliseconds(100);

    /// <summary>Bits per second that the receiver has confirmed; null before there is enough to tell.</summary>
    public long? AcknowledgedBps { get; private set; }

    /// <summary>Whether a queue was filling at the last report.</summary>
    public bool IsOverused => _trend.Load is PathLoad.Overused;

    /// <summary>Whether packets were lost within the last two seconds because a queue was full, and not by chance.</summary>
    public bool IsQueueFull(TimeSpan now) => now < _fullUntil;

    /// <summary>Bits per second at which the packets of the last probe arrived, at most what they were sent at, and whatever else there is
    /// to say against it.</summary>
    /// <param name="cluster">The number of the probe.</param>
    /// <returns>Null while too few have arrived to tell, or when it is not the last probe.</returns>
    public long? ProbeArrivedBps(int cluster) => _probes.ArrivedBpsOf(cluster);

    /// <summary>Notes a packet that leaves now.</summary>
    /// <param name="bytes">Its size on the wire.</param>
    /// <param name="now">Monotonic time.</param>
    /// <param name="probeCluster">The probe that it is part of; 0 for none.</param>
    /// <returns>The number for its transport-wide header extension.</returns>
    public ushort OnSending(int bytes, TimeSpan now, int probeCluster = 0)
    {
        _sending.Add(bytes, now);
        _sendingFirst.Add(bytes, now);
        if (probeCluster != 0)
        {
            _probes.OnSent(probeCluster, bytes, now);
        }

        return _sent.Add(bytes, probeCluster, now);
    }

    /// <summary>Notes a packet that is sent again under the number it had, because the receiver asked for it.</summary>
    /// <param name="transportSequenceNumber">The number of its first sending.</param>
    /// <param name="bytes">Its size on the wire.</param>
    /// <param name="wasLost">Whether the first sending was lost for all that is known; false when it may just not have arrived
    /// when it was asked for.</param>
    /// <param name="now">Monotonic time.</param>
    /// <remarks>When the second one arrives says nothing of the path's delay, so the number is out of the reckoning.</remarks>
    public void OnRepeating(ushort transportSequenceNumber, int bytes, bool wasLost, TimeSpan now)
    {
        _sending.Add(bytes, now);
        if (_sent.TryTakeOwn(transportSequenceNumber) && wasLost)
        {
            _lossPackets++;
            _lost++;
        }
    }

    /// <summary>Draws the conclusions from a report.</summary>
    /// <param name="feedback">The report; it is walked to its end.</param>
    /// <param name="now">Monotonic time.</param>
    public void OnFeedback(TransportFeedback feedback, TimeSpan now)
    {
        _reportedAt = now;
        _lossFrom ??= now;
        var newest = TimeSpan.MinValue;
        while (feedback.TryReadPacket(out var number, out var arrival))
        {
            if (!_sent.TryTake(number, out var packet))
            {
                continue;
            }

            _lossPackets++;
            if (arrival is not { } arrivedAt)
            {
                _lost++;
                continue;
            }

            newest = packet.SentAt;
            _acknowledged.Add(packet.Bytes, now);
            if (packet.ProbeCluster != 0)
            {
                _probes.OnArrived(packet, arrivedAt);
            }

            _arrived.Add((packet.SentAt, arrivedAt));
        }

        WatchDelay();

        if (newest == TimeSpan.MinValue)
        {
            UpdateLoss(now);
            return;
        }

        RoundTripTime = (RoundTripTime * 0.8) + ((now - newest) * 0.2);
        AcknowledgedBps = _acknowledged.RateBps(now);
        _overusedAt = IsOverused ? now : _overusedAt;
        _rate.Update(_trend.Load, AcknowledgedBps, _sending.RateBps(now), RoundTripTime, now);
        if (_trend.Load is not PathLoad.Overused && _probes.TakeResult() is { } probed)
        {
            _rate.RaiseTo(probed);
            if (LossRatio <= LowLoss)
            {
                _lossBps = Math.Max(_lossBps, probed); // What was lost before says less than what has just got through.
            }
        }

        UpdateLoss(now);
    }

    /// <summary>Notes what a receiver that sends no reports on packets thinks of the path.</summary>
    public void OnReceiverEstimate(long bitrateBps) => _rembBps = Math.Max(bitrateBps, _limits.MinBps);

    /// <summary>Takes what is being sent for what the path carries, if it gets through: no queue fills, and next to nothing is lost.</summary>
    /// <param name="now">Monotonic time.</param>
    /// <returns>Whether it gets through.</returns>
    /// <remarks>
    /// For trials: what is sent although the estimate gave less for it. A report of a moment decides, so the owner asks again and
    /// again while the trial lasts.
    /// </remarks>
    public bool TryTrustSending(TimeSpan now)
    {
        if (_trend.Load is PathLoad.Overused || LossRatio > LowLoss || _reportedAt is not { } last || now - last >= LossInterval
            || AcknowledgedBps is not { } through || _sending.RateBps(now) is not { } sending || through < ShareThrough * sending)
        {
            return false;
        }

        _rate.RaiseTo(Math.Min(through, sending));
        _lossBps = Math.Max(_lossBps, Math.Min(through, sending));
        return true;
    }

    /// <summary>Lets time pass: while packets leave and no report comes, the rate is halved every two seconds.</summary>
    /// <param name="now">Monotonic time.</param>
    public void OnTime(TimeSpan now)
    {
        if (_reportedAt is { } last && now - last >= ReportSilence && now - _silenceHandledAt >= ReportSilence
            && _sending.RateBps(now) is > 0)
        {
            _silenceHandledAt = now;
            _lossBps = Math.Max(_limits.MinBps, TargetBps / 2.0);
        }
    }

    /// <summary>Takes the delay of the packets of a report, but of those that others have overtaken: a queue lets nothing pass, so what
    /// arrived behind a packet that was sent later was held up elsewhere and says nothing of one.</summary>
    private void WatchDelay()
    {
        var earliestBehind = TimeSpan.MaxValue;
        for (var i = _arrived.Count - 1; i >= 0; i--)
        {
            var (sentAt, arrivedAt) = _arrived[i];
            if (arrivedAt > earliestBehind)
            {
                _arrived[i] = (sentAt, null);
            }
            else
            {
                earliestBehind = arrivedAt!.Value;
            }
        }

        foreach (var (sentAt, arrived) in _arrived)
        {
            if (arrived is { } arrivedAt && _groups.TryAdd(sentAt, arrivedAt, out var sendDelta, out var arrivalDelta))
            {
                _trend.Add(sendDelta, arrivalDelta, arrivedAt);
            }
        }

        _arrived.Clear();
    }

    private void UpdateLoss(TimeSpan now)
    {
        if (_lossFrom is not { } from || now - from < LossInterval || _lossPackets < MinPacketsForLoss)
        {
            return;
        }

        var newest = (double)_lost / _lossPackets;
        LossRatio += LossWeight * (newest - LossRatio);
        if (newest > HighLoss)
        {
            OnHighLoss(now);
        }
        else if (LossRatio <= BearableLoss && _lossBps < double.MaxValue)
        {
            var perSecond = LossRatio <= LowLoss ? LossRecoveryPerSecond : SlowLossRecoveryPerSecond;
            _lossBps *= Math.Pow(perSecond, (now - from).TotalSeconds);
            _lossBps = _lossBps > 1.5 * _rate.RateBps ? double.MaxValue : _lossBps;
        }

        _lossPackets = 0;
        _lost = 0;
        _lossFrom = now;
    }

    private void OnHighLoss(TimeSpan now)
    {
        // The delay grew a moment ago, and less gets through than is sent: what is lost is what a queue has no room for.
        var isFull = now - _overusedAt < OveruseMemory && AcknowledgedBps < (1 - HighLoss) * _sendingFirst.RateBps(now);
        _fullUntil = isFull ? now + OveruseMemory : _fullUntil;
        if (now - _rate.MeasuredAt < RoundTripTime + (2 * LossInterval))
        {
            return; // What is lost now was sent before the rate came down, or repeats that.
        }

        if (isFull)
        {
            _rate.LowerTo(AcknowledgedBps!.Value, now);
        }
        else if (LossRatio > HighLoss)
        {
            _lossBps = TargetBps * (1 - (0.5 * LossRatio));
        }
    }
}
