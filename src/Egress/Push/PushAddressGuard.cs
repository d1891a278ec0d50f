using System.Net;
using Roomcast.Storage.Outbound;

namespace Roomcast.Egress.Push;

/// <summary>Says which addresses may be pushed to.</summary>
internal sealed class PushAddressGuard(IReadOnlyCollection<IPNetwork> privateNetworks)
{
    /// <summary>Whether an address may be pushed to.</summary>
    public bool Allows(IPAddress address) => OpenInternet.IsOpen(address, privateNetworks);

    /// <summary>Whether a host may be pushed to, as far as its name tells: a name's addresses are looked at when it is connected to.</summary>
    public bool MayAllow(string host) => !IPAddress.TryParse(host, out var address) || Allows(address);
}
