using System.Collections.Concurrent;
using Roomcast.Meetings.Media;
using Roomcast.Meetings.Presets;
using Roomcast.Meetings.Sessions.Events;
using Roomcast.Meetings.Sessions.Peers;
using Roomcast.Meetings.Sessions.Rules;

namespace Roomcast.Meetings.Sessions.Features;

/// <summary>Sound and picture: who may send and receive what, and who is told. The media room does the rest.</summary>
/// <remarks>
/// A peer's calls go to the media room one after the other, and each outcome comes back to the session's loop before the
/// next call begins: so what the session knows of a peer's producers is never older than what it asks for.
/// </remarks>
public sealed partial class SessionMedia
{
    private readonly SessionRoom _room;
    private readonly MediaReturns _returns;
    private IMediaSide? _side;
    private IReadOnlyList<string> _speakers = [];
    private IReadOnlyList<string> _talking = [];

    /// <summary>
    /// A client that leaves says so to the media side first, and to the session by closing its connection. The others are told the other
    /// way round, or dead sections are left in their transports; so whoever stays longer than this has left the media side only.
    /// </summary>
    private static readonly TimeSpan LeavingPatience = TimeSpan.FromSeconds(1);

    // Who has left the media side and is still in the session, untold to the others, with when.
    private readonly Dictionary<string, TimeSpan> _leaving = new(StringComparer.Ordinal);

    // Those whose media is being measured before it goes, and what is to be kept of those that were.
    private readonly List<Task> _leavings = [];
    private readonly ConcurrentQueue<Action> _measured = new();

    internal SessionMedia(SessionRoom room)
    {
        _room = room;
        _returns = new MediaReturns(room, (peer, answer) => Run(peer, side => side.HasTransportsAsync(peer.Id), answer));
    }

    /// <summary>Who spoke last, the latest first.</summary>
    internal IReadOnlyList<string> Speakers => _speakers;

    /// <summary>Who is talking at the moment; another list whenever that is not as it was.</summary>
    internal IReadOnlyList<string> Talking => _talking;

    /// <summary>The media side, opened where nobody has so far.</summary>
    internal IMediaSide Side => _side ??= Open();

    /// <summary>Enters the media side; may come before joining. One that is in already loses what it sends and keeps its transports.</summary>
    /// <param name="peer">Who.</param>
    /// <param name="isReturn">Whether the peer says that it was in already. A client whose transports still look healthy to it
    /// would go on with them and turn its camera off when that is refused; so when there are none, since the server has just been
    /// restarted, the answer is held up until it has found that out and made new ones, 9 s at most.</param>
    /// <param name="answer">Takes the outcome.</param>
    public void Enter(SessionPeer peer, bool isReturn, Answer<bool> answer)
    {
        ArgumentNullException.ThrowIfNull(peer);
        _room.Require(peer, SessionAct.OpenMedia);
        MediaReturns.GiveUpTransports(peer);
        if (isReturn && _returns.IsAskedAgain(peer, answer))
        {
            return; // What it sends by now over new transports is not taken from it again.
        }

        peer.HeldReturn = null;
        Run(peer, side => side.JoinAsync(peer.Id), new(
            _ =>
            {
                peer.IsInMedia = true;
                peer.IsMediaComplete = false;
                CloseAll(peer);
                if (isReturn)
                {
                    _returns.Hold(peer, answer);
                }
                else
                {
                    answer.Give(true);
                }
            },
            answer.Refuse));
    }

    /// <summary>
    /// Opens a transport with the peer's first offer. An older one of the same direction is closed. Asked for before the peer has asked
    /// to enter the media side, it is held up, for the client that does so is on its way to throw it away: by then it must not send on it.
    /// </summary>
    /// <param name="peer">Who.</param>
    /// <param name="direction">Which way media go on it.</param>
    /// <param name="offerSdp">The offer.</param>
    /// <param name="answer">Takes the transport.</param>
    public void Open(SessionPeer peer, TransportDirection direction, string offerSdp, Answer<CreatedTransport> answer)
    {
        ArgumentNullException.ThrowIfNull(peer);
        _room.Require(peer, SessionAct.OpenMedia);
        if (peer.HasAskedIn)
        {
            OpenNow(peer, direction, offerSdp, answer);
        }
        else
        {
            MediaReturns.HoldTransport(peer, direction, new HeldTransport(() => OpenNow(peer, direction, offerSdp, answer), answer, _room.Now));
        }
    }

    private void OpenNow(SessionPeer peer, TransportDirection direction, string offerSdp, Answer<CreatedTransport> answer) =>
        Run(peer, side => side.CreateTransportAsync(peer.Id, direction, offerSdp, peer.IsRecorder), new(
            created =>
            {
                peer.IsInMedia = true;
                CloseDropped(peer, created.Dropped);
                answer.Give(created);
                if (peer.IsDeaf && direction is TransportDirection.ToPeer)
                {
                    ApplyDeaf(peer);
                }
            },
            answer.Refuse));

    /// <summary>Tells that the transports are there. The others are told of the peer.</summary>
    public MediaSnapshot Complete(SessionPeer peer)
    {
        ArgumentNullException.ThrowIfNull(peer);
        _room.Require(peer, SessionAct.CompleteMedia);
        if (!peer.IsMediaComplete)
        {
            TellLeft(peer.Id);
            peer.IsMediaComplete = true;
            TellOf(peer, new MediaPeerJoined(ViewOf(peer)));
        }

        return new MediaSnapshot([.. Ready().Where(other => other != peer && IsKnown(other)).Select(ViewOf)], _room.Host.Pinned, _speakers);
    }

    /// <summary>Leaves the media side and stays in the session.</summary>
    public void Leave(SessionPeer peer, Answer<bool> answer)
    {
        ArgumentNullException.ThrowIfNull(peer);
        _room.Require(peer, SessionAct.OpenMedia);
        if (peer is { IsJoined: true, IsMediaComplete: true })
        {
            peer.IsMediaComplete = false;
            _leaving[peer.Id] = _room.Now;
        }

        Close(peer);
        answer.Give(true);
    }

    /// <summary>Begins to send something. The others are told.</summary>
    public void Produce(SessionPeer peer, ProduceRequest request, Answer<Produced> answer)
    {
        ArgumentNullException.ThrowIfNull(peer);
        ArgumentNullException.ThrowIfNull(request);
        var act = ActOf(request.Kind, request.IsScreenShare);
        _room.Require(peer, act);
        if (request.IsScreenShare && request.Kind is MediaKind.Video && CountScreens(peer) >= peer.Preset.Config.MaxScreenshareCount)
        {
            throw new SessionException(SessionFault.TooMany, "as many screens are shown as may be");
        }

        Run(peer, side => side.ProduceAsync(peer.Id, request), new(
            produced =>
            {
                if (!peer.IsJoined)
                {
                    answer.Refuse(new SessionException(SessionFault.NotJoined, "you have left meanwhile"));
                    return;
                }

                peer.Producers[produced.Producer.Id] = produced.Producer;
                if (request.IsPaused)
                {
                    peer.PausedByItself.Add(produced.Producer.Id);
                }

                answer.Give(produced);
                TellOf(peer, new ProducerOpened(produced.Producer));
                HoldBackWhatMayNotBeSent(peer);
                HoldBackOnArrival(peer, produced.Producer);
            },
            answer.Refuse));
    }

    /// <summary>Stops sending something. The others are told.</summary>
    public void CloseProducer(SessionPeer peer, string producerId, string? offerSdp, Answer<ClosedProducer> answer)
    {
        ArgumentNullException.ThrowIfNull(peer);
        _room.Require(peer, SessionAct.StopProducing);
        Own(peer, producerId);
        Run(peer, side => side.CloseProducerAsync(peer.Id, producerId, offerSdp), new(
            closed =>
            {
                answer.Give(closed);
                CloseDropped(peer, [closed.Producer]);
            },
            answer.Refuse));
    }

    /// <summary>Pauses what the peer sends, or goes on with it. The others are told.</summary>
    public void SetPaused(SessionPeer peer, string producerId, bool isPaused, Answer<MediaProducer> answer)
    {
        ArgumentNullException.ThrowIfNull(peer);
        var producer = Own(peer, producerId);
        _room.Require(peer, isPaused ? SessionAct.StopProducing : ActOf(producer.Kind, producer.IsScreenShare));
        _ = isPaused ? peer.PausedByItself.Add(producerId) : peer.PausedByItself.Remove(producerId);
        SetPaused(peer, producerId, isPaused, peer.Id, answer);
    }

    /// <summary>Asks to receive what others send.</summary>
    public void Consume(SessionPeer peer, string transportId, IReadOnlyList<ConsumeRequest> requests, Answer<Consumed> answer)
    {
        ArgumentNullException.ThrowIfNull(peer);
        _room.Require(peer, SessionAct.Consume);
        Run(peer, side => side.ConsumeAsync(peer.Id, transportId, requests), answer);
    }

    /// <summary>Answers the offer that <see cref="Consume"/> led to.</summary>
    public void Renegotiate(SessionPeer peer, string transportId, string answerSdp, Answer<bool> answer)
    {
        ArgumentNullException.ThrowIfNull(peer);
        _room.Require(peer, SessionAct.Consume);
        Run(
            peer,
            async side =>
            {
                await side.CompleteConsumeAsync(peer.Id, transportId, answerSdp);
                return true;
            },
            answer);
    }

    /// <summary>Stops receiving, by media section.</summary>
    public void CloseConsumers(
        SessionPeer peer, string transportId, IReadOnlyList<string> mids, string offerSdp, Answer<string> answer)
    {
        ArgumentNullException.ThrowIfNull(peer);
        _room.Require(peer, SessionAct.Consume);
        Run(peer, side => side.CloseConsumersAsync(peer.Id, transportId, mids, offerSdp), answer);
    }

    /// <summary>Chooses how to receive.</summary>
    public void Prefer(SessionPeer peer, string transportId, IReadOnlyList<LayerPreference> preferences, Answer<bool> answer)
    {
        ArgumentNullException.ThrowIfNull(peer);
        _room.Require(peer, SessionAct.Consume);
        Run(
            peer,
            async side =>
            {
                await side.PreferAsync(peer.Id, transportId, preferences);
                return true;
            },
            answer);
    }

    /// <summary>Tells how loud the peer speaks, 0 to 10.</summary>
    public void TellActivity(SessionPeer peer, string producerId, double energy)
    {
        ArgumentNullException.ThrowIfNull(peer);
        _room.Require(peer, SessionAct.TellActivity);
        if (peer.Producers.TryGetValue(producerId, out var producer) && producer is { Kind: MediaKind.Audio, IsPaused: false })
        {
            _side?.NoteAudioActivity(peer.Id, producerId, energy);
        }
    }

    /// <summary>Sends a peer no sound of others, or sends it again.</summary>
    internal void SetDeaf(SessionPeer peer, bool isDeaf)
    {
        peer.IsDeaf = isDeaf;
        if (peer.IsInMedia)
        {
            ApplyDeaf(peer);
        }
    }

    /// <summary>The server's own peer sends from now on. The others are told as of any.</summary>
    internal void OpenGuest(SessionPeer peer, IReadOnlyList<MediaProducer> producers)
    {
        peer.IsInMedia = true;
        peer.IsMediaComplete = true;
        Tell(new MediaPeerJoined(ViewOf(peer)), except: peer);
        foreach (var producer in producers)
        {
            peer.Producers[producer.Id] = producer;
            Tell(new ProducerOpened(producer), except: peer);
        }
    }

    /// <summary>Lets those in whose return was held up and whose transports are there by now.</summary>
    internal void LookAround()
    {
        _returns.LookAround();
        foreach (var (peerId, leftAt) in _leaving.ToArray())
        {
            if (_room.Now - leftAt >= LeavingPatience)
            {
                TellLeft(peerId);
            }
        }
    }

    /// <summary>The peer has left the session. A lost one keeps its transports for its grace.</summary>
    internal void Depart(SessionPeer peer)
    {
        TellLeft(peer.Id);
        if (peer.State is not PresenceState.Lost)
        {
            Close(peer);
            return;
        }

        MediaProducer[] tracks = [.. peer.Producers.Values];
        Forget(peer);
        if (peer.IsInMedia)
        {
            RunLast(peer, tracks, side => side.DropProducersAsync(peer.Id));
        }
    }

    /// <summary>Takes a peer out of the media side, with its transports.</summary>
    internal void Close(SessionPeer peer)
    {
        MediaProducer[] tracks = [.. peer.Producers.Values];
        Forget(peer);
        if (peer.IsInMedia)
        {
            peer.IsInMedia = false;
            RunLast(peer, tracks, side => side.LeaveAsync(peer.Id));
        }
    }

    internal void Handle(MediaEvent happened)
    {
        switch (happened)
        {
            case TransportLost lost when _room.Peers.TryGetValue(lost.PeerId, out var peer):
                CloseDropped(peer, lost.Dropped);
                if (peer is { IsGuest: true, IsRecorder: false })
                {
                    _room.Guests.Dismiss(peer); // It has no transports to come back by.
                }

                break;
            case SpeakersChanged changed:
                var dropped = _speakers.Except(changed.PeerIds).ToArray();
                _speakers = changed.PeerIds;
                Tell(new SpeakersHeard(_speakers, dropped));
                break;
            case TalkingChanged changed:
                _talking = changed.PeerIds;
                break;
            case RoomFailed:
                Restart();
                break;
        }
    }

    /// <summary>Keeps what the media came to of all who have left, once the loop has ended: what it would have done then.</summary>
    internal async Task FinishAsync()
    {
        await Task.WhenAll(_leavings);
        KeepMeasured();
    }

    internal async ValueTask DisposeAsync()
    {
        if (_side is { } side)
        {
            _side = null;
            await side.DisposeAsync();
        }
    }

    private void ApplyDeaf(SessionPeer peer) => Run(
        peer,
        async side =>
        {
            await side.SetDeafAsync(peer.Id, peer.IsDeaf);
            return true;
        },
        new(static _ => { }, static _ => { })); // It has left, or comes back: then it is said again.

    private static SessionAct ActOf(MediaKind kind, bool isScreenShare) =>
        isScreenShare ? SessionAct.ProduceScreen : kind is MediaKind.Audio ? SessionAct.ProduceAudio : SessionAct.ProduceVideo;

    private static MediaPeerView ViewOf(SessionPeer peer) => new(peer.Id, peer.UserId, peer.Name, [.. peer.Producers.Values]);

    private static MediaProducer Own(SessionPeer peer, string producerId) =>
        peer.Producers.TryGetValue(producerId, out var producer)
            ? producer
            : throw new SessionException(SessionFault.NotFound, "you send no such track");

    private int CountScreens(SessionPeer except) => _room.Joined.Count(peer =>
        peer != except && peer.Producers.Values.Any(producer => producer is { IsScreenShare: true, Kind: MediaKind.Video }));

    private IEnumerable<SessionPeer> Ready() => _room.Joined.Where(peer => peer.IsMediaComplete);

    /// <summary>The others learn that the peer and its producers are gone.</summary>
    private void Forget(SessionPeer peer)
    {
        peer.Producers.Clear();
        peer.PausedByItself.Clear();
        peer.HeldReturn = null;
        MediaReturns.DropTransports(peer, "you left the media side meanwhile");
        if (peer.IsMediaComplete)
        {
            peer.IsMediaComplete = false;
            Tell(new MediaPeerLeft(peer.Id), except: peer);
        }
    }

    private void CloseAll(SessionPeer peer) => CloseDropped(peer, [.. peer.Producers.Values]);

    private void CloseDropped(SessionPeer peer, IReadOnlyList<MediaProducer> dropped)
    {
        foreach (var producer in dropped)
        {
            if (peer.Producers.Remove(producer.Id))
            {
                peer.PausedByItself.Remove(producer.Id);
                TellOf(peer, new ProducerClosed(producer));
            }
        }
    }

    // Clients do not take those up who hide or record, and log whatever they hear of the media of peers that they do not know. That
    // such a peer has left they are told: it is how they learn of the end of a livestream that was made that way.
    private static bool IsKnown(SessionPeer peer) => !peer.May.HiddenParticipant && peer.May.RecorderType is RecorderType.None;

    /// <summary>Tells that a peer has left the media side, if that was put off.</summary>
    private void TellLeft(string peerId)
    {
        if (_leaving.Remove(peerId))
        {
            Tell(new MediaPeerLeft(peerId));
        }
    }

    private void TellOf(SessionPeer peer, SessionEvent happened)
    {
        if (IsKnown(peer))
        {
            Tell(happened, except: peer);
        }
    }

    private void Tell(SessionEvent happened, SessionPeer? except = null)
    {
        foreach (var peer in Ready())
        {
            if (peer != except)
            {
                peer.Link?.Tell(happened);
            }
        }
    }

    private void Restart()
    {
        SessionLog.MediaRoomFailed(_room.Parts.Logger, _room.Meeting.Id.ToString());
        _side = null;
        _speakers = [];
        _talking = [];
        _returns.LoseTransports();
        var restarted = new MediaRestarted();
        foreach (var peer in _room.Peers.Values.Where(peer => peer.IsInMedia))
        {
            peer.IsInMedia = false;
            peer.IsMediaComplete = false;
            peer.Producers.Clear();
            peer.PausedByItself.Clear();
            peer.Link?.Tell(restarted);
        }
    }

    // What the peer's media came to is measured before it goes.
    private void RunLast(
        SessionPeer peer, IReadOnlyList<MediaProducer> tracks, Func<IMediaSide, ValueTask<IReadOnlyList<MediaProducer>>> call)
    {
        var sessionId = _room.SessionId;
        Run(
            peer,
            async side =>
            {
                PeerMediaFigures? figures = null;
                try
                {
                    figures = await Measurements.MeasureAsync(side, peer.Id);
                }
                finally
                {
                    _measured.Enqueue(() => _room.Measurements.Finish(sessionId, peer, figures, tracks));
                }

                return await call(side);
            },
            new(_ => KeepMeasured(), _ => KeepMeasured()));
        _leavings.RemoveAll(leaving => leaving.IsCompleted);
        _leavings.Add(peer.MediaCalls);
    }

    private void KeepMeasured()
    {
        while (_measured.TryDequeue(out var keep))
        {
            keep();
        }
    }

    private void Run<T>(SessionPeer peer, Func<IMediaSide, ValueTask<T>> call, Answer<T> answer)
    {
        var side = Side;
        var previous = peer.MediaCalls;
        peer.MediaCalls = NextAsync();

        async Task NextAsync()
        {
            await previous;
            await _room.CallAsync(peer, () => call(side), answer);
        }
    }

    private IMediaSide Open()
    {
        var side = _room.Parts.OpenMedia($"{_room.Meeting.Id}/{Guid.NewGuid():N}");
        _ = _room.PumpAsync(side.Events, Handle);
        _room.Followers.Listen(side);
        return side;
    }
}
