namespace Roomcast.Meetings.Records;

/// <summary>What a chat message carries.</summary>
public enum ChatMessageKind
{
    /// <summary>Text.</summary>
    Text,

    /// <summary>The address of a picture.</summary>
    Image,

    /// <summary>A file, described in JSON.</summary>
    File,

    /// <summary>Anything else, described in JSON.</summary>
    Custom,
}

/// <summary>A chat message as kept.</summary>
public sealed record ChatMessage
{
    /// <summary>Its id.</summary>
    public required ChatMessageId Id { get; init; }

    /// <summary>The meeting.</summary>
    public required MeetingId MeetingId { get; init; }

    /// <summary>The session it was said in.</summary>
    public required SessionId SessionId { get; init; }

    /// <summary>The peer that said it.</summary>
    public required PeerId PeerId { get; init; }

    /// <summary>The participant that said it.</summary>
    public required ParticipantId ParticipantId { get; init; }

    /// <summary>What the sender was called.</summary>
    public required string DisplayName { get; init; }

    /// <summary>What it carries.</summary>
    public required ChatMessageKind Kind { get; init; }

    /// <summary>The text, the address or the JSON.</summary>
    public required string Payload { get; init; }

    /// <summary>Who alone may read it, the sender always among them; empty for a public message.</summary>
    public ValueList<ParticipantId> Targets { get; init; } = [];

    /// <summary>Whether only its targets may read it.</summary>
    public bool IsPrivate => Targets.Count > 0;

    /// <summary>Whether it is pinned.</summary>
    public bool IsPinned { get; init; }

    /// <summary>Whether it was changed after it was sent.</summary>
    public bool IsEdited { get; init; }

    /// <summary>When it was said, UTC, whole milliseconds; another moment than every other message of its meeting.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>Says what it is and not what was said.</summary>
    public override string ToString() => $"ChatMessage {Id} ({Kind})";
}

/// <summary>The chat as one session sees it.</summary>
/// <param name="MeetingId">The meeting.</param>
/// <param name="SessionId">The session that looks.</param>
/// <param name="IncludesEarlier">Whether lasting messages of earlier sessions belong to it: the meeting persists its chat.</param>
public readonly record struct ChatScope(MeetingId MeetingId, SessionId SessionId, bool IncludesEarlier);

/// <summary>Which messages of a chat are wanted.</summary>
public sealed record ChatQuery
{
    /// <summary>Most messages of one answer.</summary>
    public const int MaxSize = 1_000;

    /// <summary>Whose eyes look: private messages are seen only by their targets.</summary>
    public required ParticipantId Viewer { get; init; }

    /// <summary>Only the private conversation with this participant; null for no such choice.</summary>
    public ParticipantId? PrivateWith { get; init; }

    /// <summary>Only public messages.</summary>
    public bool IsPublicOnly { get; init; }

    /// <summary>Only pinned messages.</summary>
    public bool IsPinnedOnly { get; init; }

    /// <summary>Only text that contains this, whatever its case; null or empty for no such choice.</summary>
    public string? Search { get; init; }

    /// <summary>Only messages said later than this; null for no bound.</summary>
    public DateTimeOffset? After { get; init; }

    /// <summary>Only messages said earlier than this; null for no bound.</summary>
    public DateTimeOffset? Before { get; init; }

    /// <summary>Take the newest that match rather than the oldest; either way the answer is in order of age, oldest first.</summary>
    public bool TakesNewest { get; init; }

    /// <summary>Messages to pass over, from the end that is taken; 0 or more.</summary>
    public int Skip { get; init; }

    /// <summary>At most so many, 1 to <see cref="MaxSize"/>.</summary>
    public int Size { get; init; } = MaxSize;
}

/// <summary>Part of a chat.</summary>
/// <param name="Messages">Oldest first.</param>
/// <param name="HasMore">Whether more messages match beyond the end that was not taken.</param>
public sealed record ChatPage(IReadOnlyList<ChatMessage> Messages, bool HasMore);
