using Microsoft.Extensions.Logging;
using Roomcast.Webhooks.Records;

namespace Roomcast.Webhooks;

/// <summary>Event ids 4300-4399. Addresses of webhooks may hold secrets and are never among the values.</summary>
internal static partial class WebhookLog
{
    [LoggerMessage(4300, LogLevel.Debug, "Delivery {DeliveryId} of {Event} to webhook {WebhookId} was taken with {Status} in {DurationMs} ms, attempt {Attempt}.")]
    public static partial void Delivered(ILogger logger, DeliveryId deliveryId, string @event, WebhookId webhookId, int? status, double durationMs, int attempt);

    [LoggerMessage(4301, LogLevel.Information, "Delivery {DeliveryId} of {Event} to webhook {WebhookId} failed, attempt {Attempt}: {Reason}; the next comes in {WaitSeconds} s.")]
    public static partial void Retried(ILogger logger, DeliveryId deliveryId, string @event, WebhookId webhookId, int attempt, string? reason, double waitSeconds);

    [LoggerMessage(4302, LogLevel.Warning, "Delivery {DeliveryId} of {Event} to webhook {WebhookId} is given up after {Attempts} attempts: {Reason}.")]
    public static partial void GivenUp(ILogger logger, DeliveryId deliveryId, string @event, WebhookId webhookId, int attempts, string? reason);

    [LoggerMessage(4303, LogLevel.Warning, "Webhook {WebhookId} has failed {Failures} times in a row and is tried every {WaitMinutes} min from now on.")]
    public static partial void Resting(ILogger logger, WebhookId webhookId, int failures, double waitMinutes);

    [LoggerMessage(4304, LogLevel.Information, "Webhook {WebhookId} takes deliveries again.")]
    public static partial void Recovered(ILogger logger, WebhookId webhookId);

    [LoggerMessage(4305, LogLevel.Error, "{What} could not be read or kept; it is tried again.")]
    public static partial void StoreFailed(ILogger logger, Exception fault, string what);

    [LoggerMessage(4306, LogLevel.Debug, "{Rows} rows of the delivery log are forgotten.")]
    public static partial void Swept(ILogger logger, int rows);

    [LoggerMessage(4307, LogLevel.Error, "The lane of webhook {WebhookId} has failed; it goes on.")]
    public static partial void LaneFailed(ILogger logger, Exception fault, WebhookId webhookId);
}
