using Roomcast.Accounts;
using Roomcast.Storage;

namespace Roomcast.Egress.Recording;

/// <summary>A recording.</summary>
/// <param name="Value">The UUID.</param>
public readonly record struct RecordingId(Guid Value)
{
    /// <summary>Reads an id: a hyphenated UUID.</summary>
    public static bool TryParse(string? text, out RecordingId id)
    {
        var isValid = Guid.TryParseExact(text, "D", out var value);
        id = new RecordingId(value);
        return isValid;
    }

    /// <inheritdoc/>
    public override string ToString() => Value.ToString("D");
}

/// <summary>Where a recording stands.</summary>
public enum RecordingStatus
{
    /// <summary>Asked for; no frame is recorded so far.</summary>
    Invoked,

    /// <summary>Frames are recorded.</summary>
    Recording,

    /// <summary>Held: no time is recorded.</summary>
    Paused,

    /// <summary>Stopped; its files are being made and stored.</summary>
    Uploading,

    /// <summary>Its files are where they were asked for.</summary>
    Uploaded,

    /// <summary>A fault ended it; what was recorded before is kept.</summary>
    Errored,
}

/// <summary>What is recorded.</summary>
public enum RecordingKind
{
    /// <summary>The composed picture and sound.</summary>
    Composite,

    /// <summary>Each track for itself.</summary>
    Tracks,
}

/// <summary>Why a recording began.</summary>
public enum RecordingStartReason
{
    /// <summary>Somebody asked for it.</summary>
    Asked,

    /// <summary>Its meeting is recorded from the start.</summary>
    OnStart,
}

/// <summary>Why a recording stopped.</summary>
public enum RecordingStopReason
{
    /// <summary>Somebody asked for it.</summary>
    Asked,

    /// <summary>It became as long as it may be.</summary>
    MaxLength,

    /// <summary>The session ended.</summary>
    SessionEnded,

    /// <summary>Nobody was there for a minute.</summary>
    AllPeersLeft,

    /// <summary>A fault.</summary>
    InternalError,

    /// <summary>The server stopped, or was killed.</summary>
    ServerStopped,
}

/// <summary>Who asked.</summary>
/// <param name="IsParticipant">Whether a participant of the meeting did, rather than its owner.</param>
/// <param name="Id">The participant's or the account's id.</param>
/// <param name="Name">As others see it; null for none.</param>
public sealed record RecordingCaller(bool IsParticipant, string Id, string? Name);

/// <summary>A file of one track.</summary>
/// <param name="FileName">Its name.</param>
/// <param name="Layer">The layer it was asked for under.</param>
/// <param name="Length">Bytes.</param>
public sealed record RecordedTrackFile(string FileName, string Layer, long Length);

/// <summary>A recording, as kept.</summary>
public sealed record RecordingRecord
{
    /// <summary>Its id.</summary>
    public required RecordingId Id { get; init; }

    /// <summary>The app.</summary>
    public required AppId AppId { get; init; }

    /// <summary>The meeting.</summary>
    public required Guid MeetingId { get; init; }

    /// <summary>The session.</summary>
    public required Guid SessionId { get; init; }

    /// <summary>What is composed for it: its session, or for a web page the recording itself. Of one that is under way; not kept.</summary>
    internal Guid SceneId => ShowsPage ? Id.Value : SessionId;

    /// <summary>Whether a web page is recorded. Of one that is under way; not kept.</summary>
    internal bool ShowsPage { get; init; }

    /// <summary>What is recorded.</summary>
    public required RecordingKind Kind { get; init; }

    /// <summary>Where it stands.</summary>
    public required RecordingStatus Status { get; init; }

    /// <summary>How its file is called; for tracks a template.</summary>
    public required string OutputFileName { get; init; }

    /// <summary>Why it began.</summary>
    public required RecordingStartReason StartReason { get; init; }

    /// <summary>Who started it; null when nobody did.</summary>
    public RecordingCaller? Starter { get; init; }

    /// <summary>Why it stopped; null while it runs.</summary>
    public RecordingStopReason? StopReason { get; init; }

    /// <summary>Who stopped it; null when nobody did.</summary>
    public RecordingCaller? Stopper { get; init; }

    /// <summary>When the first frame was recorded.</summary>
    public DateTimeOffset? StartedAt { get; init; }

    /// <summary>When it stopped.</summary>
    public DateTimeOffset? StoppedAt { get; init; }

    /// <summary>How much is recorded, pauses left out.</summary>
    public TimeSpan Duration { get; init; }

    /// <summary>Bytes of the file; null when there is none so far.</summary>
    public long? FileSize { get; init; }

    /// <summary>The file that can be downloaded; null when there is none.</summary>
    public string? MediaFile { get; init; }

    /// <summary>The file with the sound alone; null when there is none.</summary>
    public string? AudioFile { get; init; }

    /// <summary>The files of single tracks; empty for a composite recording, and when they are deleted.</summary>
    public IReadOnlyList<RecordedTrackFile> TrackFiles { get; init; } = [];

    /// <summary>Until when the files can be downloaded; null when there are none.</summary>
    public DateTimeOffset? LinksExpireAt { get; init; }

    /// <summary>What went wrong; null when nothing did.</summary>
    public string? ErrorMessage { get; init; }

    /// <summary>What was asked for.</summary>
    public required RecordingPlan Plan { get; init; }

    /// <summary>Which server's disk holds what is not uploaded yet.</summary>
    public required string Node { get; init; }

    /// <summary>When it was asked for.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>When it last changed.</summary>
    public required DateTimeOffset UpdatedAt { get; init; }

    /// <summary>Whether it can be paused, resumed or stopped in some state to come.</summary>
    public bool IsActive => Status is RecordingStatus.Invoked or RecordingStatus.Recording or RecordingStatus.Paused;

    /// <summary>Says which and where it stands.</summary>
    public override string ToString() => $"Recording {Id} ({Status})";
}

/// <summary>Which recordings to list.</summary>
/// <param name="Page">The page.</param>
/// <param name="MeetingId">Only of this meeting; null for all.</param>
/// <param name="Statuses">Only in these states; empty for all.</param>
/// <param name="Invoked">Only those asked for in this range.</param>
/// <param name="IsExpired">Only those whose links have expired, or only the others; null for both.</param>
/// <param name="Order">By age.</param>
public sealed record RecordingQuery(
    PageRequest Page,
    Guid? MeetingId,
    IReadOnlyCollection<RecordingStatus> Statuses,
    TimeRange Invoked,
    bool? IsExpired,
    SortOrder Order)
{
    /// <summary>Only those of this session; null for all.</summary>
    public Guid? SessionId { get; init; }

    /// <summary>Only those of this kind; null for all.</summary>
    public RecordingKind? Kind { get; init; }

    /// <summary>Only those whose meeting is of this kind, a condition on <see cref="RecordingStore.MeetingColumn"/>; null for all.</summary>
    public RowCondition? Meeting { get; init; }
}
