using System.Security.Cryptography;
using Roomcast.Meetings.Media.Negotiation;
using Roomcast.Rtc;
using Roomcast.Rtc.Connection;
using Roomcast.Rtc.Ice;
using Roomcast.Rtc.Sdp;
using Roomcast.Sfu.Codecs;
using Roomcast.Sfu.Consumers;
using Roomcast.Sfu.Producers;

namespace Roomcast.Meetings.Media;

/// <content>What peers ask for. Each request is checked to its end before it changes anything.</content>
internal sealed partial class RoomState
{
    // Clients read it as JSON; what is not in it is no screen and not encrypted from end to end.
    private const string OwnAppData = """{"screenShare":false,"e2ee":false}""";

    // The client's own way of making new transports and its return to the room do not look out for each other: where both are at it, one
    // may throw away what the other has just made. After so long the first has sent and received by what it made.
    private static readonly TimeSpan Settling = TimeSpan.FromMilliseconds(1_500);

    // One that has not connected by then is not on its way there.
    private static readonly TimeSpan Connecting = TimeSpan.FromSeconds(4);

    private static readonly TimeSpan ActivityHolds = TimeSpan.FromMilliseconds(500);

    // A client that closes what it received does so within a round trip or two; it would be disturbed by our doing it first.
    private static readonly TimeSpan Abandonment = TimeSpan.FromSeconds(15);

    public IReadOnlyList<MediaProducer> Join(string peerId, TimeSpan now) => DropProducers(FindOrAdd(peerId), now);

    public bool HasTransports(string peerId, TimeSpan now) =>
        _peers.TryGetValue(peerId, out var peer) && HasSettled(peer.FromPeer, now) && HasSettled(peer.ToPeer, now);

    public IReadOnlyList<MediaProducer> Leave(string peerId, TimeSpan now)
    {
        if (!_peers.Remove(peerId, out var peer))
        {
            return [];
        }

        var dropped = DropProducers(peer, now);
        Close(peer.FromPeer);
        Close(peer.ToPeer);
        peer.Source?.Close();
        return dropped;
    }

    public IReadOnlyList<MediaProducer> DropProducersOf(string peerId, TimeSpan now)
    {
        if (!_peers.TryGetValue(peerId, out var peer))
        {
            return [];
        }

        var dropped = DropProducers(peer, now);
        peer.Ended.ForgetProducers();
        return dropped;
    }

    public (PeerTransport Transport, SessionDescription Answer, string? Replaced, IReadOnlyList<MediaProducer> Dropped) CreateTransport(
        string peerId, TransportDirection direction, SessionDescription offer, bool isHere, TimeSpan now)
    {
        var credentials = IceCredentials.Create();
        var negotiation = new TransportNegotiation(
            direction,
            credentials,
            _engine.Identity.Fingerprint,
            isHere ? WithLocal(_engine.Worker.Candidates) : _engine.Worker.Candidates,
            (ulong)RandomNumberGenerator.GetInt32(1, int.MaxValue));
        var reading = negotiation.Read(offer);
        if (reading.Setup is SdpSetup.Passive or SdpSetup.HoldConnection)
        {
            throw new MediaException(MediaErrorCode.BadDescription, "The peer has to begin the handshake: actpass or active.");
        }

        var peer = FindOrAdd(peerId);
        var replaced = peer.TransportOf(direction);
        if (replaced is not null && replaced.Negotiation.IsWith(reading.Credentials, reading.Fingerprint)
            && offer.Media.Count >= replaced.Negotiation.Sections.Count)
        {
            replaced.Negotiation.Apply(replaced.Negotiation.Read(offer));
            Follow(replaced, now);
            return (replaced, direction is TransportDirection.FromPeer ? Answer(replaced) : replaced.Negotiation.Answer(static _ => false), null, []);
        }

        var dropped = replaced is null ? [] : Drop(replaced, now);
        negotiation.Apply(reading);
        var transport = MakeTransport(peer, direction, negotiation, credentials, reading, now);
        return (transport, negotiation.Answer(static _ => false), replaced?.Id, dropped);
    }

    private List<IceCandidate> WithLocal(IReadOnlyList<IceCandidate> told) =>
        [.. _engine.Worker.LocalCandidates.Concat(told).DistinctBy(static candidate => (candidate.Protocol, candidate.Host, candidate.Port))];

    public (MediaProducer Producer, SessionDescription Answer) Produce(string peerId, ProduceRequest request, SessionDescription offer)
    {
        var peer = Find(peerId);
        var transport = FindTransport(peer, TransportDirection.FromPeer, request.TransportId);
        if (peer.Producers.Count == MediaLimits.ProducersOfPeer)
        {
            throw new MediaException(MediaErrorCode.TooMany, $"A peer may send {MediaLimits.ProducersOfPeer} tracks.");
        }

        if (request.AppData.Length > MediaLimits.AppDataLength)
        {
            throw new MediaException(MediaErrorCode.TooMany, "What is said of the track is too long.");
        }

        var mimeType = request.Kind is MediaKind.Audio ? "audio/opus" : "video/VP8";
        if (!string.IsNullOrEmpty(request.MimeType) && !request.MimeType.Equals(mimeType, StringComparison.OrdinalIgnoreCase))
        {
            throw new MediaException(MediaErrorCode.UnsupportedCodec, "Opus and VP8 are forwarded.");
        }

        var reading = transport.Negotiation.Read(offer);
        var index = reading.FindTrack(request.Kind, request.Mid, request.Msid);
        if (index < 0 || reading.Offered[index].Direction is not (SdpDirection.SendOnly or SdpDirection.SendReceive))
        {
            throw new MediaException(MediaErrorCode.BadDescription, "The offer has no section by which such a track could arrive.");
        }

        var section = reading.Sections[index];
        if (peer.Producers.Exists(producer => producer.Mid == section.Mid))
        {
            throw new MediaException(MediaErrorCode.BadDescription, $"A track arrives by section {section.Mid} already.");
        }

        transport.Negotiation.Apply(reading);
        var producer = Add(peer, transport, request, section, reading.Offered[index], mimeType);
        return (producer.Described, Answer(transport));
    }

    public (MediaProducer Producer, SessionDescription? Answer) CloseProducer(
        string peerId, string producerId, SessionDescription? offer, TimeSpan now)
    {
        var peer = Find(peerId);
        var producer = FindOwn(peer, producerId);
        var transport = peer.FromPeer!;
        if (offer is not null)
        {
            transport.Negotiation.Apply(transport.Negotiation.Read(offer));
        }

        var closed = Drop(producer, now);
        return (closed, offer is null ? null : Answer(transport));
    }

    public MediaProducer SetPaused(string peerId, string producerId, bool isPaused)
    {
        var producer = FindOwn(Find(peerId), producerId);
        producer.Packets.SetPaused(isPaused);
        return producer.Described = producer.Described with { IsPaused = isPaused };
    }

    public (IReadOnlyList<ConsumedTrack> Tracks, SessionDescription? Offer) Consume(
        string peerId, string transportId, IReadOnlyList<ConsumeRequest> requests, TimeSpan now)
    {
        var transport = FindTransport(Find(peerId), TransportDirection.ToPeer, transportId);
        var negotiation = transport.Negotiation;
        if (requests.Count > MediaLimits.ConsumeRequests)
        {
            throw new MediaException(MediaErrorCode.TooMany, $"A request may name {MediaLimits.ConsumeRequests} tracks.");
        }

        var tracks = new List<ConsumedTrack>(requests.Count);
        var isOffered = false;
        StopAbandoned(transport, now);
        foreach (var request in requests)
        {
            var track = Consume(transport, request, now);
            isOffered |= track.Error is null;
            tracks.Add(track);
        }

        return (tracks, isOffered ? negotiation.Offer() : null);
    }

    public void CompleteConsume(string peerId, string transportId, SessionDescription answer, TimeSpan now)
    {
        var transport = FindTransport(Find(peerId), TransportDirection.ToPeer, transportId);
        transport.Negotiation.Complete(answer);
        Follow(transport, now);
    }

    public SessionDescription CloseConsumers(
        string peerId, string transportId, IReadOnlyList<string> mids, SessionDescription offer, TimeSpan now)
    {
        var transport = FindTransport(Find(peerId), TransportDirection.ToPeer, transportId);
        var reading = transport.Negotiation.Read(offer);

        // A section that is named but not stopped in the offer is emptied, and waits to be stopped.
        var emptied = reading.Sections.Select(
            section => section.Consumed is not null && mids.Contains(section.Mid) ? section with { Consumed = null } : section);
        transport.Negotiation.Apply(reading with { Sections = [.. emptied] });
        Follow(transport, now);
        return transport.Negotiation.Answer(static _ => false);
    }

    public void Prefer(string peerId, string transportId, IReadOnlyList<LayerPreference> preferences)
    {
        var transport = FindTransport(Find(peerId), TransportDirection.ToPeer, transportId);
        foreach (var preference in preferences)
        {
            foreach (var section in transport.Negotiation.Sections)
            {
                // The section counts where both are named: a track may have been consumed again.
                var isMeant = preference.Mid is { Length: > 0 } mid ? section.Mid == mid : section.Consumed?.ProducerId == preference.ProducerId;
                if (!isMeant || section.Consumed is not { } consumed || !_producers.TryGetValue(consumed.ProducerId, out var producer))
                {
                    continue;
                }

                var rids = producer.Packets.Options.Rids;
                var rank = RankOf(producer.Packets, preference.PreferredRid);
                rank = preference.IsLarge && rids.Count > 1 ? Math.Min(rank, rids.Count - 2) : rank;
                transport.Preferences[section.Mid] = rids.Count > 0 ? rids[rank] : null;
                FindConsumer(transport, section.Mid)?.Prefer(rank);
            }
        }
    }

    public RoomTap Tap(IMediaListener listener, TimeSpan now)
    {
        if (_taps.Count == MediaLimits.Taps)
        {
            throw new MediaException(MediaErrorCode.TooMany, $"A room may have {MediaLimits.Taps} listeners.");
        }

        var tap = new RoomTap(this, listener, now);
        try
        {
            listener.OnTracksBegin();
            foreach (var producer in _producers.Values)
            {
                tap.Add(producer);
            }

            listener.OnTracksTold();
        }
        catch
        {
            tap.Close(); // Whose listener cannot take what there is listens to nothing.
            throw;
        }

        _taps.Add(tap);
        return tap;
    }

    public void Remove(RoomTap tap) => _taps.Remove(tap);

    public (RoomSource Source, IReadOnlyList<MediaProducer> Producers) AddSource(
        string peerId, bool hasSound, bool hasPicture, IMediaSourceListener listener, TimeSpan now)
    {
        if (_peers.ContainsKey(peerId))
        {
            throw new MediaException(MediaErrorCode.TooMany, "The peer is in the room already.");
        }

        var peer = FindOrAdd(peerId);
        var source = peer.Source = new RoomSource(this, peer, listener, now);
        if (hasSound)
        {
            AddOwn(peer, source, MediaKind.Audio);
        }

        if (hasPicture)
        {
            AddOwn(peer, source, MediaKind.Video);
        }

        return (source, [.. peer.Producers.Select(producer => producer.Described)]);
    }

    /// <summary>Sends a peer no sound, or all of it again.</summary>
    public void SetDeaf(string peerId, bool isDeaf)
    {
        var peer = Find(peerId);
        peer.IsDeaf = isDeaf;
        foreach (var consumer in peer.ToPeer?.Packets.Consumers ?? [])
        {
            if (consumer.Producer.Options.Codec is SfuCodec.Opus)
            {
                consumer.SetPaused(isDeaf);
            }
        }
    }

    public void NoteAudioActivity(string peerId, string producerId, double energy, TimeSpan now)
    {
        if (_producers.TryGetValue(producerId, out var producer) && producer.Peer.Id == peerId && producer.Packets.Speaker is { } speaker)
        {
            // The client calls 5 and more of 10 speech, and tells it every 400 ms.
            var loud = Math.Clamp(double.IsFinite(energy) ? energy : 0, 0, 10);
            speaker.OnToldLevel((int)(loud < 5 ? 127 - (15 * loud) : 50 - (6 * (loud - 5))), now + ActivityHolds);
        }
    }

    public PeerMediaFigures Measure(string peerId, TimeSpan now)
    {
        var peer = Find(peerId);
        List<TransportFigures> transports = [];
        List<ConsumerFigures> consumers = [];
        foreach (var transport in (ReadOnlySpan<PeerTransport?>)[peer.FromPeer, peer.ToPeer])
        {
            if (transport is null)
            {
                continue;
            }

            transports.Add(new TransportFigures(
                transport.Id,
                transport.Direction,
                transport.Connection.State is RtcConnectionState.Connected,
                transport.Connection.Path is { Protocol: RtcProtocol.Tcp },
                transport.Packets.Estimator.TargetBps,
                RoundTripOf(transport)));
            consumers.AddRange(transport.Packets.Consumers.Select(consumer => FiguresOf(consumer, now)));
        }

        return peer.Ended.MoveTo(
            new PeerMediaFigures(peerId, transports, [.. peer.Producers.Select(producer => FiguresOf(producer, now))], consumers), now);
    }

    private static ProducerFigures FiguresOf(ProducerState producer, TimeSpan now) => new(
        producer.Described.Id,
        producer.Described.Kind,
        producer.Packets.ReceivedBps(now),
        producer.Packets.PacketsReceived,
        producer.Packets.PacketsLost,
        producer.Packets.JitterNow(now),
        producer.Packets.ActiveRids(now))
    {
        Mid = producer.Packets.Options.Mid ?? "",
        Totals = new TrackTotals(producer.Packets.SsrcNow(now) ?? 0, producer.Packets.BytesReceived, new PictureFigures(
            producer.Packets.PicturesReceived,
            producer.Packets.KeyframesReceived,
            producer.Packets.SizeNow(now).Width,
            producer.Packets.SizeNow(now).Height,
            producer.Packets.KeyframesAsked,
            0)),
    };

    private static ConsumerFigures FiguresOf(Consumer consumer, TimeSpan now) => new(
        consumer.Producer.Options.Id,
        consumer.Producer.Options.Codec is SfuCodec.Opus ? MediaKind.Audio : MediaKind.Video,
        consumer.SentBps(now),
        consumer.PacketsExpected,
        consumer.PacketsLost,
        consumer.PacketsRepeated,
        consumer.Jitter,
        consumer.CurrentRid,
        consumer.IsStarved,
        consumer.Freezes)
    {
        Mid = consumer.Options.Mid,
        Totals = new TrackTotals(consumer.Options.Ssrc, consumer.BytesSent, new PictureFigures(
            consumer.PicturesSent,
            consumer.KeyframesSent,
            consumer.Size.Width,
            consumer.Size.Height,
            consumer.PictureLossIndications,
            consumer.FullIntraRequests)),
    };

    /// <summary>Notes what a peer received by a consumer that is about to go.</summary>
    private void NoteEnd(PeerState receiver, Consumer consumer, TimeSpan now)
    {
        if (_producers.TryGetValue(consumer.Producer.Options.Id, out var producer))
        {
            receiver.Ended.Add(producer.Described, FiguresOf(consumer, now), now);
        }
    }

    private static TimeSpan? RoundTripOf(PeerTransport transport)
    {
        foreach (var consumer in transport.Packets.Consumers)
        {
            if (consumer.RoundTripTime is { } time)
            {
                return time;
            }
        }

        return transport.Packets.Estimator.AcknowledgedBps is null ? null : transport.Packets.Estimator.RoundTripTime;
    }

    /// <summary>The rank of an encoding, or of the next in the order of characters when there is none of this name.</summary>
    private static int RankOf(Producer producer, string? rid)
    {
        var rids = producer.Options.Rids;
        for (var i = 0; rid is not null && i < rids.Count; i++)
        {
            if (string.CompareOrdinal(rids[i], rid) >= 0)
            {
                return i;
            }
        }

        return rid is null || rids.Count == 0 ? 0 : rids.Count - 1;
    }

    private static Consumer? FindConsumer(PeerTransport transport, string mid)
    {
        foreach (var consumer in transport.Packets.Consumers)
        {
            if (consumer.Options.Mid == mid)
            {
                return consumer;
            }
        }

        return null;
    }

    private static bool HasSettled(PeerTransport? transport, TimeSpan now) =>
        transport is not null && now - transport.MadeAt >= (transport.Connection.State is RtcConnectionState.Connected ? Settling : Connecting);

    private static SessionDescription Answer(PeerTransport transport) => transport.Negotiation.Answer(
        section => transport.Peer.Producers.Exists(producer => producer.Mid == section.Mid));

    private PeerState Find(string peerId) => _peers.TryGetValue(peerId, out var peer)
        ? peer
        : throw new MediaException(MediaErrorCode.UnknownPeer, "The peer is not in the room.");

    private PeerState FindOrAdd(string peerId)
    {
        if (_peers.TryGetValue(peerId, out var peer))
        {
            return peer;
        }

        if (_peers.Count == MediaLimits.Peers)
        {
            throw new MediaException(MediaErrorCode.TooMany, $"A room may have {MediaLimits.Peers} peers.");
        }

        peer = new PeerState(peerId);
        _peers.Add(peerId, peer);
        return peer;
    }

    private static PeerTransport FindTransport(PeerState peer, TransportDirection direction, string? transportId) =>
        peer.TransportOf(direction) is { } transport && (string.IsNullOrEmpty(transportId) || transport.Id == transportId)
            ? transport
            : throw new MediaException(MediaErrorCode.UnknownTransport, "The peer has no such transport.");

    private ProducerState FindOwn(PeerState peer, string producerId)
    {
        if (!_producers.TryGetValue(producerId, out var producer))
        {
            throw new MediaException(MediaErrorCode.UnknownProducer, "There is no such track.");
        }

        return producer.Peer == peer
            ? producer
            : throw new MediaException(MediaErrorCode.NotTheOwner, "The track is another peer's.");
    }

    private ProducerState Add(
        PeerState peer, PeerTransport transport, ProduceRequest request, MediaSection section, MediaDescription offered, string mimeType)
    {
        var id = Guid.NewGuid().ToString();
        var isVoice = request.Kind is MediaKind.Audio && !request.IsScreenShare;
        var packets = transport.Packets.Produce(new ProducerOptions
        {
            Id = id,
            Codec = request.Kind is MediaKind.Audio ? SfuCodec.Opus : SfuCodec.Vp8,
            PayloadType = section.Codec.PayloadType,
            Mid = section.Mid,
            Rids = section.Rids.Count > 1 ? section.Rids : [], // A single encoding is known by its section.
            Ssrc = section.Rids.Count > 1 ? null : offered.Sources.FirstOrDefault()?.Ssrc,
            IsScreenShare = request.IsScreenShare,
            SupportsNack = section.Codec.Feedback.Contains("nack"),
            Speaker = isVoice ? peer.Id : null,
        });
        packets.SetPaused(request.IsPaused);
        var track = offered.StreamId?.Track ?? request.Msid?.Split(' ', 2) switch { [_, var named] => named, _ => null };
        var described = new MediaProducer(
            id,
            peer.Id,
            request.Kind,
            request.IsPaused,
            request.IsScreenShare,
            request.AppData,
            transport.Id,
            mimeType,
            track is { Length: > 0 and <= MediaLimits.TrackIdLength } ? track : id);
        return Add(new ProducerState(peer, section.Mid, described, packets));
    }

    private void AddOwn(PeerState peer, RoomSource source, MediaKind kind)
    {
        var isSound = kind is MediaKind.Audio;
        var id = Guid.NewGuid().ToString();

        // It takes no part in the choice of the speaker: music would never let go of it.
        var packets = source.Packets.Produce(new ProducerOptions
        {
            Id = id,
            Codec = isSound ? SfuCodec.Opus : SfuCodec.Vp8,
            PayloadType = isSound ? MediaSource.OpusPayloadType : MediaSource.Vp8PayloadType,
            Ssrc = isSound ? MediaSource.SoundSsrc : MediaSource.PictureSsrc,
            SupportsNack = false,
        });
        var described = new MediaProducer(id, peer.Id, kind, IsPaused: false, IsScreenShare: false, OwnAppData, id, isSound ? "audio/opus" : "video/VP8", id)
        {
            IsOwn = true,
        };
        Add(new ProducerState(peer, "", described, packets));
    }

    private ProducerState Add(ProducerState producer)
    {
        producer.Peer.Producers.Add(producer);
        _producers.Add(producer.Described.Id, producer);
        foreach (var tap in _taps)
        {
            tap.Add(producer);
        }

        return producer;
    }

    private ConsumedTrack Consume(PeerTransport transport, ConsumeRequest request, TimeSpan now)
    {
        var negotiation = transport.Negotiation;
        ConsumedTrack Refused(MediaErrorCode error) => new(request.ProducerId, null, null, null, error);
        if (!_producers.TryGetValue(request.ProducerId, out var producer) || producer.Peer == transport.Peer)
        {
            return Refused(MediaErrorCode.UnknownProducer);
        }

        var kind = producer.Described.Kind;
        if (!negotiation.CanOffer(kind))
        {
            return Refused(MediaErrorCode.UnsupportedCodec);
        }

        MediaSection? section = null;
        for (var i = 0; i < negotiation.Sections.Count; i++)
        {
            if (negotiation.Sections[i] is not { Consumed: { } before, IsStopped: false } old || before.ProducerId != request.ProducerId)
            {
                continue;
            }

            if (old.IsPending)
            {
                section = old; // Named twice, or the reply was lost: it is offered as it was.
            }
            else
            {
                // The peer would not ask had it not let go of the track: it waits for one to arrive, so it is given a new section.
                Remove(transport, old.Mid, now);
                negotiation.Stop(i);
            }
        }

        if (section is null)
        {
            var live = negotiation.Sections.Count(other => other is { Consumed: not null, IsStopped: false });
            if (live >= MediaLimits.ConsumersOfPeer || negotiation.RoomForSections <= 0)
            {
                return Refused(MediaErrorCode.TooMany);
            }

            var streamId = producer.Described.IsScreenShare ? producer.Peer.ScreenStreamId : producer.Peer.StreamId;
            section = negotiation.Add(
                kind, new ConsumedSection(request.ProducerId, Guid.NewGuid().ToString(), streamId, transport.NextSsrc()));
        }

        transport.Preferences[section.Mid] = request.PreferredRid;
        return new ConsumedTrack(request.ProducerId, producer.Described, section.Mid, section.Consumed!.TrackId, null);
    }

    /// <summary>Ends sections whose tracks ended a while ago and that the peer has not closed: it dropped them without a word.</summary>
    private void StopAbandoned(PeerTransport transport, TimeSpan now)
    {
        var negotiation = transport.Negotiation;
        for (var i = 0; i < negotiation.Sections.Count; i++)
        {
            if (negotiation.Sections[i] is { Consumed: { } consumed, IsStopped: false, IsPending: false } section
                && !_producers.ContainsKey(consumed.ProducerId)
                && transport.AbandonedFor(section.Mid, now) >= Abandonment)
            {
                negotiation.Stop(i);
            }
        }
    }

    /// <summary>Makes consumers follow what the descriptions now say.</summary>
    private void Follow(PeerTransport transport, TimeSpan now)
    {
        var sections = transport.Negotiation.Sections;
        for (var i = transport.Packets.Consumers.Count - 1; i >= 0; i--)
        {
            var consumer = transport.Packets.Consumers[i];
            if (!sections.Any(section => section is { IsStopped: false, Consumed: { } consumed } && consumed.Ssrc == consumer.Options.Ssrc))
            {
                Remove(transport, consumer.Options.Mid, now);
            }
        }

        foreach (var section in sections)
        {
            if (section is { IsStopped: false, IsPending: false, Consumed: { } consumed }
                && FindConsumer(transport, section.Mid) is null
                && _producers.TryGetValue(consumed.ProducerId, out var producer))
            {
                var consumer = transport.Packets.Consume(producer.Packets, new ConsumerOptions
                {
                    Id = consumed.ProducerId,
                    Ssrc = consumed.Ssrc,
                    PayloadType = section.Codec.PayloadType,
                    Mid = section.Mid,
                    Cname = consumed.StreamId,
                    Extensions = section.MapExtensions(),
                    PreferredRank = RankOf(producer.Packets, transport.Preferences.GetValueOrDefault(section.Mid)),
                });
                if (transport.Peer.IsDeaf && producer.Described.Kind is MediaKind.Audio)
                {
                    consumer.SetPaused(true);
                }
            }
        }
    }

    private void Remove(PeerTransport transport, string mid, TimeSpan now)
    {
        transport.Preferences.Remove(mid);
        if (FindConsumer(transport, mid) is { } consumer)
        {
            NoteEnd(transport.Peer, consumer, now);
            transport.Packets.Remove(consumer);
        }
    }
}
