using Roomcast.Client.Media;
using Roomcast.Client.Wire;
using Roomcast.Media;

namespace Roomcast.Client.Meeting;

/// <summary>What can be sent by a participant.</summary>
public enum MediaDeviceKind
{
    /// <summary>Takes sound.</summary>
    AudioInput,

    /// <summary>Takes pictures.</summary>
    VideoInput,

    /// <summary>Gives sound.</summary>
    AudioOutput,
}

/// <summary>A source of the application in the place of a device.</summary>
/// <param name="Id">Its id, by the application's own names.</param>
/// <param name="Kind">What it takes.</param>
/// <param name="Source">What frames are taken from; null for what gives sound, which the application does by itself.</param>
public sealed record MediaDevice(string Id, MediaDeviceKind Kind, IFrameSource? Source);

/// <summary>The own participant.</summary>
/// <remarks>Reads do not block. Events come after the state has changed.</remarks>
public sealed partial class Self : IAsyncDisposable
{
    private readonly MeetingLink _link;
    private readonly MediaSession _media;
    private readonly SemaphoreSlim _change = new(1, 1);
    private readonly List<MediaDevice> _devices = [];
    private LocalTrack? _audio;
    private LocalTrack? _video;
    private LocalTrack? _screen;

    internal Self(MeetingLink link, MediaSession media, string userId, string name, string? picture, string? customId, string presetName, Permissions permissions)
    {
        _link = link;
        _media = media;
        UserId = userId;
        Name = name;
        Picture = picture;
        CustomParticipantId = customId;
        PresetName = presetName;
        Permissions = permissions;
        var options = link.Options;
        _audio = options.Audio is { } audio ? new LocalTrack(TrackKind.Audio, isScreenShare: false, audio, link) : null;
        _video = options.Video is { } video ? new LocalTrack(TrackKind.Video, isScreenShare: false, video, link) : null;
        _screen = options.ScreenShare is { } screen ? new LocalTrack(TrackKind.Video, isScreenShare: true, screen, link) : null;
        AudioEnabled = options.IsAudioEnabled && _audio is not null;
        VideoEnabled = options.IsVideoEnabled && _video is not null;
        _audio?.IsWanted = AudioEnabled;
        _video?.IsWanted = VideoEnabled;
    }

    /// <summary>The meeting was joined; true when it was joined anew after a lost connection.</summary>
    public event Action<bool>? RoomJoined;

    /// <summary>The meeting was left, for good or until the connection is back.</summary>
    public event Action<RoomState>? RoomLeft;

    /// <summary>The server has put the participant into the waiting room.</summary>
    public event Action? Waitlisted;

    /// <summary>Sound was switched on or off.</summary>
    public event Action<bool>? AudioUpdated;

    /// <summary>Pictures were switched on or off.</summary>
    public event Action<bool>? VideoUpdated;

    /// <summary>A screen began or ended to be shared.</summary>
    public event Action<bool>? ScreenShareUpdated;

    /// <summary>Another source was taken in the place of a device.</summary>
    public event Action<MediaDevice>? DeviceUpdated;

    /// <summary>The list of devices has changed.</summary>
    public event Action<IReadOnlyList<MediaDevice>>? DeviceListUpdated;

    /// <summary>A host has changed the permissions.</summary>
    public event Action<Permissions>? PermissionsUpdated;

    /// <summary>This presence.</summary>
    public string Id => _link.PeerId;

    /// <summary>The participant.</summary>
    public string UserId { get; }

    /// <summary>What others see.</summary>
    public string Name { get; private set; }

    /// <summary>Address of the picture; null for none.</summary>
    public string? Picture { get; }

    /// <summary>What the application calls the participant.</summary>
    public string? CustomParticipantId { get; }

    /// <summary>The own preset.</summary>
    public string PresetName { get; }

    /// <summary>What it allows.</summary>
    public Permissions Permissions { get; private set; }

    /// <summary>Whether sound is sent; before joining, whether it is to be. False off the stage.</summary>
    public bool AudioEnabled { get; private set; }

    /// <summary>Whether pictures are sent; before joining, whether they are to be. False off the stage.</summary>
    public bool VideoEnabled { get; private set; }

    /// <summary>Whether a screen is shared; before joining, whether it is to be. False off the stage.</summary>
    public bool ScreenShareEnabled { get; private set; }

    /// <summary>What sound is taken from; null when nothing is.</summary>
    public IFrameSource? AudioTrack => _audio?.Source;

    /// <summary>What pictures are taken from; null when nothing is.</summary>
    public IFrameSource? VideoTrack => _video?.Source;

    /// <summary>What a shared screen is taken from.</summary>
    public IReadOnlyList<IFrameSource> ScreenShareTracks => ScreenShareEnabled && _screen is { } screen ? [screen.Source] : [];

    /// <summary>Whether the meeting is joined.</summary>
    public bool IsRoomJoined => RoomState is RoomState.Joined;

    /// <summary>Where the participant stands.</summary>
    public RoomState RoomState { get; private set; }

    /// <summary>Frames of sound that were sent.</summary>
    public long AudioFramesSent => _audio?.Frames ?? 0;

    /// <summary>Pictures that were sent.</summary>
    public long VideoFramesSent => _video?.Frames ?? 0;

    internal StageStatus Stage { get; set; }

    /// <summary>Sends sound: now, or as soon as the participant is on stage.</summary>
    /// <exception cref="RealtimeKitException">NotAllowed; WrongState when there is no source; what the server refuses.</exception>
    public Task EnableAudioAsync(CancellationToken cancellationToken = default) => ChangeAsync(_audio, "sound", Permissions.CanProduceAudio, true, cancellationToken);

    /// <summary>Sends no sound.</summary>
    public Task DisableAudioAsync(CancellationToken cancellationToken = default) => ChangeAsync(_audio, "sound", "", false, cancellationToken);

    /// <summary>Sends pictures: now, or as soon as the participant is on stage.</summary>
    /// <exception cref="RealtimeKitException">NotAllowed; WrongState when there is no source; what the server refuses.</exception>
    public Task EnableVideoAsync(CancellationToken cancellationToken = default) => ChangeAsync(_video, "pictures", Permissions.CanProduceVideo, true, cancellationToken);

    /// <summary>Sends no pictures.</summary>
    public Task DisableVideoAsync(CancellationToken cancellationToken = default) => ChangeAsync(_video, "pictures", "", false, cancellationToken);

    /// <summary>Shares a screen: now, or as soon as the participant is on stage.</summary>
    /// <exception cref="RealtimeKitException">NotAllowed; WrongState when there is no source; what the server refuses.</exception>
    public Task EnableScreenShareAsync(CancellationToken cancellationToken = default) =>
        ChangeAsync(_screen, "a shared screen", Permissions.CanProduceScreenShare, true, cancellationToken);

    /// <summary>Shares no screen.</summary>
    public Task DisableScreenShareAsync(CancellationToken cancellationToken = default) => ChangeAsync(_screen, "a shared screen", "", false, cancellationToken);

    /// <summary>Changes the name, before joining.</summary>
    /// <exception cref="RealtimeKitException">WrongState after joining; NotAllowed by the preset.</exception>
    public Task SetNameAsync(string name)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        if (RoomState is not RoomState.Init)
        {
            throw new RealtimeKitException(RealtimeKitError.WrongState, "The name can be changed before joining only.");
        }

        if (!Permissions.CanEditDisplayName)
        {
            throw new RealtimeKitException(RealtimeKitError.NotAllowed, "The preset does not allow to change the name.");
        }

        Name = name;
        return Task.CompletedTask;
    }

    /// <summary>Makes a source known that can be taken in the place of a device.</summary>
    public void AddDevice(MediaDevice device)
    {
        ArgumentNullException.ThrowIfNull(device);
        lock (_devices)
        {
            _devices.RemoveAll(known => known.Id == device.Id);
            _devices.Add(device);
        }

        var all = GetAllDevices();
        _link.Raise(this, nameof(DeviceListUpdated), () => DeviceListUpdated.CallEach(all));
    }

    /// <summary>Takes a source in the place of the one so far; nothing has to be agreed for that.</summary>
    public async Task SetDeviceAsync(MediaDevice device, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(device);
        await _change.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (device.Kind is MediaDeviceKind.AudioInput)
            {
                _audio = Use(_audio, TrackKind.Audio, device.Source as IAudioSource);
            }
            else if (device.Kind is MediaDeviceKind.VideoInput)
            {
                _video = Use(_video, TrackKind.Video, device.Source as IVideoSource);
            }
        }
        finally
        {
            _change.Release();
        }

        AddDevice(device);
        _link.Raise(this, device.Kind.ToString(), () => DeviceUpdated.CallEach(device));
    }

    /// <summary>All sources that are known.</summary>
    public IReadOnlyList<MediaDevice> GetAllDevices()
    {
        lock (_devices)
        {
            return [.. _devices];
        }
    }

    /// <summary>Those that take sound.</summary>
    public IReadOnlyList<MediaDevice> GetAudioDevices() => [.. GetAllDevices().Where(device => device.Kind is MediaDeviceKind.AudioInput)];

    /// <summary>Those that take pictures.</summary>
    public IReadOnlyList<MediaDevice> GetVideoDevices() => [.. GetAllDevices().Where(device => device.Kind is MediaDeviceKind.VideoInput)];

    /// <summary>Those that give sound.</summary>
    public IReadOnlyList<MediaDevice> GetSpeakerDevices() => [.. GetAllDevices().Where(device => device.Kind is MediaDeviceKind.AudioOutput)];

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (var track in (LocalTrack?[])[_audio, _video, _screen])
        {
            await (track?.StopAsync() ?? Task.CompletedTask).ConfigureAwait(false);
        }
    }
}
