using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Roomcast.Egress.Push.Records;
using Roomcast.Storage;

namespace Roomcast.Egress.Push;

/// <summary>Registration of pushing.</summary>
public static class PushServices
{
    /// <summary>
    /// Adds <see cref="PushJobs"/> and <see cref="LivestreamOutputs"/>. It needs <c>AddStorage</c> and an <see cref="IPushableFeeds"/>.
    /// Options: <see cref="PushOptions"/>.
    /// </summary>
    public static IServiceCollection AddPush(this IServiceCollection services)
    {
        services.AddOptionsWithValidateOnStart<PushOptions, PushOptionsValidator>();
        services.AddMetrics();
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<PushMetrics>();
        services.TryAddSingleton(provider => new PushAddressGuard(provider.GetRequiredService<IOptions<PushOptions>>().Value.PrivateNetworks));
        services.TryAddSingleton<IPushDialer>(provider => new TcpPushDialer(
            provider.GetRequiredService<IOptions<PushOptions>>().Value,
            provider.GetRequiredService<PushAddressGuard>(),
            provider.GetRequiredService<TimeProvider>()));
        services.TryAddSingleton(provider => new PushJobs(
            provider.GetRequiredService<IPushDialer>(),
            provider.GetRequiredService<PushAddressGuard>(),
            provider.GetRequiredService<IOptions<PushOptions>>(),
            provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<PushMetrics>(),
            provider.GetRequiredService<ILogger<PushJobs>>()));
        services.TryAddSingleton(provider => new OutputStore(provider.GetRequiredService<Database>(), provider.GetRequiredService<TimeProvider>()));
        services.TryAddSingleton(provider => new LivestreamOutputs(
            provider.GetRequiredService<OutputStore>(),
            provider.GetRequiredService<IPushableFeeds>(),
            provider.GetRequiredService<PushJobs>(),
            provider.GetRequiredService<IOptions<PushOptions>>(),
            provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<ILogger<LivestreamOutputs>>()));
        services.AddHostedService(provider => provider.GetRequiredService<LivestreamOutputs>());
        return services;
    }

    /// <summary>Adds <see cref="SessionPushes"/> and <see cref="MeetingTargetStore"/>; needs <see cref="AddPush"/> and <c>AddCompositions</c>.</summary>
    public static IServiceCollection AddSessionPushes(this IServiceCollection services)
    {
        services.TryAddSingleton(provider => new SessionPushes(
            provider.GetRequiredService<Composition.ICompositions>(),
            provider.GetRequiredService<PushJobs>(),
            provider.GetRequiredService<IOptions<PushOptions>>(),
            provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<ILogger<SessionPushes>>()));
        services.AddHostedService(provider => provider.GetRequiredService<SessionPushes>());
        services.TryAddSingleton<MeetingTargetStore>();
        return services;
    }
}
