using Roomcast.Accounts;
using Roomcast.Livestreams.Meetings;
using Roomcast.Storage;

namespace Roomcast.Livestreams.Records;

/// <summary>Where a livestream stands, as kept and as told to others.</summary>
public enum LivestreamStatus
{
    /// <summary>Made, and never live so far.</summary>
    Invoked,

    /// <summary>On air: a player can play it. An ingest lost less than the grace time ago still counts.</summary>
    Live,

    /// <summary>Was live and may be again.</summary>
    Idle,

    /// <summary>Ended by a fault; live again when ingest returns.</summary>
    Errored,
}

/// <summary>The lasting broadcast resource: its stream key, its playback URL and its status.</summary>
public sealed record Livestream
{
    /// <summary>Its id; the playback URL carries it.</summary>
    public required LivestreamId Id { get; init; }

    /// <summary>The app it belongs to.</summary>
    public required AppId AppId { get; init; }

    /// <summary>1 to 256 characters, or null.</summary>
    public string? Name { get; init; }

    /// <summary>The meeting it shows; null for an independent livestream.</summary>
    public Guid? MeetingId { get; init; }

    /// <summary>Where it stands.</summary>
    public required LivestreamStatus Status { get; init; }

    /// <summary>Whether ingest is refused.</summary>
    public bool IsDisabled { get; init; }

    /// <summary>Whether the customer's own encoder publishes; otherwise the server composes the meeting, where there is one.</summary>
    public bool IsManual { get; init; }

    /// <summary>How the picture of a meeting was asked for; null where an encoder sends it, and where that is not known any more.</summary>
    public MeetingLivestreamRequest? Composed { get; init; }

    /// <summary>The secret that encoders publish with: 32 random bytes in lower-case hex. Never logged.</summary>
    public required string StreamKey { get; init; }

    /// <summary>When it was made, UTC, whole milliseconds.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>When it last changed, UTC, whole milliseconds.</summary>
    public required DateTimeOffset UpdatedAt { get; init; }

    /// <summary>Says what it is without the stream key.</summary>
    public override string ToString() => $"Livestream {Id} ({Status})";
}

/// <summary>One time on air of a livestream.</summary>
public sealed record LivestreamSession
{
    /// <summary>Its id.</summary>
    public required LivestreamSessionId Id { get; init; }

    /// <summary>The livestream.</summary>
    public required LivestreamId LivestreamId { get; init; }

    /// <summary>The meeting session it shows; null for ingested livestreams.</summary>
    public Guid? MeetingSessionId { get; init; }

    /// <summary>When it was asked for: ingest connected, or start was called.</summary>
    public DateTimeOffset? InvokedAt { get; init; }

    /// <summary>When it became playable.</summary>
    public DateTimeOffset? StartedAt { get; init; }

    /// <summary>When it ended; null while on air.</summary>
    public DateTimeOffset? StoppedAt { get; init; }

    /// <summary>Media time received, in seconds.</summary>
    public double IngestSeconds { get; init; }

    /// <summary>Time watched, added up over all viewers, in seconds.</summary>
    public double ViewerSeconds { get; init; }

    /// <summary>Why it ended, when a fault ended it.</summary>
    public string? ErrorMessage { get; init; }

    /// <summary>When the row was made.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>When the row last changed.</summary>
    public required DateTimeOffset UpdatedAt { get; init; }
}

/// <summary>Which livestreams to list.</summary>
/// <param name="Page">The page.</param>
/// <param name="Status">Only this status; null for all.</param>
/// <param name="Created">Only those made in this range.</param>
/// <param name="ExcludeMeetings">Leave out livestreams that belong to a meeting.</param>
/// <param name="Order">By age.</param>
public sealed record LivestreamQuery(
    PageRequest Page,
    LivestreamStatus? Status,
    TimeRange Created,
    bool ExcludeMeetings,
    SortOrder Order);

/// <summary>A change to a livestream; null leaves a field as it is.</summary>
/// <param name="Name">The new name; an empty string clears it.</param>
/// <param name="IsDisabled">Whether ingest is refused from now on.</param>
public sealed record LivestreamPatch(string? Name, bool? IsDisabled);

/// <summary>Figures of one UTC day.</summary>
/// <param name="Day">The day.</param>
/// <param name="SessionCount">Livestream sessions that started on it.</param>
/// <param name="IngestSeconds">Their media time received.</param>
/// <param name="ViewerSeconds">Their time watched.</param>
public sealed record LivestreamDay(DateOnly Day, long SessionCount, double IngestSeconds, double ViewerSeconds);
