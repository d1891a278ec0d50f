using Roomcast.Rtmp.Commands;

namespace Roomcast.Rtmp.Connection;

/// <summary>Where a client's connection stands. It only moves forward.</summary>
public enum RtmpClientState
{
    /// <summary>Made, not started.</summary>
    Idle,

    /// <summary>The handshake is under way.</summary>
    Handshaking,

    /// <summary>The handshake is over; connect, createStream or publish waits for its answer.</summary>
    Connecting,

    /// <summary>The server takes media.</summary>
    Publishing,

    /// <summary>The server has refused, or has ended the stream with a reason; see <see cref="RtmpClientConnection.Rejection"/>.</summary>
    Rejected,

    /// <summary>We have ended the stream.</summary>
    Ended,

    /// <summary>The server broke the protocol; see <see cref="RtmpClientConnection.Fault"/>.</summary>
    Faulted,
}

/// <summary>What happened on a client's connection.</summary>
public enum RtmpClientEventKind
{
    /// <summary>Nothing more: the input is used up.</summary>
    None,

    /// <summary><see cref="RtmpClientConnection.State"/> has moved.</summary>
    StateChanged,

    /// <summary>The server asks to be left for another connection; see <see cref="RtmpClientEvent.Status"/>.</summary>
    ReconnectRequested,

    /// <summary>The server says something that changes nothing; see <see cref="RtmpClientEvent.Status"/>.</summary>
    StatusReceived,
}

/// <summary>One thing that happened.</summary>
/// <param name="Kind">What.</param>
/// <param name="Status">What the server said, when it said something.</param>
public readonly record struct RtmpClientEvent(RtmpClientEventKind Kind, RtmpStatus? Status);
