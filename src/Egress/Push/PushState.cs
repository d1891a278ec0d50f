namespace Roomcast.Egress.Push;

/// <summary>Where a push stands.</summary>
public enum PushState
{
    /// <summary>There is nothing to push: the livestream is not on air.</summary>
    Waiting,

    /// <summary>Connecting, or asking to publish.</summary>
    Connecting,

    /// <summary>The target takes the media.</summary>
    Publishing,

    /// <summary>An attempt has failed; the next comes at <see cref="PushStatus.Until"/>.</summary>
    Backoff,

    /// <summary>The target has refused for good. It is not tried again before the livestream is next on air.</summary>
    Rejected,

    /// <summary>The target is connected and takes nothing more. Unless it goes on soon, the connection is made anew.</summary>
    Wedged,

    /// <summary>It is over.</summary>
    Ended,
}

/// <summary>Why a push stands where it stands.</summary>
public enum PushReason
{
    /// <summary>There is nothing to tell.</summary>
    None,

    /// <summary>The target's name has no address.</summary>
    NameNotFound,

    /// <summary>The target's addresses lie where nothing may be pushed to.</summary>
    AddressForbidden,

    /// <summary>Nobody listens on the target's port.</summary>
    ConnectionRefused,

    /// <summary>There is no way to the target.</summary>
    Unreachable,

    /// <summary>Connecting took too long.</summary>
    ConnectTimedOut,

    /// <summary>The target's certificate is not for its name, has expired, or nobody trusted has signed it.</summary>
    CertificateRejected,

    /// <summary>The TLS handshake failed.</summary>
    TlsFailed,

    /// <summary>What the target says is no RTMP.</summary>
    ProtocolBroken,

    /// <summary>The target connected us and never said whether we may publish.</summary>
    PublishTimedOut,

    /// <summary>The target closed the connection before it let us publish. Some refuse a key this way.</summary>
    ClosedBeforePublish,

    /// <summary>The target closed the connection, or it broke.</summary>
    ClosedByTarget,

    /// <summary>The target wants a user name and a password.</summary>
    AuthenticationNeeded,

    /// <summary>The target does not accept the key, token or signature.</summary>
    AuthenticationFailed,

    /// <summary>The target knows no such application.</summary>
    UnknownApplication,

    /// <summary>The target does not want a stream of this name: usually a wrong key.</summary>
    BadName,

    /// <summary>Somebody publishes to the target under this name already.</summary>
    NameInUse,

    /// <summary>The target does not let us publish.</summary>
    PublishDenied,

    /// <summary>The target does not let us connect.</summary>
    ConnectRejected,

    /// <summary>The target shuts down.</summary>
    TargetShuttingDown,

    /// <summary>Something failed on the target's side.</summary>
    TargetFailed,

    /// <summary>The target refused with a code that says nothing to us.</summary>
    UnknownRefusal,

    /// <summary>The livestream's codec is one that the target does not say it takes.</summary>
    CodecNotTaken,

    /// <summary>The target took nothing more.</summary>
    Wedged,

    /// <summary>The target asked us to connect anew.</summary>
    ReconnectRequested,

    /// <summary>The livestream has ended.</summary>
    LivestreamEnded,

    /// <summary>The output was removed.</summary>
    Removed,

    /// <summary>The server stops.</summary>
    ServerStopping,

    /// <summary>A fault of ours; the log has it.</summary>
    Fault,
}

/// <summary>What can be told of a push at one moment. It holds no secret.</summary>
/// <param name="State">Where it stands.</param>
/// <param name="Reason">Why: of the last failure in <see cref="PushState.Connecting"/> and <see cref="PushState.Publishing"/>.</param>
/// <param name="Detail">What the target said, keys covered, at most 200 characters; null when it said nothing.</param>
/// <param name="Attempt">
/// Which attempt to connect this is or was, from 1; it begins anew after a minute of health. 0 before the first.
/// </param>
/// <param name="Until">When the next attempt comes; in <see cref="PushState.Backoff"/> only.</param>
/// <param name="Since">Since when <paramref name="State"/> holds; null in <see cref="PushState.Waiting"/>.</param>
/// <param name="BytesSent">Bytes sent over all connections of this time on air.</param>
/// <param name="DroppedTime">Media of this time on air that the target did not get, because it was too slow or not connected.</param>
public sealed record PushStatus(
    PushState State,
    PushReason Reason,
    string? Detail,
    int Attempt,
    DateTimeOffset? Until,
    DateTimeOffset? Since,
    long BytesSent,
    TimeSpan DroppedTime)
{
    /// <summary>Whether the present connection has been sent a picture, or sound where there is no picture.</summary>
    public bool HasSentPicture { get; init; }

    /// <summary>That of a push which has nothing to push.</summary>
    public static readonly PushStatus Waiting = new(PushState.Waiting, PushReason.None, null, 0, null, null, 0, TimeSpan.Zero);
}
