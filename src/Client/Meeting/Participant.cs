using System.Collections.Immutable;
using System.Text.Json;
using Roomcast.Client.Media;
using Roomcast.Client.Wire;
using Roomcast.Media;
using Roomcast.RealtimeKit.Socket.Messages;
using Roomcast.RealtimeKit.Socket.Wire;

namespace Roomcast.Client.Meeting;

/// <summary>Somebody else in the meeting.</summary>
/// <remarks>Reads do not block. Events come after the state has changed.</remarks>
public sealed class Participant
{
    private readonly MeetingLink _link;
    private ImmutableArray<RemoteTrack> _tracks = [];

    internal Participant(MeetingLink link, string id, string userId, string name)
    {
        _link = link;
        Id = id;
        UserId = userId;
        Name = name;
    }

    /// <summary>Sound was switched on or off, or began to be received.</summary>
    public event Action<Participant>? AudioUpdated;

    /// <summary>Pictures were switched on or off, or began to be received.</summary>
    public event Action<Participant>? VideoUpdated;

    /// <summary>A screen began or ended to be shared, or to be received.</summary>
    public event Action<Participant>? ScreenShareUpdated;

    /// <summary>They stand elsewhere towards the stage.</summary>
    public event Action<Participant>? StageStatusUpdated;

    /// <summary>This presence; another one for each client of the same participant.</summary>
    public string Id { get; }

    /// <summary>The participant, through all presences.</summary>
    public string UserId { get; }

    /// <summary>What they are called.</summary>
    public string Name { get; internal set; }

    /// <summary>Address of their picture; null for none.</summary>
    public string? Picture { get; internal set; }

    /// <summary>What the application calls them; null when not told.</summary>
    public string? CustomParticipantId { get; internal set; }

    /// <summary>Their preset; null when not told.</summary>
    public string? PresetName { get; internal set; }

    /// <summary>Where they stand towards the stage.</summary>
    public StageStatus StageStatus { get; private set; } = StageStatus.OnStage;

    /// <summary>Whether they send sound.</summary>
    public bool AudioEnabled { get; private set; }

    /// <summary>Whether they send pictures.</summary>
    public bool VideoEnabled { get; private set; }

    /// <summary>Whether they share a screen.</summary>
    public bool ScreenShareEnabled { get; private set; }

    /// <summary>Whether they are pinned for all.</summary>
    public bool IsPinned { get; internal set; }

    /// <summary>Their sound; null while it is not received.</summary>
    public RemoteTrack? AudioTrack => _tracks.FirstOrDefault(track => track is { IsScreenShare: false, Kind: TrackKind.Audio });

    /// <summary>Their pictures; null while they are not received.</summary>
    public RemoteTrack? VideoTrack => _tracks.FirstOrDefault(track => track is { IsScreenShare: false, Kind: TrackKind.Video });

    /// <summary>Picture and sound of their screen, as far as they are received.</summary>
    public IReadOnlyList<RemoteTrack> ScreenShareTracks => [.. _tracks.Where(track => track.IsScreenShare)];

    /// <summary>Removes them from the meeting.</summary>
    /// <exception cref="RealtimeKitException">Refused by the server, which has nothing done then; Unreachable; TimedOut.</exception>
    public Task KickAsync(CancellationToken cancellationToken = default) => _link.DoAsync(
        SocketEvent.Kick, new RemoveParticipantsRequest { PeerIds = { Id } }, cancellationToken);

    /// <summary>Switches their sound off. They may switch it on again.</summary>
    /// <exception cref="RealtimeKitException">Refused by the server, which has nothing done then; Unreachable; TimedOut.</exception>
    public Task DisableAudioAsync(CancellationToken cancellationToken = default) => MuteAsync(audio: true, video: false, cancellationToken);

    /// <summary>Switches their pictures off. They may switch them on again.</summary>
    /// <exception cref="RealtimeKitException">Refused by the server, which has nothing done then; Unreachable; TimedOut.</exception>
    public Task DisableVideoAsync(CancellationToken cancellationToken = default) => MuteAsync(audio: false, video: true, cancellationToken);

    /// <summary>Pins them for all.</summary>
    /// <exception cref="RealtimeKitException">Refused by the server, which has nothing done then; Unreachable; TimedOut.</exception>
    public Task PinAsync(CancellationToken cancellationToken = default) => _link.AskAsync(
        SocketEvent.PinPeer, new GlobalPeerPinningRequest { ParticipantId = Id }, cancellationToken);

    /// <summary>Takes the pin away.</summary>
    /// <exception cref="RealtimeKitException">Refused by the server, which has nothing done then; Unreachable; TimedOut.</exception>
    public Task UnpinAsync(CancellationToken cancellationToken = default) => _link.AskAsync(
        SocketEvent.PinPeer, new GlobalPeerPinningRequest { ParticipantId = "" }, cancellationToken);

    /// <summary>Asks what they may do now.</summary>
    /// <exception cref="RealtimeKitException">Refused by the server; NotFound when they are gone; Unreachable; TimedOut.</exception>
    public async Task<Permissions> GetPermissionsAsync(CancellationToken cancellationToken = default)
    {
        var read = await _link.AskAsync(
            SocketEvent.GetPresets, new ReadPeersPresetRequest { UserIds = { UserId } }, ReadPeersPresetResponse.Parser, cancellationToken).ConfigureAwait(false);
        var preset = read.PeerPresets.FirstOrDefault(preset => preset.UserId == UserId)?.Preset
            ?? throw new RealtimeKitException(RealtimeKitError.NotFound, "The participant is no longer in the meeting.");
        try
        {
            using var json = JsonDocument.Parse(preset.Memory, new JsonDocumentOptions { MaxDepth = 32 });
            return json.RootElement.ValueKind is JsonValueKind.Object && json.RootElement.TryGetProperty("permissions", out var permissions)
                ? Permissions.Read(permissions)
                : throw new RealtimeKitException(RealtimeKitError.Protocol, "The server's account of the permissions has none.");
        }
        catch (JsonException fault)
        {
            throw new RealtimeKitException(RealtimeKitError.Protocol, "The server's account of the permissions cannot be read.", fault);
        }
    }

    /// <summary>Changes what they may do while the session lasts.</summary>
    /// <exception cref="RealtimeKitException">Refused by the server, which has nothing done then; Unreachable; TimedOut.</exception>
    public Task SetPermissionsAsync(PermissionsChange change, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(change);
        var update = new UpdatePeerPreset { UserIds = UserId, Patch = change.ToMessage() };
        return _link.AskAsync(SocketEvent.UpdatePresets, new UpdatePeersPresetRequest { UpdatePeersPresets = { update } }, UpdatePeersPresetResponse.Parser, cancellationToken);
    }

    /// <inheritdoc/>
    public override string ToString() => $"{Name} ({Id})";

    /// <summary>Takes over what they send by what is published in their name.</summary>
    internal void ApplyProducers(IReadOnlyCollection<RemoteProducer> producers)
    {
        bool Sends(TrackKind kind) => producers.Any(producer => !producer.IsScreenShare && producer.Kind == kind && !producer.IsPaused);
        var (audio, video, screen) = (Sends(TrackKind.Audio), Sends(TrackKind.Video), producers.Any(producer => producer.IsScreenShare && !producer.IsPaused));
        if (audio != AudioEnabled)
        {
            AudioEnabled = audio;
            _link.Raise(this, nameof(AudioUpdated), () => AudioUpdated.CallEach(this));
        }

        if (video != VideoEnabled)
        {
            VideoEnabled = video;
            _link.Raise(this, nameof(VideoUpdated), () => VideoUpdated.CallEach(this));
        }

        if (screen != ScreenShareEnabled)
        {
            ScreenShareEnabled = screen;
            _link.Raise(this, nameof(ScreenShareUpdated), () => ScreenShareUpdated.CallEach(this));
        }
    }

    internal void ApplyTrack(RemoteTrack track, bool isThere)
    {
        ImmutableInterlocked.Update(ref _tracks, tracks => isThere ? tracks.Add(track) : tracks.Remove(track));
        if (track.IsScreenShare)
        {
            _link.Raise(this, nameof(ScreenShareUpdated), () => ScreenShareUpdated.CallEach(this));
        }
        else if (track.Kind is TrackKind.Audio)
        {
            _link.Raise(this, nameof(AudioUpdated), () => AudioUpdated.CallEach(this));
        }
        else
        {
            _link.Raise(this, nameof(VideoUpdated), () => VideoUpdated.CallEach(this));
        }
    }

    internal void ApplyStage(StageStatus status)
    {
        if (status != StageStatus)
        {
            StageStatus = status;
            _link.Raise(this, nameof(StageStatusUpdated), () => StageStatusUpdated.CallEach(this));
        }
    }

    private async Task MuteAsync(bool audio, bool video, CancellationToken cancellationToken)
    {
        var answer = await _link.AskAsync(
            SocketEvent.MutePeer,
            new HostMediaControlForPeerRequest { ParticipantId = Id, Audio = audio, Video = video },
            HostMediaControlForPeerResponse.Parser,
            cancellationToken).ConfigureAwait(false);
        if (answer.Status != "success")
        {
            throw new RealtimeKitException(RealtimeKitError.Refused, "The server did not mute the participant.");
        }
    }
}
