using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Roomcast.RealtimeKit.Socket.Connection;

namespace Roomcast.RealtimeKit.Client;

/// <summary>Registration of what the web client of RealtimeKit speaks to.</summary>
public static class ClientServices
{
    /// <summary>
    /// Adds the client's HTTP calls and its socket; needs <c>AddRealtimeKit</c>, <c>AddMeetings</c> and
    /// <c>AddMeetingSessions</c>. The host uses the WebSocket middleware. Options: <see cref="ClientOptions"/>.
    /// </summary>
    public static IServiceCollection AddRealtimeKitClient(this IServiceCollection services)
    {
        services.AddOptions<ClientOptions>();
        services.TryAddSingleton<ClientAdmission>();
        services.TryAddSingleton<ClientDoor>();
        services.TryAddSingleton<ClientVersions>();
        services.TryAddSingleton<ClientTranscripts>();
        services.TryAddSingleton<ClientLivestreams>();
        services.TryAddSingleton<ClientRecordings>();
        services.TryAddSingleton<ReportPace>();
        services.TryAddSingleton<UploadPace>();
        services.TryAddSingleton<ClientRoutes>();
        services.TryAddSingleton(new SocketOptions());
        services.TryAddSingleton<SocketMetrics>();
        services.TryAddSingleton<SocketEndpoint>();
        return services;
    }

    /// <summary>Maps the client's HTTP calls and its socket, <c>/ws</c>, on every host.</summary>
    public static void MapRealtimeKitClient(this IEndpointRouteBuilder routes)
    {
        ArgumentNullException.ThrowIfNull(routes);
        routes.ServiceProvider.GetRequiredService<ClientRoutes>().Map(routes);
        SocketEndpoint.Map(routes, routes.ServiceProvider.GetRequiredService<SocketEndpoint>());
    }
}
