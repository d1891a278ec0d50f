using Roomcast.Meetings.Media;

namespace Roomcast.Meetings.History;

/// <summary>How the media of a peer fared over its presences in a session: samples, as many as may be and no more.</summary>
/// <remarks>
/// Samples are kept every <see cref="Interval"/>, as near to it as they come. When there are <see cref="MaxSamples"/> of them, every second one is left
/// out and the interval doubles, so that a long meeting is kept whole in less detail. Not thread-safe.
/// </remarks>
public sealed class MediaHistory
{
    /// <summary>Most samples.</summary>
    public const int MaxSamples = 360;

    /// <summary>Most tracks that are told apart; those that begin later are left out.</summary>
    public const int MaxTracks = 1_024;

    /// <summary>Most tracks of one sample, each way.</summary>
    public const int MaxTracksAtOnce = 64;

    /// <summary>How far apart samples are kept at first.</summary>
    public static readonly TimeSpan ShortestInterval = TimeSpan.FromSeconds(10);

    private readonly List<SampledTrack> _tracks = [];
    private readonly Dictionary<string, int> _places = new(StringComparer.Ordinal);
    private readonly List<MediaSample> _samples = [];

    /// <summary>Nothing so far.</summary>
    public MediaHistory()
    {
    }

    internal MediaHistory(TimeSpan interval, IEnumerable<SampledTrack> tracks, IEnumerable<MediaSample> samples)
    {
        Interval = interval;
        foreach (var track in tracks)
        {
            _places.TryAdd(track.ProducerId, _tracks.Count);
            _tracks.Add(track);
        }

        _samples.AddRange(samples);
    }

    /// <summary>How far apart samples are kept by now.</summary>
    public TimeSpan Interval { get; private set; } = ShortestInterval;

    /// <summary>The tracks that samples point at.</summary>
    public IReadOnlyList<SampledTrack> Tracks => _tracks;

    /// <summary>Oldest first.</summary>
    public IReadOnlyList<MediaSample> Samples => _samples;

    /// <summary>The place of a track; null when there is none for it any more.</summary>
    public int? PlaceOf(SampledTrack track)
    {
        ArgumentNullException.ThrowIfNull(track);
        if (_places.TryGetValue(track.ProducerId, out var place))
        {
            return place;
        }

        if (_tracks.Count == MaxTracks || track.ProducerId.Length > SampledTrack.MaxIdLength || track.PeerId.Length > SampledTrack.MaxIdLength
            || track.Mid.Length > SampledTrack.MaxIdLength)
        {
            return null;
        }

        _places.Add(track.ProducerId, _tracks.Count);
        _tracks.Add(track);
        return _tracks.Count - 1;
    }

    /// <summary>
    /// Adds a sample; one that is older than the last is left out. The last may follow the one before it too closely, and then
    /// the next takes its place if it comes nearer to an interval after that one, so that the end is always known: that of each track, for
    /// what a sample that goes says of a track which the next is silent of, the next says.
    /// </summary>
    public void Add(MediaSample sample)
    {
        ArgumentNullException.ThrowIfNull(sample);
        if (_samples.Count > 0 && sample.At < _samples[^1].At)
        {
            return;
        }

        // Which is nearer, not whether one is too early: measuring takes its time, and a sample may be early because the one before was late.
        if (_samples.Count > 1 && _samples[^2].At + Interval is var due && _samples[^1].At < due && sample.At - due <= due - _samples[^1].At)
        {
            _samples[^1] = InPlaceOf(_samples[^1], sample);
            return;
        }

        if (_samples.Count == MaxSamples)
        {
            sample = InPlaceOf(_samples[^1], sample); // Of an even number it is among those that are left out.
            Thin();
        }

        _samples.Add(sample);
    }

    /// <summary>Measures a peer and adds what was found.</summary>
    /// <param name="at">The wall clock.</param>
    /// <param name="figures">What was measured.</param>
    /// <param name="trackOf">What is known of a track by its producer; null when nothing is.</param>
    public void Add(DateTimeOffset at, PeerMediaFigures figures, Func<string, SampledTrack?> trackOf)
    {
        ArgumentNullException.ThrowIfNull(figures);
        ArgumentNullException.ThrowIfNull(trackOf);
        var sent = new List<SentSample>();
        foreach (var producer in figures.Producers.Take(MaxTracksAtOnce))
        {
            AddTo(sent, producer, trackOf(producer.ProducerId) ?? new SampledTrack(producer.ProducerId, figures.PeerId, producer.Kind, false), 0);
        }

        var endedSent = new List<SentSample>();
        foreach (var (track, producer, ago) in figures.EndedProducers)
        {
            AddTo(endedSent, producer, SampledTrack.Of(track), AgeOf(ago));
        }

        var received = new List<ReceivedSample>();
        foreach (var consumer in figures.Consumers.Take(MaxTracksAtOnce))
        {
            AddTo(received, consumer, trackOf(consumer.ProducerId) ?? new SampledTrack(consumer.ProducerId, "", consumer.Kind, false), 0);
        }

        var endedReceived = new List<ReceivedSample>();
        foreach (var (track, consumer, ago) in figures.EndedConsumers)
        {
            AddTo(endedReceived, consumer, SampledTrack.Of(track), AgeOf(ago));
        }

        var connected = figures.Transports.Where(transport => transport.IsConnected).ToArray();
        var roundTrip = connected.Where(transport => transport.RoundTripTime is not null).Select(transport => transport.RoundTripTime!.Value)
            .DefaultIfEmpty(TimeSpan.MinValue).Max();

        // Of tracks that ended with their transport, the path is what it was.
        var last = connected.Length == 0 ? _samples.LastOrDefault() : null;
        Add(new MediaSample(
            Storage.StoredTime.Of(at),
            roundTrip < TimeSpan.Zero ? last?.RoundTripMs : (int)Math.Min(roundTrip.TotalMilliseconds, 600_000),
            connected.FirstOrDefault(transport => transport.Direction is TransportDirection.ToPeer)?.EstimatedBps ?? 0,
            last?.IsTcp ?? connected.Any(transport => transport.IsTcp),
            Bounded(endedSent, sent),
            Bounded(endedReceived, received)));
    }

    /// <summary>Adds what came after this.</summary>
    public void Append(MediaHistory later)
    {
        ArgumentNullException.ThrowIfNull(later);
        foreach (var sample in later.Samples)
        {
            Add(sample with
            {
                Sent = [.. sample.Sent.Select(one => (One: one, Place: PlaceOf(later.Tracks[one.Track])))
                    .Where(pair => pair.Place is not null).Select(pair => pair.One with { Track = pair.Place!.Value })],
                Received = [.. sample.Received.Select(one => (One: one, Place: PlaceOf(later.Tracks[one.Track])))
                    .Where(pair => pair.Place is not null).Select(pair => pair.One with { Track = pair.Place!.Value })],
            });
        }
    }

    private void AddTo(List<SentSample> sent, ProducerFigures producer, SampledTrack track, int ageMs)
    {
        if (PlaceOf(track with { Mid = producer.Mid }) is { } place)
        {
            sent.Add(new SentSample(
                place, producer.BitrateBps, producer.PacketsReceived, producer.PacketsLost, (long)producer.Jitter.TotalMicroseconds)
            {
                Totals = producer.Totals,
                AgeMs = ageMs,
            });
        }
    }

    private void AddTo(List<ReceivedSample> received, ConsumerFigures consumer, SampledTrack track, int ageMs)
    {
        if (PlaceOf(track with { Mid = consumer.Mid }) is { } place)
        {
            received.Add(new ReceivedSample(
                place,
                consumer.BitrateBps,
                consumer.PacketsExpected,
                consumer.PacketsLost,
                consumer.PacketsRepeated,
                (long)consumer.Jitter.TotalMicroseconds,
                consumer.Freezes,
                consumer.IsStarved)
            {
                Totals = consumer.Totals,
                AgeMs = ageMs,
            });
        }
    }

    /// <summary>A sample, with what one that goes said of tracks that had ended by then.</summary>
    private static MediaSample InPlaceOf(MediaSample gone, MediaSample next)
    {
        var age = (int)Math.Min((next.At - gone.At).TotalMilliseconds, int.MaxValue / 2);
        var sent = gone.Sent.Where(one => !next.Sent.Any(other => other.Track == one.Track)).Select(one => one with { AgeMs = Older(one.AgeMs) });
        var received = gone.Received.Where(one => !next.Received.Any(other => other.Track == one.Track)).Select(one => one with { AgeMs = Older(one.AgeMs) });
        return next with { Sent = Bounded(sent, next.Sent), Received = Bounded(received, next.Received) };

        int Older(int ageMs) => Math.Min(ageMs, int.MaxValue / 2) + age;
    }

    // What has ended comes first: a track may have begun anew under its name.
    private static IReadOnlyList<T> Bounded<T>(IEnumerable<T> ended, IReadOnlyCollection<T> now) =>
        [.. ended.Take(MaxTracksAtOnce - now.Count), .. now];

    private static int AgeOf(TimeSpan ago) => (int)Math.Clamp(ago.TotalMilliseconds, 0, int.MaxValue / 2);

    private void Thin()
    {
        for (var i = 0; i < MaxSamples / 2; i++)
        {
            _samples[i] = i == 0 ? _samples[0] : InPlaceOf(_samples[(2 * i) - 1], _samples[2 * i]);
        }

        _samples.RemoveRange(MaxSamples / 2, MaxSamples - (MaxSamples / 2));
        Interval *= 2;
    }
}
