using Roomcast.Rtc.Dtls;
using Roomcast.Rtc.Ice;
using Roomcast.Rtc.Sdp;

namespace Roomcast.Bench.Sfu;

/// <summary>The descriptions of a bot: one section of VP8, as Chromium would write it.</summary>
internal static class BotDescriptions
{
    public const byte PayloadType = 96;
    public const byte MidId = 4;
    public const byte TransportNumberId = 3;

    public static string Offer(IceCredentials credentials, DtlsFingerprint fingerprint, bool isSending, bool isEstimated, uint ssrc) =>
        $"""
        v=0
        o=- 4611731400430051336 2 IN IP4 127.0.0.1
        s=-
        t=0 0
        a=group:BUNDLE 0
        a=msid-semantic: WMS
        m=video 9 UDP/TLS/RTP/SAVPF {PayloadType}
        c=IN IP4 0.0.0.0
        a=rtcp:9 IN IP4 0.0.0.0
        a=ice-ufrag:{credentials.Ufrag}
        a=ice-pwd:{credentials.Password}
        a=fingerprint:{fingerprint}
        a=setup:actpass
        a=mid:0
        {(isEstimated ? $"a=extmap:{TransportNumberId} http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01" : "")}
        a=extmap:{MidId} urn:ietf:params:rtp-hdrext:sdes:mid
        a={(isSending ? "sendonly" : "recvonly")}
        a=rtcp-mux
        a=rtcp-rsize
        a=rtpmap:{PayloadType} VP8/90000
        {(isEstimated ? $"a=rtcp-fb:{PayloadType} transport-cc" : "")}
        a=rtcp-fb:{PayloadType} ccm fir
        a=rtcp-fb:{PayloadType} nack
        a=rtcp-fb:{PayloadType} nack pli
        {(isSending ? $"a=msid:stream track\na=ssrc:{ssrc} cname:bot\n" : "")}
        """.Replace("\n\n", "\n", StringComparison.Ordinal);

    /// <summary>Answers an offer of the server: what it sends is taken.</summary>
    public static string Answer(SessionDescription offer, IceCredentials credentials, DtlsFingerprint fingerprint)
    {
        var answer = new SessionDescription { SessionId = 4611731400430051336, SessionVersion = 3 };
        answer.SetBundle(offer.Bundle);
        foreach (var offered in offer.Media)
        {
            var media = new MediaDescription(offered.Kind, offered.Port);
            media.SetTransport(credentials, fingerprint, SdpSetup.Active);
            media.Attributes.Add("mid", offered.Mid);
            media.Direction = offered.Direction is SdpDirection.SendOnly ? SdpDirection.ReceiveOnly : SdpDirection.Inactive;
            media.Attributes.Add("rtcp-mux");
            foreach (var codec in offered.Codecs)
            {
                media.Add(codec);
            }

            foreach (var extension in offered.Extensions)
            {
                media.Attributes.Add("extmap", extension.ToString());
            }

            answer.Media.Add(media);
        }

        return answer.ToString();
    }
}
