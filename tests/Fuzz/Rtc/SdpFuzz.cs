using System.Text;
using Roomcast.Rtc.Sdp;

namespace Roomcast.Fuzz.Rtc;

/// <summary>Descriptions, and every typed view of them.</summary>
public sealed class SdpFuzz
{
    private const string Offer =
        "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0 1\r\nm=video 9 UDP/TLS/RTP/SAVPF 96 97\r\nc=IN IP4 0.0.0.0\r\n"
        + "a=ice-ufrag:Ky7T\r\na=ice-pwd:mQ0RNxbxFbRXr6PqZaaQ0Zxv\r\na=setup:actpass\r\na=mid:0\r\n"
        + "a=fingerprint:sha-256 1F:6E:0B:4C:57:2A:9D:93:AE:71:3E:0C:5B:88:B1:1E:7C:26:4F:D9:90:55:3A:EB:12:7D:C8:6B:E4:03:9F:A1\r\n"
        + "a=extmap:9/sendonly urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id\r\na=sendonly\r\na=msid:- track\r\na=rtcp-mux\r\n"
        + "a=rtpmap:96 VP8/90000\r\na=rtcp-fb:96 nack pli\r\na=rtcp-fb:* ccm fir\r\na=rtpmap:97 rtx/90000\r\na=fmtp:97 apt=96;x=y\r\n"
        + "a=rid:f send\r\na=rid:h send\r\na=simulcast:send f;~h recv g\r\na=ssrc:5 cname:x\r\na=ssrc-group:FID 5 6\r\n"
        + "a=candidate:1 1 udp 2130706431 192.0.2.1 8844 typ host\r\na=candidate:2 1 tcp 1 ::1 9 typ host tcptype active\r\n"
        + "m=audio 0 UDP/TLS/RTP/SAVPF 111\r\na=bundle-only\r\na=mid:1\r\n";

    [Fact]
    public void Descriptions() => FuzzRun.Of("rtc-sdp", [Encoding.UTF8.GetBytes(Offer)], input =>
    {
        if (!SessionDescription.TryParse(Encoding.UTF8.GetString(input), out var description, out _))
        {
            return;
        }

        _ = description.Bundle.Count;
        foreach (var media in description.Media)
        {
            _ = (media.Mid, media.Direction, media.IsStopped, media.Simulcast, media.StreamId, media.SetupIn(description));
            foreach (var codec in media.Codecs)
            {
                _ = (codec.RetransmissionOf, codec.FindParameter("x"));
            }

            _ = media.Extensions.Count() + media.Rids.Count() + media.Sources.Count() + media.SourceGroups.Count();
            foreach (var candidate in media.Candidates)
            {
                candidate.TryGetAddress(out _);
            }

            media.TryGetCredentials(description, out _);
            media.TryGetFingerprint(description, out _);
        }

        // What was read is written so that it reads the same again.
        var text = description.ToString();
        Assert.True(SessionDescription.TryParse(text, out var again, out _));
        Assert.Equal(text, again.ToString());
    });
}
