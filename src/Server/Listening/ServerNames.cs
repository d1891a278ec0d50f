using System.Net;
using System.Net.Sockets;
using Roomcast.Server.Configuration;

namespace Roomcast.Server.Listening;

/// <summary>The names and addresses this server goes by.</summary>
internal sealed class ServerNames
{
    // What the web client puts before the host it is given: for its calls, its socket, its logs, its statistics and its place.
    private static readonly string[] ClientPrefixes =
        ["api.", "socket-edge.", "api-silos.", "da-collector.", "location.", "location-legacy."];

    private readonly IPAddress _bind;
    private readonly IPAddress? _publicIp;

    public ServerNames(SettingValues settings)
    {
        _bind = settings.Get(ServerSettings.Bind);
        _publicIp = settings.Get(ServerSettings.PublicIp);
        Host = settings.Get(ServerSettings.PublicHost) ?? (IsEverywhere(_bind) || IPAddress.IsLoopback(_bind) ? "localhost" : _bind.ToString());
    }

    /// <summary>The host in addresses told to others: a name, or an IP address without brackets.</summary>
    public string Host { get; }

    /// <summary>The address listeners are reached at from this machine.</summary>
    public IPAddress Reachable =>
        _bind.Equals(IPAddress.Any) ? IPAddress.Loopback : _bind.Equals(IPAddress.IPv6Any) ? IPAddress.IPv6Loopback : _bind;

    /// <summary>What the local certificate stands for.</summary>
    public IReadOnlyCollection<string> CertificateNames
    {
        get
        {
            var names = new HashSet<string>(StringComparer.OrdinalIgnoreCase) { "127.0.0.1", "::1" };
            names.UnionWith(NamesUnder("localhost"));
            names.UnionWith(NamesUnder(Host));
            if (!IsEverywhere(_bind))
            {
                names.Add(_bind.ToString());
            }

            if (_publicIp is not null)
            {
                names.Add(_publicIp.ToString());
            }

            return names;
        }
    }

    /// <summary>What a web client that is given a host connects to: the host itself, and unless it is an address, names under it.</summary>
    public static IEnumerable<string> NamesUnder(string host) =>
        IPAddress.TryParse(host, out _) ? [host] : [host, .. ClientPrefixes.Select(prefix => prefix + host)];

    /// <summary>Writes an address with its port as a URL has it: an IPv6 address in brackets.</summary>
    public static string Url(string scheme, string host, int port)
    {
        var written = IPAddress.TryParse(host, out var address) && address.AddressFamily == AddressFamily.InterNetworkV6 ? $"[{host}]" : host;
        return $"{scheme}://{written}:{port}";
    }

    private static bool IsEverywhere(IPAddress address) => address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any);
}
