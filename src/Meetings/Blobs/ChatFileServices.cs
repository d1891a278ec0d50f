using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;

namespace Roomcast.Meetings.Blobs;

/// <summary>Registration of chat files.</summary>
public static class ChatFileServices
{
    /// <summary>
    /// Adds <see cref="ChatFiles"/> and the clearing of old ones; needs <c>AddStorage</c> and <c>AddMeetingRecords</c>. Options:
    /// <see cref="ChatFileOptions"/>, of which the host sets the folder and the base address.
    /// </summary>
    public static IServiceCollection AddChatFiles(this IServiceCollection services)
    {
        services.AddOptionsWithValidateOnStart<ChatFileOptions, ChatFileOptionsValidator>();
        services.TryAddSingleton<ChatFiles>();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IHostedService, ChatClearing>());
        return services;
    }
}
