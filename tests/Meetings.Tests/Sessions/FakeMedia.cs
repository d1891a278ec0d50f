using System.Collections.Concurrent;
using System.Threading.Channels;
using Roomcast.Meetings.Media;
using Roomcast.Meetings.Sessions.Features;

namespace Roomcast.Meetings.Tests.Sessions;

/// <summary>Agrees to everything and moves no media.</summary>
internal sealed class FakeMedia : IMediaSide
{
    private readonly ConcurrentDictionary<string, MediaProducer> _producers = new();
    private readonly ConcurrentDictionary<(string PeerId, TransportDirection Direction), string> _transports = new();
    private readonly Channel<MediaEvent> _events = Channel.CreateUnbounded<MediaEvent>();
    private int _made;

    public ChannelReader<MediaEvent> Events => _events.Reader;

    /// <summary>Calls made, as <c>name peer</c>.</summary>
    public ConcurrentQueue<string> Calls { get; } = new();

    public bool HasTransports(string peerId) => _transports.Keys.Any(key => key.PeerId == peerId);

    public void Raise(MediaEvent happened) => _events.Writer.TryWrite(happened);

    public ValueTask<MediaTap> TapAsync(IMediaListener listener) =>
        throw new MediaException(MediaErrorCode.TooMany, "This room moves no media.");

    /// <summary>What is measured of peers; nothing of those it does not hold.</summary>
    public ConcurrentDictionary<string, Func<ValueTask<PeerMediaFigures>>> Figures { get; } = new();

    public ValueTask<PeerMediaFigures> MeasureAsync(string peerId) =>
        Figures.TryGetValue(peerId, out var measure) ? measure() : throw new MediaException(MediaErrorCode.UnknownPeer, "not here");

    public ValueTask<MediaSource> AddSourceAsync(string peerId, bool hasSound, bool hasPicture, IMediaSourceListener listener) =>
        throw new MediaException(MediaErrorCode.TooMany, "This room moves no media.");

    public ValueTask SetDeafAsync(string peerId, bool isDeaf)
    {
        Calls.Enqueue($"{(isDeaf ? "deaf" : "undeaf")} {peerId}");
        return ValueTask.CompletedTask;
    }

    public ValueTask<IReadOnlyList<MediaProducer>> JoinAsync(string peerId) => Drop("join", peerId);

    public ValueTask<bool> HasTransportsAsync(string peerId) => new(_transports.Keys.Count(key => key.PeerId == peerId) == 2);

    public ValueTask<IReadOnlyList<MediaProducer>> LeaveAsync(string peerId)
    {
        foreach (var key in _transports.Keys.Where(key => key.PeerId == peerId))
        {
            _transports.TryRemove(key, out _);
        }

        return Drop("leave", peerId);
    }

    public ValueTask<IReadOnlyList<MediaProducer>> DropProducersAsync(string peerId) => Drop("drop", peerId);

    public ValueTask<CreatedTransport> CreateTransportAsync(string peerId, TransportDirection direction, string offerSdp, bool isHere)
    {
        Calls.Enqueue($"transport {peerId} {direction}{(isHere ? " here" : "")}");
        var id = $"transport-{Interlocked.Increment(ref _made)}";
        var replaced = _transports.GetValueOrDefault((peerId, direction));
        _transports[(peerId, direction)] = id;
        var dropped = replaced is null || direction is TransportDirection.ToPeer ? [] : Take(peerId);
        return new(new CreatedTransport(id, "answer", replaced, dropped));
    }

    public ValueTask<Produced> ProduceAsync(string peerId, ProduceRequest request)
    {
        var producer = new MediaProducer(
            $"producer-{Interlocked.Increment(ref _made)}", peerId, request.Kind, request.IsPaused, request.IsScreenShare, request.AppData, "t", "", "");
        _producers[producer.Id] = producer;
        return new(new Produced(producer, "answer"));
    }

    public ValueTask<ClosedProducer> CloseProducerAsync(string peerId, string producerId, string? offerSdp) =>
        _producers.TryRemove(producerId, out var producer)
            ? new(new ClosedProducer(producer, "answer"))
            : throw new MediaException(MediaErrorCode.UnknownProducer, "gone");

    public ValueTask<MediaProducer> SetProducerPausedAsync(string peerId, string producerId, bool isPaused)
    {
        Calls.Enqueue($"pause {peerId} {isPaused}");
        return _producers.TryGetValue(producerId, out var producer)
            ? new(_producers[producerId] = producer with { IsPaused = isPaused })
            : throw new MediaException(MediaErrorCode.UnknownProducer, "gone");
    }

    public ValueTask<Consumed> ConsumeAsync(string peerId, string transportId, IReadOnlyList<ConsumeRequest> requests)
    {
        Calls.Enqueue($"consume {peerId}");
        return new(new Consumed([], null));
    }

    public ValueTask CompleteConsumeAsync(string peerId, string transportId, string answerSdp) => ValueTask.CompletedTask;

    public ValueTask<string> CloseConsumersAsync(string peerId, string transportId, IReadOnlyList<string> mids, string offerSdp) => new("answer");

    public ValueTask PreferAsync(string peerId, string transportId, IReadOnlyList<LayerPreference> preferences) => ValueTask.CompletedTask;

    public void NoteAudioActivity(string peerId, string producerId, double energy) => Calls.Enqueue($"activity {peerId}");

    public ValueTask DisposeAsync()
    {
        _events.Writer.TryComplete();
        return ValueTask.CompletedTask;
    }

    private ValueTask<IReadOnlyList<MediaProducer>> Drop(string call, string peerId)
    {
        Calls.Enqueue($"{call} {peerId}");
        return new(Take(peerId));
    }

    private List<MediaProducer> Take(string peerId)
    {
        var mine = _producers.Values.Where(producer => producer.PeerId == peerId).ToList();
        mine.ForEach(producer => _producers.TryRemove(producer.Id, out _));
        return mine;
    }
}
