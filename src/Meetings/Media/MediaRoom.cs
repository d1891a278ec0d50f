using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Roomcast.Meetings.Media.Negotiation;

namespace Roomcast.Meetings.Media;

/// <summary>Where the peers of one session exchange media.</summary>
/// <remarks>
/// <para>Thread-safe. Each call is done by the room's worker, in the order of the calls. All of them may throw a
/// <see cref="MediaException"/>, and change nothing when they do, but for one of <see cref="MediaErrorCode.Fault"/>.</para>
/// <para>Who may do what is the caller's matter. A peer need not have joined to make transports and to negotiate, as clients
/// do both at once: <see cref="CreateTransportAsync"/> makes it known too.</para>
/// </remarks>
public sealed class MediaRoom : IAsyncDisposable
{
    /// <summary>How many places the order of speakers has at most.</summary>
    public const int MaxSpeakers = 16;

    private readonly MediaEngine _engine;
    private readonly Action<MediaRoom> _closed;
    private readonly Channel<MediaEvent> _events;
    private RoomState? _state;
    private int _isDisposed;

    internal MediaRoom(string id, MediaEngine engine, ILogger logger, Action<MediaRoom> closed)
    {
        Id = id;
        _engine = engine;
        _closed = closed;

        // Not bounded by its capacity but by what is written: two for each transport that the owner asks for, and changes of
        // speakers only while fewer than 1,024 wait.
        _events = Channel.CreateUnbounded<MediaEvent>();
        engine.Worker.TryPost(now => _state = new RoomState(id, engine, _events, logger, now));
    }

    /// <summary>Its name.</summary>
    public string Id { get; }

    /// <summary>What happens in it, for one reader. While 1,024 events wait, changes of speakers are left out. Completes when the
    /// room has ended.</summary>
    public ChannelReader<MediaEvent> Events => _events.Reader;

    internal MediaEngine Engine => _engine;

    /// <summary>Brings a peer in. One that is in already loses its producers and keeps its transports.</summary>
    /// <returns>The producers that ended, as they last were.</returns>
    /// <exception cref="MediaException">TooMany, Closed, Busy.</exception>
    public ValueTask<IReadOnlyList<MediaProducer>> JoinAsync(string peerId) => RunAsync(peerId, null, (room, now) => room.Join(peerId, now));

    /// <summary>Whether a peer has transports of both directions here, made so long ago that what follows from that is under way.</summary>
    /// <exception cref="MediaException">Closed, Busy.</exception>
    public ValueTask<bool> HasTransportsAsync(string peerId) => RunAsync((room, now) => room.HasTransports(peerId, now));

    /// <summary>Takes a peer out with its transports, producers and consumers. One that is not in is no error.</summary>
    /// <returns>The producers that ended, as they last were.</returns>
    /// <exception cref="MediaException">Closed, Busy.</exception>
    public ValueTask<IReadOnlyList<MediaProducer>> LeaveAsync(string peerId) => RunAsync(peerId, null, (room, now) => room.Leave(peerId, now));

    /// <summary>Ends a peer's producers and keeps its transports and consumers: its socket is gone. One that is not in is no error.</summary>
    /// <returns>The producers that ended, as they last were.</returns>
    /// <exception cref="MediaException">Closed, Busy.</exception>
    public ValueTask<IReadOnlyList<MediaProducer>> DropProducersAsync(string peerId) =>
        RunAsync(peerId, TransportDirection.FromPeer, (room, now) => room.DropProducersOf(peerId, now));

    /// <summary>Makes a transport out of the peer's first offer. An older one of the same direction is closed.</summary>
    /// <remarks>An offer with the older one's own credentials and certificate is made on the connection that is there: a client
    /// that is not sure of having been answered asks again on it. It is negotiated anew and nothing is closed.</remarks>
    /// <param name="peerId">Whose.</param>
    /// <param name="direction">Which way media go on it.</param>
    /// <param name="offerSdp">The offer.</param>
    /// <param name="isHere">Whether the peer is a program on this machine, which is told the ways inside it, too.</param>
    /// <exception cref="MediaException">BadDescription, UnsupportedCodec, TooMany, Closed, Busy.</exception>
    public async ValueTask<CreatedTransport> CreateTransportAsync(string peerId, TransportDirection direction, string offerSdp, bool isHere = false)
    {
        var offer = TransportNegotiation.Parse(offerSdp);
        var (transport, answer, replaced, dropped) = await RunAsync(
            peerId, direction, (room, now) => room.CreateTransport(peerId, direction, offer, isHere, now));
        return new CreatedTransport(transport.Id, answer.ToString(), replaced, dropped);
    }

    /// <summary>Agrees on a track that the peer is about to send.</summary>
    /// <exception cref="MediaException">UnknownPeer, UnknownTransport, BadDescription, UnsupportedCodec, TooMany, Closed, Busy.</exception>
    public async ValueTask<Produced> ProduceAsync(string peerId, ProduceRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        var offer = TransportNegotiation.Parse(request.OfferSdp);
        var (producer, answer) = await RunAsync(
            peerId, TransportDirection.FromPeer, (room, _) => room.Produce(peerId, request, offer));
        return new Produced(producer, answer.ToString());
    }

    /// <summary>Ends a track of the peer's own.</summary>
    /// <param name="peerId">Who asks.</param>
    /// <param name="producerId">Which track.</param>
    /// <param name="offerSdp">The offer without the track; null for none.</param>
    /// <exception cref="MediaException">UnknownPeer, UnknownProducer, NotTheOwner, BadDescription, UnsupportedCodec, TooMany, Closed,
    /// Busy.</exception>
    public async ValueTask<ClosedProducer> CloseProducerAsync(string peerId, string producerId, string? offerSdp)
    {
        var offer = string.IsNullOrEmpty(offerSdp) ? null : TransportNegotiation.Parse(offerSdp);
        var (producer, answer) = await RunAsync(
            peerId, TransportDirection.FromPeer, (room, now) => room.CloseProducer(peerId, producerId, offer, now));
        return new ClosedProducer(producer, answer?.ToString());
    }

    /// <summary>Holds a track back or lets it through again.</summary>
    /// <param name="peerId">Whose track it is: the caller may ask in a host's name.</param>
    /// <param name="producerId">Which track.</param>
    /// <param name="isPaused">Whether it is to be held back.</param>
    /// <exception cref="MediaException">UnknownPeer, UnknownProducer, NotTheOwner, Closed, Busy.</exception>
    public ValueTask<MediaProducer> SetProducerPausedAsync(string peerId, string producerId, bool isPaused) =>
        RunAsync(peerId, TransportDirection.FromPeer, (room, _) => room.SetPaused(peerId, producerId, isPaused));

    /// <summary>Adds tracks to what a peer receives. Media flows once the offer is completed.</summary>
    /// <remarks>A track that the peer receives already gets a new section, and its old one is stopped: a client asks again only
    /// when it has let go of the track.</remarks>
    /// <exception cref="MediaException">UnknownPeer, UnknownTransport, TooMany, Closed, Busy. A track that cannot be had is
    /// said so in its entry.</exception>
    public async ValueTask<Consumed> ConsumeAsync(string peerId, string transportId, IReadOnlyList<ConsumeRequest> requests)
    {
        ArgumentNullException.ThrowIfNull(requests);
        var (tracks, offer) = await RunAsync(
            peerId, TransportDirection.ToPeer, (room, now) => room.Consume(peerId, transportId, requests, now));
        return new Consumed(tracks, offer?.ToString());
    }

    /// <summary>Takes the answer to the offer of <see cref="ConsumeAsync"/>.</summary>
    /// <exception cref="MediaException">UnknownPeer, UnknownTransport, BadDescription, TooMany, Closed, Busy.</exception>
    public async ValueTask CompleteConsumeAsync(string peerId, string transportId, string answerSdp)
    {
        var answer = TransportNegotiation.Parse(answerSdp);
        await RunAsync(peerId, TransportDirection.ToPeer, (room, now) =>
        {
            room.CompleteConsume(peerId, transportId, answer, now);
            return true;
        });
    }

    /// <summary>Ends consumers by their sections and answers the offer in which these are stopped.</summary>
    /// <param name="peerId">Who asks.</param>
    /// <param name="transportId">The peer's receiving transport.</param>
    /// <param name="mids">The sections; those that are not known are ignored.</param>
    /// <param name="offerSdp">The peer's offer.</param>
    /// <returns>The answer.</returns>
    /// <exception cref="MediaException">UnknownPeer, UnknownTransport, BadDescription, UnsupportedCodec, TooMany, Closed, Busy.</exception>
    public async ValueTask<string> CloseConsumersAsync(string peerId, string transportId, IReadOnlyList<string> mids, string offerSdp)
    {
        ArgumentNullException.ThrowIfNull(mids);
        var offer = TransportNegotiation.Parse(offerSdp);
        var answer = await RunAsync(
            peerId, TransportDirection.ToPeer, (room, now) => room.CloseConsumers(peerId, transportId, mids, offer, now));
        return answer.ToString();
    }

    /// <summary>Asks for other encodings of what a peer receives. Tracks that it does not receive are ignored.</summary>
    /// <exception cref="MediaException">UnknownPeer, UnknownTransport, Closed, Busy.</exception>
    public async ValueTask PreferAsync(string peerId, string transportId, IReadOnlyList<LayerPreference> preferences)
    {
        ArgumentNullException.ThrowIfNull(preferences);
        await RunAsync(peerId, TransportDirection.ToPeer, (room, _) =>
        {
            room.Prefer(peerId, transportId, preferences);
            return true;
        });
    }

    /// <summary>Lets somebody listen to all tracks who is not a peer.</summary>
    /// <param name="listener">Is told of the tracks there are, and of all that follows, from before this returns on.</param>
    /// <exception cref="MediaException">TooMany, Closed, Busy.</exception>
    public async ValueTask<MediaTap> TapAsync(IMediaListener listener)
    {
        ArgumentNullException.ThrowIfNull(listener);
        return new MediaTap(_engine.Worker, await RunAsync((room, now) => room.Tap(listener, now)));
    }

    /// <summary>Lets the server itself send as a peer that has no transports.</summary>
    /// <param name="peerId">The peer; it must not be in the room. It goes by <see cref="LeaveAsync"/>.</param>
    /// <param name="hasSound">Whether it sends Opus.</param>
    /// <param name="hasPicture">Whether it sends VP8.</param>
    /// <param name="listener">Is told when a keyframe is wanted.</param>
    /// <exception cref="MediaException">TooMany, Closed, Busy.</exception>
    public async ValueTask<MediaSource> AddSourceAsync(string peerId, bool hasSound, bool hasPicture, IMediaSourceListener listener)
    {
        ArgumentNullException.ThrowIfNull(listener);
        var (source, producers) = await RunAsync(
            peerId, null, (room, now) => room.AddSource(peerId, hasSound, hasPicture, listener, now));
        return new MediaSource(_engine, source, producers);
    }

    /// <summary>Sends a peer no sound of others, or sends it again. Holds for what it asks to receive later, too.</summary>
    /// <exception cref="MediaException">UnknownPeer, Closed, Busy.</exception>
    public async ValueTask SetDeafAsync(string peerId, bool isDeaf) => await RunAsync(peerId, TransportDirection.ToPeer, (room, _) =>
    {
        room.SetDeaf(peerId, isDeaf);
        return true;
    });

    /// <summary>Notes how loud a peer says it is. Counts only while its packets do not say it themselves.</summary>
    /// <param name="peerId">Who.</param>
    /// <param name="producerId">Its microphone; one that is not the peer's is ignored.</param>
    /// <param name="energy">0 to 10; others are brought into this range.</param>
    public void NoteAudioActivity(string peerId, string producerId, double energy) =>
        _engine.Worker.TryPost(now => _state?.NoteAudioActivity(peerId, producerId, energy, now));

    /// <summary>How a peer's media does now, and what became of the tracks that have ended since it was asked last.</summary>
    /// <exception cref="MediaException">UnknownPeer, Closed, Busy.</exception>
    public ValueTask<PeerMediaFigures> MeasureAsync(string peerId) => RunAsync((room, now) => room.Measure(peerId, now));

    /// <summary>Closes all transports and the room.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _isDisposed, 1) == 1)
        {
            return;
        }

        try
        {
            await RunAsync((room, now) =>
            {
                room.Close(now);
                return true;
            });
        }
        catch (MediaException)
        {
            // It has ended already, or its worker has: there is nothing left to close.
        }

        _events.Writer.TryComplete();
        _closed(this);
    }

    /// <summary>Does what changes nothing, or what looks after itself when it meets a fault.</summary>
    private ValueTask<T> RunAsync<T>(Func<RoomState, TimeSpan, T> request) => RunAsync(null, null, request);

    /// <summary>Does what a peer asks for.</summary>
    /// <param name="peerId">Who asks.</param>
    /// <param name="direction">The transport that it is about, which ends when it meets a fault; null for both.</param>
    /// <param name="request">What is done on the worker.</param>
    private ValueTask<T> RunAsync<T>(string? peerId, TransportDirection? direction, Func<RoomState, TimeSpan, T> request)
    {
        var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        var isPosted = _engine.Worker.TryPost(now => Run(peerId, direction, request, done, now));
        return isPosted
            ? new ValueTask<T>(done.Task)
            : throw new MediaException(MediaErrorCode.Busy, "The worker of the room has too much to do, or has ended.");
    }

    private void Run<T>(
        string? peerId, TransportDirection? direction, Func<RoomState, TimeSpan, T> request, TaskCompletionSource<T> done, TimeSpan now)
    {
        if (_state is not { IsClosed: false } state)
        {
            done.SetException(new MediaException(MediaErrorCode.Closed, "The room has ended."));
            return;
        }

        var asker = peerId is null ? null : state.AskerOf(peerId, direction);
        try
        {
            done.SetResult(request(state, now));
        }
        catch (MediaException refusal)
        {
            done.SetException(refusal);
        }
        catch (Exception fault)
        {
            _engine.Fail(state, asker, fault, now);
            done.SetException(new MediaException(MediaErrorCode.Fault, "The server failed to do this."));
        }

        state.Touch();
    }
}
