using System.Text.Json;

namespace Roomcast.Client.Relay;

/// <summary>Somebody in a room session, or the screen or device that somebody has brought.</summary>
/// <remarks>Its state is changed before events tell of it; reads never block. Thread-safe.</remarks>
public sealed class RoomSessionMember
{
    private static readonly JsonElement NoMeta = JsonDocument.Parse("{}").RootElement.Clone();

    private readonly RoomSession _session;
    private volatile Traits _traits = new();

    internal RoomSessionMember(RoomSession session, string id)
    {
        _session = session;
        Id = id;
    }

    /// <summary>Its id.</summary>
    public string Id { get; }

    /// <summary>The room.</summary>
    public string RoomId => _session.RoomId;

    /// <summary>The session.</summary>
    public string RoomSessionId => _session.Id;

    /// <summary>What others see.</summary>
    public string Name => _traits.Name;

    /// <summary><c>member</c>, <c>screen</c> or <c>device</c>.</summary>
    public string Type => _traits.Type;

    /// <summary>Whose screen or device it is; null for a person.</summary>
    public string? ParentId => _traits.ParentId is { Length: > 0 } parent ? parent : null;

    /// <summary>The position that was asked for, for example <c>auto</c> or <c>standard-1</c>.</summary>
    public string RequestedPosition => _traits.RequestedPosition;

    /// <summary>The position it has.</summary>
    public string CurrentPosition => _traits.CurrentPosition;

    /// <summary>Whether it is seen in the composition.</summary>
    public bool IsVisible => _traits.IsVisible;

    /// <summary>Whether it sends no sound.</summary>
    public bool IsAudioMuted => _traits.IsAudioMuted;

    /// <summary>Whether it sends no picture.</summary>
    public bool IsVideoMuted => _traits.IsVideoMuted;

    /// <summary>Whether it hears nothing.</summary>
    public bool IsDeaf => _traits.IsDeaf;

    /// <summary>Whether its hand is up.</summary>
    public bool HasHandRaised => _traits.HasHandRaised;

    /// <summary>Whether it talks.</summary>
    public bool IsTalking => _traits.IsTalking;

    /// <summary>How loud it is heard, in decibels: -50 to 50.</summary>
    public double InputVolume => _traits.InputVolume;

    /// <summary>How loud it hears, in decibels: -50 to 50.</summary>
    public double OutputVolume => _traits.OutputVolume;

    /// <summary>From what level on its microphone is heard: 0 to 100.</summary>
    public double InputSensitivity => _traits.InputSensitivity;

    /// <summary>Notes of applications: an object.</summary>
    public JsonElement Meta => _traits.Meta;

    /// <summary>Switches its sound off.</summary>
    /// <exception cref="RealtimeKitException">What the server refuses.</exception>
    public Task AudioMuteAsync(CancellationToken cancellationToken = default) => _session.AudioMuteAsync(Id, cancellationToken);

    /// <summary>Switches its sound on, where the server can.</summary>
    /// <exception cref="RealtimeKitException">What the server refuses.</exception>
    public Task AudioUnmuteAsync(CancellationToken cancellationToken = default) => _session.AudioUnmuteAsync(Id, cancellationToken);

    /// <summary>Switches its picture off.</summary>
    /// <exception cref="RealtimeKitException">What the server refuses.</exception>
    public Task VideoMuteAsync(CancellationToken cancellationToken = default) => _session.VideoMuteAsync(Id, cancellationToken);

    /// <summary>Switches its picture on, where the server can.</summary>
    /// <exception cref="RealtimeKitException">What the server refuses.</exception>
    public Task VideoUnmuteAsync(CancellationToken cancellationToken = default) => _session.VideoUnmuteAsync(Id, cancellationToken);

    /// <summary>Lets it hear nothing, or hear again.</summary>
    /// <exception cref="RealtimeKitException">What the server refuses.</exception>
    public Task SetDeafAsync(bool isDeaf, CancellationToken cancellationToken = default) =>
        isDeaf ? _session.DeafAsync(Id, cancellationToken) : _session.UndeafAsync(Id, cancellationToken);

    /// <summary>Makes it louder or softer for others.</summary>
    /// <exception cref="RealtimeKitException">What the server refuses.</exception>
    public Task SetInputVolumeAsync(double volume, CancellationToken cancellationToken = default) => _session.SetInputVolumeAsync(Id, volume, cancellationToken);

    /// <summary>Makes others louder or softer for it.</summary>
    /// <exception cref="RealtimeKitException">What the server refuses.</exception>
    public Task SetOutputVolumeAsync(double volume, CancellationToken cancellationToken = default) => _session.SetOutputVolumeAsync(Id, volume, cancellationToken);

    /// <summary>Sets from what level on its microphone is heard.</summary>
    /// <exception cref="RealtimeKitException">What the server refuses.</exception>
    public Task SetInputSensitivityAsync(double value, CancellationToken cancellationToken = default) => _session.SetInputSensitivityAsync(Id, value, cancellationToken);

    /// <summary>Puts it elsewhere in the composition.</summary>
    /// <exception cref="RealtimeKitException">What the server refuses.</exception>
    public Task SetPositionAsync(string position, CancellationToken cancellationToken = default) => _session.SetMemberPositionAsync(Id, position, cancellationToken);

    /// <summary>Raises its hand, or lowers it.</summary>
    /// <exception cref="RealtimeKitException">What the server refuses.</exception>
    public Task SetRaisedHandAsync(bool isRaised, CancellationToken cancellationToken = default) => _session.SetRaisedHandAsync(Id, isRaised, cancellationToken);

    /// <summary>Removes it from the session.</summary>
    /// <exception cref="RealtimeKitException">What the server refuses.</exception>
    public Task RemoveAsync(CancellationToken cancellationToken = default) => _session.RemoveMemberAsync(Id, cancellationToken);

    /// <summary>Takes what the server says of it; what it does not say stays.</summary>
    /// <returns>The names of what has changed, as the protocol calls them.</returns>
    internal IReadOnlyList<string> Apply(JsonElement said)
    {
        var before = _traits;
        var now = new Traits
        {
            Name = said.Text("name") ?? before.Name,
            Type = said.Text("type") ?? before.Type,
            ParentId = said.Text("parent_id") ?? before.ParentId,
            RequestedPosition = said.Text("requested_position") ?? before.RequestedPosition,
            CurrentPosition = said.Text("current_position") ?? before.CurrentPosition,
            IsVisible = said.Flag("visible") ?? before.IsVisible,
            IsAudioMuted = said.Flag("audio_muted") ?? before.IsAudioMuted,
            IsVideoMuted = said.Flag("video_muted") ?? before.IsVideoMuted,
            IsDeaf = said.Flag("deaf") ?? before.IsDeaf,
            HasHandRaised = said.Flag("handraised") ?? before.HasHandRaised,
            IsTalking = said.Flag("talking") ?? before.IsTalking,
            InputVolume = said.Number("input_volume") ?? before.InputVolume,
            OutputVolume = said.Number("output_volume") ?? before.OutputVolume,
            InputSensitivity = said.Number("input_sensitivity") ?? before.InputSensitivity,
            Meta = said.Kept("meta") ?? before.Meta,
        };
        _traits = now;
        return now.DifferencesTo(before);
    }

    /// <summary>The layout has put it elsewhere.</summary>
    internal bool Place(string position)
    {
        var before = _traits;
        _traits = before with { CurrentPosition = position };
        return before.CurrentPosition != position;
    }

    private sealed record Traits
    {
        public string Name { get; init; } = "";

        public string Type { get; init; } = "member";

        public string ParentId { get; init; } = "";

        public string RequestedPosition { get; init; } = "auto";

        public string CurrentPosition { get; init; } = "off-canvas";

        public bool IsVisible { get; init; }

        public bool IsAudioMuted { get; init; }

        public bool IsVideoMuted { get; init; }

        public bool IsDeaf { get; init; }

        public bool HasHandRaised { get; init; }

        public bool IsTalking { get; init; }

        public double InputVolume { get; init; }

        public double OutputVolume { get; init; }

        public double InputSensitivity { get; init; }

        public JsonElement Meta { get; init; } = NoMeta;

        public IReadOnlyList<string> DifferencesTo(Traits before)
        {
            (bool IsOther, string Name)[] fields =
            [
                (Name != before.Name, "name"),
                (RequestedPosition != before.RequestedPosition, "requested_position"),
                (IsVisible != before.IsVisible, "visible"),
                (IsAudioMuted != before.IsAudioMuted, "audio_muted"),
                (IsVideoMuted != before.IsVideoMuted, "video_muted"),
                (IsDeaf != before.IsDeaf, "deaf"),
                (HasHandRaised != before.HasHandRaised, "handraised"),
                (InputVolume != before.InputVolume, "input_volume"),
                (OutputVolume != before.OutputVolume, "output_volume"),
                (InputSensitivity != before.InputSensitivity, "input_sensitivity"),
                (!JsonElement.DeepEquals(Meta, before.Meta), "meta"),
            ];
            return [.. fields.Where(field => field.IsOther).Select(field => field.Name)];
        }
    }
}
