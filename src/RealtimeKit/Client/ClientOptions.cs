namespace Roomcast.RealtimeKit.Client;

/// <summary>What web clients are told.</summary>
public sealed class ClientOptions
{
    /// <summary>
    /// STUN and TURN servers, none by default: this server is reached at its own address, over UDP or TCP. At most 16.
    /// </summary>
    public IReadOnlyList<IceServer> IceServers { get; set; } = [];
}
