namespace Roomcast.Rtc.Rtp.Extensions;

/// <summary>The header extensions that we know.</summary>
public enum RtpExtensionKind
{
    /// <summary>Which media section a packet belongs to (RFC 9143 section 15).</summary>
    Mid,

    /// <summary>Which encoding of a simulcast it is (RFC 8852 section 3.1).</summary>
    RtpStreamId,

    /// <summary>Which encoding a retransmission repairs (RFC 8852 section 3.1).</summary>
    RepairedRtpStreamId,

    /// <summary>One count over all sources of a transport, for feedback on each packet.</summary>
    TransportSequenceNumber,

    /// <summary>When the packet left, in seconds as 6.18 fixed point.</summary>
    AbsoluteSendTime,

    /// <summary>How loud the sound is (RFC 6464).</summary>
    AudioLevel,

    /// <summary>How the picture is to be turned (3GPP TS 26.114 section 7.4.5).</summary>
    VideoOrientation,

    /// <summary>How long the receiver may hold the picture back.</summary>
    PlayoutDelay,

    /// <summary>What of AV1 or VP9 depends on what.</summary>
    DependencyDescriptor,
}

/// <summary>The names by which descriptions call the extensions.</summary>
public static class RtpExtensionUris
{
    private static readonly string[] Uris =
    [
        "urn:ietf:params:rtp-hdrext:sdes:mid",
        "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id",
        "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id",
        "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01",
        "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time",
        "urn:ietf:params:rtp-hdrext:ssrc-audio-level",
        "urn:3gpp:video-orientation",
        "http://www.webrtc.org/experiments/rtp-hdrext/playout-delay",
        "https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension",
    ];

    /// <summary>How many kinds there are.</summary>
    internal static int Count => Uris.Length;

    /// <summary>The name of a kind.</summary>
    public static string Of(RtpExtensionKind kind) => Uris[(int)kind];

    /// <summary>The kind of a name.</summary>
    /// <returns>False when we do not know it.</returns>
    public static bool TryGetKind(string uri, out RtpExtensionKind kind)
    {
        kind = (RtpExtensionKind)Array.IndexOf(Uris, uri);
        return kind >= 0;
    }
}
