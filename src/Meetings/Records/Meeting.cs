using Roomcast.Accounts;
using Roomcast.Storage;

namespace Roomcast.Meetings.Records;

/// <summary>Whether a meeting may be joined.</summary>
public enum MeetingStatus
{
    /// <summary>It may.</summary>
    Active,

    /// <summary>Nobody joins; a session under way goes on.</summary>
    Inactive,
}

/// <summary>The lasting place where people meet, and its settings.</summary>
public sealed record Meeting
{
    /// <summary>Shortest <see cref="MeetingSettings.KeepAlive"/>, also the default: a minute.</summary>
    public static readonly TimeSpan MinKeepAlive = TimeSpan.FromSeconds(60);

    /// <summary>Longest <see cref="MeetingSettings.KeepAlive"/>: ten minutes.</summary>
    public static readonly TimeSpan MaxKeepAlive = TimeSpan.FromSeconds(600);

    /// <summary>Its id.</summary>
    public required MeetingId Id { get; init; }

    /// <summary>The app it belongs to.</summary>
    public required AppId AppId { get; init; }

    /// <summary>Up to 256 characters; empty when it has none.</summary>
    public required string Title { get; init; }

    /// <summary>Whether it may be joined.</summary>
    public required MeetingStatus Status { get; init; }

    /// <summary>The settings its owner chose.</summary>
    public required MeetingSettings Settings { get; init; }

    /// <summary>When it was made, UTC, whole milliseconds.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>When it last changed, UTC, whole milliseconds.</summary>
    public required DateTimeOffset UpdatedAt { get; init; }

    /// <summary>Names it without its settings, which may hold keys of a storage.</summary>
    public override string ToString() => $"Meeting {Id} ({Status})";
}

/// <summary>What a meeting does by itself. A new instance holds the defaults.</summary>
public sealed record MeetingSettings
{
    /// <summary>Whether later sessions show the chat of earlier ones.</summary>
    public bool PersistsChat { get; init; }

    /// <summary>Whether the first to join starts a recording.</summary>
    public bool RecordsOnStart { get; init; }

    /// <summary>Whether the first to join starts a livestream.</summary>
    public bool GoesLiveOnStart { get; init; }

    /// <summary>Whether a summary is made when a session ends.</summary>
    public bool SummarizesOnEnd { get; init; }

    /// <summary>Whether a transcript is made when a session ends.</summary>
    public bool TranscribesOnEnd { get; init; }

    /// <summary>How long a session lives on after the last has left, in whole seconds; 60 s to 600 s.</summary>
    public TimeSpan KeepAlive { get; init; } = Meeting.MinKeepAlive;

    /// <summary>How transcripts and summaries are made: a JSON object as its owner gave it, checked; null when not given.</summary>
    public string? AiConfig { get; init; }

    /// <summary>How recordings are made: a JSON object as its owner gave it, checked; null when not given. It may hold secrets.</summary>
    public string? RecordingConfig { get; init; }

    /// <summary>Says what it is without the configurations, which may hold keys of a storage.</summary>
    public override string ToString() => nameof(MeetingSettings);
}

/// <summary>Which meetings to list.</summary>
/// <param name="Page">The page.</param>
/// <param name="Status">Only this status; null for all.</param>
/// <param name="Created">Only those made in this range.</param>
/// <param name="Search">Only those whose title, whatever its case, or id contains this; null or empty for all.</param>
/// <param name="Order">By age.</param>
public sealed record MeetingQuery(PageRequest Page, MeetingStatus? Status, TimeRange Created, string? Search, SortOrder Order);
