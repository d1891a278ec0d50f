using System.Net;
using Roomcast.Storage.Outbound;

namespace Roomcast.Transcripts.Services;

/// <summary>What addresses of services may be, and what is called there.</summary>
public static class AiServiceAddress
{
    /// <summary>Why a service cannot be at an address; null when it can.</summary>
    /// <param name="address">Absolute, http or https.</param>
    public static string? FaultOf(Uri address)
    {
        ArgumentNullException.ThrowIfNull(address);
        return address.UserInfo.Length > 0 ? "must not name a user or a password: the key has a field of its own"
            : address.OriginalString.Contains('#', StringComparison.Ordinal) ? "must not have a fragment"
            : null;
    }

    /// <summary>Whether it is in the public internet, as far as it tells by itself: what a name stands for is looked at when it is connected to.</summary>
    /// <param name="address">Absolute.</param>
    public static bool IsPublic(Uri address)
    {
        ArgumentNullException.ThrowIfNull(address);
        var host = address.DnsSafeHost;
        return !host.Equals("localhost", StringComparison.OrdinalIgnoreCase) && (!IPAddress.TryParse(host, out var ip) || OpenInternet.IsPublic(ip));
    }

    /// <summary>The address of a call: the path is put after that of the service, and the query stays behind both, as services want it that tell their version there.</summary>
    internal static Uri Of(AiService service, string path) =>
        new UriBuilder(service.Address) { Path = $"{service.Address.AbsolutePath.TrimEnd('/')}/{path}" }.Uri;
}
