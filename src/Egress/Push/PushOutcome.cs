using Roomcast.Rtmp.Commands;
using Roomcast.Transports.Tcp;

namespace Roomcast.Egress.Push;

/// <summary>How one connection to a target ended.</summary>
/// <param name="Reason">Why.</param>
/// <param name="Detail">What the target said, keys covered; null when it said nothing.</param>
internal sealed record PushOutcome(PushReason Reason, string? Detail = null)
{
    /// <summary>Whether trying again would only repeat it: the key, the name or the address is wrong.</summary>
    /// <param name="hasPublished">
    /// Whether the target let us publish before, under the same name: then a bad name only means that it has not yet noticed
    /// that our last connection is gone.
    /// </param>
    public bool IsFinal(bool hasPublished) => Reason switch
    {
        PushReason.AuthenticationNeeded or PushReason.AuthenticationFailed or PushReason.UnknownApplication or PushReason.PublishDenied
            or PushReason.ConnectRejected or PushReason.AddressForbidden or PushReason.CertificateRejected or PushReason.CodecNotTaken => true,
        PushReason.BadName => !hasPublished,
        _ => false,
    };

    /// <summary>Whether there is nothing left to do.</summary>
    public bool IsEnd => Reason is PushReason.LivestreamEnded or PushReason.Removed or PushReason.ServerStopping;

    public static PushReason ReasonOf(OutgoingFailure failure) => failure switch
    {
        OutgoingFailure.NameNotFound => PushReason.NameNotFound,
        OutgoingFailure.AddressForbidden => PushReason.AddressForbidden,
        OutgoingFailure.Refused => PushReason.ConnectionRefused,
        OutgoingFailure.Unreachable => PushReason.Unreachable,
        OutgoingFailure.TimedOut => PushReason.ConnectTimedOut,
        OutgoingFailure.CertificateRejected => PushReason.CertificateRejected,
        OutgoingFailure.TlsFailed => PushReason.TlsFailed,
        _ => PushReason.Fault,
    };

    public static PushReason ReasonOf(RtmpRefusal refusal) => refusal switch
    {
        RtmpRefusal.AuthenticationNeeded => PushReason.AuthenticationNeeded,
        RtmpRefusal.AuthenticationFailed => PushReason.AuthenticationFailed,
        RtmpRefusal.UnknownApplication => PushReason.UnknownApplication,
        RtmpRefusal.BadName => PushReason.BadName,
        RtmpRefusal.NameInUse => PushReason.NameInUse,
        RtmpRefusal.PublishDenied => PushReason.PublishDenied,
        RtmpRefusal.ConnectRejected => PushReason.ConnectRejected,
        RtmpRefusal.ShuttingDown => PushReason.TargetShuttingDown,
        RtmpRefusal.Closed => PushReason.ClosedByTarget,
        RtmpRefusal.Failed => PushReason.TargetFailed,
        _ => PushReason.UnknownRefusal,
    };
}
