namespace Roomcast.RealtimeKit.Socket.Connection;

/// <summary>The times of a socket.</summary>
internal sealed record SocketOptions
{
    /// <summary>How often the client is pinged. It gives a server up that is silent for 30 s.</summary>
    public TimeSpan PingInterval { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>A client that is silent for this long is given up; it answers every ping.</summary>
    public TimeSpan PeerSilence { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long a client has to take what it is still sent, and to answer a close.</summary>
    public TimeSpan CloseTimeout { get; init; } = TimeSpan.FromSeconds(5);
}
