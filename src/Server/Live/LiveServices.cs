using Microsoft.Extensions.Options;
using Roomcast.Egress.Composition;
using Roomcast.Egress.Playback;
using Roomcast.Egress.Recording;
using Roomcast.Egress.Recording.Pages;
using Roomcast.Livestreams.Lifecycle;
using Roomcast.Livestreams.Meetings;
using Roomcast.Meetings.Sessions;

namespace Roomcast.Server.Live;

/// <summary>Registration of what brings meetings, compositions and livestreams together.</summary>
internal static class LiveServices
{
    /// <summary>Adds it; needs <c>AddLivestreams</c>, <c>AddMeetingSessions</c>, <c>AddEgress</c>, <c>AddPush</c>; comes before
    /// <c>AddRecordings</c>. Options: <see cref="MeetingLivestreamOptions"/>, <see cref="SceneStyleOptions"/>.</summary>
    public static IServiceCollection AddLive(this IServiceCollection services)
    {
        services.AddOptionsWithValidateOnStart<MeetingLivestreamOptions, MeetingLivestreamOptionsValidator>();
        services.AddSingleton<LiveNews>();
        services.AddSingleton<ISessionObserver>(provider => provider.GetRequiredService<LiveNews>());
        services.AddSingleton<ILivestreamObserver>(provider => provider.GetRequiredService<LiveNews>());
        services.AddSingleton<IMeetingSessionLookup, MeetingSessionLookup>();
        services.AddOptionsWithValidateOnStart<SceneStyleOptions, SceneStyleOptionsValidator>();
        services.AddSingleton<ParticipantPictures>();
        services.AddSingleton<SceneOverlays>();
        services.AddSingleton<SessionCompositionSource>();
        services.AddSingleton<PageStages>();
        services.AddSingleton<IPageHost, PageHost>();
        services.AddSingleton<ICompositionSource, ComposedSources>();
        services.AddSingleton<IPlaybackStage, SessionPlaybackStage>();
        services.AddSingleton<RecordedMeetings>();
        services.AddSingleton<IRecordedSessions>(provider => provider.GetRequiredService<RecordedMeetings>());
        services.AddSingleton<ISessionObserver>(provider => provider.GetRequiredService<RecordedMeetings>());
        services.AddSingleton<ISessionObserver, RecordOnStart>();
        services.AddSingleton<IRecordingListener, RecordingNews>();
        services.AddSingleton<MeetingLivestreams>();
        services.AddSingleton<IMeetingLivestreams>(provider => provider.GetRequiredService<MeetingLivestreams>());
        services.AddHostedService(provider => provider.GetRequiredService<MeetingLivestreams>());
        return services;
    }
}
