using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Roomcast.Webhooks.Signing;

namespace Roomcast.RealtimeKit.Rest.Webhooks;

/// <summary>The public key that receivers check signatures with.</summary>
internal static class WebhookKeyEndpoints
{
    /// <summary>Where it is.</summary>
    public const string Path = "/.well-known/webhooks.json";

    /// <summary>Maps the route, which needs no token.</summary>
    public static void MapWebhookKey(this IEndpointRouteBuilder routes) => routes.MapGet(Path, ServeAsync);

    private static async Task ServeAsync(HttpContext context, WebhookSigner signer)
    {
        using var output = new MemoryStream();
        using (var writer = new Utf8JsonWriter(output))
        {
            writer.WriteStartObject();
            writer.WriteBoolean("success", true);
            writer.WriteStartObject("data");
            writer.WriteString("publicKey", signer.PublicKey);

            // An addition: the key in use and the one before it, for what was signed before the key was replaced.
            writer.WriteStartArray("publicKeys");
            foreach (var key in signer.PublicKeys)
            {
                writer.WriteStringValue(key);
            }

            writer.WriteEndArray();
            writer.WriteEndObject();
            writer.WriteString("message", "");
            writer.WriteEndObject();
        }

        var response = context.Response;
        response.ContentType = "application/json; charset=utf-8";
        response.ContentLength = output.Length;
        response.Headers.CacheControl = "public, max-age=300";
        response.Headers.AccessControlAllowOrigin = "*";
        await response.Body.WriteAsync(output.GetBuffer().AsMemory(0, (int)output.Length), context.RequestAborted);
    }
}
