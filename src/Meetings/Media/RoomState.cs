using System.Security.Cryptography;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Roomcast.Meetings.Media.Negotiation;
using Roomcast.Rtc;
using Roomcast.Rtc.Connection;
using Roomcast.Rtc.Dtls;
using Roomcast.Rtc.Ice;
using Roomcast.Rtc.Sdp;
using Roomcast.Sfu.Routing;

namespace Roomcast.Meetings.Media;

/// <summary>Whose request a room does, as the peer was before: the request may take it out of the room, and meet a fault only then.</summary>
/// <param name="PeerId">Who asks.</param>
/// <param name="Direction">The transport that the request is about; null for both.</param>
/// <param name="Peer">The peer; null when it was not in the room.</param>
/// <param name="Producers">What it sent.</param>
internal sealed record RoomAsker(string PeerId, TransportDirection? Direction, PeerState? Peer, IReadOnlyList<MediaProducer> Producers);

/// <summary>A room as its worker sees it: peers, their transports, and the router between them.</summary>
/// <remarks>Belongs to the worker. The requests of the peers are in <c>RoomState.Requests.cs</c>.</remarks>
internal sealed partial class RoomState : IDeadlined
{
    private const int MaxWaitingEvents = 1024;

    private readonly MediaEngine _engine;
    private readonly Channel<MediaEvent> _events;
    private readonly ILogger _logger;
    private readonly Dictionary<string, PeerState> _peers = new(StringComparer.Ordinal);
    private readonly Dictionary<string, ProducerState> _producers = new(StringComparer.Ordinal);
    private readonly List<RoomTap> _taps = [];
    private readonly List<PeerTransport> _due = [];
    private TimeSpan _nextDeadline;
    private bool _isTouched = true;

    public RoomState(string id, MediaEngine engine, Channel<MediaEvent> events, ILogger logger, TimeSpan now)
    {
        Id = id;
        _engine = engine;
        _events = events;
        _logger = logger;
        Router = new Router(MediaLimits.PacketBytes, now);
        engine.Add(this, now);
    }

    public string Id { get; }

    public Router Router { get; }

    public bool IsClosed { get; private set; }

    /// <inheritdoc/>
    public int HeapIndex { get; set; } = -1;

    /// <inheritdoc/>
    public TimeSpan KnownDeadline { get; set; }

    /// <summary>When <see cref="HandleDeadline(TimeSpan)"/> is to be called; <see cref="TimeSpan.MaxValue"/> while nobody sends or
    /// receives anything.</summary>
    public TimeSpan NextDeadline
    {
        get
        {
            if (_isTouched)
            {
                _isTouched = false;
                _nextDeadline = Router.NextDeadline;
                foreach (var peer in _peers.Values)
                {
                    _nextDeadline = Earlier(Earlier(_nextDeadline, peer.FromPeer), peer.ToPeer);
                }
            }

            return _nextDeadline;
        }
    }

    /// <summary>Notes that an input may have moved the next deadline.</summary>
    public void Touch()
    {
        if (!_isTouched)
        {
            _isTouched = true;
            _engine.Deadlines.Touch(this);
        }
    }

    /// <summary>Does what is due.</summary>
    public void HandleDeadline(TimeSpan now)
    {
        Touch();
        _due.Clear();
        foreach (var peer in _peers.Values)
        {
            AddDue(peer.FromPeer, now);
            AddDue(peer.ToPeer, now);
        }

        // Only now, as one that has ended is taken out of its peer.
        foreach (var transport in _due)
        {
            HandleDeadline(transport, now);
            if (IsClosed)
            {
                return; // One has failed, and could not even be ended.
            }
        }

        foreach (var peer in _peers.Values)
        {
            peer.Source?.Packets.HandleDeadline(now);
        }

        foreach (var tap in _taps)
        {
            tap.HandleDeadline(now);
        }

        Router.HandleSpeakers(now);
        TakeRouterEvents();
    }

    /// <summary>Draws the conclusions from what happened to a transport's connection.</summary>
    public void TakeEvents(PeerTransport transport, TimeSpan now)
    {
        while (transport.Connection.TryTakeEvent(out var happened))
        {
            switch (happened.Kind)
            {
                case RtcEventKind.Connected:
                    OnConnected(transport, now);
                    break;

                case RtcEventKind.Closed:
                    OnLost(transport, happened, now);
                    return;
            }
        }
    }

    /// <summary>Ends one transport after a fault.</summary>
    public void Fail(PeerTransport transport, TimeSpan now)
    {
        // Unless the fault came after it had ended.
        if (transport.Peer.TransportOf(transport.Direction) == transport)
        {
            Lose(transport, TransportLossReason.Fault, now);
        }
    }

    /// <summary>Whose request it is that comes now.</summary>
    /// <param name="peerId">Who asks; need not be in the room.</param>
    /// <param name="direction">The transport that the request is about; null for both.</param>
    public RoomAsker AskerOf(string peerId, TransportDirection? direction)
    {
        var peer = _peers.GetValueOrDefault(peerId);
        return new RoomAsker(peerId, direction, peer, peer is null ? [] : [.. peer.Producers.Select(producer => producer.Described)]);
    }

    /// <summary>Ends what a request was at after a fault.</summary>
    public void Fail(RoomAsker asker, TimeSpan now)
    {
        if (asker.Peer is not { } peer)
        {
            Leave(asker.PeerId, now); // Whoever came in by this very request has nothing yet that would be missed.
            return;
        }

        if (asker.Direction is not TransportDirection.ToPeer)
        {
            peer.Source?.Close();
            LoseAll(peer, TransportDirection.FromPeer, asker.Producers, now);
        }

        if (asker.Direction is not TransportDirection.FromPeer)
        {
            LoseAll(peer, TransportDirection.ToPeer, [], now);
        }
    }

    /// <summary>Ends everything after a fault.</summary>
    public void Fail(TimeSpan now)
    {
        if (!IsClosed)
        {
            _events.Writer.TryWrite(new RoomFailed());
            Close(now);
        }
    }

    /// <summary>Ends everything.</summary>
    public void Close(TimeSpan now)
    {
        if (IsClosed)
        {
            return;
        }

        IsClosed = true;
        try
        {
            foreach (var peer in _peers.Values)
            {
                End(peer.FromPeer);
                End(peer.ToPeer);
                peer.Source?.Close();
            }

            while (_taps.Count > 0)
            {
                _taps[^1].End();
            }
        }
        finally
        {
            // Whatever happened: a room that has ended is due for nothing any more.
            _peers.Clear();
            _producers.Clear();
            _engine.Remove(this, now);
            _events.Writer.TryComplete();
        }
    }

    public void AddTo(MediaTotals totals)
    {
        totals.AddRoom(_peers.Count, _producers.Count);
        foreach (var peer in _peers.Values)
        {
            AddTo(totals, peer.FromPeer);
            AddTo(totals, peer.ToPeer);
        }
    }

    private static void AddTo(MediaTotals totals, PeerTransport? transport)
    {
        if (transport is not null)
        {
            totals.Add(transport);
            totals.AddOpen(transport.Connection.State is RtcConnectionState.Connected, transport.Packets.Consumers.Count);
        }
    }

    private static TimeSpan Earlier(TimeSpan time, PeerTransport? transport) =>
        transport?.Connection.NextDeadline is { } due && due < time ? due : time;

    private void AddDue(PeerTransport? transport, TimeSpan now)
    {
        if (transport is not null && (transport.Connection.NextDeadline <= now || transport.Packets.NextDeadline <= now))
        {
            _due.Add(transport);
        }
    }

    private void HandleDeadline(PeerTransport transport, TimeSpan now)
    {
        try
        {
            if (transport.Connection.NextDeadline <= now)
            {
                transport.Connection.HandleDeadline(now);
                transport.SendDatagrams();
                TakeEvents(transport, now);
            }

            transport.Packets.HandleDeadline(now);
        }
        catch (Exception fault)
        {
            _engine.Fail(transport, fault, now);
        }
    }

    private void OnConnected(PeerTransport transport, TimeSpan now)
    {
        var after = now - transport.MadeAt;
        _engine.Metrics.Connected(after);
        MediaLog.Connected(
            _logger, transport.Id, Id, after.TotalMilliseconds, transport.Connection.Path is { Protocol: RtcProtocol.Tcp } ? "TCP" : "UDP");
        transport.Packets.Restart();
        _events.Writer.TryWrite(new TransportConnected(transport.Peer.Id, transport.Id, transport.Direction));
    }

    private void OnLost(PeerTransport transport, in RtcEvent happened, TimeSpan now)
    {
        var reason = happened.Reason switch
        {
            RtcCloseReason.ClosedByPeer => TransportLossReason.ClosedByPeer,
            RtcCloseReason.ConnectTimedOut => TransportLossReason.ConnectTimedOut,
            RtcCloseReason.HandshakeFailed => TransportLossReason.HandshakeFailed,
            _ => TransportLossReason.ConsentExpired,
        };
        if (_logger.IsEnabled(LogLevel.Debug))
        {
            MediaLog.Lost(_logger, transport.Id, Id, reason, happened.Failure.ToString());
        }

        Lose(transport, reason, now);
    }

    private void Lose(PeerTransport transport, TransportLossReason reason, TimeSpan now)
    {
        _engine.Metrics.Lost(reason);
        var dropped = Drop(transport, now);
        _events.Writer.TryWrite(new TransportLost(transport.Peer.Id, transport.Id, transport.Direction, reason, dropped));
    }

    /// <summary>Ends a transport that a request has left half changed, or taken out already.</summary>
    private void LoseAll(PeerState peer, TransportDirection direction, IReadOnlyList<MediaProducer> producers, TimeSpan now)
    {
        var transport = peer.TransportOf(direction);
        if (transport is not null)
        {
            Drop(transport, now);
        }
        else if (direction is TransportDirection.FromPeer)
        {
            DropProducers(peer, now);
        }

        // What the request itself ended is not known to anybody yet.
        var dropped = producers.Where(producer => !_producers.ContainsKey(producer.Id)).ToList();
        if ((transport?.Id ?? dropped.FirstOrDefault()?.TransportId) is { } transportId)
        {
            _engine.Metrics.Lost(TransportLossReason.Fault);
            _events.Writer.TryWrite(new TransportLost(peer.Id, transportId, direction, TransportLossReason.Fault, dropped));
        }
    }

    private void TakeRouterEvents()
    {
        while (Router.TryTakeEvent(out var happened))
        {
            if (happened.Kind is SfuEventKind.SpeakersChanged)
            {
                OnSpeakersChanged();
            }
            else if (happened.Kind is SfuEventKind.TalkingChanged)
            {
                OnTalkingChanged();
            }
        }
    }

    private void OnSpeakersChanged()
    {
        // What else is told is bounded by what the owner asks for; this goes on by itself.
        if (_events.Reader.Count >= MaxWaitingEvents)
        {
            return;
        }

        var order = new List<string>();
        foreach (var speaker in Router.Speakers.Order)
        {
            if (order.Count < MediaRoom.MaxSpeakers && !order.Contains(speaker.Name))
            {
                order.Add(speaker.Name);
            }
        }

        _events.Writer.TryWrite(new SpeakersChanged(order));
    }

    private void OnTalkingChanged()
    {
        if (_events.Reader.Count < MaxWaitingEvents)
        {
            _events.Writer.TryWrite(new TalkingChanged([.. Router.Speakers.Talking.Select(speaker => speaker.Name).Distinct().Take(MediaRoom.MaxSpeakers)]));
        }
    }

    private PeerTransport MakeTransport(
        PeerState peer, TransportDirection direction, TransportNegotiation negotiation, IceCredentials credentials, OfferReading reading, TimeSpan now)
    {
        var connection = new RtcConnection(
            new RtcConnectionOptions
            {
                LocalCredentials = credentials,
                RemoteCredentials = reading.Credentials,
                Identity = _engine.Identity,
                DtlsRole = DtlsRole.Server,
                RemoteFingerprint = reading.Fingerprint,
            },
            now);
        var transport = new PeerTransport(
            _engine.Worker,
            this,
            peer,
            Guid.NewGuid().ToString(),
            direction,
            credentials.Ufrag,
            negotiation,
            connection,
            (uint)RandomNumberGenerator.GetInt32(int.MaxValue),
            now);
        peer.SetTransport(direction, transport);
        _engine.Add(transport);
        return transport;
    }

    /// <summary>Takes a transport out of its peer, with what flows on it.</summary>
    /// <returns>The producers that ended.</returns>
    private List<MediaProducer> Drop(PeerTransport transport, TimeSpan now)
    {
        var dropped = transport.Direction is TransportDirection.FromPeer ? DropProducers(transport.Peer, now) : [];
        foreach (var consumer in transport.Packets.Consumers)
        {
            NoteEnd(transport.Peer, consumer, now);
        }

        if (transport.Peer.TransportOf(transport.Direction) == transport)
        {
            transport.Peer.SetTransport(transport.Direction, null);
        }

        Close(transport);
        return dropped;
    }

    private List<MediaProducer> DropProducers(PeerState peer, TimeSpan now)
    {
        var dropped = new List<MediaProducer>(peer.Producers.Count);
        while (peer.Producers.Count > 0)
        {
            dropped.Add(Drop(peer.Producers[^1], now));
        }

        dropped.Reverse();
        return dropped;
    }

    private MediaProducer Drop(ProducerState producer, TimeSpan now)
    {
        producer.Peer.Ended.Add(producer.Described, FiguresOf(producer, now), now);
        foreach (var receiver in _peers.Values)
        {
            foreach (var consumer in receiver.ToPeer?.Packets.Consumers ?? [])
            {
                if (consumer.Producer == producer.Packets)
                {
                    NoteEnd(receiver, consumer, now);
                }
            }
        }

        producer.Peer.Producers.Remove(producer);
        _producers.Remove(producer.Described.Id);
        foreach (var tap in _taps)
        {
            tap.Remove(producer.Described.Id);
        }

        (producer.Peer.Source?.Packets ?? producer.Peer.FromPeer?.Packets)?.Remove(producer.Packets);
        TakeRouterEvents(); // With the last voice nothing may be due any more that would have them taken.
        return producer.Described;
    }

    /// <summary>Closes one of all transports; a fault in it keeps none of the others open.</summary>
    private void End(PeerTransport? transport)
    {
        try
        {
            Close(transport);
        }
        catch (Exception fault)
        {
            MediaLog.TransportFailed(_logger, fault, transport!.Id, Id);
        }
    }

    private void Close(PeerTransport? transport)
    {
        if (transport is null)
        {
            return;
        }

        Touch();
        try
        {
            Router.Remove(transport.Packets);
            transport.Connection.Close();
            transport.SendDatagrams();
        }
        finally
        {
            _engine.Remove(transport);
            transport.Connection.Dispose();
        }
    }
}
