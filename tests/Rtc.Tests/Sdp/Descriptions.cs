namespace Roomcast.Rtc.Tests.Sdp;

/// <summary>Descriptions as browsers write them.</summary>
internal static class Descriptions
{
    /// <summary>Chrome's publishing offer: sound, and a camera of three encodings.</summary>
    public static string ChromeOffer { get; } = Crlf(
        """
        v=0
        o=- 4611731400430051336 3 IN IP4 127.0.0.1
        s=-
        t=0 0
        a=group:BUNDLE 0 1 2 3
        a=extmap-allow-mixed
        a=msid-semantic: WMS b3c81c10-3d31-4c84-b7be-e4b8cbd9ebd2
        m=audio 9 UDP/TLS/RTP/SAVPF 111 63 9 0 8 13 110 126
        c=IN IP4 0.0.0.0
        a=rtcp:9 IN IP4 0.0.0.0
        a=ice-ufrag:Ky7T
        a=ice-pwd:mQ0RNxbxFbRXr6PqZaaQ0Zxv
        a=ice-options:trickle
        a=fingerprint:sha-256 1F:6E:0B:4C:57:2A:9D:93:AE:71:3E:0C:5B:88:B1:1E:7C:26:4F:D9:90:55:3A:EB:12:7D:C8:6B:E4:03:9F:A1
        a=setup:actpass
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
        m=video 9 UDP/TLS/RTP/SAVPF 96 97
        c=IN IP4 0.0.0.0
        a=rtcp:9 IN IP4 0.0.0.0
        a=ice-ufrag:Ky7T
        a=ice-pwd:mQ0RNxbxFbRXr6PqZaaQ0Zxv
        a=ice-options:trickle
        a=fingerprint:sha-256 1F:6E:0B:4C:57:2A:9D:93:AE:71:3E:0C:5B:88:B1:1E:7C:26:4F:D9:90:55:3A:EB:12:7D:C8:6B:E4:03:9F:A1
        a=setup:actpass
        a=mid:1
        a=inactive
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
        m=audio 9 UDP/TLS/RTP/SAVPF 111
        c=IN IP4 0.0.0.0
        a=rtcp:9 IN IP4 0.0.0.0
        a=ice-ufrag:Ky7T
        a=ice-pwd:mQ0RNxbxFbRXr6PqZaaQ0Zxv
        a=ice-options:trickle
        a=fingerprint:sha-256 1F:6E:0B:4C:57:2A:9D:93:AE:71:3E:0C:5B:88:B1:1E:7C:26:4F:D9:90:55:3A:EB:12:7D:C8:6B:E4:03:9F:A1
        a=setup:actpass
        a=mid:2
        a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level
        a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid
        a=sendonly
        a=msid:b3c81c10-3d31-4c84-b7be-e4b8cbd9ebd2 0e6e8c5b-6a0f-4f3c-9a1e-27cf0f6f8b6d
        a=rtcp-mux
        a=rtcp-rsize
        a=rtpmap:111 opus/48000/2
        a=rtcp-fb:111 transport-cc
        a=fmtp:111 minptime=10;useinbandfec=1;maxaveragebitrate=32000
        m=video 9 UDP/TLS/RTP/SAVPF 96
        c=IN IP4 0.0.0.0
        a=rtcp:9 IN IP4 0.0.0.0
        a=ice-ufrag:Ky7T
        a=ice-pwd:mQ0RNxbxFbRXr6PqZaaQ0Zxv
        a=ice-options:trickle
        a=fingerprint:sha-256 1F:6E:0B:4C:57:2A:9D:93:AE:71:3E:0C:5B:88:B1:1E:7C:26:4F:D9:90:55:3A:EB:12:7D:C8:6B:E4:03:9F:A1
        a=setup:actpass
        a=mid:3
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
        a=msid:b3c81c10-3d31-4c84-b7be-e4b8cbd9ebd2 9a6ab1cf-7b42-4b7a-a22a-ef4ffd0c8c2c
        a=rtcp-mux
        a=rtcp-rsize
        a=rtpmap:96 VP8/90000
        a=rtcp-fb:96 goog-remb
        a=rtcp-fb:96 transport-cc
        a=rtcp-fb:96 ccm fir
        a=rtcp-fb:96 nack
        a=rtcp-fb:96 nack pli
        a=rid:f send
        a=rid:h send
        a=rid:q send
        a=simulcast:send f;h;~q
        a=rtcp-fb:111 nack

        """);

    /// <summary>Firefox's offer: all but the first section ride on its port, and directions stand in the extensions.</summary>
    public static string FirefoxOffer { get; } = Crlf(
        """
        v=0
        o=mozilla...THIS_IS_SDPARTA-99.0 5312436374811432447 0 IN IP4 0.0.0.0
        s=-
        t=0 0
        a=sendrecv
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
        a=msid:{0d3c7a52-55c2-4f2c-a2f5-9b0f3a0e8b11} {7f1c9e02-9a33-4b7e-8b3f-3e1f8a6d4c22}
        a=rtcp-mux
        a=rtpmap:109 opus/48000/2
        a=rtpmap:9 G722/8000/1
        a=rtpmap:0 PCMU/8000
        a=rtpmap:8 PCMA/8000
        a=rtpmap:101 telephone-event/8000/1
        a=setup:actpass
        a=ssrc:1361458309 cname:{b1f0a1c2-3d4e-5f60-7182-93a4b5c6d7e8}
        m=video 0 UDP/TLS/RTP/SAVPF 120 124
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
        a=rtcp-mux
        a=rtcp-rsize
        a=rtpmap:120 VP8/90000
        a=rtpmap:124 rtx/90000
        a=setup:actpass
        a=simulcast:send f;h
        a=ssrc:2926841765 cname:{b1f0a1c2-3d4e-5f60-7182-93a4b5c6d7e8}
        a=ssrc:3141592653 cname:{b1f0a1c2-3d4e-5f60-7182-93a4b5c6d7e8}
        a=ssrc-group:FID 2926841765 3141592653

        """);

    private static string Crlf(string text) =>
        text.Replace("\r", string.Empty, StringComparison.Ordinal).Replace("\n", "\r\n", StringComparison.Ordinal).TrimEnd() + "\r\n";
}
