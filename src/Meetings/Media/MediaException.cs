namespace Roomcast.Meetings.Media;

/// <summary>Why a media request was refused.</summary>
public enum MediaErrorCode
{
    /// <summary>The peer is not in the room.</summary>
    UnknownPeer,

    /// <summary>The peer has no such transport, or not in this direction.</summary>
    UnknownTransport,

    /// <summary>There is no such producer (any more).</summary>
    UnknownProducer,

    /// <summary>The producer is another peer's.</summary>
    NotTheOwner,

    /// <summary>The description cannot be read, or does not fit what was agreed before.</summary>
    BadDescription,

    /// <summary>No codec that is forwarded, or one that the receiver does not know.</summary>
    UnsupportedCodec,

    /// <summary>A bound is reached: peers, transports, producers, sections or the size of a description.</summary>
    TooMany,

    /// <summary>The room is closed, or its worker ended it after a fault of ours.</summary>
    Closed,

    /// <summary>The request met a fault of ours. The transport that it was about has ended, both where it was about none; of others
    /// nothing has.</summary>
    Fault,

    /// <summary>The worker has more to do than it may keep waiting. The same request may work a moment later.</summary>
    Busy,
}

/// <summary>A media request was refused; nothing was changed by it, unless it met a fault.</summary>
public sealed class MediaException : Exception
{
    /// <summary>Makes one.</summary>
    /// <param name="code">Why.</param>
    /// <param name="message">A sentence for whoever debugs a client; holds no secrets.</param>
    public MediaException(MediaErrorCode code, string message)
        : base(message) => Code = code;

    /// <summary>Why.</summary>
    public MediaErrorCode Code { get; }
}
