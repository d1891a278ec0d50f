using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Roomcast.Meetings.History;
using Roomcast.Meetings.Presets;

namespace Roomcast.Meetings.Records;

/// <summary>Registration of the meeting records.</summary>
public static class MeetingRecordsServices
{
    /// <summary>
    /// Adds <see cref="PresetStore"/>, <see cref="MeetingStore"/>, <see cref="ParticipantStore"/>, <see cref="SessionRecordStore"/>,
    /// <see cref="ChatMessageStore"/>, <see cref="PollStore"/>, <see cref="SessionMemoryStore"/>, and what reads them back: <see cref="SessionHistory"/>,
    /// <see cref="SessionAnalytics"/>, <see cref="MediaHistoryStore"/>, <see cref="ClientReportStore"/>; needs <c>AddStorage</c>.
    /// </summary>
    public static IServiceCollection AddMeetingRecords(this IServiceCollection services)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<PresetStore>();
        services.TryAddSingleton<MeetingStore>();
        services.TryAddSingleton<ParticipantStore>();
        services.TryAddSingleton<SessionRecordStore>();
        services.TryAddSingleton<ChatMessageStore>();
        services.TryAddSingleton<PollStore>();
        services.TryAddSingleton<SessionMemoryStore>();
        services.TryAddSingleton<SessionHistory>();
        services.TryAddSingleton<SessionAnalytics>();
        services.TryAddSingleton<MediaHistoryStore>();
        services.TryAddSingleton<ClientReportStore>();
        return services;
    }
}
