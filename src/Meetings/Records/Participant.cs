using Roomcast.Accounts;

namespace Roomcast.Meetings.Records;

/// <summary>Who may join a meeting: an identity, and the preset that says what it may do. It survives reconnects.</summary>
public sealed record Participant
{
    /// <summary>Its id.</summary>
    public required ParticipantId Id { get; init; }

    /// <summary>The app.</summary>
    public required AppId AppId { get; init; }

    /// <summary>The meeting.</summary>
    public required MeetingId MeetingId { get; init; }

    /// <summary>The customer's own name for this person, 1 to 256 characters; one participant of a meeting has it.</summary>
    public required string CustomId { get; init; }

    /// <summary>1 to 256 characters, or null.</summary>
    public string? Name { get; init; }

    /// <summary>An absolute http(s) address of at most 2,048 characters, or null.</summary>
    public string? Picture { get; init; }

    /// <summary>The preset; it may have been deleted since, and still holds for this participant.</summary>
    public required PresetId PresetId { get; init; }

    /// <summary>The preset's name.</summary>
    public required string PresetName { get; init; }

    /// <summary>Whether it is a program of the server's own (<see cref="Tokens.OwnParticipants"/>), which no record has.</summary>
    public bool IsOwn { get; init; }

    /// <summary>Tokens issued for an earlier generation are worth nothing.</summary>
    public required int TokenGeneration { get; init; }

    /// <summary>When it was made, UTC, whole milliseconds.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>When it last changed, UTC, whole milliseconds.</summary>
    public required DateTimeOffset UpdatedAt { get; init; }
}

/// <summary>A change to a participant; null leaves a field as it is.</summary>
/// <param name="Name">The new name.</param>
/// <param name="Picture">The new picture.</param>
/// <param name="PresetId">The new preset, of the same app.</param>
public sealed record ParticipantPatch(string? Name, string? Picture, PresetId? PresetId);
