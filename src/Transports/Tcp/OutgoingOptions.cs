using System.Net;
using System.Security.Cryptography.X509Certificates;

namespace Roomcast.Transports.Tcp;

/// <summary>Where to connect to, and how.</summary>
public sealed record OutgoingOptions
{
    /// <summary>Host name or address literal, without brackets.</summary>
    public required string Host { get; init; }

    /// <summary>Port, 1 to 65,535.</summary>
    public required int Port { get; init; }

    /// <summary>Whether TLS is spoken, with the host's name as SNI and its certificate verified.</summary>
    public bool IsEncrypted { get; init; }

    /// <summary>Authorities that are trusted besides those of the system; null for none.</summary>
    public X509Certificate2Collection? TrustedAuthorities { get; init; }

    /// <summary>
    /// Says whether an address may be connected to; null for any. Asked for each address that the name has, and only those are
    /// connected to that it allowed: a name that is looked up once more could lead elsewhere.
    /// </summary>
    public Func<IPAddress, bool>? Allows { get; init; }

    /// <summary>Longest for looking up, connecting and the TLS handshake together; default 10 s.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long one address is given before the next is tried beside it; default 250 ms (RFC 8305, section 5).</summary>
    public TimeSpan AttemptDelay { get; init; } = TimeSpan.FromMilliseconds(250);

    /// <summary>
    /// What the system may keep of what is to be sent, in bytes; default 256 KiB, which Linux doubles. It bounds how much is
    /// lost on a peer that takes nothing more, and how late that shows.
    /// </summary>
    public int SendBufferBytes { get; init; } = 256 << 10;
}
