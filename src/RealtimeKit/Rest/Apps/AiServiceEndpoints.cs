using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Roomcast.RealtimeKit.Rest.Answers;
using Roomcast.RealtimeKit.Rest.Requests;
using Roomcast.Transcripts.Services;

namespace Roomcast.RealtimeKit.Rest.Apps;

/// <summary>Additions of ours: which services an app has its speech written down, and its transcripts summarised, by.</summary>
internal static class AiServiceEndpoints
{
    private const int MaxModelLength = 128;
    private const int MaxKeyLength = 512;

    private static readonly (string Field, AiServiceKind Kind)[] Fields =
        [("transcription", AiServiceKind.Transcription), ("summarization", AiServiceKind.Summary)];

    /// <summary>Maps the routes; the group above has chosen the app.</summary>
    public static void MapAiServices(this RouteGroupBuilder app)
    {
        app.MapRead("/ai-services", GetAsync);
        app.MapPatch("/ai-services", ChangeAsync);
    }

    private static async Task<KitAnswer> GetAsync(KitRequest request, AiServices services) => KitAnswer.Ok(
        new AiServicesResponse(
            AiServiceResponse.Of(await services.FindOwnAsync(request.App.Id, AiServiceKind.Transcription, request.Aborted)),
            AiServiceResponse.Of(await services.FindOwnAsync(request.App.Id, AiServiceKind.Summary, request.Aborted))),
        KitJson.Default.AiServicesResponse);

    private static async Task<KitAnswer> ChangeAsync(KitRequest request, AiServices services)
    {
        using var body = await request.ReadBodyAsync();
        var wanted = body.ReadWhole((whole, faults) => Read(whole, faults, services)) ?? [];
        if (body.Refusal is { } refusal)
        {
            return refusal;
        }

        foreach (var (kind, service, keepsKey) in wanted)
        {
            var known = keepsKey ? await services.FindOwnAsync(request.App.Id, kind, request.Aborted) : null;

            // A key is for the address it was given with, and must not be sent elsewhere.
            var isSamePlace = known is not null && service is not null && known.Address == service.Address;
            await services.ChooseAsync(request.App.Id, kind, isSamePlace ? service! with { ApiKey = known!.ApiKey } : service, request.Aborted);
        }

        return await GetAsync(request, services);
    }

    private static List<(AiServiceKind Kind, AiService? Service, bool KeepsKey)> Read(
        JsonElement body, ICollection<FieldFault> faults, AiServices services)
    {
        try
        {
            return ReadFields(body, faults, services);
        }
        catch (InvalidOperationException)
        {
            // Looking a field up by name throws where another field's name is half a surrogate pair.
            faults.Add(FieldFault.InBody("", "a name in the body holds half of a character"));
            return [];
        }
    }

    private static List<(AiServiceKind Kind, AiService? Service, bool KeepsKey)> ReadFields(
        JsonElement body, ICollection<FieldFault> faults, AiServices services)
    {
        var wanted = new List<(AiServiceKind, AiService?, bool)>();
        foreach (var (field, kind) in Fields)
        {
            if (!body.TryGetProperty(field, out var element))
            {
                continue;
            }

            if (element.ValueKind is JsonValueKind.Null)
            {
                wanted.Add((kind, null, false));
            }
            else if (element.ValueKind is not JsonValueKind.Object)
            {
                faults.Add(FieldFault.InBody($"/{field}", $"{field} must be an object or null"));
            }
            else
            {
                var url = TextOf(element, "url");
                var model = TextOf(element, "model")?.Trim();
                var hasKey = element.TryGetProperty("api_key", out var given);
                var key = TextOf(element, "api_key");
                if (FaultOf(url, services) is { } fault)
                {
                    faults.Add(FieldFault.InBody($"/{field}/url", $"url {fault}"));
                }

                if (model is not { Length: > 0 and <= MaxModelLength })
                {
                    faults.Add(FieldFault.InBody($"/{field}/model", $"model must be text of 1 to {MaxModelLength} characters"));
                }

                if (hasKey && given.ValueKind is not JsonValueKind.Null && (key is not { Length: > 0 and <= MaxKeyLength } || !key.All(c => c is > ' ' and <= '~')))
                {
                    faults.Add(FieldFault.InBody($"/{field}/api_key", $"api_key must be 1 to {MaxKeyLength} printable characters without blanks, or null"));
                }

                if (faults.Count == 0)
                {
                    wanted.Add((kind, new AiService(new Uri(url!), model!, key, IsOperators: false), !hasKey));
                }
            }
        }

        return wanted;
    }

    private static string? FaultOf(string? url, AiServices services)
    {
        if (url is null || !WireAddress.IsAbsolute(url, "http", "https"))
        {
            return $"must be an absolute address (http, https) of at most {WireAddress.MaxLength} characters";
        }

        var address = new Uri(url);
        return AiServiceAddress.FaultOf(address)
            ?? (services.MayLead(address) ? null : "must not lead into a private network; the setting ai_allow_private_targets allows it");
    }

    private static string? TextOf(JsonElement element, string field)
    {
        try
        {
            return element.TryGetProperty(field, out var value) && value.ValueKind is JsonValueKind.String && value.GetString() is { } text && WireText.IsStorable(text)
                ? text
                : null;
        }
        catch (InvalidOperationException)
        {
            return null; // Half a surrogate pair.
        }
    }
}

/// <summary>The services that an app has chosen itself; null where it has none of its own.</summary>
internal sealed record AiServicesResponse(AiServiceResponse? Transcription, AiServiceResponse? Summarization);

/// <summary>A service, without its key.</summary>
internal sealed record AiServiceResponse(string Url, string Model, bool HasApiKey)
{
    public static AiServiceResponse? Of(AiService? service) =>
        service is null ? null : new AiServiceResponse(service.Address.AbsoluteUri, service.Model, service.ApiKey is not null);
}
