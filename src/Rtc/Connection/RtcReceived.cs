using Roomcast.Rtc.Rtp;

namespace Roomcast.Rtc.Connection;

/// <summary>What a datagram turned out to hold for the connection's owner: nothing, one RTP packet, or one RTCP compound.</summary>
/// <remarks>The bytes are lent: they are those of the datagram, decrypted in place.</remarks>
public readonly ref struct RtcReceived
{
    internal RtcReceived(Span<byte> packet, scoped in RtpHeader header)
    {
        Kind = RtcDatagramKind.Rtp;
        Packet = packet;
        Header = header;
    }

    internal RtcReceived(Span<byte> compound)
    {
        Kind = RtcDatagramKind.Rtcp;
        Packet = compound;
    }

    /// <summary><see cref="RtcDatagramKind.Rtp"/>, <see cref="RtcDatagramKind.Rtcp"/>, or anything else for nothing.</summary>
    public RtcDatagramKind Kind { get; }

    /// <summary>The packet or compound, verified and decrypted.</summary>
    public Span<byte> Packet { get; }

    /// <summary>The header of an RTP packet.</summary>
    public RtpHeader Header { get; }
}

/// <summary>What a connection has met, for reports. Each counts datagrams.</summary>
/// <remarks>What is refused is counted, not logged: a stranger decides how often it happens.</remarks>
public readonly record struct RtcCounters
{
    /// <summary>RTP packets verified.</summary>
    public long RtpReceived { get; init; }

    /// <summary>RTCP compounds verified.</summary>
    public long RtcpReceived { get; init; }

    /// <summary>RTP and RTCP protected.</summary>
    public long Protected { get; init; }

    /// <summary>No protocol of ours, or no well-formed one.</summary>
    public long Malformed { get; init; }

    /// <summary>DTLS or media from an address on which no check has passed.</summary>
    public long FromUnknownAddress { get; init; }

    /// <summary>Media before there were keys.</summary>
    public long BeforeKeys { get; init; }

    /// <summary>Media whose tag is wrong.</summary>
    public long Forged { get; init; }

    /// <summary>Media seen before, or too old to tell.</summary>
    public long Replayed { get; init; }

    /// <summary>Media refused for another reason: too many sources, or RTCP in the clear.</summary>
    public long Refused { get; init; }

    /// <summary>Checks for somebody else or with a wrong password.</summary>
    public long UnauthenticatedChecks { get; init; }

    /// <summary>Checks in the wrong role.</summary>
    public long RoleConflicts { get; init; }

    /// <summary>Checks answered.</summary>
    public long ChecksAnswered { get; init; }
}
