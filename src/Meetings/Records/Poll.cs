namespace Roomcast.Meetings.Records;

/// <summary>A question with answers to choose from. Immutable: a vote makes a new one.</summary>
public sealed record Poll
{
    /// <summary>Its id.</summary>
    public required PollId Id { get; init; }

    /// <summary>What is asked.</summary>
    public required string Question { get; init; }

    /// <summary>The answers to choose from.</summary>
    public required ValueList<PollOption> Options { get; init; }

    /// <summary>Whether nobody learns who voted for what.</summary>
    public bool IsAnonymous { get; init; }

    /// <summary>Whether nobody learns how others voted before voting.</summary>
    public bool HidesVotes { get; init; }

    /// <summary>What the one who asks is called; empty when the API asks.</summary>
    public string CreatedBy { get; init; } = "";

    /// <summary>The participant that asks; null when the API asks.</summary>
    public ParticipantId? CreatedById { get; init; }

    /// <summary>When it was made, UTC, whole milliseconds.</summary>
    public required DateTimeOffset CreatedAt { get; init; }
}

/// <summary>An answer to choose from.</summary>
/// <param name="Text">The answer.</param>
/// <param name="Votes">Who chose it.</param>
public sealed record PollOption(string Text, ValueList<PollVote> Votes);

/// <summary>A vote.</summary>
/// <param name="ParticipantId">Whose.</param>
/// <param name="Name">What the voter was called.</param>
public sealed record PollVote(ParticipantId ParticipantId, string Name);
