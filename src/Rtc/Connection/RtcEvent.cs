using Roomcast.Rtc.Dtls;

namespace Roomcast.Rtc.Connection;

/// <summary>Where a connection stands.</summary>
public enum RtcConnectionState
{
    /// <summary>There is no path, or there are no keys yet.</summary>
    Connecting,

    /// <summary>Media flows.</summary>
    Connected,

    /// <summary>Over; see <see cref="RtcConnection.CloseReason"/>. Final.</summary>
    Closed,
}

/// <summary>Why a connection is over.</summary>
public enum RtcCloseReason
{
    /// <summary>It is not.</summary>
    None,

    /// <summary>We closed it.</summary>
    ClosedByUs,

    /// <summary>The peer said goodbye.</summary>
    ClosedByPeer,

    /// <summary>The peer never found us, or the handshake never came to its end.</summary>
    ConnectTimedOut,

    /// <summary>The peer has not been heard for too long.</summary>
    ConsentExpired,

    /// <summary>The handshake failed; <see cref="RtcEvent.Failure"/> says how.</summary>
    HandshakeFailed,
}

/// <summary>What happened to a connection.</summary>
public enum RtcEventKind
{
    /// <summary>Media now goes to another address, or to one at all.</summary>
    PathChanged,

    /// <summary>The peer is who the description says, and packets can be protected.</summary>
    Connected,

    /// <summary>It is over.</summary>
    Closed,
}

/// <summary>Something that happened to a connection.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Path">Where media goes, for <see cref="RtcEventKind.PathChanged"/> and <see cref="RtcEventKind.Connected"/>.</param>
/// <param name="Reason">For <see cref="RtcEventKind.Closed"/>.</param>
/// <param name="Failure">For <see cref="RtcCloseReason.HandshakeFailed"/>.</param>
public readonly record struct RtcEvent(
    RtcEventKind Kind, RtcAddress? Path, RtcCloseReason Reason = RtcCloseReason.None, DtlsFailure Failure = DtlsFailure.None);
