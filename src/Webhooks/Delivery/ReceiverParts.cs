using Microsoft.Extensions.Logging;
using Roomcast.Webhooks.Records;

namespace Roomcast.Webhooks.Delivery;

/// <summary>What receivers share.</summary>
/// <param name="Deliveries">The deliveries as kept.</param>
/// <param name="Results">Where results go.</param>
/// <param name="Sender">Makes attempts.</param>
/// <param name="Options">How.</param>
/// <param name="Metrics">Counts them.</param>
/// <param name="Clock">The time.</param>
/// <param name="Logger">Told of failures.</param>
/// <param name="Rooms">Bounds the attempts of them all.</param>
internal sealed record ReceiverParts(
    DeliveryStore Deliveries,
    ResultBook Results,
    WebhookSender Sender,
    WebhookOptions Options,
    WebhookMetrics Metrics,
    TimeProvider Clock,
    ILogger Logger,
    AttemptRooms Rooms);
