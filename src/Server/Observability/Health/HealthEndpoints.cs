using System.Text.Json.Serialization;

namespace Roomcast.Server.Observability.Health;

/// <summary><c>GET /healthz</c> and <c>GET /readyz</c>, for those who watch and balance.</summary>
internal static class HealthEndpoints
{
    /// <summary>Maps both.</summary>
    public static void MapHealth(this IEndpointRouteBuilder endpoints)
    {
        endpoints.MapGet("/healthz", (HttpContext context) =>
        {
            context.Response.Headers.CacheControl = "no-store";
            return Results.Json(new HealthAnswer("ok", []), HealthJson.Default.HealthAnswer);
        });
        endpoints.MapGet("/readyz", async (HttpContext context, Readiness readiness) =>
        {
            context.Response.Headers.CacheControl = "no-store";
            var reasons = await readiness.FindReasonsAsync(context.RequestAborted);
            return reasons.Count == 0
                ? Results.Json(new HealthAnswer("ready", []), HealthJson.Default.HealthAnswer)
                : Results.Json(new HealthAnswer("not ready", reasons), HealthJson.Default.HealthAnswer, statusCode: StatusCodes.Status503ServiceUnavailable);
        });
    }
}

/// <summary>What both answer with.</summary>
/// <param name="Status"><c>ok</c>, <c>ready</c> or <c>not ready</c>.</param>
/// <param name="Reasons">Why not.</param>
internal sealed record HealthAnswer(
    [property: JsonPropertyName("status")] string Status,
    [property: JsonPropertyName("reasons")] IReadOnlyList<string> Reasons);

[JsonSerializable(typeof(HealthAnswer))]
internal sealed partial class HealthJson : JsonSerializerContext;
