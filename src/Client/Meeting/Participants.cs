using System.Collections.Immutable;
using System.Text.Json;
using Google.Protobuf;
using Roomcast.Client.Media;
using Roomcast.Client.Wire;
using Roomcast.RealtimeKit.Socket.Messages;
using Roomcast.RealtimeKit.Socket.Wire;

namespace Roomcast.Client.Meeting;

/// <summary>A message between applications, not for people to read.</summary>
/// <param name="Type">What kind it is, by the application's own names.</param>
/// <param name="Payload">What it says.</param>
/// <param name="SentAt">When it was sent.</param>
public sealed record BroadcastedMessage(string Type, JsonElement Payload, DateTimeOffset SentAt);

/// <summary>The others in the meeting, and what a host may do with them.</summary>
public sealed class Participants
{
    private const int OutOfList = 229_490_415;
    private const int NoLongerCompulsory = 246_267_631;

    private readonly MeetingLink _link;
    private ImmutableHashSet<string> _subscribed = ImmutableHashSet<string>.Empty;
    private ImmutableHashSet<string> _unsubscribed = ImmutableHashSet<string>.Empty;
    private ImmutableSortedDictionary<int, string> _speakers = ImmutableSortedDictionary<int, string>.Empty;

    internal Participants(MeetingLink link)
    {
        _link = link;
        Joined = new ParticipantMap(link);
        Active = new ParticipantMap(link);
        Waitlisted = new ParticipantMap(link);
        Pinned = new ParticipantMap(link);
        Media = new MediaSession(link, Wishes);
        Media.TrackChanged = (track, isThere) => Joined.Get(track.PeerId)?.ApplyTrack(track, isThere);
    }

    /// <summary>Somebody else began to speak most.</summary>
    public event Action<Participant>? ActiveSpeakerChanged;

    /// <summary>An application sent a message.</summary>
    public event Action<BroadcastedMessage>? MessageBroadcasted;

    /// <summary>All others in the meeting.</summary>
    public ParticipantMap Joined { get; }

    /// <summary>Those on stage: whose tracks may be received.</summary>
    public ParticipantMap Active { get; }

    /// <summary>Those who wait to be let in; only hosts are told.</summary>
    public ParticipantMap Waitlisted { get; }

    /// <summary>Those who are pinned for all: at most one at a time.</summary>
    public ParticipantMap Pinned { get; }

    /// <summary>How many peers are in the meeting, the own one included, as the server counts.</summary>
    public int Count { get; private set; }

    /// <summary>The presence that speaks most; null when nobody has spoken.</summary>
    public string? LastActiveSpeaker { get; private set; }

    internal MediaSession Media { get; }

    /// <summary>Receives the tracks of some, whatever the options say.</summary>
    public Task SubscribeAsync(IEnumerable<string> ids)
    {
        var named = ids.ToArray();
        ImmutableInterlocked.Update(ref _unsubscribed, all => all.Except(named));
        ImmutableInterlocked.Update(ref _subscribed, all => all.Union(named));
        Media.Follow();
        return Task.CompletedTask;
    }

    /// <summary>Receives no tracks of some.</summary>
    public Task UnsubscribeAsync(IEnumerable<string> ids)
    {
        var named = ids.ToArray();
        ImmutableInterlocked.Update(ref _subscribed, all => all.Except(named));
        ImmutableInterlocked.Update(ref _unsubscribed, all => all.Union(named));
        Media.Follow();
        return Task.CompletedTask;
    }

    /// <summary>Lets somebody in who waits.</summary>
    /// <exception cref="RealtimeKitException">Refused by the server, which has nothing done then; Unreachable; TimedOut.</exception>
    public Task AcceptWaitingRoomRequestAsync(string id, CancellationToken cancellationToken = default)
    {
        var accepted = new AcceptWaitingRoomRequests();
        accepted.UserIds.Add(UserOf(id));
        return _link.DoAsync(SocketEvent.AcceptWaiting, accepted, cancellationToken);
    }

    /// <summary>Lets all in who wait.</summary>
    /// <exception cref="RealtimeKitException">Refused by the server, which has nothing done then; Unreachable; TimedOut.</exception>
    public Task AcceptAllWaitingRoomRequestsAsync(CancellationToken cancellationToken = default)
    {
        var accepted = new AcceptWaitingRoomRequests();
        accepted.UserIds.AddRange(Waitlisted.ToArray().Select(participant => participant.UserId));
        return _link.DoAsync(SocketEvent.AcceptWaiting, accepted, cancellationToken);
    }

    /// <summary>Turns somebody away who waits.</summary>
    /// <exception cref="RealtimeKitException">Refused by the server, which has nothing done then; Unreachable; TimedOut.</exception>
    public Task RejectWaitingRoomRequestAsync(string id, CancellationToken cancellationToken = default)
    {
        var denied = new DenyWaitingRoomRequests();
        denied.UserIds.Add(UserOf(id));
        return _link.DoAsync(SocketEvent.DenyWaiting, denied, cancellationToken);
    }

    /// <summary>Removes everybody, and ends the session.</summary>
    /// <exception cref="RealtimeKitException">Refused by the server, which has nothing done then; Unreachable; TimedOut.</exception>
    public Task KickAllAsync(CancellationToken cancellationToken = default) =>
        _link.DoAsync(
            SocketEvent.KickAll,
            new KickAllPeersRequest { PropagateKickAcrossRooms = true },
            static told => (SocketEvent)told.Event is SocketEvent.KickAll,
            isFenced: true,
            cancellationToken);

    /// <summary>Switches the sound of all others off.</summary>
    /// <exception cref="RealtimeKitException">Refused by the server, which has nothing done then; Unreachable; TimedOut.</exception>
    public Task DisableAllAudioAsync(CancellationToken cancellationToken = default) => MuteAllAsync(audio: true, video: false, cancellationToken);

    /// <summary>Switches the pictures of all others off.</summary>
    /// <exception cref="RealtimeKitException">Refused by the server, which has nothing done then; Unreachable; TimedOut.</exception>
    public Task DisableAllVideoAsync(CancellationToken cancellationToken = default) => MuteAllAsync(audio: false, video: true, cancellationToken);

    /// <summary>Sends a message of the application to the applications of all, the own one included.</summary>
    /// <param name="type">What kind it is, by the application's own names. <c>spotlight</c> is taken: see <see cref="Meta.SetSelfActiveTabAsync"/>.</param>
    /// <param name="payload">What it says.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <exception cref="RealtimeKitException">Refused by the server, which has nothing done then; Unreachable; TimedOut.</exception>
    public Task BroadcastMessageAsync(string type, JsonElement payload, CancellationToken cancellationToken = default) => _link.AskAsync(
        SocketEvent.Broadcast, MessageOf(type, payload, []), cancellationToken);

    /// <summary>Sends a message of the application to the applications of some.</summary>
    /// <param name="type">What kind it is, as above.</param>
    /// <param name="payload">What it says.</param>
    /// <param name="ids">Their presences.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <exception cref="RealtimeKitException">Refused by the server, which has nothing done then; Unreachable; TimedOut.</exception>
    public Task BroadcastMessageAsync(string type, JsonElement payload, IEnumerable<string> ids, CancellationToken cancellationToken = default) => _link.DoAsync(
        SocketEvent.BroadcastToEntity, MessageOf(type, payload, ids), cancellationToken);

    /// <summary>Changes what some may do while the session lasts.</summary>
    /// <param name="ids">Their presences; all presences of the same participants are meant.</param>
    /// <param name="change">What changes.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <exception cref="RealtimeKitException">NotFound when one of them is not here; Refused by the server, which changes nothing then; Unreachable; TimedOut.</exception>
    public Task UpdatePermissionsAsync(IEnumerable<string> ids, PermissionsChange change, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(ids);
        ArgumentNullException.ThrowIfNull(change);
        var request = new UpdatePeersPresetRequest();
        var users = ids.Select(id => Joined.Get(id)?.UserId
            ?? throw new RealtimeKitException(RealtimeKitError.NotFound, "Nobody with this id is in the meeting.")).Distinct(StringComparer.Ordinal);
        request.UpdatePeersPresets.AddRange(users.Select(user => new UpdatePeerPreset { UserIds = user, Patch = change.ToMessage() }));
        return _link.AskAsync(SocketEvent.UpdatePresets, request, UpdatePeersPresetResponse.Parser, cancellationToken);
    }

    internal static StageStatus StageOf(StageType type) => type switch
    {
        StageType.OnStage => StageStatus.OnStage,
        StageType.ApprovedStage => StageStatus.AcceptedToJoinStage,
        StageType.RequestedStage => StageStatus.RequestedToJoinStage,
        _ => StageStatus.OffStage,
    };

    /// <summary>Takes the complete list of joined peers.</summary>
    internal void ApplyAll(IEnumerable<Peer> peers)
    {
        var there = new HashSet<string>(StringComparer.Ordinal);
        foreach (var peer in peers)
        {
            there.Add(peer.PeerId);
            Apply(peer);
        }

        foreach (var gone in Joined.ToArray().Where(participant => !there.Contains(participant.Id)))
        {
            Remove(gone.Id);
        }
    }

    /// <summary>Takes the complete state of the media room.</summary>
    internal void ApplyMedia(PeerJoinCompleteResponse complete)
    {
        var there = complete.Participants.Select(peer => peer.PeerId).ToHashSet(StringComparer.Ordinal);
        foreach (var gone in Media.Producers.Values.Select(producer => producer.PeerId).Where(id => !there.Contains(id)).Distinct().ToList())
        {
            SetProducers(gone, []);
        }

        foreach (var peer in complete.Participants)
        {
            SetProducers(peer.PeerId, peer.ProducerStates);
        }

        Pin(complete.RoomState?.PinnedPeerIds.FirstOrDefault());
    }

    /// <summary>Leaves the media side, and stays in the meeting.</summary>
    internal async Task LeaveMediaAsync(CancellationToken cancellationToken)
    {
        await Media.LeaveAsync(cancellationToken).ConfigureAwait(false);
        foreach (var id in Media.Producers.Values.Select(producer => producer.PeerId).ToHashSet(StringComparer.Ordinal))
        {
            SetProducers(id, []); // Nothing is told of them any more.
        }
    }

    internal void Handle(SocketEvent number, SocketMessage message)
    {
        switch (number)
        {
            case SocketEvent.JoinRoom when Envelope.TryRead(message, PeerInfoResponse.Parser, out var joined) && joined.Peer is { } peer:
                Apply(peer);
                break;
            case SocketEvent.LeaveRoom when Envelope.TryRead(message, PeerInfoResponse.Parser, out var left) && left.Peer is { } peer:
                Remove(peer.PeerId);
                break;
            case SocketEvent.PeerCount when Envelope.TryRead(message, RoomPeerCountResponse.Parser, out var counted):
                Count = (int)Math.Min(counted.Count, int.MaxValue);
                break;
            case SocketEvent.GetWaiting when Envelope.TryRead(message, GetWaitingRoomRequests.Parser, out var waiting):
                ApplyWaiting(waiting);
                break;
            case SocketEvent.StageChanged when Envelope.TryRead(message, PeerStatusUpdate.Parser, out var changed):
                ApplyStage(changed.PeerId, StageOf(changed.StageType));
                break;
            case SocketEvent.NameChanged when Envelope.TryRead(message, PeerDisplayNameEditBroadcastResponse.Parser, out var renamed):
                if (Joined.TryGet(renamed.ParticipantId, out var who))
                {
                    who.Name = renamed.DisplayName;
                }

                break;
            case SocketEvent.MediaPeerJoined when Envelope.TryRead(message, PeerJoinBroadcastResponse.Parser, out var entered) && entered.Participant is { } participant:
                SetProducers(participant.PeerId, participant.ProducerStates);
                break;
            case SocketEvent.MediaPeerLeft when Envelope.TryRead(message, PeerLeaveBroadcastResponse.Parser, out var gone):
                SetProducers(gone.ParticipantId, []);
                break;
            case SocketEvent.ProducerCreated when Envelope.TryRead(message, PeerProducerCreateBroadcastResponse.Parser, out var created) && created.ProducerState is { } state:
                Set(created.ParticipantId, state);
                break;
            case SocketEvent.ProducerToggled when Envelope.TryRead(message, PeerProducerToggleBroadcastResponse.Parser, out var toggled) && toggled.ProducerState is { } state:
                Set(toggled.ParticipantId, state);
                break;
            case SocketEvent.ProducerClosed when Envelope.TryRead(message, PeerProducerCloseBroadcastResponse.Parser, out var closed) && closed.ProducerState is { } state:
                Media.RemoveProducer(state.ProducerId);
                Refresh(closed.ParticipantId);
                break;
            case SocketEvent.PeerPinned when Envelope.TryRead(message, GlobalPeerPinningBroadcastResponse.Parser, out var pinned):
                Pin(pinned.ParticipantId);
                break;
            case SocketEvent.SelectedPeersChanged when Envelope.TryRead(message, SelectedPeersDiffResponse.Parser, out var diff):
                ApplySpeakers(diff);
                break;
            case SocketEvent.Broadcast or SocketEvent.BroadcastToEntity when Envelope.TryRead(message, BroadcastMessage.Parser, out var told) && told.Type != Meta.Spotlight:
                Hear(told);
                break;
            default:
                break;
        }
    }

    /// <summary>Forgets everybody: after leaving.</summary>
    internal void Clear()
    {
        foreach (var map in (ParticipantMap[])[Active, Pinned, Waitlisted, Joined])
        {
            map.Keep(ImmutableHashSet<string>.Empty);
        }
    }

    private bool Wishes(RemoteProducer producer) =>
        producer.PeerId != _link.PeerId
        && Joined.Get(producer.PeerId) is not null
        && !_unsubscribed.Contains(producer.PeerId)
        && (_link.Options.IsSubscribing || _subscribed.Contains(producer.PeerId));

    private BroadcastMessage MessageOf(string type, JsonElement payload, IEnumerable<string> ids)
    {
        ArgumentException.ThrowIfNullOrEmpty(type);
        return type == Meta.Spotlight
            ? throw new ArgumentException("Messages of this type lead the view of the others, by Meta.SetSelfActiveTabAsync.", nameof(type))
            : _link.BroadcastOf(type, ByteString.CopyFromUtf8(payload.GetRawText()), ids);
    }

    private string UserOf(string id) => Waitlisted.Get(id)?.UserId
        ?? throw new RealtimeKitException(RealtimeKitError.NotFound, "Nobody with this id waits to be let in.");

    private Task MuteAllAsync(bool audio, bool video, CancellationToken cancellationToken) => _link.AskAsync(
        SocketEvent.MuteAll, new HostMediaControlForAllPeerRequest { Audio = audio, Video = video }, cancellationToken);

    private void Apply(Peer peer)
    {
        // Recorders are no participants; hidden ones do not want to be seen.
        if (peer.PeerId == _link.PeerId || peer.Waitlisted || peer.Flags is { HiddenParticipant: true }
            || (peer.Flags is { } flags && flags.RecorderType is not ("NONE" or "")))
        {
            return;
        }

        var participant = Joined.Get(peer.PeerId) ?? new Participant(_link, peer.PeerId, peer.UserId, peer.DisplayName);
        participant.Name = peer.DisplayName;
        participant.Picture = peer.DisplayPictureUrl.Length > 0 ? peer.DisplayPictureUrl : null;
        participant.CustomParticipantId = peer.CustomParticipantId.Length > 0 ? peer.CustomParticipantId : null;
        participant.PresetName = peer.Flags?.PresetName;
        participant.ApplyStage(StageOf(peer.StageType));
        Joined.Add(participant);
        Place(participant);
        Refresh(participant.Id);
        Media.Follow();
    }

    private void Remove(string id)
    {
        Joined.Remove(id);
        Active.Remove(id);
        Pinned.Remove(id);
        Media.SetProducers(id, []);
    }

    private void Place(Participant participant)
    {
        if (participant.StageStatus is StageStatus.OnStage)
        {
            Active.Add(participant);
        }
        else
        {
            Active.Remove(participant.Id);
        }
    }

    private void ApplyStage(string id, StageStatus status)
    {
        if (Joined.TryGet(id, out var participant))
        {
            participant.ApplyStage(status);
            Place(participant);
        }
    }

    private void ApplyWaiting(GetWaitingRoomRequests waiting)
    {
        foreach (var request in waiting.Requests)
        {
            Waitlisted.Add(new Participant(_link, request.PeerId, request.UserId, request.DisplayName)
            {
                Picture = request.HasPicture ? request.Picture : null,
                CustomParticipantId = request.HasCustomParticipantId ? request.CustomParticipantId : null,
                PresetName = request.HasPresetName ? request.PresetName : null,
            });
        }

        Waitlisted.Keep(waiting.Requests.Select(request => request.PeerId).ToHashSet(StringComparer.Ordinal));
    }

    private void Set(string id, ProducerState state)
    {
        if (id != _link.PeerId)
        {
            Media.SetProducer(id, state);
            Refresh(id);
        }
    }

    private void SetProducers(string id, IEnumerable<ProducerState> states)
    {
        if (id != _link.PeerId)
        {
            Media.SetProducers(id, states);
            Refresh(id);
        }
    }

    private void Refresh(string id) =>
        Joined.Get(id)?.ApplyProducers([.. Media.Producers.Values.Where(producer => producer.PeerId == id)]);

    private void Pin(string? id)
    {
        foreach (var unpinned in Pinned.ToArray().Where(participant => participant.Id != id))
        {
            unpinned.IsPinned = false;
            Pinned.Remove(unpinned.Id);
        }

        if (id is not null && Joined.TryGet(id, out var pinned))
        {
            pinned.IsPinned = true;
            Pinned.Add(pinned);
        }
    }

    private void ApplySpeakers(SelectedPeersDiffResponse diff)
    {
        var speakers = _speakers;
        foreach (var entry in diff.Entries)
        {
            speakers = speakers.RemoveRange(speakers.Where(pair => pair.Value == entry.PeerId).Select(pair => pair.Key));
            if (entry.Priority is > 0 and not (OutOfList or NoLongerCompulsory))
            {
                speakers = speakers.SetItem(entry.Priority, entry.PeerId);
            }
        }

        _speakers = speakers;
        var first = speakers.Values.FirstOrDefault();
        if (first is not null && first != LastActiveSpeaker)
        {
            LastActiveSpeaker = first;
            if (Joined.TryGet(first, out var speaker))
            {
                _link.Raise(this, nameof(ActiveSpeakerChanged), () => ActiveSpeakerChanged.CallEach(speaker));
            }
        }
    }

    private void Hear(BroadcastMessage told)
    {
        try
        {
            using var payload = JsonDocument.Parse(told.Payload.Memory, new JsonDocumentOptions { MaxDepth = 32 });
            var at = DateTimeOffset.FromUnixTimeMilliseconds((long)Math.Min(told.Timestamp, 253_402_300_799_000));
            var heard = new BroadcastedMessage(told.Type, payload.RootElement.Clone(), at);
            _link.Raise(() => MessageBroadcasted.CallEach(heard));
        }
        catch (JsonException)
        {
            // Some other application's; it is not for us.
        }
    }
}
