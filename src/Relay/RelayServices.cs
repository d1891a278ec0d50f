using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Roomcast.Egress.Recording;
using Roomcast.Meetings.Sessions;
using Roomcast.Meetings.Sessions.Following;
using Roomcast.Relay.Connection;
using Roomcast.Relay.Controllers;
using Roomcast.Relay.Methods;
using Roomcast.Relay.Rooms;

namespace Roomcast.Relay;

/// <summary>Registration of the RELAY dialect.</summary>
public static class RelayServices
{
    /// <summary>
    /// Adds it; needs <c>AddStorage</c>, <c>AddAccounts</c>, <c>AddMeetingSessions</c>, <c>AddSessionHistory</c>, <c>AddEgress</c>, <c>AddSessionPushes</c>,
    /// <c>AddSessionPlaybacks</c> and <c>AddRecordings</c>. Options: <see cref="RelayOptions"/>.
    /// </summary>
    public static IServiceCollection AddRelay(this IServiceCollection services)
    {
        services.AddOptionsWithValidateOnStart<RelayOptions, RelayOptionsValidator>();
        services.AddMetrics();
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<RelayMetrics>();
        services.TryAddSingleton<RelayTimes>();
        services.TryAddSingleton<ProtocolNames>();
        services.TryAddSingleton<ControllerDirectory>();
        services.TryAddSingleton<RecordingEar>();
        services.AddSingleton<IRecordingListener>(provider => provider.GetRequiredService<RecordingEar>());
        services.TryAddSingleton<RoomTargets>();
        services.TryAddSingleton<RoomDirectory>();
        services.AddSingleton<ISessionObserver>(provider => provider.GetRequiredService<RoomDirectory>());
        services.AddSingleton<IRosterObserver>(provider => provider.GetRequiredService<RoomDirectory>());
        services.TryAddSingleton<Subscriptions>();
        services.TryAddSingleton<RoomMethods>();
        services.TryAddSingleton<MemberMethods>();
        services.TryAddSingleton<MediaMethods>();
        services.TryAddSingleton<PlaybackMethods>();
        services.TryAddSingleton<MethodTable>();
        services.TryAddSingleton<Rest.RestLimits>();
        services.TryAddSingleton<Rest.RestAccess>();
        services.TryAddSingleton<Rest.RestRoutes>();
        services.TryAddSingleton<RelayEndpoint>();
        return services;
    }
}
