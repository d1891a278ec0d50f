using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Roomcast.Storage;
using Roomcast.Webhooks.Delivery;
using Roomcast.Webhooks.Records;
using Roomcast.Webhooks.Signing;

namespace Roomcast.Webhooks;

/// <summary>Registration of webhooks.</summary>
public static class WebhookServices
{
    /// <summary>
    /// Adds <see cref="WebhookStore"/>, <see cref="DeliveryStore"/>, <see cref="WebhookOutbox"/> and <see cref="WebhookSigner"/>, and
    /// what sends the deliveries; needs <c>AddStorage</c> and the dialect's <see cref="WebhookWire"/>. Options: <see cref="WebhookOptions"/>.
    /// </summary>
    public static IServiceCollection AddWebhooks(this IServiceCollection services)
    {
        services.AddOptionsWithValidateOnStart<WebhookOptions, WebhookOptionsValidator>();
        services.AddMetrics();
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<WebhookBell>();
        services.TryAddSingleton(provider => new WebhookStore(
            provider.GetRequiredService<Database>(), provider.GetRequiredService<TimeProvider>(), provider.GetRequiredService<WebhookBell>()));
        services.TryAddSingleton(provider => new DeliveryStore(
            provider.GetRequiredService<Database>(), provider.GetRequiredService<TimeProvider>(), provider.GetRequiredService<WebhookBell>()));
        services.TryAddSingleton(provider => new WebhookOutbox(
            provider.GetRequiredService<TimeProvider>(), provider.GetRequiredService<WebhookBell>()));
        services.TryAddSingleton<WebhookSigner>();
        services.TryAddSingleton<WebhookMetrics>();
        services.TryAddSingleton<WebhookSender>();
        services.TryAddSingleton<WebhookTargets>();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IHostedService, WebhookDispatcher>());
        return services;
    }
}
