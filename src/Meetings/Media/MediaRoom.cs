using System.Threading.Channels;

namespace Roomcast.Meetings.Media;

/// <summary>Where the peers of one session exchange media.</summary>
/// <remarks>
/// <para>Thread-safe. Each call is done by the room's worker, in the order of the calls. All of them throw
/// <see cref="MediaException"/>, and change nothing when they do.</para>
/// <para>Who may do what is the caller's matter. A peer need not have joined to make transports and to negotiate, as clients
/// do both at once: <see cref="CreateTransportAsync"/> makes it known too.</para>
/// </remarks>
public sealed class MediaRoom : IAsyncDisposable
{
    /// <summary>How many places the order of speakers has at most.</summary>
    public const int MaxSpeakers = 16;

    /// <summary>Its name.</summary>
    public string Id => throw new NotImplementedException();

    /// <summary>What happens in it. Bounded: a reader that falls 1,024 events behind loses the oldest changes of speakers.
    /// Completes when the room is disposed.</summary>
    public ChannelReader<MediaEvent> Events => throw new NotImplementedException();

    /// <summary>Brings a peer in. One that is in already loses its producers and keeps its transports.</summary>
    /// <returns>The producers that ended, as they last were.</returns>
    public ValueTask<IReadOnlyList<MediaProducer>> JoinAsync(string peerId) => throw new NotImplementedException();

    /// <summary>Takes a peer out with its transports, producers and consumers. One that is not in is no error.</summary>
    /// <returns>The producers that ended, as they last were.</returns>
    public ValueTask<IReadOnlyList<MediaProducer>> LeaveAsync(string peerId) => throw new NotImplementedException();

    /// <summary>Ends a peer's producers and keeps its transports and consumers: its socket is gone. One that is not in is no error.</summary>
    /// <returns>The producers that ended, as they last were.</returns>
    public ValueTask<IReadOnlyList<MediaProducer>> DropProducersAsync(string peerId) => throw new NotImplementedException();

    /// <summary>What a peer sends now; empty for one that is not in.</summary>
    public ValueTask<IReadOnlyList<MediaProducer>> ListProducersAsync(string peerId) => throw new NotImplementedException();

    /// <summary>Makes a transport out of the peer's first offer. An older one of the same direction is closed.</summary>
    /// <exception cref="MediaException">BadDescription, UnsupportedCodec, TooMany, Closed, Busy.</exception>
    public ValueTask<CreatedTransport> CreateTransportAsync(string peerId, TransportDirection direction, string offerSdp) =>
        throw new NotImplementedException();

    /// <summary>Agrees on a track that the peer is about to send.</summary>
    /// <exception cref="MediaException">UnknownPeer, UnknownTransport, BadDescription, UnsupportedCodec, TooMany, Closed, Busy.</exception>
    public ValueTask<Produced> ProduceAsync(string peerId, ProduceRequest request) => throw new NotImplementedException();

    /// <summary>Ends a track of the peer's own.</summary>
    /// <param name="peerId">Who asks.</param>
    /// <param name="producerId">Which track.</param>
    /// <param name="offerSdp">The offer without the track; null for none.</param>
    /// <exception cref="MediaException">UnknownPeer, UnknownProducer, NotTheOwner, BadDescription, Closed, Busy.</exception>
    public ValueTask<ClosedProducer> CloseProducerAsync(string peerId, string producerId, string? offerSdp) =>
        throw new NotImplementedException();

    /// <summary>Holds a track back or lets it through again.</summary>
    /// <param name="peerId">Whose track it is: the caller may ask in a host's name.</param>
    /// <param name="producerId">Which track.</param>
    /// <param name="isPaused">Whether it is to be held back.</param>
    /// <exception cref="MediaException">UnknownPeer, UnknownProducer, NotTheOwner, Closed, Busy.</exception>
    public ValueTask<MediaProducer> SetProducerPausedAsync(string peerId, string producerId, bool isPaused) =>
        throw new NotImplementedException();

    /// <summary>Adds tracks to what a peer receives. Media flows once the offer is completed.</summary>
    /// <exception cref="MediaException">UnknownPeer, UnknownTransport, TooMany, Closed, Busy. A track that cannot be had is
    /// said so in its entry.</exception>
    public ValueTask<Consumed> ConsumeAsync(string peerId, string transportId, IReadOnlyList<ConsumeRequest> requests) =>
        throw new NotImplementedException();

    /// <summary>Takes the answer to the offer of <see cref="ConsumeAsync"/>.</summary>
    /// <exception cref="MediaException">UnknownPeer, UnknownTransport, BadDescription, Closed, Busy.</exception>
    public ValueTask CompleteConsumeAsync(string peerId, string transportId, string answerSdp) => throw new NotImplementedException();

    /// <summary>Ends consumers by their sections and answers the offer in which these are stopped.</summary>
    /// <param name="peerId">Who asks.</param>
    /// <param name="transportId">The peer's receiving transport.</param>
    /// <param name="mids">The sections; those that are not known are ignored.</param>
    /// <param name="offerSdp">The peer's offer.</param>
    /// <returns>The answer.</returns>
    /// <exception cref="MediaException">UnknownPeer, UnknownTransport, BadDescription, TooMany, Closed, Busy.</exception>
    public ValueTask<string> CloseConsumersAsync(
        string peerId, string transportId, IReadOnlyList<string> mids, string offerSdp) => throw new NotImplementedException();

    /// <summary>Asks for other encodings of what a peer receives. Tracks that it does not receive are ignored.</summary>
    /// <exception cref="MediaException">UnknownPeer, UnknownTransport, Closed, Busy.</exception>
    public ValueTask PreferAsync(string peerId, string transportId, IReadOnlyList<LayerPreference> preferences) =>
        throw new NotImplementedException();

    /// <summary>Notes how loud a peer says it is. Counts only while its packets do not say it themselves.</summary>
    /// <param name="peerId">Who.</param>
    /// <param name="producerId">Its microphone; one that is not the peer's is ignored.</param>
    /// <param name="energy">0 to 10; others are brought into this range.</param>
    public void NoteAudioActivity(string peerId, string producerId, double energy) => throw new NotImplementedException();

    /// <summary>How a peer's media does now.</summary>
    /// <exception cref="MediaException">UnknownPeer, Closed, Busy.</exception>
    public ValueTask<PeerMediaFigures> MeasureAsync(string peerId) => throw new NotImplementedException();

    /// <summary>Closes all transports and the room.</summary>
    public ValueTask DisposeAsync() => throw new NotImplementedException();
}
