using System.Security.Cryptography;
using System.Text;
using Roomcast.Meetings.Media;
using Roomcast.Meetings.Media.Negotiation;
using Roomcast.Rtc;
using Roomcast.Rtc.Dtls;
using Roomcast.Rtc.Ice;
using Roomcast.Rtc.Sdp;

namespace Roomcast.Fuzz.Meetings;

/// <summary>Offers and answers of a peer, one after another on one transport, whatever is in them.</summary>
/// <remarks>An input is up to a few descriptions with a zero byte between them; they take turns with ours.</remarks>
public sealed class NegotiationFuzz
{
    private const int MaxDescriptions = 6;

    private const string Head =
        "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0 1\r\na=ice-ufrag:Ky7T\r\na=ice-pwd:mQ0RNxbxFbRXr6PqZaaQ0Zxv\r\n"
        + "a=fingerprint:sha-256 1F:6E:0B:4C:57:2A:9D:93:AE:71:3E:0C:5B:88:B1:1E:7C:26:4F:D9:90:55:3A:EB:12:7D:C8:6B:E4:03:9F:A1\r\n"
        + "a=setup:actpass\r\n";

    private const string Sound =
        "m=audio 9 UDP/TLS/RTP/SAVPF 111 0\r\nc=IN IP4 0.0.0.0\r\na=mid:0\r\na=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level\r\n"
        + "a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid\r\na=sendonly\r\na=msid:- a\r\na=rtcp-mux\r\na=rtpmap:111 opus/48000/2\r\n"
        + "a=rtcp-fb:111 transport-cc\r\na=fmtp:111 minptime=10;useinbandfec=1\r\na=rtpmap:0 PCMU/8000\r\n";

    private const string Picture =
        "m=video 9 UDP/TLS/RTP/SAVPF 96 97\r\nc=IN IP4 0.0.0.0\r\na=mid:1\r\na=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid\r\n"
        + "a=extmap:10 urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id\r\n"
        + "a=extmap:3 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01\r\na=sendonly\r\na=msid:- v\r\na=rtcp-mux\r\n"
        + "a=rtpmap:96 VP8/90000\r\na=rtcp-fb:96 nack pli\r\na=rtpmap:97 rtx/90000\r\na=fmtp:97 apt=96\r\n"
        + "a=rid:f send\r\na=rid:h send\r\na=simulcast:send f;~h\r\n";

    private static readonly DtlsFingerprint Fingerprint = DtlsFingerprint.Of([1], HashAlgorithmName.SHA256);

    private static IEnumerable<byte[]> Seeds =>
    [
        Join(Head + Sound + Picture),
        Join(Head + Sound + Picture, Head + Sound + Picture),
        Join(
            Head + Sound + Picture,
            Head + Sound + Picture.Replace("m=video 9", "m=video 0", StringComparison.Ordinal),
            Head.Replace("BUNDLE 0 1", "BUNDLE 0 2", StringComparison.Ordinal) + Sound + Picture.Replace("mid:1", "mid:2", StringComparison.Ordinal)),
        Join(Head + "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\na=mid:0\r\na=sctp-port:5000\r\n" + Picture),
    ];

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Descriptions_in_turn(bool isToPeer)
    {
        IceCredentials.TryCreate("server12", "0123456789abcdef01234567", out var credentials);
        var address = RtcAddress.FromIPv4(0xC6336401, 8844);
        FuzzRun.Of(isToPeer ? "negotiation-to-peer" : "negotiation-from-peer", Seeds, input =>
        {
            var negotiation = new TransportNegotiation(
                isToPeer ? TransportDirection.ToPeer : TransportDirection.FromPeer,
                credentials!, Fingerprint, [IceCandidate.HostOf(address, 0)], sessionId: 7);
            foreach (var text in Encoding.UTF8.GetString(input).Split('\0').Take(MaxDescriptions))
            {
                try
                {
                    TakeTurn(negotiation, text, isToPeer);
                }
                catch (MediaException)
                {
                    // Refused, and nothing has changed: the next one finds a transport that works.
                }

                Check(negotiation.Offer(), negotiation);
            }
        });
    }

    private static void TakeTurn(TransportNegotiation negotiation, string text, bool isToPeer)
    {
        var offer = TransportNegotiation.Parse(text);
        var reading = negotiation.Read(offer);
        foreach (var kind in new[] { MediaKind.Audio, MediaKind.Video })
        {
            var track = reading.FindTrack(kind, mid: null, offer.Media[0].StreamId?.ToString());
            Assert.InRange(track, -1, reading.Sections.Count - 1);
            Assert.True(track < 0 || reading.Sections[track].Kind == kind);
        }

        negotiation.Apply(reading);
        var answer = negotiation.Answer(section => section.Kind is not null);
        Check(answer, negotiation);
        Assert.Equal(offer.Media.Count, answer.Media.Count);
        Assert.Equal(offer.Media.Select(media => media.Mid), answer.Media.Select(media => media.Mid));
        if (!isToPeer)
        {
            return;
        }

        // A track leaves and another ends; the peer answers with what it last said.
        if (negotiation.CanOffer(MediaKind.Video) && negotiation.RoomForSections > 0)
        {
            var ssrc = 1_000 + (uint)negotiation.Sections.Count;
            var added = negotiation.Add(MediaKind.Video, new ConsumedSection("producer", "track", "stream", ssrc));
            Assert.Single(negotiation.Sections, section => section.Mid == added.Mid);
        }

        Check(negotiation.Offer(), negotiation);
        negotiation.Complete(offer);
        for (var i = 0; i < negotiation.Sections.Count; i++)
        {
            if (negotiation.Sections[i] is { Kind: not null, Consumed: not null })
            {
                negotiation.Stop(i);
            }
        }
    }

    /// <summary>What we write can be read, and has each section at its place under a name of its own.</summary>
    private static void Check(SessionDescription ours, TransportNegotiation negotiation)
    {
        Assert.True(SessionDescription.TryParse(ours.ToString(), out var again, out var error), $"{error}");
        Assert.Equal(ours.ToString(), again.ToString());
        Assert.Equal(negotiation.Sections.Select(section => section.Mid), again.Media.Select(media => media.Mid));
        Assert.Distinct(again.Media.Select(media => media.Mid));
        Assert.InRange(again.Media.Count, 0, MediaLimits.Sections);
    }

    private static byte[] Join(params string[] descriptions) => Encoding.UTF8.GetBytes(string.Join('\0', descriptions));
}
