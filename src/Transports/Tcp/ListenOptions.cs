using System.Net;
using System.Net.Security;
using System.Net.Sockets;

namespace Roomcast.Transports.Tcp;

/// <summary>One address to listen on.</summary>
public sealed record ListenOptions
{
    /// <summary>The address; port 0 lets the system choose one.</summary>
    public required IPEndPoint Address { get; init; }

    /// <summary>A socket that is bound to the address already, for hosts that bind all of theirs first; null to have it bound.</summary>
    public Socket? Socket { get; init; }

    /// <summary>The name of the setting the port comes from: an error names it, so that the reader knows what to change.</summary>
    public required string Setting { get; init; }

    /// <summary>What is spoken, in one word; it labels the metrics. For example <c>rtmp</c>.</summary>
    public required string Protocol { get; init; }

    /// <summary>
    /// Gives the TLS options for one handshake, by the server name the client asked for, or null when it named none. Called for
    /// each connection, so that a renewed certificate is used at once. Null for plain TCP.
    /// </summary>
    public Func<string?, SslServerAuthenticationOptions>? Tls { get; init; }

    /// <summary>
    /// How often what has arrived is fetched; default 20 ms. Half of it is latency on the average, and fewer fetches cost less.
    /// </summary>
    public TimeSpan ReceiveInterval { get; init; } = TimeSpan.FromMilliseconds(20);

    /// <summary>Longest a TLS handshake may take; default 5 s.</summary>
    public TimeSpan TlsHandshakeTimeout { get; init; } = TimeSpan.FromSeconds(5);
}
