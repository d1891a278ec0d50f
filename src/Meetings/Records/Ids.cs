namespace Roomcast.Meetings.Records;

/// <summary>A meeting.</summary>
/// <param name="Value">The UUID.</param>
public readonly record struct MeetingId(Guid Value)
{
    /// <summary>Reads an id: a hyphenated UUID.</summary>
    public static bool TryParse(string? text, out MeetingId id)
    {
        var isValid = Guid.TryParseExact(text, "D", out var value);
        id = new MeetingId(value);
        return isValid;
    }

    /// <inheritdoc/>
    public override string ToString() => Value.ToString("D");
}

/// <summary>A participant of a meeting.</summary>
/// <param name="Value">The UUID.</param>
public readonly record struct ParticipantId(Guid Value)
{
    /// <summary>Reads an id: a hyphenated UUID.</summary>
    public static bool TryParse(string? text, out ParticipantId id)
    {
        var isValid = Guid.TryParseExact(text, "D", out var value);
        id = new ParticipantId(value);
        return isValid;
    }

    /// <inheritdoc/>
    public override string ToString() => Value.ToString("D");
}

/// <summary>A preset.</summary>
/// <param name="Value">The UUID.</param>
public readonly record struct PresetId(Guid Value)
{
    /// <summary>Reads an id: a hyphenated UUID.</summary>
    public static bool TryParse(string? text, out PresetId id)
    {
        var isValid = Guid.TryParseExact(text, "D", out var value);
        id = new PresetId(value);
        return isValid;
    }

    /// <inheritdoc/>
    public override string ToString() => Value.ToString("D");
}

/// <summary>One time a meeting takes place.</summary>
/// <param name="Value">The UUID.</param>
public readonly record struct SessionId(Guid Value)
{
    /// <summary>Reads an id: a hyphenated UUID.</summary>
    public static bool TryParse(string? text, out SessionId id)
    {
        var isValid = Guid.TryParseExact(text, "D", out var value);
        id = new SessionId(value);
        return isValid;
    }

    /// <inheritdoc/>
    public override string ToString() => Value.ToString("D");
}

/// <summary>One presence of a participant in a session. The client chooses it, so it is unique only within its session.</summary>
/// <param name="Value">The UUID.</param>
public readonly record struct PeerId(Guid Value)
{
    /// <summary>Reads an id: a hyphenated UUID.</summary>
    public static bool TryParse(string? text, out PeerId id)
    {
        var isValid = Guid.TryParseExact(text, "D", out var value);
        id = new PeerId(value);
        return isValid;
    }

    /// <inheritdoc/>
    public override string ToString() => Value.ToString("D");
}

/// <summary>A chat message.</summary>
/// <param name="Value">The UUID.</param>
public readonly record struct ChatMessageId(Guid Value)
{
    /// <summary>Reads an id: a hyphenated UUID.</summary>
    public static bool TryParse(string? text, out ChatMessageId id)
    {
        var isValid = Guid.TryParseExact(text, "D", out var value);
        id = new ChatMessageId(value);
        return isValid;
    }

    /// <inheritdoc/>
    public override string ToString() => Value.ToString("D");
}

/// <summary>A poll.</summary>
/// <param name="Value">The UUID.</param>
public readonly record struct PollId(Guid Value)
{
    /// <summary>Reads an id: a hyphenated UUID.</summary>
    public static bool TryParse(string? text, out PollId id)
    {
        var isValid = Guid.TryParseExact(text, "D", out var value);
        id = new PollId(value);
        return isValid;
    }

    /// <inheritdoc/>
    public override string ToString() => Value.ToString("D");
}
