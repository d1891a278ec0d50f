using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Roomcast.Meetings.Media;
using Roomcast.Meetings.Records;
using Roomcast.Meetings.Sessions.Features;
using Roomcast.Meetings.Sessions.Following;
using Roomcast.Meetings.Sessions.Loop;

namespace Roomcast.Meetings.Sessions;

/// <summary>Registration of sessions.</summary>
public static class SessionServices
{
    /// <summary>
    /// Adds <see cref="MeetingSessions"/>; needs <c>AddMeetings</c> and <c>AddMeetingMedia</c>. It stops before what was added
    /// earlier, so the WebRTC port comes first. Options: <see cref="MeetingSessionOptions"/>.
    /// </summary>
    public static IServiceCollection AddMeetingSessions(this IServiceCollection services)
    {
        services.AddOptionsWithValidateOnStart<MeetingSessionOptions, MeetingSessionOptionsValidator>();
        services.AddMetrics();
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<SessionMetrics>();
        services.TryAddSingleton<SessionRecorder>();
        services.TryAddSingleton<MeetingFamilies>();
        services.TryAddSingleton<Func<string, IMediaSide>>(static provider =>
        {
            var rooms = provider.GetRequiredService<MediaRooms>();
            return name => new MediaRoomSide(rooms.Open(name));
        });
        services.TryAddSingleton<Func<IReadOnlyList<ISessionObserver>>>(static provider =>
        {
            var observers = new Lazy<IReadOnlyList<ISessionObserver>>(() => [.. provider.GetServices<ISessionObserver>()]);
            return () => observers.Value;
        });
        services.TryAddSingleton<Func<IReadOnlyList<IRosterObserver>>>(static provider =>
        {
            var observers = new Lazy<IReadOnlyList<IRosterObserver>>(() => [.. provider.GetServices<IRosterObserver>()]);
            return () => observers.Value;
        });
        services.TryAddSingleton<SessionSteering>();
        services.TryAddSingleton<SessionGuests>();
        services.TryAddSingleton(static provider => new MeetingSessions(
            new SessionParts(
                provider.GetRequiredService<TimeProvider>(),
                provider.GetRequiredService<IOptions<MeetingSessionOptions>>().Value,
                provider.GetRequiredService<ILogger<MeetingSessions>>(),
                provider.GetRequiredService<SessionMetrics>(),
                provider.GetRequiredService<SessionRecorder>(),
                provider.GetRequiredService<ChatMessageStore>(),
                provider.GetRequiredService<SessionMemoryStore>(),
                provider.GetRequiredService<MeetingFamilies>(),
                provider.GetRequiredService<Func<string, IMediaSide>>(),
                provider.GetRequiredService<Func<IReadOnlyList<ISessionObserver>>>(),
                provider.GetRequiredService<Func<IReadOnlyList<IRosterObserver>>>()),
            provider.GetRequiredService<SessionRecordStore>(),
            provider.GetService<IHostApplicationLifetime>()));
        services.AddSingleton<IActiveSessions, ActiveSessions>();
        services.AddHostedService(static provider => provider.GetRequiredService<MeetingSessions>());
        return services;
    }
}
