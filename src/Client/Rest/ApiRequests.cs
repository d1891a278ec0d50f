using System.Text.Json;

namespace Roomcast.Client.Rest;

/// <summary>What a meeting is made or changed with. What is null is left out.</summary>
public sealed record MeetingRequest
{
    /// <summary>What it is called.</summary>
    public string? Title { get; init; }

    /// <summary>ACTIVE or INACTIVE; for changes.</summary>
    public string? Status { get; init; }

    /// <summary>Whether messages outlast the session.</summary>
    public bool? PersistChat { get; init; }

    /// <summary>Whether each session is recorded by itself.</summary>
    public bool? RecordOnStart { get; init; }

    /// <summary>Whether each session goes live by itself.</summary>
    public bool? LiveStreamOnStart { get; init; }

    /// <summary>Whether sessions are transcribed.</summary>
    public bool? TranscribeOnEnd { get; init; }

    /// <summary>Whether sessions are summarised.</summary>
    public bool? SummarizeOnEnd { get; init; }

    /// <summary>How long a session waits for somebody to come back, 60 to 600 seconds.</summary>
    public int? SessionKeepAliveTimeInSecs { get; init; }

    /// <summary>How it is transcribed and summarised.</summary>
    public AiConfig? AiConfig { get; init; }

    /// <summary>How it is recorded.</summary>
    public RecordingConfig? RecordingConfig { get; init; }
}

/// <summary>What a participant is added or changed with. What is null is left out.</summary>
public sealed record ParticipantRequest
{
    /// <summary>What the application calls them; required for adding.</summary>
    public string? CustomParticipantId { get; init; }

    /// <summary>Their preset; required for adding.</summary>
    public string? PresetName { get; init; }

    /// <summary>What others see.</summary>
    public string? Name { get; init; }

    /// <summary>Address of their picture.</summary>
    public string? Picture { get; init; }
}

/// <summary>What a preset is made or changed with. What is null is left out.</summary>
public sealed record PresetRequest
{
    /// <summary>Its name.</summary>
    public string? Name { get; init; }

    /// <summary>What its participants see and send.</summary>
    public JsonElement? Config { get; init; }

    /// <summary>What they may do.</summary>
    public JsonElement? Permissions { get; init; }

    /// <summary>How it looks.</summary>
    public JsonElement? Ui { get; init; }
}

/// <summary>What a recording is started with. What is null is left out.</summary>
public sealed record RecordingRequest
{
    /// <summary>The meeting.</summary>
    public required string MeetingId { get; init; }

    /// <summary>Whether there may be others already.</summary>
    public bool? AllowMultipleRecordings { get; init; }

    /// <summary>What its file's name begins with.</summary>
    public string? FileNamePrefix { get; init; }

    /// <summary>How long it may be, 60 to 86,400 seconds.</summary>
    public int? MaxSeconds { get; init; }

    /// <summary>How its picture is encoded.</summary>
    public VideoConfig? VideoConfig { get; init; }

    /// <summary>How its sound is encoded.</summary>
    public AudioConfig? AudioConfig { get; init; }

    /// <summary>Where it is put.</summary>
    public StorageConfig? StorageConfig { get; init; }

    /// <summary>Whether the server keeps it.</summary>
    public BucketConfig? RealtimekitBucketConfig { get; init; }

    /// <summary>Where it is pushed to besides.</summary>
    public RtmpConfig? RtmpOutConfig { get; init; }

    /// <summary>What it carries besides, for players.</summary>
    public InteractiveConfig? InteractiveConfig { get; init; }

    /// <summary>A web page that is recorded in the place of the meeting's own layout.</summary>
    public string? Url { get; init; }

    /// <summary>The participants to record; for recordings of tracks.</summary>
    public IReadOnlyList<string>? UserIds { get; init; }

    /// <summary>What to record; for recordings of tracks.</summary>
    public TrackLayers? Layers { get; init; }
}

/// <summary>What a webhook is made or changed with. What is null is left out.</summary>
public sealed record WebhookRequest
{
    /// <summary>What it is called.</summary>
    public string? Name { get; init; }

    /// <summary>The address.</summary>
    public string? Url { get; init; }

    /// <summary>Which events.</summary>
    public IReadOnlyList<string>? Events { get; init; }

    /// <summary>Whether they are posted.</summary>
    public bool? Enabled { get; init; }
}

/// <summary>Whom an act upon a session is for.</summary>
public sealed record ParticipantSelection
{
    /// <summary>By the ids of the participants.</summary>
    public IReadOnlyList<string>? ParticipantIds { get; init; }

    /// <summary>By what the application calls them.</summary>
    public IReadOnlyList<string>? CustomParticipantIds { get; init; }
}

/// <summary>A poll to be made.</summary>
public sealed record PollRequest
{
    /// <summary>What is asked.</summary>
    public required string Question { get; init; }

    /// <summary>What can be answered.</summary>
    public required IReadOnlyList<string> Options { get; init; }

    /// <summary>Whether nobody is told who voted.</summary>
    public bool? Anonymous { get; init; }

    /// <summary>Whether nobody is told how it stands.</summary>
    public bool? HideVotes { get; init; }
}

/// <summary>Which of a list are wanted. What is null does not matter.</summary>
public sealed record ListQuery
{
    /// <summary>How many are asked for at once, 1 to 100; default 100. All pages are read all the same.</summary>
    public int PageSize { get; init; } = 100;

    /// <summary>Text that they hold.</summary>
    public string? Search { get; init; }

    /// <summary>Their status.</summary>
    public string? Status { get; init; }

    /// <summary>Made at this time or later.</summary>
    public DateTimeOffset? StartTime { get; init; }

    /// <summary>Made at this time or before.</summary>
    public DateTimeOffset? EndTime { get; init; }

    /// <summary>The meeting they belong to, for recordings and sessions.</summary>
    public string? MeetingId { get; init; }

    /// <summary>Whether the oldest come first; the newest do by default.</summary>
    public bool IsAscending { get; init; }

    /// <summary>Whether livestreams of meetings are left out.</summary>
    public bool ExcludesMeetings { get; init; }

    /// <summary>Several statuses, any of which will do; for recordings.</summary>
    public IReadOnlyList<string>? Statuses { get; init; }

    /// <summary>What they are ordered by: minutesConsumed or createdAt of sessions, joinedAt or duration of who was in one, invokedTime of recordings.</summary>
    public string? SortBy { get; init; }

    /// <summary>Whether the address of the file is to have expired, or not; for recordings.</summary>
    public bool? IsExpired { get; init; }

    /// <summary>Text that the ids of their participants hold; for sessions.</summary>
    public string? Participants { get; init; }

    /// <summary>Whether what happened to each presence is told; for who was in a session.</summary>
    public bool IncludesPeerEvents { get; init; }

    /// <summary>raw for every presence by itself, consolidated for one line for each participant; for who was in a session.</summary>
    public string? View { get; init; }
}

internal sealed record NameRequest(string? Name);

internal sealed record LivestreamRequest(string? Name, PixelSize? VideoConfig);

internal sealed record ActionRequest(string Action);

internal sealed record MuteAllRequest(bool AllowUnmute);
