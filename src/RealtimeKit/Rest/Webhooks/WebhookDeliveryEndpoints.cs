using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Roomcast.RealtimeKit.Rest.Answers;
using Roomcast.RealtimeKit.Rest.Requests;
using Roomcast.Webhooks.Records;

namespace Roomcast.RealtimeKit.Rest.Webhooks;

/// <summary>What was sent to a webhook and what became of it: routes of our own.</summary>
internal static class WebhookDeliveryEndpoints
{
    /// <summary>Maps the routes; the group above has chosen the app.</summary>
    public static void MapWebhookDeliveries(this RouteGroupBuilder app)
    {
        app.MapRead("/webhooks/{webhook_id}/deliveries", ListAsync);
        app.MapRead("/webhooks/{webhook_id}/deliveries/{delivery_id}", GetAsync);
        app.MapPost("/webhooks/{webhook_id}/deliveries/{delivery_id}/redeliver", RedeliverAsync);
    }

    private static async Task<KitAnswer> ListAsync(KitRequest request, WebhookStore webhooks, DeliveryStore deliveries)
    {
        var query = request.ReadQuery();
        var wanted = new DeliveryQuery(
            query.ReadPage(), query.ReadWord("status", DeliveryResponse.StatusWords), query.ReadTimeRange(), query.ReadSortOrder());
        if (query.Refusal is { } refusal)
        {
            return refusal;
        }

        if (await WebhookEndpoints.FindAsync(request, webhooks) is not { } webhook)
        {
            return KitAnswer.NotFound("webhook");
        }

        var page = await deliveries.ListAsync(webhook.Id, wanted, request.Aborted);
        return KitAnswer.Ok(
            page.Items.Select(DeliveryResponse.Of).ToArray(), KitJson.Default.DeliveryResponseArray, PagingResponse.Of(page));
    }

    private static async Task<KitAnswer> GetAsync(KitRequest request, WebhookStore webhooks, DeliveryStore deliveries) =>
        await WebhookEndpoints.FindAsync(request, webhooks) is { } webhook
        && DeliveryId.TryParse(request.PathValue("delivery_id"), out var id)
            ? Answer(await deliveries.FindAsync(webhook.Id, id, request.Aborted), request)
            : KitAnswer.NotFound("delivery");

    private static async Task<KitAnswer> RedeliverAsync(KitRequest request, WebhookStore webhooks, DeliveryStore deliveries)
    {
        if (await WebhookEndpoints.FindAsync(request, webhooks) is not { } webhook
            || !DeliveryId.TryParse(request.PathValue("delivery_id"), out var id))
        {
            return KitAnswer.NotFound("delivery");
        }

        return webhook.Draft.IsEnabled
            ? Answer(await deliveries.RedeliverAsync(webhook.Id, id, request.Aborted), request)
            : KitAnswer.Refuse(KitErrorCode.IllegalStateChange, "the webhook is disabled; enable it first");
    }

    private static KitAnswer Answer(WebhookDeliveryBody? delivery, KitRequest request) => delivery is null
        ? KitAnswer.NotFound("delivery")
        : KitAnswer.Ok(DeliveryDetailResponse.Of(delivery, request.SeesSecrets), KitJson.Default.DeliveryDetailResponse);
}
