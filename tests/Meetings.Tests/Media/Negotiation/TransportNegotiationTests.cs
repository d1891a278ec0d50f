using System.Security.Cryptography;
using Roomcast.Meetings.Media;
using Roomcast.Meetings.Media.Negotiation;
using Roomcast.Rtc;
using Roomcast.Rtc.Dtls;
using Roomcast.Rtc.Ice;
using Roomcast.Rtc.Sdp;

namespace Roomcast.Meetings.Tests.Media.Negotiation;

public sealed class TransportNegotiationTests
{
    private static readonly RtcAddress Address = RtcAddress.FromIPv4(0xC6336401, 8844);
    private static readonly DtlsFingerprint Fingerprint = DtlsFingerprint.Of([1], HashAlgorithmName.SHA256);
    private static readonly IceCredentials Credentials = MakeCredentials();

    [Fact]
    public void The_first_answer_keeps_both_sections_alive_and_has_all_candidates()
    {
        var negotiation = Make(TransportDirection.FromPeer);

        var answer = AnswerTo(negotiation, Offers.ChromiumSending);

        Assert.Equal(
            $"""
            v=0
            o=- 7 1 IN IP4 127.0.0.1
            s=-
            t=0 0
            a=ice-lite
            a=group:BUNDLE 0 1
            m=audio 9 UDP/TLS/RTP/SAVPF 111
            c=IN IP4 0.0.0.0
            a=ice-ufrag:server12
            a=ice-pwd:0123456789abcdef01234567
            a=fingerprint:{Fingerprint}
            a=setup:passive
            a=mid:0
            a=inactive
            a=rtcp-mux
            a=rtcp-rsize
            a=rtpmap:111 opus/48000/2
            a=fmtp:111 minptime=10;useinbandfec=1
            a=rtcp-fb:111 transport-cc
            a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level
            a=extmap:3 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01
            a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid
            a=candidate:1 1 udp 2130706431 198.51.100.1 8844 typ host
            a=candidate:2 1 tcp 2122317823 198.51.100.1 8844 typ host tcptype passive
            a=end-of-candidates
            m=video 9 UDP/TLS/RTP/SAVPF 96
            c=IN IP4 0.0.0.0
            a=ice-ufrag:server12
            a=ice-pwd:0123456789abcdef01234567
            a=fingerprint:{Fingerprint}
            a=setup:passive
            a=mid:1
            a=inactive
            a=rtcp-mux
            a=rtcp-rsize
            a=rtpmap:96 VP8/90000
            a=rtcp-fb:96 nack
            a=rtcp-fb:96 nack pli
            a=rtcp-fb:96 ccm fir
            a=rtcp-fb:96 transport-cc
            a=extmap:13 urn:3gpp:video-orientation
            a=extmap:3 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01
            a=extmap:5 http://www.webrtc.org/experiments/rtp-hdrext/playout-delay
            a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid
            a=extmap:10 urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id

            """.ReplaceLineEndings("\r\n"),
            answer);
    }

    [Fact]
    public void A_microphone_gets_nack_and_its_parameters_back()
    {
        var negotiation = Make(TransportDirection.FromPeer);
        AnswerTo(negotiation, Offers.ChromiumSending);

        var reading = negotiation.Read(Parse(Offers.ChromiumProducesMicrophone));
        Assert.Equal(2, reading.FindTrack(MediaKind.Audio, "2", null));
        Assert.Equal(2, reading.FindTrack(MediaKind.Audio, null, "b3c81c10-3d31-4c84-b7be-e4b8cbd9ebd2 0e6e8c5b-6a0f-4f3c-9a1e-27cf0f6f8b6d"));
        Assert.Equal(2, reading.FindTrack(MediaKind.Audio, null, null));
        Assert.Equal(-1, reading.FindTrack(MediaKind.Video, "2", null));
        negotiation.Apply(reading);
        var section = Parse(negotiation.Answer(section => section.Mid == "2").ToString()).Media[2];

        Assert.Equal(SdpDirection.ReceiveOnly, section.Direction);
        var codec = Assert.Single(section.Codecs);
        Assert.Equal("minptime=10;useinbandfec=1;maxaveragebitrate=32000", codec.Parameters);
        Assert.Equal(["nack", "transport-cc"], codec.Feedback);
        Assert.Equal(SdpSetup.Passive, section.SetupIn(new SessionDescription()));
    }

    [Fact]
    public void A_camera_keeps_all_its_encodings_paused_ones_too()
    {
        var negotiation = Make(TransportDirection.FromPeer);
        AnswerTo(negotiation, Offers.ChromiumSending);

        var answer = Parse(AnswerTo(negotiation, Offers.ChromiumProducesCamera, "2", "3"));

        var camera = answer.Media[3];
        Assert.Equal([new SdpRid("f", IsSend: false), new SdpRid("h", IsSend: false), new SdpRid("q", IsSend: false)], camera.Rids);
        Assert.Equal("recv f;h;q", camera.Simulcast!.ToString());
        Assert.Equal(["nack", "nack pli", "ccm fir", "transport-cc"], Assert.Single(camera.Codecs).Feedback);
        Assert.Equal(["f", "h", "q"], negotiation.Sections[3].Rids);
        Assert.Equal([SdpDirection.Inactive, SdpDirection.Inactive, SdpDirection.ReceiveOnly, SdpDirection.ReceiveOnly], answer.Media.Select(media => media.Direction));
        Assert.Empty(answer.Media[1].Rids);
        Assert.Equal(["0", "1", "2", "3"], answer.Bundle);
        Assert.DoesNotContain(answer.Media, media => media.Port == 0);
        Assert.Single(answer.Media, media => media.Candidates.Any());
    }

    [Fact]
    public void Firefox_s_bundled_sections_are_alive_and_its_one_way_extensions_respected()
    {
        var negotiation = Make(TransportDirection.FromPeer);

        var answer = Parse(AnswerTo(negotiation, Offers.FirefoxSending));

        Assert.Equal(["0", "1"], answer.Bundle);
        Assert.All(answer.Media, media => Assert.Equal(9, media.Port));
        Assert.Equal(["109", "120"], answer.Media.SelectMany(media => media.Formats));
        Assert.Equal([1, 3], answer.Media[0].Extensions.Select(extension => extension.Id));
        Assert.Equal([3, 7, 9], answer.Media[1].Extensions.Select(extension => extension.Id));
        Assert.Equal(["f", "h"], negotiation.Sections[1].Rids);

        // Seen from the other side, what it only sends is of no use, and what it only receives is.
        answer = Parse(AnswerTo(Make(TransportDirection.ToPeer), Offers.FirefoxSending));
        Assert.Equal([3, 6, 7], answer.Media[1].Extensions.Select(extension => extension.Id));
    }

    [Fact]
    public void What_leaves_is_offered_under_the_receiver_s_own_numbers()
    {
        var negotiation = Make(TransportDirection.ToPeer);
        AnswerTo(negotiation, Offers.ChromiumReceiving);

        negotiation.Add(MediaKind.Audio, new ConsumedSection("sound", "track-1", "stream", 1_111));
        negotiation.Add(MediaKind.Video, new ConsumedSection("picture", "track-2", "stream", 2_222));
        var text = negotiation.Offer().ToString();
        var offer = Parse(text);

        Assert.Equal(["0", "1", "2", "3"], offer.Bundle);
        Assert.Contains("o=- 7 2 IN IP4 127.0.0.1\r\n", text, StringComparison.Ordinal);
        Assert.All(offer.Media, media => Assert.Equal(SdpSetup.ActivePassive, media.SetupIn(offer)));
        Assert.EndsWith(
            $"""
            m=video 9 UDP/TLS/RTP/SAVPF 96
            c=IN IP4 0.0.0.0
            a=ice-ufrag:server12
            a=ice-pwd:0123456789abcdef01234567
            a=fingerprint:{Fingerprint}
            a=setup:actpass
            a=mid:3
            a=sendonly
            a=rtcp-mux
            a=rtcp-rsize
            a=rtpmap:96 VP8/90000
            a=rtcp-fb:96 nack
            a=rtcp-fb:96 nack pli
            a=rtcp-fb:96 ccm fir
            a=rtcp-fb:96 transport-cc
            a=extmap:13 urn:3gpp:video-orientation
            a=extmap:3 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01
            a=extmap:5 http://www.webrtc.org/experiments/rtp-hdrext/playout-delay
            a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid
            a=msid:stream track-2
            a=ssrc:2222 cname:stream

            """.ReplaceLineEndings("\r\n"),
            text,
            StringComparison.Ordinal);
        Assert.Equal(["nack", "transport-cc"], offer.Media[2].Codecs[0].Feedback);
        Assert.Equal("minptime=10;useinbandfec=1", offer.Media[2].Codecs[0].Parameters);
    }

    [Fact]
    public void A_stopped_section_comes_back_under_a_name_never_used_before()
    {
        var negotiation = Make(TransportDirection.ToPeer);
        AnswerTo(negotiation, Offers.ChromiumReceiving);
        negotiation.Add(MediaKind.Video, new ConsumedSection("a", "t1", "s", 1));
        negotiation.Add(MediaKind.Video, new ConsumedSection("b", "t2", "s", 2));
        negotiation.Complete(negotiation.Offer());

        // The client stops the first of the two.
        var offer = negotiation.Offer();
        var first = Parse(Offers.ChromiumReceiving).Media[0].Attributes;
        foreach (var name in (string[])["ice-ufrag", "ice-pwd", "fingerprint"])
        {
            offer.Media[0].Attributes.Set(name, first.Find(name));
        }

        offer.Media[2].Port = 0;
        offer.Media[2].Direction = SdpDirection.Inactive;
        var answer = Parse(AnswerTo(negotiation, offer.ToString()));
        Assert.Equal(["0", "1", "3"], answer.Bundle);
        Assert.Equal((0, "2", SdpDirection.Inactive), (answer.Media[2].Port, answer.Media[2].Mid, answer.Media[2].Direction));
        Assert.Equal(["96"], answer.Media[2].Formats);
        Assert.Equal(4, answer.Media[2].Extensions.Count());

        // Sound does not take the place of a picture.
        negotiation.Add(MediaKind.Audio, new ConsumedSection("c", "t3", "s", 3));
        negotiation.Add(MediaKind.Video, new ConsumedSection("d", "t4", "s", 4));
        var next = Parse(negotiation.Offer().ToString());
        Assert.Equal(["0", "1", "5", "3", "4"], next.Bundle);
        Assert.Equal("5", next.Media[2].Mid);
        Assert.Equal("4", next.Media[4].Mid);
    }

    [Fact]
    public void What_the_peer_refuses_in_its_answer_is_stopped()
    {
        var negotiation = Make(TransportDirection.ToPeer);
        AnswerTo(negotiation, Offers.ChromiumReceiving);
        negotiation.Add(MediaKind.Audio, new ConsumedSection("a", "t1", "s", 1));
        negotiation.Add(MediaKind.Video, new ConsumedSection("b", "t2", "s", 2));
        var answer = negotiation.Offer();
        answer.Media[2].Port = 0;
        answer.Media[3].Attributes.Remove("extmap");

        Assert.Equal([2], negotiation.Complete(answer));

        Assert.True(negotiation.Sections[2] is { IsStopped: true, Consumed: null });
        Assert.Empty(negotiation.Sections[3].Extensions);
        Assert.Throws<MediaException>(() => negotiation.Complete(Parse(Offers.ChromiumReceiving)));
    }

    [Fact]
    public void Data_channels_are_refused_and_the_rest_goes_on()
    {
        var negotiation = Make(TransportDirection.FromPeer);
        var offer = Offers.ChromiumSending.Replace("BUNDLE 0 1", "BUNDLE 0 1 d", StringComparison.Ordinal)
            + "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\na=mid:d\r\na=sctp-port:5000\r\n";

        var answer = Parse(AnswerTo(negotiation, offer));

        Assert.Equal(["0", "1"], answer.Bundle);
        Assert.Equal(("application", 0, "UDP/DTLS/SCTP"), (answer.Media[2].Kind, answer.Media[2].Port, answer.Media[2].Protocol));
        AnswerTo(negotiation, offer);
    }

    public static TheoryData<string, string, MediaErrorCode> Wrong => new()
    {
        { "a=mid:1", "a=mid:0", MediaErrorCode.BadDescription },
        { "a=mid:1", "a=mid:this-name-is-too-long-for-an-extension", MediaErrorCode.BadDescription },
        { "a=mid:1", "a=middle:1", MediaErrorCode.BadDescription },
        { "a=mid:1", "a=mid:a b", MediaErrorCode.BadDescription },
        { "a=group:BUNDLE 0 1", "a=group:BUNDLE 0", MediaErrorCode.BadDescription },
        { "a=group:BUNDLE 0 1", "a=group:LS 0 1", MediaErrorCode.BadDescription },
        { "a=ice-ufrag:Ky7T", "a=ice-ufrag:K", MediaErrorCode.BadDescription },
        { "a=fingerprint:sha-256 1F", "a=fingerprint:md5 1F", MediaErrorCode.BadDescription },
        { "VP8/90000", "VP7/90000", MediaErrorCode.UnsupportedCodec },
        { "opus/48000/2", "opus/48000", MediaErrorCode.UnsupportedCodec },
        { "a=simulcast:send f;h;q", "a=simulcast:send f;h;q;r;s", MediaErrorCode.TooMany },
        { "a=simulcast:send f;h;q", "a=simulcast:send f;h;h", MediaErrorCode.BadDescription },
        { "a=rid:q send", "a=rid:x send", MediaErrorCode.BadDescription },
    };

    [Theory]
    [MemberData(nameof(Wrong))]
    public void What_does_not_fit_is_refused_with_a_code(string was, string becomes, MediaErrorCode code)
    {
        var negotiation = Make(TransportDirection.FromPeer);
        var offer = Offers.ChromiumSending.Replace(was, becomes, StringComparison.Ordinal);
        Assert.NotEqual(Offers.ChromiumSending, offer);

        var error = Assert.Throws<MediaException>(() => negotiation.Read(Parse(offer)));

        Assert.Equal(code, error.Code);
        Assert.Empty(negotiation.Sections);
    }

    [Fact]
    public void Sections_keep_their_places_names_kinds_and_numbers_and_the_transport_its_keys()
    {
        var negotiation = Make(TransportDirection.FromPeer);
        AnswerTo(negotiation, Offers.ChromiumProducesCamera);
        var before = negotiation.Sections.ToList();

        foreach (var offer in (string[])
        [
            Offers.ChromiumSending,
            Offers.ChromiumProducesCamera.Replace("a=mid:3", "a=mid:4", StringComparison.Ordinal).Replace("0 1 2 3", "0 1 2 4", StringComparison.Ordinal),
            Offers.ChromiumProducesCamera.Replace("SAVPF 96\r\n", "SAVPF 97\r\n", StringComparison.Ordinal).Replace(":96 ", ":97 ", StringComparison.Ordinal),
            Offers.ChromiumProducesCamera.Replace("Ky7T", "Ky7U", StringComparison.Ordinal),
            Offers.ChromiumProducesCamera.Replace("1F:6E", "1F:6F", StringComparison.Ordinal),
            Offers.ChromiumProducesCamera.Replace("m=audio 9 UDP/TLS/RTP/SAVPF 111\r\n", "m=video 9 UDP/TLS/RTP/SAVPF 111\r\n", StringComparison.Ordinal),
        ])
        {
            Assert.NotEqual(Offers.ChromiumProducesCamera, offer);
            Assert.Equal(MediaErrorCode.BadDescription, Assert.Throws<MediaException>(() => negotiation.Read(Parse(offer))).Code);
            Assert.Equal(before, negotiation.Sections);
        }
    }

    [Fact]
    public void A_number_that_would_mean_two_things_is_left_out()
    {
        var negotiation = Make(TransportDirection.FromPeer);
        var offer = Offers.ChromiumSending.Replace("a=extmap:13 urn", "a=extmap:1 urn", StringComparison.Ordinal);

        var answer = Parse(AnswerTo(negotiation, offer));

        Assert.Equal([3, 5, 4, 10], answer.Media[1].Extensions.Select(extension => extension.Id));
    }

    [Fact]
    public void Too_many_sections_and_too_long_texts_are_refused()
    {
        Assert.Equal(MediaErrorCode.TooMany, Assert.Throws<MediaException>(() => Parse(new string('x', SdpLimits.MaxLength + 1))).Code);
        Assert.Equal(MediaErrorCode.BadDescription, Assert.Throws<MediaException>(() => Parse("offer")).Code);
        Assert.Equal(MediaErrorCode.BadDescription, Assert.Throws<MediaException>(() => TransportNegotiation.Parse(null)).Code);
        var many = Offers.ChromiumSending + string.Concat(Enumerable.Repeat("m=audio 0 UDP/TLS/RTP/SAVPF 0\r\n", SdpLimits.MaxSections));
        Assert.Equal(MediaErrorCode.TooMany, Assert.Throws<MediaException>(() => Parse(many)).Code);
    }

    private static TransportNegotiation Make(TransportDirection direction) => new(
        direction,
        Credentials,
        Fingerprint,
        [IceCandidate.HostOf(Address, 0), IceCandidate.HostOf(Address with { Protocol = RtcProtocol.Tcp }, 0)],
        sessionId: 7);

    private static SessionDescription Parse(string text) => TransportNegotiation.Parse(text);

    private static string AnswerTo(TransportNegotiation negotiation, string offer, params string[] receives)
    {
        negotiation.Apply(negotiation.Read(Parse(offer)));
        return negotiation.Answer(section => receives.Contains(section.Mid)).ToString();
    }

    private static IceCredentials MakeCredentials()
    {
        Assert.True(IceCredentials.TryCreate("server12", "0123456789abcdef01234567", out var credentials));
        return credentials;
    }
}
