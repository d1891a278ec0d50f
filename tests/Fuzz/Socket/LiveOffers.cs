using System.Text;
using Roomcast.RealtimeKit.Socket.Wire;

namespace Roomcast.Fuzz;

/// <summary>Descriptions such as a browser writes, as far as the server reads them.</summary>
internal static class LiveOffers
{
    /// <summary>The first offer of a transport: two sections without a track.</summary>
    public static string First { get; } = Of(("audio", "sendonly"), ("video", "sendonly"));

    /// <summary>A request to send a picture over a transport.</summary>
    public static ProducerCreateRequest Produce(string transportId) => new()
    {
        Kind = "video",
        Description = new SessionDescription { Type = "offer", Sdp = Of(("audio", "inactive"), ("video", "inactive"), ("video", "sendonly")) },
        Msid = "stream track-2",
        AppData = """{"e2ee":false,"mid":"2"}""",
        MimeType = "video/VP8",
        ProducingTransportId = transportId,
    };

    /// <summary>An offer with some sections; one past the first two that sends has a track.</summary>
    public static string Of(params (string Kind, string Direction)[] sections)
    {
        var sdp = new StringBuilder(
            $"v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE {string.Join(' ', Enumerable.Range(0, sections.Length))}\r\n");
        for (var mid = 0; mid < sections.Length; mid++)
        {
            var (kind, direction) = sections[mid];
            sdp.Append(kind == "audio" ? "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\n" : "m=video 9 UDP/TLS/RTP/SAVPF 96\r\n")
                .Append("c=IN IP4 0.0.0.0\r\na=ice-ufrag:Ky7T\r\na=ice-pwd:mQ0RNxbxFbRXr6PqZaaQ0Zxv\r\n")
                .Append("a=fingerprint:sha-256 1F:6E:0B:4C:57:2A:9D:93:AE:71:3E:0C:5B:88:B1:1E:7C:26:4F:D9:90:55:3A:EB:12:7D:C8:6B:E4:03:9F:A1\r\n")
                .Append("a=setup:actpass\r\n")
                .Append($"a=mid:{mid}\r\n")
                .Append("a=extmap:3 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01\r\n")
                .Append("a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid\r\n")
                .Append($"a={direction}\r\n")
                .Append(mid >= 2 && direction == "sendonly" ? $"a=msid:stream track-{mid}\r\n" : "")
                .Append("a=rtcp-mux\r\n")
                .Append(kind == "audio"
                    ? "a=rtpmap:111 opus/48000/2\r\na=rtcp-fb:111 transport-cc\r\n"
                    : "a=rtpmap:96 VP8/90000\r\na=rtcp-fb:96 transport-cc\r\na=rtcp-fb:96 nack\r\na=rtcp-fb:96 nack pli\r\n");
        }

        return sdp.ToString();
    }
}
