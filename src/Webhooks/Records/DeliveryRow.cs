using Roomcast.Storage;

namespace Roomcast.Webhooks.Records;

/// <summary>A delivery as its row.</summary>
internal sealed class DeliveryRow
{
    private static readonly (DeliveryStatus Status, string Word)[] Statuses =
    [
        (DeliveryStatus.Pending, "PENDING"), (DeliveryStatus.Delivered, "DELIVERED"),
        (DeliveryStatus.Failed, "FAILED"), (DeliveryStatus.Cancelled, "CANCELLED"),
    ];

    public Guid Id { get; init; }

    public Guid WebhookId { get; init; }

    public string Event { get; init; } = "";

    public string Status { get; init; } = "";

    public int Attempts { get; init; }

    public DateTimeOffset? NextAttemptAt { get; init; }

    public DateTimeOffset? LastAttemptAt { get; init; }

    public int? LastStatus { get; init; }

    public string? LastError { get; init; }

    public long? LastDurationMs { get; init; }

    public DateTimeOffset? DeliveredAt { get; init; }

    public DateTimeOffset CreatedAt { get; init; }

    public DateTimeOffset UpdatedAt { get; init; }

    public static string Write(DeliveryStatus status) => Statuses.First(known => known.Status == status).Word;

    public WebhookDelivery ToDelivery() => new()
    {
        Id = new DeliveryId(Id),
        WebhookId = new WebhookId(WebhookId),
        Event = Event,
        Status = Read(Status),
        Attempts = Attempts,
        NextAttemptAt = NextAttemptAt,
        LastAttemptAt = LastAttemptAt,
        LastStatus = LastStatus,
        LastError = LastError,
        LastDuration = LastDurationMs is { } ms ? TimeSpan.FromMilliseconds(ms) : null,
        DeliveredAt = DeliveredAt,
        CreatedAt = CreatedAt,
        UpdatedAt = UpdatedAt,
    };

    private static DeliveryStatus Read(string text)
    {
        foreach (var (status, word) in Statuses)
        {
            if (word == text)
            {
                return status;
            }
        }

        throw new StorageException(StorageFailure.Corrupted, $"A delivery has the unknown status '{text}'.");
    }
}
