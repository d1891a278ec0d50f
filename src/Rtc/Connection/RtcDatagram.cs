using Roomcast.Rtc.Stun;

namespace Roomcast.Rtc.Connection;

/// <summary>What a datagram is by its first bytes.</summary>
public enum RtcDatagramKind
{
    /// <summary>Nothing of ours.</summary>
    Unknown,

    /// <summary>STUN: ICE's checks.</summary>
    Stun,

    /// <summary>DTLS: the handshake.</summary>
    Dtls,

    /// <summary>SRTP: media.</summary>
    Rtp,

    /// <summary>SRTCP: reports and feedback.</summary>
    Rtcp,
}

/// <summary>What the owner of a socket needs to know of a datagram before it knows whose it is.</summary>
public static class RtcDatagram
{
    /// <summary>Tells the protocols on one port apart (RFC 7983 section 7, RFC 5761 section 4).</summary>
    public static RtcDatagramKind KindOf(ReadOnlySpan<byte> datagram)
    {
        if (datagram.Length < 2)
        {
            return RtcDatagramKind.Unknown;
        }

        return datagram[0] switch
        {
            < 4 => RtcDatagramKind.Stun,
            >= 20 and <= 63 => RtcDatagramKind.Dtls,
            >= 128 and <= 191 => datagram[1] is >= 192 and <= 223 ? RtcDatagramKind.Rtcp : RtcDatagramKind.Rtp,
            _ => RtcDatagramKind.Unknown,
        };
    }

    /// <summary>The ICE user name fragment that a check is addressed to: how a connection is found for an address that is
    /// not known yet. Nothing is verified; the connection does that.</summary>
    /// <param name="datagram">What arrived.</param>
    /// <param name="ufrag">The fragment in ASCII, lent from the datagram.</param>
    /// <returns>False when it is no check.</returns>
    public static bool TryReadAskedUfrag(ReadOnlySpan<byte> datagram, out ReadOnlySpan<byte> ufrag) =>
        StunMessage.TryReadAskedUfrag(datagram, out ufrag);
}
