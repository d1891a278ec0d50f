namespace Roomcast.Livestreams.Records;

/// <summary>A livestream.</summary>
/// <param name="Value">The UUID.</param>
public readonly record struct LivestreamId(Guid Value)
{
    /// <summary>Reads an id: a hyphenated UUID.</summary>
    public static bool TryParse(string? text, out LivestreamId id)
    {
        var isValid = Guid.TryParseExact(text, "D", out var value);
        id = new LivestreamId(value);
        return isValid;
    }

    /// <inheritdoc/>
    public override string ToString() => Value.ToString("D");
}

/// <summary>One time on air of a livestream.</summary>
/// <param name="Value">The UUID.</param>
public readonly record struct LivestreamSessionId(Guid Value)
{
    /// <summary>Reads an id: a hyphenated UUID.</summary>
    public static bool TryParse(string? text, out LivestreamSessionId id)
    {
        var isValid = Guid.TryParseExact(text, "D", out var value);
        id = new LivestreamSessionId(value);
        return isValid;
    }

    /// <inheritdoc/>
    public override string ToString() => Value.ToString("D");
}
