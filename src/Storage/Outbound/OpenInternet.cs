using System.Net;
using System.Net.Sockets;

namespace Roomcast.Storage.Blobs;

/// <summary>Connects only to addresses that are open to the whole internet, however a name resolves: strangers choose these targets.</summary>
public static class OpenInternet
{
    private static readonly IPNetwork[] Closed =
    [
        .. new[]
        {
            "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24",
            "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/3",
            "::/127", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32", "2002::/16", "fc00::/7", "fe80::/10", "fec0::/10",
            "ff00::/8",
        }.Select(text => IPNetwork.Parse(text)),
    ];

    // Not even where the owner of the server allows: "this" network, link-local with the clouds' metadata, their other metadata
    // addresses, multicast and reserved. As for pushes.
    private static readonly IPNetwork[] Never =
    [
        .. new[]
        {
            "0.0.0.0/8", "100.100.100.200/32", "169.254.0.0/16", "192.0.0.0/24", "224.0.0.0/3",
            "::/128", "fd00:ec2::254/128", "fe80::/10", "fec0::/10", "ff00::/8",
        }.Select(text => IPNetwork.Parse(text)),
    ];

    /// <summary>Whether an address is one that the whole internet can reach (RFC 6890 lists those that are not).</summary>
    public static bool IsPublic(IPAddress address)
    {
        ArgumentNullException.ThrowIfNull(address);
        var plain = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        return !Closed.Any(network => network.Contains(plain));
    }

    /// <summary>Whether an address is public, or in one of the networks that are allowed besides; link-local and multicast ones never are.</summary>
    public static bool IsOpen(IPAddress address, IReadOnlyCollection<IPNetwork> allowed)
    {
        ArgumentNullException.ThrowIfNull(address);
        ArgumentNullException.ThrowIfNull(allowed);
        var plain = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        return IsPublic(plain) || (!Never.Any(network => network.Contains(plain)) && allowed.Any(network => network.Contains(plain)));
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
}

/// <summary>A host that strangers named has no address in the public internet.</summary>
public sealed class PrivateAddressException() : IOException("The host has no address in the public internet.");
