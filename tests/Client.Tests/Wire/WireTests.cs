using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Roomcast.Client.Meeting;
using Roomcast.Client.Wire;
using Roomcast.RealtimeKit.Socket.Messages;
using Roomcast.RealtimeKit.Socket.Wire;

namespace Roomcast.Client.Tests.Wire;

public class WireTests
{
    [Fact]
    public void Any_bytes_are_an_envelope_or_refused_without_a_throw()
    {
        Prop.ForAll(
            Gen.ArrayOf(Gen.Choose(0, 255).Select(value => (byte)value)).ToArbitrary(),
            bytes =>
            {
                if (Envelope.TryRead(bytes, out var message))
                {
                    Envelope.ErrorOf(message);
                    Envelope.TryRead(message, RoomPeersInfoResponse.Parser, out _);
                }
            }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void An_envelope_that_is_cut_anywhere_throws_nothing()
    {
        var frame = Envelope.Write(SocketEvent.JoinRoom, "id", new PeerInfoResponse { Peer = new Peer { PeerId = "a", DisplayName = "Å" } });
        for (var length = 0; length <= frame.Length; length++)
        {
            Envelope.TryRead(frame.AsSpan(0, length), out _);
        }

        Assert.True(Envelope.TryRead(frame, out var whole));
        Assert.Equal(((uint)SocketEvent.JoinRoom, "id"), (whole.Event, whole.Id));
    }

    [Fact]
    public void Waits_before_reconnecting_stay_within_their_bounds()
    {
        Prop.ForAll(
            (from attempt in Gen.Choose(0, 200) from chance in Gen.Choose(0, 1_000) select (attempt, chance)).ToArbitrary(),
            pick =>
            {
                var wait = ReconnectDelay.Before(pick.attempt, pick.chance / 1_000.0);
                Assert.InRange(wait, TimeSpan.Zero, ReconnectDelay.BoundOf(pick.attempt));
                Assert.InRange(ReconnectDelay.BoundOf(pick.attempt), TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(10));
            }).QuickCheckThrowOnFailure();
    }

    [Theory]
    [InlineData("""{"meetingId":"m-1"}""", "m-1")]
    [InlineData("""{"meetingId":7}""", null)]
    [InlineData("""["meetingId"]""", null)]
    [InlineData("nothing", null)]
    public void A_token_names_its_meeting_or_is_none(string claims, string? meeting)
    {
        var token = "eyJ." + System.Buffers.Text.Base64Url.EncodeToString(Encoding.UTF8.GetBytes(claims)) + ".sig";

        Assert.Equal(meeting is not null, TokenClaims.TryReadMeeting(token, out var read));
        Assert.Equal(meeting, read);
        for (var length = 0; length < token.Length; length++)
        {
            TokenClaims.TryReadMeeting(token[..length], out _);
        }
    }

    [Theory]
    [InlineData("""1700000000,peer,user,custom,Ann,"Hello, ""you""!" """, "Ann", "Hello, \"you\"! ")]
    [InlineData("1700000000.5,peer,user,,Bob,plain, with commas", "Bob", "plain, with commas")]
    public void A_line_of_a_transcript_is_read(string line, string name, string text)
    {
        var item = TranscriptItem.Read(line, isPartial: true);

        Assert.Equal((name, text, "peer", "user", true), (item!.Name, item.Text, item.PeerId, item.UserId, item.IsPartial));
    }

    [Fact]
    public void Any_line_of_a_transcript_is_read_or_refused_without_a_throw() =>
        Prop.ForAll<string>(line => { TranscriptItem.Read(line ?? "", isPartial: false); }).QuickCheckThrowOnFailure();
}
