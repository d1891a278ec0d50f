using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Roomcast.RealtimeKit.Rest.Answers;
using Roomcast.RealtimeKit.Rest.Requests;
using Roomcast.RealtimeKit.Webhooks;
using Roomcast.Webhooks;
using Roomcast.Webhooks.Records;

namespace Roomcast.RealtimeKit.Rest.Webhooks;

/// <summary>The webhook routes.</summary>
internal static class WebhookEndpoints
{
    private const int MaxNameLength = 256;

    /// <summary>Maps the routes; the group above has chosen the app.</summary>
    public static void MapWebhooks(this RouteGroupBuilder app)
    {
        app.MapRead("/webhooks", ListAsync);
        app.MapPost("/webhooks", CreateAsync);
        app.MapRead("/webhooks/all", ListEvents);
        app.MapRead("/webhooks/{webhook_id}", GetAsync);
        app.MapPatch("/webhooks/{webhook_id}", UpdateAsync);
        app.MapPut("/webhooks/{webhook_id}", ReplaceAsync);
        app.MapDelete("/webhooks/{webhook_id}", DeleteAsync);
    }

    /// <summary>Finds the webhook in the path; null when the app has none of this id.</summary>
    public static async Task<Webhook?> FindAsync(KitRequest request, WebhookStore webhooks) =>
        WebhookId.TryParse(request.PathValue("webhook_id"), out var id)
            ? await webhooks.FindAsync(request.App.Id, id, request.Aborted)
            : null;

    private static async Task<KitAnswer> ListAsync(KitRequest request, WebhookStore webhooks)
    {
        var all = await webhooks.ListAsync(request.App.Id, request.Aborted);
        return KitAnswer.Ok(all.Select(WebhookResponse.Of).ToArray(), KitJson.Default.WebhookResponseArray);
    }

    private static KitAnswer ListEvents(KitRequest request) =>
        KitAnswer.Ok(new WebhookEventsResponse(WebhookEventNames.All), KitJson.Default.WebhookEventsResponse);

    private static async Task<KitAnswer> CreateAsync(KitRequest request, WebhookStore webhooks, WebhookTargets targets)
    {
        using var body = await request.ReadBodyAsync();
        var draft = ReadWhole(body, targets);
        if (body.Refusal is { } refusal)
        {
            return refusal;
        }

        return await webhooks.CreateAsync(request.App.Id, draft!, request.Aborted) is { } webhook
            ? KitAnswer.Created(WebhookResponse.Of(webhook), KitJson.Default.WebhookResponse)
            : KitAnswer.Refuse(
                KitErrorCode.LimitReached, $"the app has {WebhookStore.MaxPerApp} webhooks, and more are not allowed; delete one first");
    }

    private static async Task<KitAnswer> GetAsync(KitRequest request, WebhookStore webhooks) => Answer(await FindAsync(request, webhooks));

    private static async Task<KitAnswer> UpdateAsync(KitRequest request, WebhookStore webhooks, WebhookTargets targets)
    {
        using var body = await request.ReadBodyAsync();
        var name = body.ReadName("name", isRequired: false, isNullable: false);
        var url = ReadUrl(body, targets, isRequired: false);
        var events = ReadEvents(body, isRequired: false);
        var isEnabled = body.ReadFlag("enabled");
        return body.Refusal ?? await ChangeAsync(request, webhooks, draft => new WebhookDraft(
            name.Value ?? draft.Name, url ?? draft.Url, events ?? draft.Events, isEnabled.Value ?? draft.IsEnabled));
    }

    private static async Task<KitAnswer> ReplaceAsync(KitRequest request, WebhookStore webhooks, WebhookTargets targets)
    {
        using var body = await request.ReadBodyAsync();
        var draft = ReadWhole(body, targets);
        return body.Refusal ?? await ChangeAsync(request, webhooks, _ => draft!);
    }

    private static async Task<KitAnswer> DeleteAsync(KitRequest request, WebhookStore webhooks) =>
        Answer(WebhookId.TryParse(request.PathValue("webhook_id"), out var id)
            ? await webhooks.DeleteAsync(request.App.Id, id, request.Aborted)
            : null);

    private static async Task<KitAnswer> ChangeAsync(
        KitRequest request, WebhookStore webhooks, Func<WebhookDraft, WebhookDraft> change) =>
        Answer(WebhookId.TryParse(request.PathValue("webhook_id"), out var id)
            ? await webhooks.UpdateAsync(request.App.Id, id, change, request.Aborted)
            : null);

    /// <summary>Reads a whole webhook; null when anything is wrong, which the body has noted.</summary>
    private static WebhookDraft? ReadWhole(BodyReader body, WebhookTargets targets)
    {
        // The documents of this API do not agree whether there is a name: it is the host's by default.
        var name = body.ReadName("name", isRequired: false, isNullable: false);
        var url = ReadUrl(body, targets, isRequired: true);
        var events = ReadEvents(body, isRequired: true);
        var isEnabled = body.ReadFlag("enabled").Value ?? true;
        if (url is null || events is null || body.Refusal is not null)
        {
            return null;
        }

        var host = new Uri(url).IdnHost;
        return new WebhookDraft(name.Value ?? (host.Length > MaxNameLength ? host[..MaxNameLength] : host), url, events, isEnabled);
    }

    private static string? ReadUrl(BodyReader body, WebhookTargets targets, bool isRequired)
    {
        var text = body.ReadText("url", WireAddress.MaxLength, isNullable: false, minLength: 1, isRequired).Value;
        if (text is null)
        {
            return null;
        }

        // Controls and blanks would be cut off or written otherwise on the way, so that another address would be asked than is shown.
        if (!WireAddress.IsAbsolute(text, "http", "https") || text.Any(char.IsControl) || text.Contains(' ', StringComparison.Ordinal))
        {
            body.AddFault("url", $"must be an absolute address (http, https) of at most {WireAddress.MaxLength} characters");
            return null;
        }

        var address = new Uri(text);
        if (address.UserInfo.Length > 0)
        {
            body.AddFault("url", "must not name a user or a password: check the signature instead");
            return null;
        }

        if (!targets.MayLead(address))
        {
            body.AddFault("url", "must not lead into a private network; the setting webhook_private_networks allows some");
            return null;
        }

        return text;
    }

    private static List<string>? ReadEvents(BodyReader body, bool isRequired)
    {
        const int MaxGiven = 50; // Some more than there are, for those that stand twice.
        const int MaxEventLength = 64;
        if (body.ReadTexts("events", 1, MaxGiven, MaxEventLength, isRequired) is not { } given)
        {
            return null;
        }

        var events = new List<string>();
        for (var i = 0; i < given.Count; i++)
        {
            if (WireText.CountCharacters(given[i]) is < 1 or > MaxEventLength)
            {
                continue; // Which the body has noted.
            }

            if (WebhookEventNames.Find(given[i]) is not { } name)
            {
                body.AddFault($"events/{i}", $"must be one of {string.Join(", ", WebhookEventNames.All)}");
            }
            else if (!events.Contains(name, StringComparer.Ordinal))
            {
                events.Add(name);
            }
        }

        return events;
    }

    private static KitAnswer Answer(Webhook? webhook) => webhook is null
        ? KitAnswer.NotFound("webhook")
        : KitAnswer.Ok(WebhookResponse.Of(webhook), KitJson.Default.WebhookResponse);
}
