namespace Roomcast.Meetings.Media;

/// <summary>What the tracks of a peer had come to that ended since it was measured; without it a track would be known by its last sample alone,
/// and a short one not at all.</summary>
/// <remarks>Belongs to the worker. Of more than is kept of a sample, the oldest is forgotten.</remarks>
internal sealed class EndedTracks
{
    private const int MaxTracks = History.MediaHistory.MaxTracksAtOnce;

    private readonly Queue<(MediaProducer Track, ProducerFigures Figures, TimeSpan At)> _producers = new();
    private readonly Queue<(MediaProducer Track, ConsumerFigures Figures, TimeSpan At)> _consumers = new();

    /// <summary>Notes the end of something that the peer sent.</summary>
    public void Add(MediaProducer track, ProducerFigures figures, TimeSpan now) => Add(_producers, (track, figures, now));

    /// <summary>Notes the end of something that the peer received.</summary>
    public void Add(MediaProducer track, ConsumerFigures figures, TimeSpan now) => Add(_consumers, (track, figures, now));

    /// <summary>Adds them to what was measured, and forgets them.</summary>
    public PeerMediaFigures MoveTo(PeerMediaFigures figures, TimeSpan now)
    {
        var all = figures with
        {
            EndedProducers = [.. _producers.Select(one => new EndedProducer(one.Track, one.Figures, now - one.At))],
            EndedConsumers = [.. _consumers.Select(one => new EndedConsumer(one.Track, one.Figures, now - one.At))],
        };
        _producers.Clear();
        _consumers.Clear();
        return all;
    }

    /// <summary>Forgets what the peer sent: it was measured at the end of that.</summary>
    public void ForgetProducers() => _producers.Clear();

    private static void Add<T>(Queue<T> tracks, T track)
    {
        if (tracks.Count == MaxTracks)
        {
            tracks.Dequeue();
        }

        tracks.Enqueue(track);
    }
}
