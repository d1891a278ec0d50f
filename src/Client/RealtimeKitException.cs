namespace Roomcast.Client;

/// <summary>What went wrong with a meeting, with a call of the REST API, or with a request of the RELAY protocol.</summary>
public enum RealtimeKitError
{
    /// <summary>Anything else; the message says more.</summary>
    Failed,

    /// <summary>The token is malformed, unknown, expired or replaced, or gives no right to the meeting.</summary>
    InvalidToken,

    /// <summary>The permissions of the own preset do not allow it.</summary>
    NotAllowed,

    /// <summary>The server cannot be reached, or the connection was lost meanwhile.</summary>
    Unreachable,

    /// <summary>The server did not answer in time.</summary>
    TimedOut,

    /// <summary>The server refused it; the message is the server's.</summary>
    Refused,

    /// <summary>It cannot be done in this state: before joining, after leaving.</summary>
    WrongState,

    /// <summary>The media path to the server could not be made.</summary>
    MediaFailed,

    /// <summary>A recording or livestream runs already.</summary>
    AlreadyRunning,

    /// <summary>What was asked for does not exist.</summary>
    NotFound,

    /// <summary>More was asked for than the server takes in this time.</summary>
    TooMany,

    /// <summary>The other side said something that does not belong to the protocol.</summary>
    Protocol,

    /// <summary>The server does not offer it.</summary>
    NotSupported,
}

/// <summary>A failure that a caller may meet, with its kind.</summary>
public class RealtimeKitException : Exception
{
    /// <summary>Makes one.</summary>
    /// <param name="error">What kind it is.</param>
    /// <param name="message">What happened, and what is allowed.</param>
    /// <param name="inner">What caused it; null when nothing did.</param>
    public RealtimeKitException(RealtimeKitError error, string message, Exception? inner = null)
        : base(message, inner)
    {
        Error = error;
    }

    /// <summary>What kind it is.</summary>
    public RealtimeKitError Error { get; }
}
