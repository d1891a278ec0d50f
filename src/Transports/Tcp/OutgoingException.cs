namespace Roomcast.Transports.Tcp;

/// <summary>Why a connection to somebody else's server could not be made.</summary>
public enum OutgoingFailure
{
    /// <summary>The name has no address.</summary>
    NameNotFound,

    /// <summary>All its addresses are ones that may not be connected to.</summary>
    AddressForbidden,

    /// <summary>Nobody listens there.</summary>
    Refused,

    /// <summary>There is no way there.</summary>
    Unreachable,

    /// <summary>It took too long.</summary>
    TimedOut,

    /// <summary>The certificate is not for that name, has expired, or nobody trusted has signed it.</summary>
    CertificateRejected,

    /// <summary>The TLS handshake failed for another reason: often a server that speaks none on this port.</summary>
    TlsFailed,
}

/// <summary>A connection to somebody else's server could not be made. The message never names more than the host.</summary>
public sealed class OutgoingException : Exception
{
    /// <summary>Makes one.</summary>
    public OutgoingException(OutgoingFailure failure, string message, Exception? innerException = null)
        : base(message, innerException) => Failure = failure;

    /// <summary>Why.</summary>
    public OutgoingFailure Failure { get; }
}
