using Roomcast.Meetings.Records;

namespace Roomcast.Transcripts.Records;

/// <summary>Where the transcript of a session stands.</summary>
public enum TranscriptStatus
{
    /// <summary>The session is listened to, or what was said last is still being written down.</summary>
    Open,

    /// <summary>It is there: whole, or without what an error kept from being written down.</summary>
    Ready,

    /// <summary>Nothing could be written down.</summary>
    Failed,
}

/// <summary>The transcript of a session, without its lines.</summary>
/// <param name="SessionId">The session.</param>
/// <param name="Status">Where it stands.</param>
/// <param name="Error">The last fault of the service, or of ours; null for none. For the owner, without secrets.</param>
/// <param name="ExpiresAt">When it is deleted; null while the session lasts.</param>
public sealed record Transcript(SessionId SessionId, TranscriptStatus Status, string? Error, DateTimeOffset? ExpiresAt);

/// <summary>Something that was said.</summary>
/// <param name="PeerId">By whom.</param>
/// <param name="ParticipantId">The participant.</param>
/// <param name="CustomId">The customer's own name for the participant.</param>
/// <param name="Name">The name it went by.</param>
/// <param name="StartedAt">When it begins.</param>
/// <param name="EndedAt">When it ends.</param>
/// <param name="Text">What was said.</param>
public sealed record TranscriptLine(
    PeerId PeerId, ParticipantId ParticipantId, string CustomId, string Name, DateTimeOffset StartedAt, DateTimeOffset EndedAt, string Text)
{
    /// <summary>Says nothing of what was said.</summary>
    public override string ToString() => nameof(TranscriptLine);
}

/// <summary>Where the summary of a session stands.</summary>
public enum SummaryStatus
{
    /// <summary>It is to be made.</summary>
    Queued,

    /// <summary>It is being made.</summary>
    InProgress,

    /// <summary>It is there.</summary>
    Completed,

    /// <summary>It could not be made.</summary>
    Failed,
}

/// <summary>The summary of a session.</summary>
/// <param name="SessionId">The session.</param>
/// <param name="Status">Where it stands.</param>
/// <param name="Content">The summary; null before it is there.</param>
/// <param name="IsMarkdown">Whether it has headings and lists.</param>
/// <param name="Error">Why it could not be made; null for no fault.</param>
public sealed record Summary(SessionId SessionId, SummaryStatus Status, string? Content, bool IsMarkdown, string? Error)
{
    /// <summary>Says nothing of its content.</summary>
    public override string ToString() => $"Summary of {SessionId} ({Status})";
}

/// <summary>A summary that is to be made.</summary>
/// <param name="SessionId">Of which session.</param>
/// <param name="Attempts">How often it was tried in vain.</param>
internal sealed record SummaryTask(SessionId SessionId, int Attempts);
