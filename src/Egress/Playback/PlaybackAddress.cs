using System.Diagnostics.CodeAnalysis;
using System.Net;
using Roomcast.Storage.Outbound;

namespace Roomcast.Egress.Playback;

/// <summary>What is wrong with the address of something to be played.</summary>
public enum PlaybackAddressFault
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>It is no absolute address of http, https, rtmp or rtmps with a host.</summary>
    NotPlayable,

    /// <summary>It is longer than <see cref="PlaybackAddress.MaxLength"/>.</summary>
    TooLong,

    /// <summary>It holds blanks or control characters.</summary>
    NotPrintable,

    /// <summary>It names a user or a password.</summary>
    NamesUser,

    /// <summary>Its host is an address of a network that nothing is played from.</summary>
    PrivateNetwork,
}

/// <summary>Where something to be played is. Such addresses may hold signatures and keys, so it prints itself without.</summary>
public sealed class PlaybackAddress
{
    /// <summary>Most characters.</summary>
    public const int MaxLength = 2_048;

    private PlaybackAddress(string url, Uri uri) => (Url, Covered) = (url, $"{uri.Scheme}://{uri.Authority}/***");

    /// <summary>The address as it was given. May hold a secret.</summary>
    public string Url { get; }

    /// <summary>The address without what may be a secret.</summary>
    public string Covered { get; }

    /// <summary>Reads an address. A host that is a name is looked up only when it is connected to, and judged again then.</summary>
    /// <param name="url">The address.</param>
    /// <param name="allowed">Networks that are not public and may be played from all the same.</param>
    /// <param name="address">The address, when it is right.</param>
    /// <param name="fault">What is wrong, when it is not.</param>
    public static bool TryParse(
        string? url, IReadOnlyList<IPNetwork> allowed, [NotNullWhen(true)] out PlaybackAddress? address, out PlaybackAddressFault fault)
    {
        ArgumentNullException.ThrowIfNull(allowed);
        address = null;
        url ??= "";
        fault = url.Length > MaxLength ? PlaybackAddressFault.TooLong
            : url.AsSpan().ContainsAnyInRange('\0', ' ') || url.Contains('\x7f', StringComparison.Ordinal) ? PlaybackAddressFault.NotPrintable
            : PlaybackAddressFault.None;
        if (fault is not PlaybackAddressFault.None)
        {
            return false;
        }

        if (!Uri.TryCreate(url, UriKind.Absolute, out var uri) || uri.Scheme is not ("http" or "https" or "rtmp" or "rtmps") || uri.Host.Length == 0)
        {
            fault = PlaybackAddressFault.NotPlayable;
        }
        else if (uri.UserInfo.Length > 0)
        {
            fault = PlaybackAddressFault.NamesUser;
        }
        else if (HostOf(uri) is not { } host)
        {
            fault = PlaybackAddressFault.NotPlayable;
        }
        else if (IPAddress.TryParse(host, out var number) && !OpenInternet.IsOpen(number, allowed))
        {
            fault = PlaybackAddressFault.PrivateNetwork;
        }

        address = fault is PlaybackAddressFault.None ? new PlaybackAddress(url, uri!) : null;
        return address is not null;
    }

    /// <summary>The host of an address as it is looked up; null where it is no name that could be.</summary>
    public static string? HostOf(Uri uri)
    {
        ArgumentNullException.ThrowIfNull(uri);
        try
        {
            return uri.IdnHost.Trim('[', ']') is { Length: > 0 } host ? host : null;
        }
        catch (UriFormatException)
        {
            return null; // Only now is it seen that the letters of a name have no form on the wire (RFC 5891 section 4.4).
        }
    }

    /// <summary>The address without what may be a secret.</summary>
    public override string ToString() => Covered;
}
