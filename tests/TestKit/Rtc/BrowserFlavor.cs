using Roomcast.Rtc.Rtp.Extensions;

namespace Roomcast.TestKit.Rtc;

/// <summary>Whose habits a <see cref="BrowserTransport"/> has.</summary>
public enum BrowserFlavor
{
    /// <summary>Chromium's numbers and lines.</summary>
    Chromium,

    /// <summary>Firefox's: other numbers, and sections with port 0 that are alive.</summary>
    Firefox,
}

/// <summary>The numbers by which each browser calls codecs and header extensions.</summary>
internal static class BrowserNumbers
{
    public static byte Opus(this BrowserFlavor flavor) => flavor is BrowserFlavor.Chromium ? (byte)111 : (byte)109;

    public static byte Vp8(this BrowserFlavor flavor) => flavor is BrowserFlavor.Chromium ? (byte)96 : (byte)120;

    /// <summary>The extensions of a section in the browser's order, with the direction that Firefox writes behind some.</summary>
    public static IEnumerable<(int Id, string Direction, string Uri)> Extensions(this BrowserFlavor flavor, bool isAudio, bool isSimulcast)
    {
        var toffset = "urn:ietf:params:rtp-hdrext:toffset";
        if (flavor is BrowserFlavor.Chromium)
        {
            if (isAudio)
            {
                yield return (1, "", RtpExtensionUris.Of(RtpExtensionKind.AudioLevel));
            }
            else
            {
                yield return (14, "", toffset);
            }

            yield return (2, "", RtpExtensionUris.Of(RtpExtensionKind.AbsoluteSendTime));
            if (!isAudio)
            {
                yield return (13, "", RtpExtensionUris.Of(RtpExtensionKind.VideoOrientation));
            }

            yield return (3, "", RtpExtensionUris.Of(RtpExtensionKind.TransportSequenceNumber));
            if (!isAudio)
            {
                yield return (5, "", RtpExtensionUris.Of(RtpExtensionKind.PlayoutDelay));
                yield return (6, "", "http://www.webrtc.org/experiments/rtp-hdrext/video-content-type");
            }

            yield return (4, "", RtpExtensionUris.Of(RtpExtensionKind.Mid));
            if (!isAudio)
            {
                yield return (10, "", RtpExtensionUris.Of(RtpExtensionKind.RtpStreamId));
                yield return (11, "", RtpExtensionUris.Of(RtpExtensionKind.RepairedRtpStreamId));
            }

            yield break;
        }

        if (isAudio)
        {
            yield return (1, "", RtpExtensionUris.Of(RtpExtensionKind.AudioLevel));
            yield return (2, "/recvonly", "urn:ietf:params:rtp-hdrext:csrc-audio-level");
            yield return (3, "", RtpExtensionUris.Of(RtpExtensionKind.Mid));
            yield break;
        }

        yield return (3, "", RtpExtensionUris.Of(RtpExtensionKind.Mid));
        yield return (4, "", RtpExtensionUris.Of(RtpExtensionKind.AbsoluteSendTime));
        yield return (5, "", toffset);
        yield return (6, "/recvonly", RtpExtensionUris.Of(RtpExtensionKind.PlayoutDelay));
        yield return (7, "", RtpExtensionUris.Of(RtpExtensionKind.TransportSequenceNumber));
        if (isSimulcast)
        {
            yield return (9, "/sendonly", RtpExtensionUris.Of(RtpExtensionKind.RtpStreamId));
        }
    }
}
