namespace Roomcast.Webhooks.Records;

/// <summary>A webhook.</summary>
/// <param name="Value">The UUID.</param>
public readonly record struct WebhookId(Guid Value)
{
    /// <summary>Reads an id: a hyphenated UUID.</summary>
    public static bool TryParse(string? text, out WebhookId id)
    {
        var isValid = Guid.TryParseExact(text, "D", out var value);
        id = new WebhookId(value);
        return isValid;
    }

    /// <inheritdoc/>
    public override string ToString() => Value.ToString("D");
}

/// <summary>One delivery of one event to one webhook; the same on every attempt, so that a receiver can tell a repetition.</summary>
/// <param name="Value">The UUID.</param>
public readonly record struct DeliveryId(Guid Value)
{
    /// <summary>Reads an id: a hyphenated UUID.</summary>
    public static bool TryParse(string? text, out DeliveryId id)
    {
        var isValid = Guid.TryParseExact(text, "D", out var value);
        id = new DeliveryId(value);
        return isValid;
    }

    /// <inheritdoc/>
    public override string ToString() => Value.ToString("D");
}
