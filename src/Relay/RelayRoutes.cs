using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Roomcast.Relay.Connection;

namespace Roomcast.Relay;

/// <summary>The addresses of the RELAY dialect.</summary>
public static class RelayRoutes
{
    /// <summary>Maps the WebSocket on <c>/</c> and <c>/api/relay/ws</c>, and the REST surface below <c>/api/video</c>.</summary>
    /// <param name="routes">Where to; <c>UseWebSockets</c> comes before.</param>
    /// <param name="otherwise">Answers what comes to <c>/</c> and is no WebSocket.</param>
    public static void MapRelay(this IEndpointRouteBuilder routes, RequestDelegate otherwise)
    {
        ArgumentNullException.ThrowIfNull(routes);
        ArgumentNullException.ThrowIfNull(otherwise);
        Rest.RestRoutes.Map(routes);
        RelayEndpoint.Map(routes, routes.ServiceProvider.GetRequiredService<RelayEndpoint>(), otherwise);
    }
}
