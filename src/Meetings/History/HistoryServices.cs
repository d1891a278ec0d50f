using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;

namespace Roomcast.Meetings.History;

/// <summary>Registration of what sessions leave behind.</summary>
public static class HistoryServices
{
    /// <summary>
    /// Adds <see cref="SessionFiles"/>, <see cref="ChatExport"/> and the clearing of what is old; needs <c>AddMeetings</c> and
    /// <c>AddBlobs</c>. Options: <see cref="HistoryOptions"/>, of which the host sets the folder.
    /// </summary>
    public static IServiceCollection AddSessionHistory(this IServiceCollection services)
    {
        services.AddOptionsWithValidateOnStart<HistoryOptions, HistoryOptionsValidator>();
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<SessionFiles>();
        services.TryAddSingleton<ChatExport>();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IHostedService, HistoryClearing>());
        return services;
    }
}
