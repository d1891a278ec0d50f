using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Roomcast.Cli.Connecting;
using Roomcast.Cli.Output;
using Roomcast.Client.Rest;

namespace Roomcast.Cli.Commands;

/// <summary><c>roomcast webhooks</c>: what the app's webhooks were sent.</summary>
internal static class WebhooksCommand
{
    private static readonly TimeSpan AskEvery = TimeSpan.FromSeconds(1);

    // Attempts go on for so long after an event; what changed in that time is asked for again.
    private static readonly TimeSpan Overlap = TimeSpan.FromMinutes(10);

    private static readonly Option<string?> Webhook = new("--webhook") { Description = "Only this webhook's; otherwise those of all webhooks of the app.", HelpName = "ID" };
    private static readonly Option<TimeSpan?> Since = CheckedOptions.Time("--since", "Begin with what happened so long ago; otherwise with what happens now.");
    private static readonly Option<bool> Payload = new("--payload") { Description = "Write what was sent, too. Payloads of livestreams may hold a stream key." };
    private static readonly Option<TimeSpan?> Duration = CheckedOptions.Time("--duration", "How long to go on; otherwise until it is interrupted.");

    public static Command Create()
    {
        var tail = new Command(
            "tail",
            "Write each delivery of the app's webhooks as it happens, and again when its status changes. The server is asked once in a second, so nothing has to be reachable from it.")
        {
            Webhook, Since, Payload, Duration,
        };
        tail.Does(TailAsync).WithExamples(
            "roomcast webhooks tail",
            "roomcast webhooks tail --since 1h --json | jq 'select(.status == \"FAILED\")'",
            "roomcast webhooks tail --webhook WEBHOOK --payload");
        return new Command("webhooks", "Look at what webhooks are sent.") { tail };
    }

    private static async Task<ExitCode> TailAsync(ParseResult parsed, Screen screen, CancellationToken ending)
    {
        using var access = new ServerAccess(parsed);
        using var api = access.CreateApi();
        using var over = CancellationTokenSource.CreateLinkedTokenSource(ending);
        if (parsed.GetValue(Duration) is { } time)
        {
            over.CancelAfter(time);
        }

        var begun = TimeProvider.System.GetUtcNow() - (parsed.GetValue(Since) ?? TimeSpan.Zero);
        var seen = new Dictionary<(string Webhook, string Delivery), (string Status, int Attempts, DateTimeOffset CreatedAt)>();
        var hasSaidNone = false;
        var isFirst = true;
        try
        {
            while (true)
            {
                var webhooks = await FindAsync(parsed.GetValue(Webhook), api, over.Token);
                if (webhooks.Count == 0 && !hasSaidNone)
                {
                    hasSaidNone = true;
                    screen.Note("The app has no webhook yet, so nothing is delivered; waiting for one.");
                }

                var from = FirstOf(begun, TimeProvider.System.GetUtcNow(), isFirst);
                foreach (var webhook in webhooks)
                {
                    await foreach (var delivery in api.Deliveries.ListAsync(webhook.Id, new ListQuery { StartTime = from, IsAscending = true }, over.Token))
                    {
                        var state = (delivery.Status, delivery.Attempts, delivery.CreatedAt);
                        if (!seen.TryGetValue((webhook.Id, delivery.Id), out var before) || before != state)
                        {
                            seen[(webhook.Id, delivery.Id)] = state;
                            await WriteAsync(screen, api, webhook, delivery, parsed.GetValue(Payload), over.Token);
                        }
                    }
                }

                // What is no longer asked for need not be remembered.
                foreach (var old in seen.Where(each => each.Value.CreatedAt < from - Overlap).Select(each => each.Key).ToList())
                {
                    seen.Remove(old);
                }

                isFirst = false;
                await Task.Delay(AskEvery, over.Token);
            }
        }
        catch (OperationCanceledException) when (over.IsCancellationRequested)
        {
            return ExitCode.Done;
        }
    }

    /// <summary>From when on deliveries are asked for: the first time all that was wanted, afterwards what may still change.</summary>
    internal static DateTimeOffset FirstOf(DateTimeOffset begun, DateTimeOffset now, bool isFirst) =>
        isFirst || now - Overlap < begun ? begun : now - Overlap;

    private static async Task<List<WebhookInfo>> FindAsync(string? id, RealtimeKitApi api, CancellationToken over)
    {
        if (id is not null)
        {
            return [await api.Webhooks.GetAsync(id, over)];
        }

        var all = new List<WebhookInfo>();
        await foreach (var webhook in api.Webhooks.ListAsync(over))
        {
            all.Add(webhook);
        }

        return all;
    }

    private static async Task WriteAsync(Screen screen, RealtimeKitApi api, WebhookInfo webhook, DeliveryInfo delivery, bool hasPayload, CancellationToken over)
    {
        var value = new JsonObject
        {
            ["id"] = delivery.Id,
            ["webhook_id"] = webhook.Id,
            ["event"] = delivery.Event,
            ["status"] = delivery.Status,
            ["attempts"] = delivery.Attempts,
            ["last_status"] = delivery.LastStatus,
            ["last_error"] = delivery.LastError,
            ["last_duration_seconds"] = delivery.LastDurationSeconds,
            ["created_at"] = Text.Of(delivery.CreatedAt),
        };
        var text = string.Create(
            CultureInfo.InvariantCulture,
            $"{Text.Of(delivery.CreatedAt)}  {delivery.Status,-9}  {delivery.Event}  to {Text.Plain(webhook.Name, 60)}, {delivery.Attempts} attempts{Answer(delivery)}");
        if (hasPayload)
        {
            var payload = (await api.Deliveries.GetAsync(webhook.Id, delivery.Id, over)).Payload;
            value["payload"] = payload.ValueKind is JsonValueKind.Undefined ? null : JsonNode.Parse(payload.GetRawText());
            text += $"{Environment.NewLine}    {(payload.ValueKind is JsonValueKind.Undefined ? "(no longer kept)" : Text.Plain(payload.GetRawText(), 20_000))}";
        }

        screen.Result(value, text);
    }

    private static string Answer(DeliveryInfo delivery) =>
        delivery.LastStatus is { } status ? string.Create(CultureInfo.InvariantCulture, $", answered {status}")
            : delivery.LastError is { Length: > 0 } error ? $", {Text.Plain(error, 120)}" : "";
}
