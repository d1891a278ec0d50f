using Roomcast.Accounts;

namespace Roomcast.Egress.Push.Records;

/// <summary>A target of a meeting.</summary>
/// <param name="Value">The UUID.</param>
public readonly record struct MeetingTargetId(Guid Value)
{
    /// <summary>Reads an id: a hyphenated UUID.</summary>
    public static bool TryParse(string? text, out MeetingTargetId id)
    {
        var isValid = Guid.TryParseExact(text, "D", out var value);
        id = new MeetingTargetId(value);
        return isValid;
    }

    /// <inheritdoc/>
    public override string ToString() => Value.ToString("D");
}

/// <summary>Where each session of a meeting is pushed to, as kept.</summary>
public sealed record MeetingTarget
{
    /// <summary>Its id.</summary>
    public required MeetingTargetId Id { get; init; }

    /// <summary>The app.</summary>
    public required AppId AppId { get; init; }

    /// <summary>The meeting, a UUID.</summary>
    public required Guid MeetingId { get; init; }

    /// <summary>Where to.</summary>
    public required PushAddress Address { get; init; }

    /// <summary>When it was made.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>When it last changed.</summary>
    public required DateTimeOffset UpdatedAt { get; init; }

    /// <summary>Says which it is, without the key.</summary>
    public override string ToString() => $"target {Id} at {Address}";
}
