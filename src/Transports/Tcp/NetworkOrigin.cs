using System.Net;
using System.Net.Sockets;

namespace Roomcast.Transports.Tcp;

/// <summary>What counts as one address where the calls or connections of each address are bounded.</summary>
public static class NetworkOrigin
{
    /// <summary>
    /// The IPv4 address itself, also when it is written as IPv6; of IPv6 the /64, which one household or host commands as a
    /// whole.
    /// </summary>
    /// <param name="address">A peer's address; one that is not known counts as <see cref="IPAddress.None"/>.</param>
    public static IPAddress Of(IPAddress? address)
    {
        if (address is null)
        {
            return IPAddress.None;
        }

        if (address.IsIPv4MappedToIPv6)
        {
            return address.MapToIPv4();
        }

        if (address.AddressFamily is not AddressFamily.InterNetworkV6)
        {
            return address;
        }

        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out _);
        bytes[8..].Clear();
        return new IPAddress(bytes);
    }
}
