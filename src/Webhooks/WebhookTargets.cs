using System.Net;
using Microsoft.Extensions.Options;
using Roomcast.Storage.Outbound;

namespace Roomcast.Webhooks;

/// <summary>Says where webhooks may lead, as far as the address tells by itself: what a name stands for is looked at when it is connected to.</summary>
public sealed class WebhookTargets(IOptions<WebhookOptions> options)
{
    /// <summary>Whether a webhook may have this address, which is absolute.</summary>
    public bool MayLead(Uri address)
    {
        ArgumentNullException.ThrowIfNull(address);
        var host = address.DnsSafeHost;
        return host.Equals("localhost", StringComparison.OrdinalIgnoreCase)
            ? OpenInternet.IsOpen(IPAddress.Loopback, options.Value.PrivateNetworks)
            : !IPAddress.TryParse(host, out var ip) || OpenInternet.IsOpen(ip, options.Value.PrivateNetworks);
    }
}
