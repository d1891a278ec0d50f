using System.Net;

namespace Roomcast.Egress.Recording;

/// <summary>Hosts whose address stands in what they are called.</summary>
internal static class WrittenAddress
{
    /// <summary>The address; null for a name, which only the network knows.</summary>
    public static IPAddress? Of(string host) =>
        IPAddress.TryParse(host, out var address) ? address
        : host.TrimEnd('.').Equals("localhost", StringComparison.OrdinalIgnoreCase) ? IPAddress.Loopback
        : null;
}
