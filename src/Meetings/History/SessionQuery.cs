using Roomcast.Meetings.Records;
using Roomcast.Storage;

namespace Roomcast.Meetings.History;

/// <summary>What a list of sessions is ordered by.</summary>
public enum SessionSort
{
    /// <summary>When each began.</summary>
    Age,

    /// <summary>How long all peers were there, added up. A session under way stands where it stood half a minute ago at most.</summary>
    Presence,
}

/// <summary>Which sessions of an app to list.</summary>
/// <param name="Page">The page.</param>
public sealed record SessionQuery(PageRequest Page)
{
    /// <summary>Only those that last, or only those that have ended; null for both.</summary>
    public bool? IsLive { get; init; }

    /// <summary>Only those that began in this range.</summary>
    public TimeRange Created { get; init; }

    /// <summary>Only those of this meeting; null for all.</summary>
    public MeetingId? MeetingId { get; init; }

    /// <summary>Only those whose title, whatever its case, meeting's id or own id contains this; null or empty for all.</summary>
    public string? Search { get; init; }

    /// <summary>Only those whose meeting had this title when they began; null for all.</summary>
    public string? Title { get; init; }

    /// <summary>Only those with a participant whose id, or custom id whatever its case, contains this; null or empty for all.</summary>
    public string? Participant { get; init; }

    /// <summary>What they are ordered by.</summary>
    public SessionSort Sort { get; init; }

    /// <summary>Which way.</summary>
    public SortOrder Order { get; init; }
}

/// <summary>What a list of peers is ordered by.</summary>
public enum PeerSort
{
    /// <summary>When each joined for the first time.</summary>
    Joined,

    /// <summary>How long each was there.</summary>
    Duration,
}

/// <summary>Which peers of a session to list.</summary>
/// <param name="Page">The page.</param>
public sealed record PeerQuery(PageRequest Page)
{
    /// <summary>Only those whose display name or custom id, whatever its case, participant's id or own id contains this; null or empty for all.</summary>
    public string? Search { get; init; }

    /// <summary>What they are ordered by.</summary>
    public PeerSort Sort { get; init; }

    /// <summary>Which way.</summary>
    public SortOrder Order { get; init; }

    /// <summary>Whether the peers of one participant are told as one.</summary>
    public bool IsConsolidated { get; init; }
}
