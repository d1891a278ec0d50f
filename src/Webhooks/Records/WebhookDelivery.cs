using Roomcast.Storage;

namespace Roomcast.Webhooks.Records;

/// <summary>Where a delivery stands.</summary>
public enum DeliveryStatus
{
    /// <summary>It will be attempted, for the first time or again.</summary>
    Pending,

    /// <summary>The receiver took it.</summary>
    Delivered,

    /// <summary>It was given up.</summary>
    Failed,

    /// <summary>The webhook was disabled or deleted before it was taken.</summary>
    Cancelled,
}

/// <summary>One delivery, as kept.</summary>
public sealed record WebhookDelivery
{
    /// <summary>Its id, the same on every attempt.</summary>
    public required DeliveryId Id { get; init; }

    /// <summary>To which webhook.</summary>
    public required WebhookId WebhookId { get; init; }

    /// <summary>The name of the event.</summary>
    public required string Event { get; init; }

    /// <summary>Where it stands.</summary>
    public required DeliveryStatus Status { get; init; }

    /// <summary>How often it was attempted since it was made or asked for again.</summary>
    public required int Attempts { get; init; }

    /// <summary>Not before when it is attempted next; null for at once, or when it is over.</summary>
    public DateTimeOffset? NextAttemptAt { get; init; }

    /// <summary>When it was last attempted; null before the first time.</summary>
    public DateTimeOffset? LastAttemptAt { get; init; }

    /// <summary>The HTTP status of the last attempt; null when none came.</summary>
    public int? LastStatus { get; init; }

    /// <summary>Why the last attempt failed, for a person; null when it did not.</summary>
    public string? LastError { get; init; }

    /// <summary>How long the last attempt took.</summary>
    public TimeSpan? LastDuration { get; init; }

    /// <summary>When the receiver took it.</summary>
    public DateTimeOffset? DeliveredAt { get; init; }

    /// <summary>When what it tells happened.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>When the row last changed.</summary>
    public required DateTimeOffset UpdatedAt { get; init; }
}

/// <summary>A delivery with the bytes it sends.</summary>
/// <param name="Delivery">The delivery.</param>
/// <param name="Body">What is sent.</param>
public sealed record WebhookDeliveryBody(WebhookDelivery Delivery, ReadOnlyMemory<byte> Body);

/// <summary>Which deliveries to list.</summary>
/// <param name="Page">The page.</param>
/// <param name="Status">Only of this status; null for all.</param>
/// <param name="Created">Only of this range.</param>
/// <param name="Order">By age.</param>
public sealed record DeliveryQuery(PageRequest Page, DeliveryStatus? Status, TimeRange Created, SortOrder Order);

/// <summary>What came of one attempt.</summary>
/// <param name="Of">Of which delivery, as it was taken.</param>
/// <param name="Status">Where it stands now.</param>
/// <param name="Attempts">How often it was attempted.</param>
/// <param name="NextAttemptAt">When again, while it is pending.</param>
/// <param name="At">When it was.</param>
/// <param name="HttpStatus">What the receiver answered; null when it did not.</param>
/// <param name="Error">Why it failed; null when it did not.</param>
/// <param name="Duration">How long it took; null when it was given up without an attempt, and what is known of the last one stays.</param>
internal sealed record AttemptResult(
    PendingDelivery Of,
    DeliveryStatus Status,
    int Attempts,
    DateTimeOffset? NextAttemptAt,
    DateTimeOffset At,
    int? HttpStatus,
    string? Error,
    TimeSpan? Duration);

/// <summary>A delivery that waits, as its lane needs it.</summary>
/// <param name="Id">The delivery.</param>
/// <param name="Event">The name of the event.</param>
/// <param name="Attempts">How often it was attempted.</param>
/// <param name="NextAttemptAt">Not before when; null for at once.</param>
/// <param name="CreatedAt">When what it tells happened.</param>
/// <param name="AskedAt">When it was made or last asked for again: from then on it waits.</param>
/// <param name="Body">What is sent.</param>
internal sealed record PendingDelivery(
    DeliveryId Id, string Event, int Attempts, DateTimeOffset? NextAttemptAt, DateTimeOffset CreatedAt, DateTimeOffset AskedAt, byte[] Body);
