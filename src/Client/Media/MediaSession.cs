using System.Collections.Immutable;
using System.Threading.Channels;
using Roomcast.Client.Wire;
using Roomcast.Media;
using Roomcast.RealtimeKit.Socket.Messages;
using Roomcast.RealtimeKit.Socket.Wire;
using Roomcast.Rtc.Clients;
using Roomcast.Rtc.Connection;

namespace Roomcast.Client.Media;

/// <summary>A track of somebody, as the server tells of it.</summary>
internal sealed record RemoteProducer(string Id, string PeerId, TrackKind Kind, bool IsPaused, bool IsScreenShare, string TransportId);

/// <summary>The media of a meeting: both transports, what we publish, and what we receive of what others publish.</summary>
/// <remarks>
/// Each transport has one negotiation under way at a time. What is received follows what is wished for
/// (<see cref="Wishes"/>) by itself: changes are noted, and one loop brings the transport in line with them.
/// </remarks>
internal sealed partial class MediaSession : IAsyncDisposable
{
    private const int MaxAtOnce = 35;

    // A server that does not know the transport has the client ask again for everything: after a restart, for one.
    private const int RefusalsOfLostTransport = 4;
    private const string StreamOfCamera = "camera";
    private const string StreamOfScreen = "screen";

    private static readonly TimeSpan AskAgain = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(30);

    private readonly MeetingLink _link;
    private readonly SemaphoreSlim _sendNegotiation = new(1, 1);
    private readonly SemaphoreSlim _receiveNegotiation = new(1, 1);
    private readonly SemaphoreSlim _sendOpening = new(1, 1);
    private readonly SemaphoreSlim _receiveOpening = new(1, 1);
    private readonly Channel<bool> _changed = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly CancellationTokenSource _over = new();
    private ImmutableDictionary<string, RemoteProducer> _producers = ImmutableDictionary<string, RemoteProducer>.Empty;
    private ImmutableDictionary<string, RemoteTrack> _tracks = ImmutableDictionary<string, RemoteTrack>.Empty;
    private ImmutableDictionary<string, RemoteTrack> _tracksByMid = ImmutableDictionary<string, RemoteTrack>.Empty;
    private ImmutableHashSet<string> _unavailable = ImmutableHashSet<string>.Empty;
    private TransportPump? _sending;
    private TransportPump? _receiving;
    private Task _following = Task.CompletedTask;
    private int _refusals;

    public MediaSession(MeetingLink link, Func<RemoteProducer, bool> wishes)
    {
        _link = link;
        Wishes = wishes;
    }

    /// <summary>Whether a track is to be received.</summary>
    public Func<RemoteProducer, bool> Wishes { get; }

    /// <summary>Tells of a track that began or ended to be received.</summary>
    public Action<RemoteTrack, bool>? TrackChanged { get; set; }

    /// <summary>Tells that a transport was lost, and is no longer there: true for the one that sends.</summary>
    public Action<bool>? TransportLost { get; set; }

    /// <summary>What others publish, by id.</summary>
    public ImmutableDictionary<string, RemoteProducer> Producers => _producers;

    /// <summary>What is received, by producer.</summary>
    public ImmutableDictionary<string, RemoteTrack> Tracks => _tracks;

    /// <summary>Whether something can be published. Not so while a transport that was lost is made anew.</summary>
    public bool IsOpen => _sending is not null;

    /// <summary>Whether the media side was entered.</summary>
    public bool IsEntered { get; private set; }

    /// <summary>Enters the media side: both transports, connected.</summary>
    /// <param name="isAgain">Whether the peer was there before; transports that still are connected are kept then.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    public async Task OpenAsync(bool isAgain, CancellationToken cancellationToken)
    {
        await _link.AskAsync(
            SocketEvent.JoinMedia, new PeerJoinRequest { Prejoined = isAgain, RoomUuid = _link.MeetingId }, cancellationToken).ConfigureAwait(false);
        await Task.WhenAll(
            OpenTransportAsync(isSending: true, cancellationToken), OpenTransportAsync(isSending: false, cancellationToken)).ConfigureAwait(false);
        IsEntered = true;
        if (_following.IsCompleted)
        {
            _following = Task.Run(FollowAsync, CancellationToken.None);
        }
    }

    /// <summary>Leaves the media side: both transports go. It can be entered again.</summary>
    public async Task LeaveAsync(CancellationToken cancellationToken)
    {
        IsEntered = false;
        DiscardBoth();
        await _link.AskAsync(SocketEvent.LeaveMedia, new PeerLeaveRequest(), cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Publishes a track. One that was published on a transport that is gone, or before a reconnection, is published anew.</summary>
    public async Task PublishAsync(LocalTrack track, bool isPaused, CancellationToken cancellationToken)
    {
        await _sendNegotiation.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            var pump = _sending ?? throw new RealtimeKitException(RealtimeKitError.WrongState, "There is no media transport: the participant is not on stage.");
            var isAudio = track.Kind is TrackKind.Audio;
            var old = track.Pump == pump ? track.Sending : null;
            track.Pump = null;
            var (sending, offer) = pump.Do((transport, _) =>
            {
                if (old is not null)
                {
                    transport.RemoveTrack(old);
                }

                var added = transport.AddTrack(track.Kind, track.IsScreenShare ? StreamOfScreen : StreamOfCamera, Guid.NewGuid().ToString(), (track.Source as SimulcastVideoSource)?.Rids);
                return (added, transport.CreateOffer());
            });
            ProducerCreateResponse created;
            try
            {
                created = await _link.AskAsync(
                    SocketEvent.Produce,
                    new ProducerCreateRequest
                    {
                        Kind = isAudio ? "audio" : "video",
                        Paused = isPaused,
                        ScreenShare = track.IsScreenShare,
                        Description = new SessionDescription { Target = Target.Publisher, Type = "offer", Sdp = offer },
                        Msid = $"{sending.StreamId} {sending.TrackId}",
                        AppData = AppDataOf(track, sending.Mid),
                        MimeType = isAudio ? "audio/opus" : "video/VP8",
                        ProducingTransportId = pump.Id,
                    },
                    ProducerCreateResponse.Parser,
                    cancellationToken).ConfigureAwait(false);
            }
            catch (RealtimeKitException)
            {
                pump.Do((transport, _) =>
                {
                    transport.RemoveTrack(sending);
                    return 0;
                });
                throw;
            }

            Apply(pump, created.Description);
            track.ProducerId = created.ProducerId;
            track.Sending = sending;
            track.Pump = pump;
        }
        finally
        {
            _sendNegotiation.Release();
        }
    }

    /// <summary>Tells the others that a track rests, or goes on.</summary>
    /// <exception cref="RealtimeKitException">Refused, when it may not be sent; Unreachable; TimedOut.</exception>
    public Task SetPausedAsync(LocalTrack track, bool isPaused, CancellationToken cancellationToken) => track.ProducerId is { } id
        ? _link.DoAsync(SocketEvent.ToggleProducer, new ProducerToggleRequest { ProducerId = id, Pause = isPaused }, cancellationToken)
        : Task.CompletedTask;

    /// <summary>Ends a track for good.</summary>
    public async Task UnpublishAsync(LocalTrack track, CancellationToken cancellationToken)
    {
        await _sendNegotiation.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            var (id, sending, pump) = (track.ProducerId, track.Sending, track.Pump);
            (track.ProducerId, track.Sending, track.Pump) = (null, null, null);
            if (id is null || sending is null || pump is null || pump != _sending)
            {
                return;
            }

            var offer = pump.Do((transport, _) =>
            {
                transport.RemoveTrack(sending);
                return transport.CreateOffer();
            });
            var closed = await _link.AskAsync(
                SocketEvent.CloseProducer,
                new ProducerCloseRequest
                {
                    ProducerId = id,
                    Description = new SessionDescription { Target = Target.Publisher, Type = "offer", Sdp = offer },
                },
                ProducerClosingResponse.Parser,
                cancellationToken).ConfigureAwait(false);
            if (closed.Description is not null)
            {
                Apply(pump, closed.Description);
            }
        }
        finally
        {
            _sendNegotiation.Release();
        }
    }

    /// <summary>Takes the producers of a peer as they are, in the place of those known so far.</summary>
    public void SetProducers(string peerId, IEnumerable<ProducerState> states)
    {
        ImmutableInterlocked.Update(ref _producers, producers => producers
            .RemoveRange(producers.Values.Where(producer => producer.PeerId == peerId).Select(producer => producer.Id))
            .SetItems(states.Select(state => KeyValuePair.Create(state.ProducerId, ProducerOf(peerId, state)))));
        Follow();
    }

    /// <summary>Notes a producer that began or changed.</summary>
    public void SetProducer(string peerId, ProducerState state)
    {
        ImmutableInterlocked.Update(ref _producers, producers => producers.SetItem(state.ProducerId, ProducerOf(peerId, state)));
        Follow();
    }

    /// <summary>Notes a producer that ended.</summary>
    public void RemoveProducer(string producerId)
    {
        ImmutableInterlocked.Update(ref _producers, producers => producers.Remove(producerId));
        Follow();
    }

    /// <summary>Has what is received follow what is wished for.</summary>
    public void Follow() => _changed.Writer.TryWrite(true);

    /// <summary>Ends all media.</summary>
    public async ValueTask DisposeAsync()
    {
        await _over.CancelAsync().ConfigureAwait(false);
        _changed.Writer.TryComplete();
        DiscardBoth();
        await _following.ConfigureAwait(false);
        DropAll();

        _over.Dispose();
    }

    private static RemoteProducer ProducerOf(string peerId, ProducerState state) => new(
        state.ProducerId,
        peerId,
        state.Kind is ProducerKind.Audio ? TrackKind.Audio : TrackKind.Video,
        state.Pause,
        state.ScreenShare,
        state.ProducingTransportId);

    private static string AppDataOf(LocalTrack track, string mid) => track switch
    {
        { IsScreenShare: true } => $$"""{"screenShare":true,"e2ee":false,"supportsRemoteControl":false,"mid":"{{mid}}"}""",
        { Kind: TrackKind.Video } => $$"""{"screenShare":false,"e2ee":false,"mid":"{{mid}}"}""",
        _ => $$"""{"e2ee":false,"mid":"{{mid}}"}""",
    };

    private static void Apply(TransportPump pump, SessionDescription? answer)
    {
        var fault = pump.Do((transport, now) => transport.TryApplyAnswer(answer?.Sdp ?? "", now, out var wrong) ? null : wrong);
        if (fault is not null)
        {
            throw new RealtimeKitException(RealtimeKitError.Protocol, fault);
        }
    }

    private void OnFrame(TransportPump pump, ReceivedMediaFrame frame)
    {
        if (_tracksByMid.TryGetValue(frame.Mid, out var track) && track.Take(frame))
        {
            pump.RequestKeyframe(frame.Mid);
        }
    }
}
