using System.Security.Cryptography;
using System.Text;
using Roomcast.Egress.Recording.Pages;
using Roomcast.Server.Configuration;

namespace Roomcast.Server.Observability.Metrics;

/// <summary><c>GET /metrics</c>: everything measured, in the Prometheus text format.</summary>
internal static class MetricsEndpoint
{
    private const string Scheme = "Bearer ";

    /// <summary>Maps it. With <c>metrics_token</c> set it wants that token.</summary>
    public static void MapMetrics(this IEndpointRouteBuilder endpoints, SettingValues settings)
    {
        var token = settings.Get(ServerSettings.MetricsToken) is { } text ? Encoding.UTF8.GetBytes(text) : null;
        endpoints.MapGet("/metrics", (HttpContext context, MetricsPage page, PageConnections pages) =>
        {
            // A recorded page is chosen by an app's owner, and the figures are those of the whole server.
            if (pages.Contains(context.Connection.RemoteIpAddress, context.Connection.RemotePort))
            {
                return Results.Text("Recorded pages are not shown the figures of the server.\n", statusCode: StatusCodes.Status404NotFound);
            }

            context.Response.Headers.CacheControl = "no-store";
            if (token is not null && !IsAllowed(context.Request, token))
            {
                context.Response.Headers.WWWAuthenticate = "Bearer realm=\"metrics\"";
                return Results.Text("/metrics wants the bearer token of the setting metrics_token.\n", statusCode: StatusCodes.Status401Unauthorized);
            }

            return Results.Text(page.Write(), PrometheusText.ContentType, Encoding.UTF8);
        });
    }

    private static bool IsAllowed(HttpRequest request, byte[] token)
    {
        var given = request.Headers.Authorization.ToString();
        return given.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase)
            && CryptographicOperations.FixedTimeEquals(SHA256.HashData(Encoding.UTF8.GetBytes(given[Scheme.Length..].Trim())), SHA256.HashData(token));
    }
}
