using Microsoft.Extensions.DependencyInjection;
using Roomcast.Meetings.Blobs;
using Roomcast.Meetings.Records;
using Roomcast.Meetings.Tokens;

namespace Roomcast.Meetings;

/// <summary>Registration of meetings.</summary>
public static class MeetingServices
{
    /// <summary>
    /// Adds meetings: their records, participant tokens and chat files. It needs <c>AddStorage</c> and <c>AddAccounts</c>.
    /// Options: <see cref="ParticipantTokenOptions"/>, <see cref="ChatFileOptions"/>.
    /// </summary>
    public static IServiceCollection AddMeetings(this IServiceCollection services)
    {
        services.AddMeetingRecords();
        services.AddParticipantTokens();
        services.AddChatFiles();
        services.AddSingleton<IActiveSessions, NoActiveSessions>();
        return services;
    }
}
