using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Roomcast.Client.Relay;

/// <summary>One time that a room is used: from the first who comes to the last who goes.</summary>
/// <remarks>
/// What it holds is kept up to date once <see cref="ListenAsync"/> was called; until then it is as the server told it last. State is
/// changed before events tell of it; events are raised one after another on one context; reads never block. Thread-safe.
/// </remarks>
public sealed partial class RoomSession
{
    private static readonly JsonElement NoMeta = JsonDocument.Parse("{}").RootElement.Clone();

    // Longer than a server of ours takes to find out that a target does not answer.
    private static readonly TimeSpan BeginPatience = TimeSpan.FromMinutes(2);

    private readonly VideoClient _video;
    private readonly TaskCompletionSource _over = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile Traits _traits = new();
    private volatile RoomLayout? _layout;
    private ImmutableDictionary<string, RoomSessionMember> _members = ImmutableDictionary<string, RoomSessionMember>.Empty;
    private volatile bool _hasEnded;
    private volatile bool _isListening;
    private bool _isFilled;

    internal RoomSession(VideoClient video, string id)
    {
        _video = video;
        Id = id;
        Streams = new ActionList<RoomSessionStream>(ActionKind.Stream, action => new RoomSessionStream(this, action));
        Recordings = new ActionList<RoomSessionRecording>(ActionKind.Recording, action => new RoomSessionRecording(this, action));
        Playbacks = new ActionList<RoomSessionPlayback>(ActionKind.Playback, action => new RoomSessionPlayback(this, action));
    }

    /// <summary>Its id.</summary>
    public string Id { get; }

    /// <summary>The room: the same for each of its sessions.</summary>
    public string RoomId => _traits.RoomId;

    /// <summary>The room's name.</summary>
    public string Name => _traits.Name;

    /// <summary>The room's name for people.</summary>
    public string DisplayName => _traits.DisplayName;

    /// <summary>Whether it is being recorded.</summary>
    public bool IsRecording => _traits.IsRecording;

    /// <summary>Whether it is being streamed.</summary>
    public bool IsStreaming => _traits.IsStreaming;

    /// <summary>Whether members without a picture are left out of the composition.</summary>
    public bool HidesVideoMuted => _traits.HidesVideoMuted;

    /// <summary>Whether nobody new is let in.</summary>
    public bool IsLocked => _traits.IsLocked;

    /// <summary>Whether raised hands come first in the composition.</summary>
    public bool PrioritizesHandraise => _traits.PrioritizesHandraise;

    /// <summary>The layout's name, for example <c>grid-responsive</c>.</summary>
    public string LayoutName => _traits.LayoutName;

    /// <summary>Notes of applications: an object.</summary>
    public JsonElement Meta => _traits.Meta;

    /// <summary>Where a small picture of it can be seen; null where there is none.</summary>
    public string? PreviewUrl => _traits.PreviewUrl;

    /// <summary>When it began; null where the server does not say.</summary>
    public DateTimeOffset? StartedAt => _traits.StartedAt;

    /// <summary>How many watch without being members, as it was told last.</summary>
    public int AudienceCount => _traits.AudienceCount;

    /// <summary>Whether it is over.</summary>
    public bool HasEnded => _hasEnded;

    /// <summary>How its members are laid out; null until that was told.</summary>
    public RoomLayout? Layout => _layout;

    /// <summary>Its members, in no order.</summary>
    public IReadOnlyCollection<RoomSessionMember> Members => [.. _members.Values];

    /// <summary>The streams that run.</summary>
    public IReadOnlyList<RoomSessionStream> RunningStreams => Streams.Running;

    /// <summary>The recordings that are not over.</summary>
    public IReadOnlyList<RoomSessionRecording> RunningRecordings => Recordings.Running;

    /// <summary>The playbacks that are not over.</summary>
    public IReadOnlyList<RoomSessionPlayback> RunningPlaybacks => Playbacks.Running;

    internal ActionList<RoomSessionStream> Streams { get; }

    internal ActionList<RoomSessionRecording> Recordings { get; }

    internal ActionList<RoomSessionPlayback> Playbacks { get; }

    /// <summary>The channel its events come by.</summary>
    internal string Channel => _traits.Channel;

    /// <summary>Whether what happens in it is told.</summary>
    internal bool IsListening => _isListening;

    /// <summary>The member of an id.</summary>
    /// <param name="memberId">The id.</param>
    /// <param name="member">The member.</param>
    /// <returns>Whether there is one.</returns>
    public bool TryGetMember(string memberId, [NotNullWhen(true)] out RoomSessionMember? member) => Volatile.Read(ref _members).TryGetValue(memberId, out member);

    /// <summary>Has events of it told, in addition to those that are told already; afterwards all it holds is up to date.</summary>
    /// <param name="events">Which; all by default. Its end is told always.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <exception cref="RealtimeKitException">NotFound when it is over, and what the server refuses.</exception>
    public async Task ListenAsync(RoomSessionEvents events = RoomSessionEvents.All, CancellationToken cancellationToken = default)
    {
        ThrowIfOver();
        await _video.Client.SubscribeAsync(Channel, RelayEventNames.Of(events), cancellationToken).ConfigureAwait(false);
        _isListening = true;
        await RefreshAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Waits until it is over.</summary>
    /// <param name="cancellationToken">Ends the waiting.</param>
    public Task WaitForEndAsync(CancellationToken cancellationToken = default) => _over.Task.WaitAsync(cancellationToken);

    /// <summary>Says which.</summary>
    public override string ToString() => $"session {Id} of room {DisplayName}";

    /// <summary>Asks the server how everything in it is. A session that the server does not have is over.</summary>
    internal Task RefreshAsync(CancellationToken cancellationToken) => _video.Client.AskAsync(
        "video.room.get",
        Parameters(null),
        said =>
        {
            if (said.Has("room", out var room))
            {
                ApplyAll(room);
            }

            return true;
        },
        cancellationToken,
        refusal =>
        {
            if (refusal.Error is RealtimeKitError.NotFound)
            {
                _video.End(this);
            }
        });

    /// <inheritdoc cref="RealtimeClient.Raise(Action)"/>
    internal void Raise(Action raise) => _video.Client.Raise(raise);

    /// <inheritdoc cref="RealtimeClient.Raise(object, string, Action)"/>
    internal void Raise(object whose, string what, Action raise) => _video.Client.Raise(whose, what, raise);

    /// <summary>Asks for something that is answered with nothing but yes.</summary>
    internal Task CallAsync(string method, Action<JsonObject>? add, CancellationToken cancellationToken) =>
        AskAsync(method, add, static _ => true, cancellationToken);

    /// <summary>Asks for something about the session.</summary>
    internal Task<T> AskAsync<T>(string method, Action<JsonObject>? add, Func<JsonElement, T> read, CancellationToken cancellationToken)
    {
        ThrowIfOver();
        return _video.Client.AskAsync(method, Parameters(add), read, cancellationToken);
    }

    private JsonObject Parameters(Action<JsonObject>? add)
    {
        var parameters = new JsonObject { ["room_session_id"] = Id };
        add?.Invoke(parameters);
        return parameters;
    }

    private void ThrowIfOver()
    {
        if (_hasEnded)
        {
            throw new RealtimeKitException(RealtimeKitError.WrongState, "The room session is over.");
        }
    }

    private sealed record Traits
    {
        public string RoomId { get; init; } = "";

        public string Name { get; init; } = "";

        public string DisplayName { get; init; } = "";

        public string Channel { get; init; } = "";

        public bool IsRecording { get; init; }

        public bool IsStreaming { get; init; }

        public bool HidesVideoMuted { get; init; }

        public bool IsLocked { get; init; }

        public bool PrioritizesHandraise { get; init; }

        public string LayoutName { get; init; } = "";

        public JsonElement Meta { get; init; } = NoMeta;

        public string? PreviewUrl { get; init; }

        public DateTimeOffset? StartedAt { get; init; }

        public int AudienceCount { get; init; }

        /// <summary>As the server says it; what it does not say stays.</summary>
        public Traits With(JsonElement room)
        {
            var name = room.Text("name") ?? Name;
            return this with
            {
                RoomId = room.Text("room_id") ?? RoomId,
                Name = name,
                DisplayName = room.Text("display_name") ?? (DisplayName.Length > 0 ? DisplayName : name),
                Channel = room.Text("event_channel") ?? Channel,
                IsRecording = room.Flag("recording") ?? IsRecording,
                IsStreaming = room.Flag("streaming") ?? IsStreaming,
                HidesVideoMuted = room.Flag("hide_video_muted") ?? HidesVideoMuted,
                IsLocked = room.Flag("locked") ?? IsLocked,
                PrioritizesHandraise = room.Flag("prioritize_handraise") ?? PrioritizesHandraise,
                LayoutName = room.Text("layout_name") ?? LayoutName,
                Meta = room.Kept("meta") ?? Meta,
                PreviewUrl = room.Text("preview_url") ?? PreviewUrl,
                StartedAt = room.Time("start_time") ?? StartedAt,
            };
        }
    }
}
