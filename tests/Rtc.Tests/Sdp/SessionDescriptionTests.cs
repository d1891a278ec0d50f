using Roomcast.Rtc.Dtls;
using Roomcast.Rtc.Ice;
using Roomcast.Rtc.Rtp.Extensions;
using Roomcast.Rtc.Sdp;

namespace Roomcast.Rtc.Tests.Sdp;

public sealed class SessionDescriptionTests
{
    public static TheoryData<string> Offers => new(Descriptions.ChromeOffer, Descriptions.FirefoxOffer);

    [Theory]
    [MemberData(nameof(Offers))]
    public void What_a_browser_wrote_is_written_as_it_was(string offer)
    {
        Assert.True(SessionDescription.TryParse(offer, out var description, out var error));
        Assert.Equal(SdpError.None, error);

        Assert.Equal(offer, description.ToString());
    }

    [Fact]
    public void Chrome_s_offer_is_understood()
    {
        var offer = Parse(Descriptions.ChromeOffer);

        Assert.Equal(4611731400430051336ul, offer.SessionId);
        Assert.Equal(3ul, offer.SessionVersion);
        Assert.Equal(["0", "1", "2", "3"], offer.Bundle);
        Assert.Equal(4, offer.Media.Count);
        var audio = offer.Media[0];
        Assert.Equal(["opus", "red", "G722", "PCMU", "PCMA", "CN", "telephone-event", "telephone-event"], audio.Codecs.Select(codec => codec.Name));
        Assert.Equal((byte)111, audio.Codecs[0].PayloadType);
        Assert.Equal((48_000, 2), (audio.Codecs[0].ClockRateHz, audio.Codecs[0].Channels));
        Assert.Equal("1", audio.Codecs[0].FindParameter("useinbandfec"));
        Assert.Equal("10", audio.Codecs[0].FindParameter("minptime"));
        Assert.Null(audio.Codecs[0].FindParameter("stereo"));
        Assert.Equal(SdpDirection.SendOnly, audio.Direction);
        Assert.Equal(SdpSetup.ActivePassive, audio.SetupIn(offer));
        Assert.Equal(new SdpSource(2203893105, "cname", "7bXPp0bW6DyNqTeO"), audio.Sources.First());
        Assert.True(audio.TryGetCredentials(offer, out var credentials));
        Assert.Equal("Ky7T", credentials.Ufrag);
        Assert.True(audio.TryGetFingerprint(offer, out _));
        Assert.Equal(SdpDirection.Inactive, offer.Media[1].Direction);
        Assert.Equal((byte)96, offer.Media[1].Codecs[1].RetransmissionOf);

        var camera = offer.FindMedia("3")!;
        Assert.Equal(["goog-remb", "transport-cc", "ccm fir", "nack", "nack pli"], camera.Codecs[0].Feedback);
        Assert.Equal([("f", true), ("h", true), ("q", true)], camera.Rids.Select(rid => (rid.Id, rid.IsSend)));
        Assert.Equal([new("f", false), new("h", false), new SdpSimulcastEncoding("q", true)], camera.Simulcast!.Send);
        Assert.Empty(camera.Simulcast.Receive);
        Assert.Equal(new SdpStreamId("b3c81c10-3d31-4c84-b7be-e4b8cbd9ebd2", "9a6ab1cf-7b42-4b7a-a22a-ef4ffd0c8c2c"), camera.StreamId);
        Assert.Equal(11, camera.Extensions.Count());
        var known = camera.Extensions.Where(extension => RtpExtensionUris.TryGetKind(extension.Uri, out _)).ToList();
        Assert.Equal([2, 13, 3, 5, 4, 10, 11], known.Select(extension => extension.Id));
        Assert.False(camera.IsStopped);
        Assert.True(camera.IsRtcpMultiplexed);
    }

    [Fact]
    public void Firefox_s_offer_is_understood()
    {
        var offer = Parse(Descriptions.FirefoxOffer);

        var video = offer.Media[1];
        Assert.Equal(0, video.Port);
        Assert.True(video.IsBundleOnly);
        Assert.False(video.IsStopped);
        Assert.True(video.TryGetFingerprint(offer, out var fingerprint)); // It stands in the session's part.
        Assert.StartsWith("sha-256 8E:14", fingerprint.ToString(), StringComparison.Ordinal);
        Assert.True(video.TryGetCredentials(offer, out _));
        Assert.Contains(new SdpExtension(9, RtpExtensionUris.Of(RtpExtensionKind.RtpStreamId), SdpDirection.SendOnly), video.Extensions);
        Assert.Equal("{0d3c7a52-55c2-4f2c-a2f5-9b0f3a0e8b11}", video.StreamId!.Stream);
        Assert.Equal((byte)120, video.Codecs[0].PayloadType);
        var group = video.SourceGroups.Single();
        Assert.Equal("FID", group.Semantics);
        Assert.Equal([2926841765u, 3141592653u], group.Ssrcs);
        Assert.Equal(SdpDirection.SendOnly, video.Direction);
    }

    [Fact]
    public void An_answer_made_by_hand_reads_as_it_was_meant()
    {
        using var identity = DtlsIdentity.Create(new DateTimeOffset(2026, 1, 2, 0, 0, 0, TimeSpan.Zero));
        var credentials = IceCredentials.Create();
        var answer = new SessionDescription { SessionId = 7, SessionVersion = 2 };
        answer.Attributes.Add("ice-lite");
        answer.SetBundle(["0"]);
        var media = new MediaDescription("video");
        media.Lines.Add(new SdpLine('c', "IN IP4 0.0.0.0"));
        media.SetTransport(credentials, identity.Fingerprint, SdpSetup.Passive);
        media.Attributes.Add("mid", "0");
        media.Direction = SdpDirection.ReceiveOnly;
        media.Attributes.Add("rtcp-mux");
        media.Add(new SdpCodec(96, "VP8", 90_000) { Feedback = ["nack", "nack pli", "ccm fir", "transport-cc"] });
        media.Attributes.Add("extmap", new SdpExtension(4, RtpExtensionUris.Of(RtpExtensionKind.Mid)).ToString());
        media.Attributes.Add("rid", new SdpRid("f", IsSend: false).ToString());
        media.Attributes.Add("simulcast", new SdpSimulcast([], [new("f", false), new("h", true)]).ToString());
        media.Attributes.Add("candidate", IceCandidate.HostOf(RtcAddress.FromIPv4(0x7F000001, 8844), 0).ToString());
        media.Attributes.Add("end-of-candidates");
        answer.Media.Add(media);

        var text = answer.ToString();

        Assert.Equal(
            $"""
            v=0
            o=- 7 2 IN IP4 127.0.0.1
            s=-
            t=0 0
            a=ice-lite
            a=group:BUNDLE 0
            m=video 9 UDP/TLS/RTP/SAVPF 96
            c=IN IP4 0.0.0.0
            a=ice-ufrag:{credentials.Ufrag}
            a=ice-pwd:{credentials.Password}
            a=fingerprint:{identity.Fingerprint}
            a=setup:passive
            a=mid:0
            a=recvonly
            a=rtcp-mux
            a=rtpmap:96 VP8/90000
            a=rtcp-fb:96 nack
            a=rtcp-fb:96 nack pli
            a=rtcp-fb:96 ccm fir
            a=rtcp-fb:96 transport-cc
            a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid
            a=rid:f recv
            a=simulcast:recv f;~h
            a=candidate:1 1 udp 2130706431 127.0.0.1 8844 typ host
            a=end-of-candidates

            """.ReplaceLineEndings("\r\n"),
            text);
        var read = Parse(text);
        Assert.Equal(text, read.ToString());
        Assert.Equal(SdpSetup.Passive, read.Media[0].SetupIn(read));
        Assert.True(read.Media[0].TryGetFingerprint(read, out var fingerprint));
        Assert.Equal(identity.Fingerprint, fingerprint);
        Assert.Equal(RtcAddress.FromIPv4(0x7F000001, 8844), read.Media[0].Candidates.Single().TryGetAddress(out var address) ? address : default);
    }

    [Fact]
    public void A_stopped_section_is_told_from_one_that_rides_along()
    {
        var description = Parse("v=0\no=- 1 1 IN IP4 0.0.0.0\ns=-\nm=video 0 UDP/TLS/RTP/SAVPF 96\na=inactive\na=mid:4\n");

        Assert.True(description.Media[0].IsStopped);
    }

    [Fact]
    public void Setting_a_direction_replaces_the_one_before()
    {
        var media = new MediaDescription("audio");
        media.Direction = SdpDirection.SendOnly;
        media.Direction = SdpDirection.Inactive;

        Assert.Equal(SdpDirection.Inactive, media.Direction);
        Assert.Equal(1, media.Attributes.Count);
    }

    [Theory]
    [InlineData(null, SdpError.BadLine)]
    [InlineData("", SdpError.BadOrigin)]
    [InlineData("v=1\r\no=- 1 1 IN IP4 0.0.0.0\r\n", SdpError.BadVersion)]
    [InlineData("o=- 1 1 IN IP4 0.0.0.0\r\n", SdpError.BadVersion)]
    [InlineData("v=0\r\n", SdpError.BadOrigin)]
    [InlineData("v=0\r\no=- x 1 IN IP4 0.0.0.0\r\n", SdpError.BadOrigin)]
    [InlineData("v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\n", SdpError.BadOrigin)]
    [InlineData("v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\nm=audio 9 UDP/TLS/RTP/SAVPF\r\n", SdpError.BadMedia)]
    [InlineData("v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\nm=audio 99999 UDP/TLS/RTP/SAVPF 0\r\n", SdpError.BadMedia)]
    [InlineData("v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\nnonsense\r\n", SdpError.BadLine)]
    [InlineData("v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\nv=0\r\n", SdpError.BadLine)]
    public void What_is_no_description_is_refused_with_a_reason(string? text, SdpError expected)
    {
        Assert.False(SessionDescription.TryParse(text, out _, out var error));
        Assert.Equal(expected, error);
    }

    [Fact]
    public void Descriptions_beyond_the_caps_are_refused()
    {
        const string head = "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\n";
        const string section = "m=audio 9 UDP/TLS/RTP/SAVPF 0\r\n";
        AssertTooLong(head + "a=" + new string('x', SdpLimits.MaxLineLength) + "\r\n");
        AssertTooLong(head + string.Concat(Enumerable.Repeat("a=x\r\n", SdpLimits.MaxLinesPerSection)));
        AssertTooLong(head + string.Concat(Enumerable.Repeat(section, SdpLimits.MaxSections + 1)));
        AssertTooLong(new string('v', SdpLimits.MaxLength + 1));
        Parse(head + string.Concat(Enumerable.Repeat(section, SdpLimits.MaxSections)));

        static void AssertTooLong(string text)
        {
            Assert.False(SessionDescription.TryParse(text, out _, out var error));
            Assert.Equal(SdpError.TooLong, error);
        }
    }

    [Fact]
    public void One_malformed_attribute_spoils_no_other()
    {
        var description = Parse(
            "v=0\no=- 1 1 IN IP4 0.0.0.0\ns=-\nm=video 9 UDP/TLS/RTP/SAVPF 96 97 300\n"
            + "a=rtpmap:96\na=rtpmap:97 VP8/90000\na=rtpmap:300 VP9/90000\na=extmap:x y\na=extmap:3\na=extmap:300 urn:x\na=extmap:2 urn:y\n"
            + "a=rid:\na=rid:a b\na=rid:ok send max-width=5\na=simulcast:send a;;b\na=ssrc:x y\na=ssrc:5\na=ssrc:5 cname\na=ssrc-group:FID\n"
            + "a=candidate:1\na=fingerprint:md5 00\na=setup:sideways\na=ice-ufrag:x\na=ice-pwd:y\na=msid:\na=unheard-of:thing\n");
        var media = description.Media[0];

        Assert.Equal([(byte)97], media.Codecs.Select(codec => codec.PayloadType));
        Assert.Equal([2], media.Extensions.Select(extension => extension.Id));
        Assert.Equal([new SdpRid("ok", true, "max-width=5")], media.Rids);
        Assert.Null(media.Simulcast);
        Assert.Equal([new SdpSource(5, "cname")], media.Sources);
        Assert.Empty(media.SourceGroups);
        Assert.Empty(media.Candidates);
        Assert.False(media.TryGetFingerprint(description, out _));
        Assert.False(media.TryGetCredentials(description, out _));
        Assert.Null(media.SetupIn(description));
        Assert.Null(media.StreamId);
        Assert.Equal("thing", media.Attributes.Find("unheard-of"));
    }

    [Theory]
    [InlineData("send f;h;q")]
    [InlineData("recv f;~h")]
    [InlineData("send a recv b;c")]
    public void Simulcast_lines_survive_the_round_trip(string value)
    {
        Assert.True(SdpSimulcast.TryParse(value, out var simulcast));
        Assert.Equal(value, simulcast.ToString());
    }

    private static SessionDescription Parse(string text)
    {
        Assert.True(SessionDescription.TryParse(text, out var description, out var error), error.ToString());
        return description;
    }
}
