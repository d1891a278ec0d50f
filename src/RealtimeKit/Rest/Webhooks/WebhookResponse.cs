using System.Text.Json;
using System.Text.Json.Nodes;
using Roomcast.Webhooks.Records;

namespace Roomcast.RealtimeKit.Rest.Webhooks;

/// <summary>A webhook as this API tells it.</summary>
internal sealed record WebhookResponse(
    Guid Id,
    string Name,
    string Url,
    bool Enabled,
    IReadOnlyList<string> Events,
    DateTimeOffset CreatedAt,
    DateTimeOffset UpdatedAt)
{
    public static WebhookResponse Of(Webhook webhook) => new(
        webhook.Id.Value,
        webhook.Draft.Name,
        webhook.Draft.Url,
        webhook.Draft.IsEnabled,
        webhook.Draft.Events,
        webhook.CreatedAt,
        webhook.UpdatedAt);

    /// <summary>Names it without its address, which may hold a secret.</summary>
    public override string ToString() => $"webhook {Id}";
}

/// <summary>The events that there are.</summary>
internal sealed record WebhookEventsResponse(IReadOnlyList<string> Events);

/// <summary>A delivery: an addition of ours.</summary>
internal record DeliveryResponse(
    Guid Id,
    Guid WebhookId,
    string Event,
    string Status,
    int Attempts,
    DateTimeOffset? NextAttemptAt,
    DateTimeOffset? LastAttemptAt,
    int? LastStatus,
    string? LastError,
    double? LastDurationSeconds,
    DateTimeOffset? DeliveredAt,
    DateTimeOffset CreatedAt,
    DateTimeOffset UpdatedAt)
{
    public static readonly IReadOnlyDictionary<string, DeliveryStatus> StatusWords = new Dictionary<string, DeliveryStatus>
    {
        ["PENDING"] = DeliveryStatus.Pending,
        ["DELIVERED"] = DeliveryStatus.Delivered,
        ["FAILED"] = DeliveryStatus.Failed,
        ["CANCELLED"] = DeliveryStatus.Cancelled,
    };

    public static DeliveryResponse Of(WebhookDelivery delivery) => new(
        delivery.Id.Value,
        delivery.WebhookId.Value,
        delivery.Event,
        StatusWords.First(word => word.Value == delivery.Status).Key,
        delivery.Attempts,
        delivery.NextAttemptAt,
        delivery.LastAttemptAt,
        delivery.LastStatus,
        delivery.LastError,
        delivery.LastDuration?.TotalSeconds,
        delivery.DeliveredAt,
        delivery.CreatedAt,
        delivery.UpdatedAt);
}

/// <summary>A delivery with what it sends; the payload of a livestream holds its stream key, so that only who sees it there sees it here.</summary>
internal sealed record DeliveryDetailResponse(DeliveryResponse Delivery, JsonNode? Payload) : DeliveryResponse(Delivery)
{
    private const string StreamKey = "streamKey";

    [System.Text.Json.Serialization.JsonIgnore]
    public DeliveryResponse Delivery { get; } = Delivery;

    public static DeliveryDetailResponse Of(WebhookDeliveryBody delivery, bool seesSecrets)
    {
        var payload = Read(delivery.Body.Span);
        if (!seesSecrets && payload is JsonObject fields && fields.ContainsKey(StreamKey))
        {
            fields[StreamKey] = null;
        }

        return new DeliveryDetailResponse(Of(delivery.Delivery), payload);
    }

    /// <summary>Names it without the payload.</summary>
    public override string ToString() => $"delivery {Id}";

    private static JsonNode? Read(ReadOnlySpan<byte> body)
    {
        try
        {
            return JsonNode.Parse(body);
        }
        catch (JsonException)
        {
            return null; // Forgotten already.
        }
    }
}
