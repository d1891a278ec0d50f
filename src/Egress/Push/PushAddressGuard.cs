using System.Net;
using System.Net.Sockets;

namespace Roomcast.Egress.Push;

/// <summary>Says which addresses may be pushed to: otherwise whoever may add an output could reach into the network behind this server.</summary>
internal sealed class PushAddressGuard(IReadOnlyList<IPNetwork> privateNetworks)
{
    // Never: "this" network, link-local with the clouds' metadata, their other metadata addresses, multicast and reserved.
    private static readonly IPNetwork[] Never = Networks(
        "0.0.0.0/8", "169.254.0.0/16", "100.100.100.200/32", "192.0.0.0/24", "224.0.0.0/3",
        "::/128", "fe80::/10", "fec0::/10", "ff00::/8", "fd00:ec2::254/128");

    // Only where the settings say so. Sources: RFC 6890, RFC 4193, RFC 6598.
    private static readonly IPNetwork[] Private = Networks(
        "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "198.18.0.0/15", "192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24",
        "::1/128", "fc00::/7", "100::/64", "2001:db8::/32");

    // IPv4 inside IPv6: NAT64 (RFC 6052) and 6to4 (RFC 3056).
    private static readonly IPNetwork Nat64 = IPNetwork.Parse("64:ff9b::/96");
    private static readonly IPNetwork SixToFour = IPNetwork.Parse("2002::/16");

    /// <summary>Whether an address may be pushed to.</summary>
    public bool Allows(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6)
        {
            address = address.MapToIPv4();
        }

        if (address.AddressFamily is AddressFamily.InterNetworkV6)
        {
            var bytes = address.GetAddressBytes();
            if (Nat64.Contains(address))
            {
                return Allows(new IPAddress(bytes.AsSpan(12, 4)));
            }

            if (SixToFour.Contains(address))
            {
                return Allows(new IPAddress(bytes.AsSpan(2, 4)));
            }
        }

        return !Contain(Never, address) && (!Contain(Private, address) || Contain(privateNetworks, address));
    }

    /// <summary>Whether a host may be pushed to, as far as its name tells: a name's addresses are looked at when it is connected to.</summary>
    public bool MayAllow(string host) => !IPAddress.TryParse(host, out var address) || Allows(address);

    private static bool Contain(IReadOnlyList<IPNetwork> networks, IPAddress address)
    {
        foreach (var network in networks)
        {
            if (network.BaseAddress.AddressFamily == address.AddressFamily && network.Contains(address))
            {
                return true;
            }
        }

        return false;
    }

    private static IPNetwork[] Networks(params string[] networks) => [.. networks.Select(IPNetwork.Parse)];
}
