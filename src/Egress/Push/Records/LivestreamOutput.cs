namespace Roomcast.Egress.Push.Records;

/// <summary>An output of a livestream.</summary>
/// <param name="Value">The UUID.</param>
public readonly record struct OutputId(Guid Value)
{
    /// <summary>Reads an id: a hyphenated UUID.</summary>
    public static bool TryParse(string? text, out OutputId id)
    {
        var isValid = Guid.TryParseExact(text, "D", out var value);
        id = new OutputId(value);
        return isValid;
    }

    /// <inheritdoc/>
    public override string ToString() => Value.ToString("D");
}

/// <summary>Where a livestream is pushed to whenever it is on air, as kept.</summary>
public sealed record LivestreamOutput
{
    /// <summary>Its id.</summary>
    public required OutputId Id { get; init; }

    /// <summary>The livestream, a UUID.</summary>
    public required Guid LivestreamId { get; init; }

    /// <summary>What its owner calls it; null for nothing.</summary>
    public required string? Name { get; init; }

    /// <summary>Where to.</summary>
    public required PushAddress Address { get; init; }

    /// <summary>When it was made.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>Says which it is, without the key.</summary>
    public override string ToString() => $"output {Id} to {Address}";
}
