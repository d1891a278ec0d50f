using Roomcast.Rtc.Dtls;
using Roomcast.Rtc.Ice;

namespace Roomcast.Rtc.Connection;

/// <summary>What a connection is made of, as the two descriptions have agreed it.</summary>
public sealed record RtcConnectionOptions
{
    /// <summary>Our ICE credentials.</summary>
    public required IceCredentials LocalCredentials { get; init; }

    /// <summary>The peer's. A server can do without; a client cannot begin before it has them.</summary>
    public IceCredentials? RemoteCredentials { get; init; }

    /// <summary>False for a server, which is ICE-lite and waits to be found; true for a client, which makes the checks.</summary>
    public bool IsControlling { get; init; }

    /// <summary>How a client nominates; regular by default.</summary>
    public IceNomination Nomination { get; init; }

    /// <summary>Our certificate.</summary>
    public required DtlsIdentity Identity { get; init; }

    /// <summary>Whether we begin the handshake.</summary>
    public required DtlsRole DtlsRole { get; init; }

    /// <summary>The fingerprint of the peer's certificate.</summary>
    public required DtlsFingerprint RemoteFingerprint { get; init; }

    /// <summary>How long the peer may be silent, and how long getting connected may take. Default 30 s (RFC 7675 section 5.1).</summary>
    public TimeSpan ConsentTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>The wait before a flight of the handshake is sent again the first time. Default 200 ms.</summary>
    public TimeSpan FirstHandshakeRetransmission { get; init; } = TimeSpan.FromMilliseconds(200);
}
