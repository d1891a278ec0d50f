using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Roomcast.RealtimeKit.Rest.OpenApi;

internal static class OpenApiEndpoints
{
    /// <summary>Maps the document, which needs no token.</summary>
    public static void MapOpenApi(this IEndpointRouteBuilder routes)
    {
        foreach (var prefix in KitPaths.Prefixes)
        {
            routes.MapGet($"{prefix}/openapi.json", ServeAsync);
        }
    }

    private static async Task ServeAsync(HttpContext context, OpenApiDocument document)
    {
        var response = context.Response;
        response.ContentType = "application/json; charset=utf-8";
        response.ContentLength = document.Json.Length;
        response.Headers.CacheControl = "no-cache";

        // Documentation viewers are web pages of other hosts.
        response.Headers.AccessControlAllowOrigin = "*";
        await response.Body.WriteAsync(document.Json, context.RequestAborted);
    }
}
