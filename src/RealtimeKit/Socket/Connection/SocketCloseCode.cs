namespace Roomcast.RealtimeKit.Socket.Connection;

/// <summary>Codes this server closes sockets with (RFC 6455, section 7.4). With any but 1000 the client comes back.</summary>
internal enum SocketCloseCode
{
    /// <summary>For good.</summary>
    Normal = 1000,

    /// <summary>A frame was larger than may be.</summary>
    TooBig = 1009,

    /// <summary>A fault of ours.</summary>
    InternalError = 1011,

    /// <summary>The server stops.</summary>
    ServiceRestart = 1012,

    /// <summary>The receiver did not keep up.</summary>
    TryAgainLater = 1013,
}
