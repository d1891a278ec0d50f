using Roomcast.Rtc.Congestion;
using Roomcast.Rtc.Rtcp;
using Roomcast.Rtc.Rtp.Extensions;
using Roomcast.Sfu.Consumers;
using Roomcast.Sfu.Layers;
using Roomcast.Sfu.Producers;

namespace Roomcast.Sfu.Routing;

/// <content>What leaves to the peer: packets of its consumers, what it says of them, and the division of its bandwidth.</content>
public sealed partial class SfuTransport
{
    private const long MinAudioBps = 40_000;
    private const long UnknownRateBps = 100_000;

    // What a probe tries at most, against what is known to get through; and more than a step up needs, against what that takes.
    private const long ProbeFactor = 3;
    private const double ProbeHeadroom = 1.2;

    private static readonly TimeSpan AllocationInterval = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan ProbeStep = TimeSpan.FromMilliseconds(2);
    private static readonly TimeSpan ProbeInterval = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan QuickProbeInterval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan TrialInterval = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan TrialLength = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan TrialJudged = TimeSpan.FromSeconds(1);

    private readonly Dictionary<uint, Consumer> _consumersBySsrc = [];
    private readonly List<Consumer> _videos = [];
    private readonly List<LayerWish> _wishes = [];
    private readonly BandwidthProbe _probe = new();
    private readonly LeavingPackets _leaving = new();
    private TimeSpan _allocateAt;
    private TimeSpan? _probedAt;
    private long _probedFromBps;
    private long _wantedBps;
    private TimeSpan? _tryAt;
    private long _receiverEstimateBps = long.MaxValue;

    /// <summary>Adds a track that is to leave to the peer.</summary>
    /// <exception cref="ArgumentException">The source is in use on this transport.</exception>
    public Consumer Consume(Producer producer, ConsumerOptions options)
    {
        ArgumentNullException.ThrowIfNull(producer);
        ArgumentNullException.ThrowIfNull(options);
        var consumer = new Consumer(this, producer, options, Router.FirstNumber());
        if (!_consumersBySsrc.TryAdd(options.Ssrc, consumer))
        {
            throw new ArgumentException($"Source {options.Ssrc} is in use on this transport.", nameof(options));
        }

        _consumers.Add(consumer);
        producer.Consumers.Add(consumer);
        AllocateSoon();
        return consumer;
    }

    /// <summary>Ends a track that leaves.</summary>
    public void Remove(Consumer consumer)
    {
        ArgumentNullException.ThrowIfNull(consumer);
        if (_consumers.Remove(consumer))
        {
            _consumersBySsrc.Remove(consumer.Options.Ssrc);
            _leaving.Forget(consumer);
            consumer.Producer.Consumers.Remove(consumer);
            AllocateSoon();
        }
    }

    /// <summary>Takes an RTCP compound of the peer: reports on what it sends, and what it says of what it receives.</summary>
    /// <param name="compound">The compound in the clear.</param>
    /// <param name="now">Monotonic time.</param>
    public void HandleRtcp(ReadOnlySpan<byte> compound, TimeSpan now)
    {
        if (_isClosed)
        {
            return;
        }

        var reader = new RtcpReader(compound);
        while (reader.TryRead(out var packet))
        {
            if (SenderReport.TryRead(packet, out var sender))
            {
                if (_streams.TryGetValue(sender.Ssrc, out var stream))
                {
                    stream.OnSenderReport(sender.Ntp, sender.RtpTimestamp, now);
                }

                HandleBlocks(sender.Blocks, now);
            }
            else if (ReceiverReport.TryRead(packet, out var receiver))
            {
                HandleBlocks(receiver.Blocks, now);
            }
            else if (Nack.TryRead(packet, out var nack))
            {
                HandleNack(nack, now);
            }
            else if (TransportFeedback.TryRead(packet, out var feedback))
            {
                Estimator.OnFeedback(feedback, now);
                RepeatLost(feedback, now);
                if (Estimator.IsOverused)
                {
                    AllocateSoon();
                }
            }
            else if (PictureLossIndication.TryRead(packet, out var loss))
            {
                WantKeyframe(loss.MediaSsrc);
            }
            else if (FullIntraRequest.TryRead(packet, out var intra))
            {
                for (var i = 0; i < intra.Count; i++)
                {
                    WantKeyframe(intra[i].Ssrc);
                }
            }
            else if (ReceiverEstimatedMaxBitrate.TryRead(packet, out var estimate))
            {
                _receiverEstimateBps = estimate.BitrateBps;
                Estimator.OnReceiverEstimate(estimate.BitrateBps);
                AllocateSoon();
            }
        }

        _malformedRtcp += reader.IsMalformed ? 1 : 0;
    }

    /// <summary>Divides the bandwidth anew at the next deadline, which is now.</summary>
    internal void AllocateSoon()
    {
        _allocateAt = TimeSpan.Zero;
        NextDeadline = TimeSpan.Zero;
    }

    /// <summary>Lets all that leaves begin anew, with keyframes: what was sent so far did not get through.</summary>
    public void Restart()
    {
        foreach (var consumer in _consumers)
        {
            consumer.Restart();
        }
    }

    internal void OnLayerChanged(Consumer consumer) => _router.OnLayerChanged(consumer);

    internal Span<byte> Reserve(int length)
    {
        var room = _sink.Reserve(length);
        _noRoom += room.IsEmpty ? 1 : 0;
        return room;
    }

    internal void Commit(Span<byte> room, int length)
    {
        _sent++;
        _sink.Commit(room, length, isRtcp: false);
    }

    internal ushort CountSending(int bytes, TimeSpan now, int probeCluster = 0) =>
        Estimator.OnSending(bytes, now, probeCluster);

    /// <summary>Remembers which packet left under a transport-wide number.</summary>
    internal void NoteSent(ushort transportNumber, Consumer consumer, ushort number) => _leaving.Add(transportNumber, consumer, number);

    /// <summary>Repeats what a report says is lost: the request for it may be lost as well.</summary>
    private void RepeatLost(TransportFeedback feedback, TimeSpan now)
    {
        while (feedback.TryReadPacket(out var number, out var arrival))
        {
            if (arrival is null && _leaving.Find(number, out var own) is { } consumer)
            {
                consumer.RepeatUnasked(own, now);
            }
        }
    }

    private void HandleBlocks(ReportBlocks blocks, TimeSpan now)
    {
        for (var i = 0; i < blocks.Count; i++)
        {
            var block = blocks[i];
            if (_consumersBySsrc.TryGetValue(block.Ssrc, out var consumer))
            {
                consumer.OnReport(block, now);
            }
        }
    }

    private void HandleNack(Nack nack, TimeSpan now)
    {
        if (!_consumersBySsrc.TryGetValue(nack.MediaSsrc, out var consumer))
        {
            return;
        }

        TimeSpan? roundTrip = Estimator.AcknowledgedBps is null ? null : Estimator.RoundTripTime;
        while (nack.TryReadNumber(out var number))
        {
            _nacked++;
            consumer.Repeat(number, roundTrip, now);
        }
    }

    private void WantKeyframe(uint ssrc)
    {
        if (_consumersBySsrc.TryGetValue(ssrc, out var consumer))
        {
            _keyframesWanted++;
            consumer.WantKeyframe();
        }
    }

    /// <summary>Gives each video the encoding that fits; sound is served before any of them.</summary>
    private void Allocate(TimeSpan now)
    {
        // Without reports on packets the receiver's own estimate counts, and without that there is none.
        var hasReports = Extensions.IdOf(RtpExtensionKind.TransportSequenceNumber) != 0;
        var budget = hasReports ? Estimator.TargetBps : _receiverEstimateBps;
        _videos.Clear();
        _wishes.Clear();
        foreach (var consumer in _consumers)
        {
            if (consumer.IsPaused || consumer.Producer.IsPaused)
            {
                continue;
            }

            if (consumer.IsAudio)
            {
                budget -= Math.Max(MinAudioBps, consumer.SentBps(now));
            }
            else if (consumer.Producer.Options.IsScreenShare)
            {
                _videos.Insert(0, consumer); // What is on a screen is what is being talked about.
            }
            else
            {
                _videos.Add(consumer);
            }
        }

        foreach (var consumer in _videos)
        {
            _wishes.Add(Fill(consumer, now));
        }

        var wanted = LayerAllocator.Allocate(budget, _wishes);
        TryFirst(now);
        foreach (var consumer in _videos)
        {
            var target = consumer.Wish.GivenRank is { } rank ? consumer.Producer.StreamOf(rank) : null;
            consumer.Aim(target, consumer.Wish.GivenTemporal, isStarved: target is null && consumer.Wish.Candidates.Count > 0);
        }

        Probe(wanted, budget, now);
    }

    /// <summary>
    /// Tries a burst when more is wanted than the estimate gives, as that cannot grow by what is being sent: at once when the wish
    /// is new, and again soon when the last burst got through, since it may not have been the limit.
    /// </summary>
    private void Probe(long wantedBps, long budgetBps, TimeSpan now)
    {
        var isNew = wantedBps > 1.3 * _wantedBps;
        _wantedBps = wantedBps;
        var target = Estimator.TargetBps;
        var needed = (long)(ProbeHeadroom * (target - budgetBps + wantedBps));
        if (needed <= target || Estimator.AcknowledgedBps is null || Estimator.IsOverused || Estimator.LossRatio >= 0.02)
        {
            return;
        }

        var interval = isNew || target >= 1.3 * _probedFromBps ? QuickProbeInterval : ProbeInterval;
        if (_probedAt is { } probedAt && now - probedAt < interval)
        {
            _wantedBps = isNew ? 0 : _wantedBps; // Still new at the next look.
            return;
        }

        if (_probe.TryBegin(Math.Min(ProbeFactor * target, needed), now))
        {
            _probedAt = now;
            _probedFromBps = target;
        }
    }

    /// <summary>
    /// When not one video fits, nothing is sent by which the estimate could grow. So the first one is sent all the same for a
    /// while: at once when the estimate is no more than a guess, otherwise every now and then. If it gets through, that is what the
    /// path carries, and it goes on.
    /// </summary>
    private void TryFirst(TimeSpan now)
    {
        LayerWish? first = null;
        foreach (var wish in _wishes)
        {
            if (wish.GivenRank is not null)
            {
                _tryAt = null;
                return;
            }

            first = first is null && wish.Candidates.Count > 0 ? wish : first;
        }

        if (first is null)
        {
            return;
        }

        var isGuess = Estimator.AcknowledgedBps is null && _receiverEstimateBps == long.MaxValue;
        _tryAt ??= isGuess ? now : now + TrialInterval;
        if (now >= _tryAt)
        {
            first.GivenRank = first.Candidates[^1].Rank;
            first.GivenTemporal = first.Candidates[^1].Temporal;
            var isThrough = now >= _tryAt + TrialJudged && Estimator.TryTrustSending(now);
            _tryAt = isThrough || now >= _tryAt + TrialLength ? null : _tryAt;
        }
    }

    private static LayerWish Fill(Consumer consumer, TimeSpan now)
    {
        var wish = consumer.Wish;
        wish.Candidates.Clear();
        wish.PreferredRank = consumer.PreferredRank;
        wish.CurrentRank = consumer.IsStarved ? null : (consumer.Current ?? consumer.Target)?.Rank;
        wish.CurrentTemporal = consumer.TemporalLimit;
        foreach (var stream in consumer.Producer.Streams)
        {
            // A screen that does not change sends next to nothing; it is there all the same.
            if (stream.IsActive(now) || consumer.Producer.Streams.Count == 1)
            {
                wish.Candidates.Add(new LayerCandidate(stream.Rank, stream.Rate.RateBps(now) ?? UnknownRateBps));
            }
        }

        if (wish.Candidates.Count > 0 && consumer.Producer.StreamOf(wish.Candidates[^1].Rank) is { HighestTemporalLayer: > 0 } worst)
        {
            AddTemporal(wish, worst, now);
        }

        return wish;
    }

    /// <summary>Below the worst encoding comes what is left of it with fewer pictures in a second: better than none.</summary>
    private static void AddTemporal(LayerWish wish, ProducerStream worst, TimeSpan now)
    {
        var rate = wish.Candidates[^1].RateBps;
        for (var layer = worst.HighestTemporalLayer; layer > 0; layer--)
        {
            rate -= worst.RateOfTemporalLayer(layer, now) ?? 0;
            if (rate <= 0)
            {
                return; // Nothing is known of the layers yet, or the base is not being sent.
            }

            wish.Candidates.Add(new LayerCandidate(worst.Rank, rate, layer - 1));
        }
    }

    private void SendProbe(TimeSpan now)
    {
        if (!_probe.IsActive)
        {
            return;
        }

        Consumer? carrier = null;
        foreach (var consumer in _videos)
        {
            if (consumer.Current is not null)
            {
                carrier = consumer;
                break;
            }
        }

        const int mostAtOnce = 32;
        for (var i = 0; i < mostAtOnce && _probe.BytesDue(now) > 0 && carrier is not null; i++)
        {
            var sent = carrier.SendPadding(_probe.Cluster, now);
            if (sent == 0)
            {
                return; // Within a frame: it goes on when the frame has ended.
            }

            _probe.OnSent(sent, now);
        }
    }

    private void SendReports(TimeSpan now)
    {
        var room = _sink.Reserve(MaxRtcpBytes);
        if (room.IsEmpty)
        {
            return;
        }

        var writer = new RtcpWriter(room[..MaxRtcpBytes]);
        WriteReceiverReports(ref writer, now);
        foreach (var consumer in _consumers)
        {
            if (consumer.TryWriteReport(ref writer, now))
            {
                continue;
            }

            // A receiver needs the report of each track: without it sound and picture are not brought together.
            _sink.Commit(room, writer.Length, isRtcp: true);
            room = _sink.Reserve(MaxRtcpBytes);
            if (room.IsEmpty)
            {
                return;
            }

            writer = new RtcpWriter(room[..MaxRtcpBytes]);
            consumer.TryWriteReport(ref writer, now);
        }

        if (writer.Length > 0)
        {
            _sink.Commit(room, writer.Length, isRtcp: true);
        }
    }
}
