using Roomcast.Rtc.Congestion;
using Roomcast.Rtc.Rtp.Extensions;
using Roomcast.Sfu.Consumers;
using Roomcast.Sfu.Layers;
using Roomcast.Sfu.Producers;

namespace Roomcast.Sfu.Routing;

/// <summary>Divides what may be sent to one peer among the tracks it receives, and probes for more when that is not enough.</summary>
/// <remarks>Belongs to its transport; not thread-safe.</remarks>
internal sealed class BandwidthSharing
{
    private const long MinAudioBps = 40_000;
    private const long UnknownRateBps = 100_000;

    // What a probe tries at most, against what is known to get through; and more than a step up needs, against what that takes.
    private const long ProbeFactor = 3;
    private const double ProbeHeadroom = 1.2;

    // More than the first video needs to be given: where such a burst gets through whole, there is room without a trial.
    private const double BurstHeadroom = 1.3;

    private static readonly TimeSpan ProbeInterval = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan QuickProbeInterval = TimeSpan.FromSeconds(1);

    private readonly SfuTransport _transport;
    private readonly List<Consumer> _videos = [];
    private readonly List<LayerWish> _wishes = [];
    private readonly BandwidthProbe _probe = new();
    private readonly VideoTrial _trial;
    private TimeSpan? _probedAt;
    private long _probedFromBps;
    private long _wantedBps;

    /// <summary>Serves a transport.</summary>
    public BandwidthSharing(SfuTransport transport)
    {
        _transport = transport;
        _trial = new VideoTrial(transport.Estimator, _probe);
    }

    /// <summary>Whether a burst is being sent.</summary>
    public bool IsProbing => _probe.IsActive;

    /// <summary>What the receiver itself says it can take; <see cref="long.MaxValue"/> before it says anything.</summary>
    public long ReceiverEstimateBps { get; set; } = long.MaxValue;

    private BandwidthEstimator Estimator => _transport.Estimator;

    /// <summary>Gives each video the encoding that fits; sound is served before any of them.</summary>
    public void Share(TimeSpan now)
    {
        // Without reports on packets the receiver's own estimate counts, and without that there is none.
        var hasReports = _transport.Extensions.IdOf(RtpExtensionKind.TransportSequenceNumber) != 0;
        var budget = hasReports ? Estimator.TargetBps : ReceiverEstimateBps;
        _videos.Clear();
        _wishes.Clear();
        for (var i = 0; i < _transport.Consumers.Count; i++)
        {
            var consumer = _transport.Consumers[i];
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
        var isRoom = TryFirst(hasReports ? Estimator.TargetBps - budget : null, now);
        foreach (var consumer in _videos)
        {
            var target = consumer.Wish.GivenRank is { } rank ? consumer.Producer.StreamOf(rank) : null;
            consumer.Aim(target, consumer.Wish.GivenTemporal, isStarved: target is null && consumer.Wish.Candidates.Count > 0);
        }

        if (isRoom)
        {
            Probe(wanted, budget, now);
        }
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

    /// <summary>When not one video fits, finds out whether the first would get through all the same; see <see cref="VideoTrial"/>.</summary>
    /// <param name="soundBps">What sound takes of the estimate, in bits per second; null when packets are not reported on.</param>
    /// <param name="now">Monotonic time.</param>
    /// <returns>Whether the estimate has room for a video.</returns>
    private bool TryFirst(long? soundBps, TimeSpan now)
    {
        LayerWish? first = null;
        var carries = false;
        for (var i = 0; i < _wishes.Count; i++)
        {
            if (_wishes[i].GivenRank is not null)
            {
                _trial.OnRoom(now);
                return true;
            }

            first ??= _wishes[i].Candidates.Count > 0 ? _wishes[i] : null;
            carries |= _videos[i].CanCarryPadding;
        }

        if (first is null)
        {
            return false;
        }

        var worst = first.Candidates[^1];
        long? burstBps = soundBps is { } sound && carries
            ? Math.Min(ProbeFactor * Estimator.TargetBps, sound + (long)(BurstHeadroom * worst.RateBps))
            : null;
        var isGuess = Estimator.AcknowledgedBps is null && ReceiverEstimateBps == long.MaxValue;
        if (_trial.Sends(worst.RateBps, burstBps, isGuess, now))
        {
            first.GivenRank = worst.Rank;
            first.GivenTemporal = worst.Temporal;
        }

        return false;
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

    /// <summary>Sends what is due of a burst.</summary>
    public void SendProbe(TimeSpan now)
    {
        if (!_probe.IsActive)
        {
            return;
        }

        // Best one whose picture is there; where none is, the first that had one.
        Consumer? carrier = null;
        foreach (var consumer in _videos)
        {
            if (consumer.CanCarryPadding && (carrier is null || (carrier.Current is null && consumer.Current is not null)))
            {
                carrier = consumer;
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
}
