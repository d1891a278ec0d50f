using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Roomcast.Meetings.History.Publishing;
using Roomcast.Meetings.Records;

namespace Roomcast.Meetings.History;

/// <summary>Registration of what sessions leave behind.</summary>
public static class HistoryServices
{
    /// <summary>
    /// Adds <see cref="SessionFiles"/>, <see cref="ChatExport"/>, what makes files when sessions have ended and tells every
    /// <see cref="ISessionFileFacts"/> of them, and the clearing of what is old; needs <c>AddMeetings</c> and <c>AddBlobs</c>.
    /// Options: <see cref="HistoryOptions"/>, of which the host sets the folder.
    /// </summary>
    public static IServiceCollection AddSessionHistory(this IServiceCollection services)
    {
        services.AddOptionsWithValidateOnStart<HistoryOptions, HistoryOptionsValidator>();
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<SessionFiles>();
        services.TryAddSingleton<ChatExport>();
        services.TryAddSingleton<SessionFileTasks>();
        services.AddSingleton<ISessionFacts>(provider => provider.GetRequiredService<SessionFileTasks>());
        services.AddSingleton<ISessionFileMaker>(provider => provider.GetRequiredService<ChatExport>());
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IHostedService, HistoryClearing>());
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IHostedService, SessionFilePublishing>());
        return services;
    }
}
