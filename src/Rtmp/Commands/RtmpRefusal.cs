namespace Roomcast.Rtmp.Commands;

/// <summary>Why a server refused to connect or to publish, or ended a stream.</summary>
public enum RtmpRefusal
{
    /// <summary>It did not.</summary>
    None,

    /// <summary>It wants a user name and a password, which we do not speak.</summary>
    AuthenticationNeeded,

    /// <summary>It did not accept who we are: a wrong key, token or signature.</summary>
    AuthenticationFailed,

    /// <summary>It knows no such application.</summary>
    UnknownApplication,

    /// <summary>It does not want a stream of this name: usually a wrong key.</summary>
    BadName,

    /// <summary>Somebody publishes under this name already, perhaps we ourselves before the connection broke.</summary>
    NameInUse,

    /// <summary>It does not let us publish.</summary>
    PublishDenied,

    /// <summary>It does not let us connect.</summary>
    ConnectRejected,

    /// <summary>It shuts down.</summary>
    ShuttingDown,

    /// <summary>It has closed the connection or ended the stream.</summary>
    Closed,

    /// <summary>Something failed on its side.</summary>
    Failed,

    /// <summary>It gave a code that says nothing to us.</summary>
    Unknown,
}

/// <summary>Reads refusals out of what servers say.</summary>
public static class RtmpRefusals
{
    /// <summary>What a status of level <c>error</c>, or one that ends a stream, comes to.</summary>
    /// <remarks>
    /// The codes are those of RTMP 1.0, section 7.2, and of servers in the field, which differ in their case and put what
    /// matters into the description: Adobe's and Limelight's servers reject a connection with <c>authmod=</c> there to ask for
    /// a user name; nginx-rtmp and others say BadName for a name that is taken.
    /// </remarks>
    public static RtmpRefusal Of(RtmpStatus status)
    {
        ArgumentNullException.ThrowIfNull(status);
        if (Says(status.Description, "authmod=") || Says(status.Description, "need auth"))
        {
            // The second turn of that exchange tells that the answer was wrong.
            return Says(status.Description, "reason=authfailed") || Says(status.Description, "reason=nosuchuser")
                ? RtmpRefusal.AuthenticationFailed
                : RtmpRefusal.AuthenticationNeeded;
        }

        var isTaken = Says(status.Description, "already") || Says(status.Description, "in use") || Says(status.Description, "is publishing");
        if (Is(RtmpStatusCodes.PublishBadName) || Is(RtmpStatusCodes.PublishDenied) || Is(RtmpStatusCodes.PublishRejected) || Is("NetStream.Publish.BadConnection"))
        {
            return isTaken || Is("NetStream.Publish.BadConnection") ? RtmpRefusal.NameInUse
                : Is(RtmpStatusCodes.PublishBadName) ? RtmpRefusal.BadName
                : RtmpRefusal.PublishDenied;
        }

        return status.Code.ToUpperInvariant() switch
        {
            "NETSTREAM.PUBLISH.UNAUTHORIZED" or "NETSTREAM.PUBLISH.BADAUTH" or "NETCONNECTION.CONNECT.UNAUTHORIZED" => RtmpRefusal.AuthenticationFailed,
            "NETCONNECTION.CONNECT.INVALIDAPP" => RtmpRefusal.UnknownApplication,
            "NETCONNECTION.CONNECT.REJECTED" => RtmpRefusal.ConnectRejected,
            "NETCONNECTION.CONNECT.APPSHUTDOWN" => RtmpRefusal.ShuttingDown,
            "NETCONNECTION.CONNECT.CLOSED" or "NETSTREAM.UNPUBLISH.SUCCESS" or "NETCONNECTION.CONNECT.IDLETIMEOUT" => RtmpRefusal.Closed,
            "NETCONNECTION.CONNECT.FAILED" or "NETCONNECTION.CALL.FAILED" or "NETSTREAM.PUBLISH.FAILED" or "NETSTREAM.FAILED" => RtmpRefusal.Failed,
            _ => RtmpRefusal.Unknown,
        };

        bool Is(string code) => string.Equals(status.Code, code, StringComparison.OrdinalIgnoreCase);
    }

    private static bool Says(string text, string words) => text.Contains(words, StringComparison.OrdinalIgnoreCase);
}
