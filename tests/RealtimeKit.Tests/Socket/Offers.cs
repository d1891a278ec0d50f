using System.Text;

namespace Roomcast.RealtimeKit.Tests.Socket;

/// <summary>Descriptions such as a browser writes, as far as the server reads them.</summary>
internal static class Offers
{
    /// <summary>An offer with some media sections: <c>audio</c> or <c>video</c>, the direction, and the section's track.</summary>
    public static string Of(params (string Kind, string Direction, string? TrackId)[] sections)
    {
        var sdp = new StringBuilder();
        void Line(string line) => sdp.Append(line).Append("\r\n");

        Line("v=0");
        Line("o=- 4611731400430051336 2 IN IP4 127.0.0.1");
        Line("s=-");
        Line("t=0 0");
        Line($"a=group:BUNDLE {string.Join(' ', Enumerable.Range(0, sections.Length))}");
        for (var mid = 0; mid < sections.Length; mid++)
        {
            var (kind, direction, trackId) = sections[mid];
            Line(kind == "audio" ? "m=audio 9 UDP/TLS/RTP/SAVPF 111" : "m=video 9 UDP/TLS/RTP/SAVPF 96");
            Line("c=IN IP4 0.0.0.0");
            Line("a=rtcp:9 IN IP4 0.0.0.0");
            Line("a=ice-ufrag:Ky7T");
            Line("a=ice-pwd:mQ0RNxbxFbRXr6PqZaaQ0Zxv");
            Line("a=fingerprint:sha-256 1F:6E:0B:4C:57:2A:9D:93:AE:71:3E:0C:5B:88:B1:1E:7C:26:4F:D9:90:55:3A:EB:12:7D:C8:6B:E4:03:9F:A1");
            Line("a=setup:actpass");
            Line($"a=mid:{mid}");
            Line("a=extmap:3 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01");
            Line("a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid");
            Line($"a={direction}");
            if (trackId is not null)
            {
                Line($"a=msid:stream {trackId}");
            }

            Line("a=rtcp-mux");
            Line("a=rtcp-rsize");
            if (kind == "audio")
            {
                Line("a=rtpmap:111 opus/48000/2");
                Line("a=rtcp-fb:111 transport-cc");
                Line("a=fmtp:111 minptime=10;useinbandfec=1");
            }
            else
            {
                Line("a=rtpmap:96 VP8/90000");
                Line("a=rtcp-fb:96 transport-cc");
                Line("a=rtcp-fb:96 nack");
                Line("a=rtcp-fb:96 nack pli");
                Line("a=rtcp-fb:96 ccm fir");
            }

            if (trackId is not null)
            {
                Line($"a=ssrc:{2_203_893_105 + mid} cname:7bXPp0bW6DyNqTeO");
                Line($"a=ssrc:{2_203_893_105 + mid} msid:stream {trackId}");
            }
        }

        return sdp.ToString();
    }

    /// <summary>The first offer of a transport: two sections without a track.</summary>
    public static string First { get; } = Of(("audio", "sendonly", null), ("video", "sendonly", null));
}
