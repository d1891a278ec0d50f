using System.Net;
using System.Net.Sockets;

namespace Roomcast.Storage.Outbound;

/// <summary>
/// Says which addresses the server may connect to where a stranger names the target, and connects only to those, however a name
/// resolves: otherwise whoever may name one could reach into the network behind this server.
/// </summary>
public static class OpenInternet
{
    // Not even where the owner of the server allows: "this" network, link-local with the clouds' metadata, their other metadata
    // addresses, multicast and reserved.
    private static readonly IPNetwork[] Never = Networks(
        "0.0.0.0/8", "100.100.100.200/32", "169.254.0.0/16", "192.0.0.0/24", "224.0.0.0/3",
        "::/128", "fd00:ec2::254/128", "fe80::/10", "fec0::/10", "ff00::/8");

    // Only where the settings say so. Sources: RFC 6890, RFC 4193, RFC 6598, RFC 8215.
    private static readonly IPNetwork[] Private = Networks(
        "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "172.16.0.0/12", "192.0.2.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24",
        "203.0.113.0/24", "::1/128", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32", "fc00::/7");

    // IPv4 at the end of IPv6: compatible (RFC 4291), translated (RFC 2765), NAT64 (RFC 6052). What counts is where they lead. Mapped ones are
    // told by their property: an IPNetwork takes them for IPv4 already, and so finds them in no network of IPv6.
    private static readonly IPNetwork[] EndsWithIPv4 = Networks("::/96", "::ffff:0:0:0/96", "64:ff9b::/96");
    private static readonly IPNetwork SixToFour = IPNetwork.Parse("2002::/16"); // RFC 3056: behind the first two bytes.

    /// <summary>Whether an address is one that the whole internet can reach (RFC 6890 lists those that are not).</summary>
    public static bool IsPublic(IPAddress address) => IsOpen(address, []);

    /// <summary>Whether an address is public, or in one of the networks that are allowed besides; link-local and multicast ones never are.</summary>
    public static bool IsOpen(IPAddress address, IReadOnlyCollection<IPNetwork> allowed)
    {
        ArgumentNullException.ThrowIfNull(address);
        ArgumentNullException.ThrowIfNull(allowed);
        var plain = Behind(address);
        return !Contain(Never, plain) && (!Contain(Private, plain) || Contain(allowed, plain));
    }

    /// <summary>The IPv4 address that one of IPv6 holds and leads to; any other as it is, and so <c>::</c> and <c>::1</c>.</summary>
    public static IPAddress Behind(IPAddress address)
    {
        ArgumentNullException.ThrowIfNull(address);
        if (address.AddressFamily is not AddressFamily.InterNetworkV6 || address.Equals(IPAddress.IPv6Any) || address.Equals(IPAddress.IPv6Loopback))
        {
            return address;
        }

        var bytes = address.GetAddressBytes();
        return address.IsIPv4MappedToIPv6 || Contain(EndsWithIPv4, address) ? new IPAddress(bytes.AsSpan(12, 4))
            : SixToFour.Contains(address) ? new IPAddress(bytes.AsSpan(2, 4))
            : address;
    }

    /// <summary>Resolves and connects, for <see cref="SocketsHttpHandler.ConnectCallback"/>.</summary>
    /// <exception cref="PrivateAddressException">The name has no public address.</exception>
    public static ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken) =>
        ConnectAsync(context, [], cancellationToken);

    /// <summary>The same, where some networks that are not public may be connected to as well.</summary>
    /// <param name="context">To where.</param>
    /// <param name="allowed">The networks that the owner of the server allows besides.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <exception cref="PrivateAddressException">The name has no address that is public or allowed.</exception>
    public static async ValueTask<Stream> ConnectAsync(
        SocketsHttpConnectionContext context, IReadOnlyCollection<IPNetwork> allowed, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(context);
        var addresses = await Dns.GetHostAddressesAsync(context.DnsEndPoint.Host, cancellationToken);
        var open = addresses.Where(address => IsOpen(address, allowed)).ToArray();
        if (open.Length == 0)
        {
            throw new PrivateAddressException();
        }

        // What was checked is what is connected to: the name is not resolved again.
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(open, context.DnsEndPoint.Port, cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    // An IPv4 address is in no IPv6 network, not even in ::/0, and the other way round.
    private static bool Contain(IEnumerable<IPNetwork> networks, IPAddress address) =>
        networks.Any(network => network.BaseAddress.AddressFamily == address.AddressFamily && network.Contains(address));

    private static IPNetwork[] Networks(params string[] networks) => [.. networks.Select(IPNetwork.Parse)];
}

/// <summary>A host that strangers named has no address in the public internet.</summary>
public sealed class PrivateAddressException() : IOException("The host has no address in the public internet.");
