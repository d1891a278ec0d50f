using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using Roomcast.Egress.Recording;
using Roomcast.Livestreams.Records;
using Roomcast.Meetings.History.Publishing;
using Roomcast.Meetings.Records;
using Roomcast.Webhooks;
using Roomcast.Webhooks.Records;

namespace Roomcast.RealtimeKit.Webhooks;

/// <summary>Registration of what turns facts into events of this API.</summary>
internal static class RealtimeKitWebhookServices
{
    private const string UserAgent = "RealtimeKit-Webhooks/1";

    /// <summary>Adds webhooks, their words on the wire, and what listens to the stores of sessions, livestreams and recordings.</summary>
    public static IServiceCollection AddRealtimeKitWebhooks(this IServiceCollection services)
    {
        services.AddWebhooks();
        services.TryAddSingleton(provider => WireOf(provider.GetRequiredService<IOptions<RealtimeKitOptions>>().Value));
        services.TryAddEnumerable(ServiceDescriptor.Singleton<ISessionFacts, MeetingWebhooks>());
        services.TryAddEnumerable(ServiceDescriptor.Singleton<ILivestreamFacts, LivestreamWebhooks>());
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IRecordingFacts, RecordingWebhooks>());
        services.TryAddEnumerable(ServiceDescriptor.Singleton<ISessionFileFacts, SessionFileWebhooks>());
        return services;
    }

    /// <summary>The headers of a delivery; receivers made for the older product look for other names.</summary>
    internal static WebhookWire WireOf(RealtimeKitOptions options) => options.WebhooksSendOlderHeaders
        ? new WebhookWire(UserAgent, ["rtk-signature", "dyte-signature"], ["rtk-uuid", "dyte-uuid"], ["rtk-webhook-id", "dyte-webhook-id"])
        : new WebhookWire(UserAgent, ["rtk-signature"], ["rtk-uuid"], ["rtk-webhook-id"]);
}
