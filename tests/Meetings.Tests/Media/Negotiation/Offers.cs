namespace Roomcast.Meetings.Tests.Media.Negotiation;

/// <summary>Offers as the two browsers write them for the meeting client, cut to the lines that differ in kind.</summary>
internal static class Offers
{
    private const string ChromiumHead =
        """
        v=0
        o=- 2890844526842807000 2 IN IP4 127.0.0.1
        s=-
        t=0 0
        a=group:BUNDLE {0}
        a=extmap-allow-mixed
        a=msid-semantic: WMS
        """;

    private const string ChromiumTransport =
        """
        c=IN IP4 0.0.0.0
        a=rtcp:9 IN IP4 0.0.0.0
        a=ice-ufrag:Ky7T
        a=ice-pwd:mQ0RNxbxFbRXr6PqZaaQ0Zxv
        a=ice-options:trickle
        a=fingerprint:sha-256 1F:6E:0B:4C:57:2A:9D:93:AE:71:3E:0C:5B:88:B1:1E:7C:26:4F:D9:90:55:3A:EB:12:7D:C8:6B:E4:03:9F:A1
        a=setup:actpass
        """;

    private const string ChromiumAudioPlaceholder =
        """
        m=audio 9 UDP/TLS/RTP/SAVPF 111 63 9 0 8 13 110 126
        {T}
        a=mid:0
        a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level
        a=extmap:2 http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time
        a=extmap:3 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01
        a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid
        a=sendonly
        a=msid:- 5b2f1c1e-1c8e-4b59-8d4b-0b1d2f0e7c55
        a=rtcp-mux
        a=rtcp-rsize
        a=rtpmap:111 opus/48000/2
        a=rtcp-fb:111 transport-cc
        a=fmtp:111 minptime=10;useinbandfec=1
        a=rtpmap:63 red/48000/2
        a=fmtp:63 111/111
        a=rtpmap:9 G722/8000
        a=rtpmap:0 PCMU/8000
        a=rtpmap:8 PCMA/8000
        a=rtpmap:13 CN/8000
        a=rtpmap:110 telephone-event/48000
        a=rtpmap:126 telephone-event/8000
        a=ssrc:2203893105 cname:7bXPp0bW6DyNqTeO
        a=ssrc:2203893105 msid:- 5b2f1c1e-1c8e-4b59-8d4b-0b1d2f0e7c55
        """;

    private const string ChromiumVideoPlaceholder =
        """
        m=video 9 UDP/TLS/RTP/SAVPF 96 97 102 103 98 99 45 46 116 117 118
        {T}
        a=mid:1
        a=extmap:14 urn:ietf:params:rtp-hdrext:toffset
        a=extmap:2 http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time
        a=extmap:13 urn:3gpp:video-orientation
        a=extmap:3 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01
        a=extmap:5 http://www.webrtc.org/experiments/rtp-hdrext/playout-delay
        a=extmap:6 http://www.webrtc.org/experiments/rtp-hdrext/video-content-type
        a=extmap:7 http://www.webrtc.org/experiments/rtp-hdrext/video-timing
        a=extmap:8 http://www.webrtc.org/experiments/rtp-hdrext/color-space
        a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid
        a=extmap:10 urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id
        a=extmap:11 urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id
        a=sendonly
        a=msid:- 3d1f0a6a-52a9-45a5-bb43-6a6d1cf3f0c9
        a=rtcp-mux
        a=rtcp-rsize
        a=rtpmap:96 VP8/90000
        a=rtcp-fb:96 goog-remb
        a=rtcp-fb:96 transport-cc
        a=rtcp-fb:96 ccm fir
        a=rtcp-fb:96 nack
        a=rtcp-fb:96 nack pli
        a=rtpmap:97 rtx/90000
        a=fmtp:97 apt=96
        a=rtpmap:102 H264/90000
        a=rtcp-fb:102 nack
        a=fmtp:102 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42001f
        a=rtpmap:103 rtx/90000
        a=fmtp:103 apt=102
        a=rtpmap:98 VP9/90000
        a=fmtp:98 profile-id=0
        a=rtpmap:99 rtx/90000
        a=fmtp:99 apt=98
        a=rtpmap:45 AV1/90000
        a=rtpmap:46 rtx/90000
        a=fmtp:46 apt=45
        a=rtpmap:116 red/90000
        a=rtpmap:117 rtx/90000
        a=fmtp:117 apt=116
        a=rtpmap:118 ulpfec/90000
        """;

    private const string ChromiumEncodings =
        """
        a=rid:f send
        a=rid:h send
        a=rid:q send
        a=simulcast:send f;h;q
        """;

    private const string ChromiumMicrophone =
        """
        m=audio 9 UDP/TLS/RTP/SAVPF 111
        {T}
        a=mid:2
        a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level
        a=extmap:2 http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time
        a=extmap:3 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01
        a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid
        a=sendonly
        a=msid:b3c81c10-3d31-4c84-b7be-e4b8cbd9ebd2 0e6e8c5b-6a0f-4f3c-9a1e-27cf0f6f8b6d
        a=rtcp-mux
        a=rtcp-rsize
        a=rtpmap:111 opus/48000/2
        a=rtcp-fb:111 transport-cc
        a=fmtp:111 minptime=10;useinbandfec=1;maxaveragebitrate=32000
        a=ssrc:955122012 cname:7bXPp0bW6DyNqTeO
        """;

    private const string ChromiumCamera =
        """
        m=video 9 UDP/TLS/RTP/SAVPF 96
        {T}
        a=mid:3
        a=extmap:14 urn:ietf:params:rtp-hdrext:toffset
        a=extmap:2 http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time
        a=extmap:13 urn:3gpp:video-orientation
        a=extmap:3 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01
        a=extmap:5 http://www.webrtc.org/experiments/rtp-hdrext/playout-delay
        a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid
        a=extmap:10 urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id
        a=extmap:11 urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id
        a=sendonly
        a=msid:b3c81c10-3d31-4c84-b7be-e4b8cbd9ebd2 9a6ab1cf-7b42-4b7a-a22a-ef4ffd0c8c2c
        a=rtcp-mux
        a=rtcp-rsize
        a=rtpmap:96 VP8/90000
        a=rtcp-fb:96 goog-remb
        a=rtcp-fb:96 transport-cc
        a=rtcp-fb:96 ccm fir
        a=rtcp-fb:96 nack
        a=rtcp-fb:96 nack pli
        """;

    /// <summary>Chromium's first offer of a sending transport.</summary>
    public static string ChromiumSending { get; } = Chromium("0 1", ChromiumAudioPlaceholder, ChromiumVideoPlaceholder, ChromiumEncodings);

    /// <summary>Chromium's first offer of a receiving transport.</summary>
    public static string ChromiumReceiving { get; } = Chromium("0 1", ChromiumAudioPlaceholder, ChromiumVideoPlaceholder);

    /// <summary>Chromium's offer of a microphone; the client has appended the last line.</summary>
    public static string ChromiumProducesMicrophone { get; } = Chromium(
        "0 1 2", ChromiumAudioPlaceholder, ChromiumVideoPlaceholder, ChromiumEncodings, ChromiumMicrophone, "a=rtcp-fb:111 nack");

    /// <summary>Chromium's offer of a camera with simulcast behind the microphone; the client's line now stands in the camera's section.</summary>
    public static string ChromiumProducesCamera { get; } = Chromium(
        "0 1 2 3",
        ChromiumAudioPlaceholder,
        ChromiumVideoPlaceholder,
        ChromiumEncodings,
        ChromiumMicrophone,
        ChromiumCamera,
        ChromiumEncodings.Replace(";q", ";~q", StringComparison.Ordinal),
        "a=rtcp-fb:111 nack");

    /// <summary>Firefox's first offer of a sending transport: the second section is alive, although its port is 0.</summary>
    public static string FirefoxSending { get; } = Crlf(
        """
        v=0
        o=mozilla...THIS_IS_SDPARTA-99.0 5312436374811432447 0 IN IP4 0.0.0.0
        s=-
        t=0 0
        a=fingerprint:sha-256 8E:14:8B:0D:2A:5C:77:B3:60:1F:E2:99:4D:A8:31:7E:C5:06:5F:DB:13:42:9C:EA:70:08:B6:D1:2E:93:57:AF
        a=group:BUNDLE 0 1
        a=ice-options:trickle
        a=msid-semantic:WMS *
        m=audio 9 UDP/TLS/RTP/SAVPF 109 9 0 8 101
        c=IN IP4 0.0.0.0
        a=sendonly
        a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level
        a=extmap:2/recvonly urn:ietf:params:rtp-hdrext:csrc-audio-level
        a=extmap:3 urn:ietf:params:rtp-hdrext:sdes:mid
        a=fmtp:109 maxplaybackrate=48000;stereo=1;useinbandfec=1
        a=fmtp:101 0-15
        a=ice-pwd:0f1a2b3c4d5e6f708192a3b4c5d6e7f8
        a=ice-ufrag:9c0a1b2d
        a=mid:0
        a=rtcp-mux
        a=rtpmap:109 opus/48000/2
        a=rtpmap:9 G722/8000/1
        a=rtpmap:0 PCMU/8000
        a=rtpmap:8 PCMA/8000
        a=rtpmap:101 telephone-event/8000/1
        a=setup:actpass
        a=ssrc:1361458309 cname:{b1f0a1c2-3d4e-5f60-7182-93a4b5c6d7e8}
        m=video 0 UDP/TLS/RTP/SAVPF 120 124 121 125
        c=IN IP4 0.0.0.0
        a=bundle-only
        a=sendonly
        a=extmap-allow-mixed
        a=extmap:3 urn:ietf:params:rtp-hdrext:sdes:mid
        a=extmap:4 http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time
        a=extmap:5 urn:ietf:params:rtp-hdrext:toffset
        a=extmap:6/recvonly http://www.webrtc.org/experiments/rtp-hdrext/playout-delay
        a=extmap:7 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01
        a=extmap:9/sendonly urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id
        a=fmtp:120 max-fs=12288;max-fr=60
        a=fmtp:124 apt=120
        a=fmtp:121 max-fs=12288;max-fr=60
        a=fmtp:125 apt=121
        a=ice-pwd:0f1a2b3c4d5e6f708192a3b4c5d6e7f8
        a=ice-ufrag:9c0a1b2d
        a=mid:1
        a=msid:{0d3c7a52-55c2-4f2c-a2f5-9b0f3a0e8b11} {aa1c9e02-9a33-4b7e-8b3f-3e1f8a6d4c23}
        a=rid:f send
        a=rid:h send
        a=rtcp-fb:120 nack
        a=rtcp-fb:120 nack pli
        a=rtcp-fb:120 ccm fir
        a=rtcp-fb:120 goog-remb
        a=rtcp-fb:120 transport-cc
        a=rtcp-fb:121 nack
        a=rtcp-mux
        a=rtcp-rsize
        a=rtpmap:120 VP8/90000
        a=rtpmap:124 rtx/90000
        a=rtpmap:121 VP9/90000
        a=rtpmap:125 rtx/90000
        a=setup:actpass
        a=simulcast:send f;h
        a=ssrc:2926841765 cname:{b1f0a1c2-3d4e-5f60-7182-93a4b5c6d7e8}
        a=ssrc:3141592653 cname:{b1f0a1c2-3d4e-5f60-7182-93a4b5c6d7e8}
        a=ssrc-group:FID 2926841765 3141592653
        """);

    private static string Chromium(string bundle, params string[] sections) => Crlf(
        string.Join('\n', [ChromiumHead.Replace("{0}", bundle, StringComparison.Ordinal), .. sections])
            .Replace("{T}", ChromiumTransport, StringComparison.Ordinal));

    private static string Crlf(string text) =>
        text.Replace("\r", string.Empty, StringComparison.Ordinal).TrimEnd().Replace("\n", "\r\n", StringComparison.Ordinal) + "\r\n";
}
