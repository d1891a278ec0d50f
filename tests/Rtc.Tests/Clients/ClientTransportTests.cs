using FsCheck;
using FsCheck.Fluent;
using Roomcast.Media;
using Roomcast.Rtc.Clients;
using Roomcast.Rtc.Connection;
using Roomcast.Rtc.Dtls;
using Roomcast.Rtc.Rtcp;
using Roomcast.Rtc.Sdp;
using Roomcast.TestKit.Network;

namespace Roomcast.Rtc.Tests.Clients;

public class ClientTransportTests
{
    private static readonly TimeSpan PictureInterval = TimeSpan.FromMilliseconds(40);
    private static readonly TimeSpan SoundInterval = TimeSpan.FromMilliseconds(20);

    [Fact]
    public void Pictures_cross_whole_and_in_their_order()
    {
        using var call = new RelayedCall();
        var track = call.Connect(TrackKind.Video);

        var sent = SendPictures(call, track, 50);
        call.Run(TimeSpan.FromSeconds(1));

        Assert.Equal(sent, call.Frames.Select(frame => Convert.ToHexString(frame.Data.Span)));
        Assert.True(call.Frames[0].IsKeyframe);
        Assert.Equal((320, 180), (call.Frames[0].Width, call.Frames[0].Height));
        Assert.InRange(call.Frames[^1].Time, (PictureInterval * 49) - TimeSpan.FromMilliseconds(1), (PictureInterval * 49) + TimeSpan.FromMilliseconds(1));
        Assert.Equal(0, call.Receiver.Strangers);
    }

    [Fact]
    public void Pictures_of_a_camera_that_is_turned_say_how_they_are_to_be_turned_back()
    {
        using var call = new RelayedCall();
        var track = call.Connect(TrackKind.Video);

        foreach (var rotation in (int[])[0, 90, 180, 270])
        {
            SendPictures(call, track, 3, rotation);
        }

        call.Run(TimeSpan.FromSeconds(1));
        Assert.Equal([0, 0, 0, 90, 90, 90, 180, 180, 180, 270, 270, 270], call.Frames.Select(frame => frame.RotationDegrees));
    }

    [Fact]
    public void Encodings_are_offered_by_their_names_and_each_has_one_of_its_own()
    {
        using var call = new RelayedCall();
        var track = call.Sender.AddTrack(TrackKind.Video, "stream", "track", ["f", "h", "q"]);

        Assert.True(SessionDescription.TryParse(call.Sender.CreateOffer(), out var offer, out _));

        var media = offer.Media[^1];
        Assert.Equal(["f", "h", "q"], media.Simulcast!.Send.Select(encoding => encoding.Rid));
        Assert.Equal(["f", "h", "q"], media.Rids.Where(rid => rid.IsSend).Select(rid => rid.Id));
        Assert.Equal(["f", "h", "q"], track.Encodings.Select(encoding => encoding.Rid!));
        Assert.Equal(3, track.Encodings.Select(encoding => encoding.Ssrc).Distinct().Count());
        Assert.Empty(media.Sources);
        Assert.Throws<ArgumentException>(() => call.Sender.AddTrack(TrackKind.Video, "stream", "track", ["f", "f"]));
        Assert.Throws<ArgumentException>(() => call.Sender.AddTrack(TrackKind.Audio, "stream", "track", ["f"]));
        Assert.Throws<ArgumentException>(() => call.Sender.AddTrack(TrackKind.Video, "stream", "track", ["f g"]));
        Assert.Throws<ArgumentOutOfRangeException>(() => call.Sender.AddTrack(TrackKind.Video, "stream", "track", ["a", "b", "c", "d"]));
    }

    [Fact]
    public void Sound_crosses_whole_and_in_its_order()
    {
        using var call = new RelayedCall();
        var track = call.Connect(TrackKind.Audio);

        for (var i = 0; i < 100; i++)
        {
            Assert.True(call.Sender.Send(track, [0x78, (byte)i, 7], call.Now));
            call.Run(SoundInterval);
        }

        call.Run(TimeSpan.FromSeconds(1));
        Assert.Equal(Enumerable.Range(0, 100), call.Frames.Select(frame => (int)frame.Data.Span[1]));
        Assert.All(call.Frames, frame => Assert.Equal(SoundInterval, frame.Duration));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void What_is_lost_on_the_way_is_asked_for_and_sent_again(int seed)
    {
        using var call = new RelayedCall(seed * 100);
        var track = call.Connect(TrackKind.Video);
        call.Conditions = new NetworkConditions { Loss = 0.05, Delay = TimeSpan.FromMilliseconds(15), Jitter = TimeSpan.FromMilliseconds(5) };

        var sent = SendPictures(call, track, 200);
        call.Conditions = NetworkConditions.Perfect;
        call.Run(TimeSpan.FromSeconds(2));

        // Of the very first packets a receiver cannot know that they were lost, and a keyframe may have to be asked for.
        Assert.True(track.Repeated > 0);
        Assert.InRange(call.Frames.Count, 150, 200);
        AssertDecodable(call, sent);
    }

    [Fact]
    public void After_a_silence_of_the_network_a_keyframe_is_asked_for()
    {
        using var call = new RelayedCall();
        var track = call.Connect(TrackKind.Video);
        var sent = SendPictures(call, track, 20);
        call.Conditions = new NetworkConditions { Loss = 1 };
        sent.AddRange(SendPictures(call, track, 150));
        call.Conditions = NetworkConditions.Perfect;
        var asked = track.KeyframesAsked;

        sent.AddRange(SendPictures(call, track, 80));

        Assert.True(track.KeyframesAsked > asked);
        Assert.Equal(sent[^1], Convert.ToHexString(call.Frames[^1].Data.Span));
        AssertDecodable(call, sent);
    }

    [Fact]
    public void A_keyframe_that_is_wanted_is_asked_for_until_it_comes_and_no_longer_and_no_picture_is_held_back_for_it()
    {
        using var call = new RelayedCall();
        var track = call.Connect(TrackKind.Video);
        var sent = SendPictures(call, track, 20);
        var asked = track.KeyframesAsked;
        call.Conditions = new NetworkConditions { Loss = 1 };
        call.Receiver.RequestKeyframe("2", call.Now);
        call.Receiver.RequestKeyframe("no such section", call.Now);
        call.Run(TimeSpan.FromMilliseconds(100));
        call.Conditions = NetworkConditions.Perfect;
        Assert.Equal(asked, track.KeyframesAsked);

        // The first request was lost: by the second the sender makes one, and the third is not needed.
        sent.AddRange(SendPictures(call, track, 75));
        call.Run(TimeSpan.FromSeconds(1));

        Assert.Equal(asked + 1, track.KeyframesAsked);
        Assert.Equal(sent, call.Frames.Select(frame => Convert.ToHexString(frame.Data.Span)));
        Assert.Equal(2, call.Frames.Count(frame => frame.IsKeyframe));
    }

    [Fact]
    public void A_goodbye_of_the_client_ends_both_ends()
    {
        using var call = new RelayedCall();
        call.Connect(TrackKind.Audio);

        call.Sender.Close();

        Assert.Equal(RtcConnectionState.Closed, call.Sender.State);
        Assert.True(call.Sender.TryTakeDatagram(out _, out _));
    }

    /// <remarks>It threw, and in the place of what had ended the waiting for an answer: an interrupted join ended with a fault of ours.</remarks>
    [Fact]
    public void A_transport_that_has_no_answer_yet_closes_without_a_word()
    {
        using var client = NewClient();
        client.CreateOffer();

        client.Close();

        Assert.False(client.TryTakeDatagram(out _, out _));
        Assert.False(client.TryTakeEvent(out _));
        Assert.Null(client.NextDeadline);
    }

    [Fact]
    public void A_section_that_is_stopped_is_offered_with_port_zero_and_may_be_recycled_under_another_name()
    {
        using var call = new RelayedCall();
        call.Connect(TrackKind.Video);

        call.Receiver.Stop(["2"]);

        Assert.True(SessionDescription.TryParse(call.Receiver.CreateOffer(), out var offer, out _));
        Assert.True(offer.Media[2].IsStopped);
        Assert.Equal(["0", "1"], offer.Bundle);
        offer.Media[2].Port = 9;
        offer.Media[2].Attributes.Set("mid", "7");
        offer.Media[2].Direction = SdpDirection.SendOnly;
        offer.Media[2].Attributes.Add("ssrc", "77 cname:x");
        Assert.True(call.Receiver.TryApplyOffer(offer.ToString(), out var answer, out var fault), fault);
        Assert.Contains("a=mid:7", answer, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("a=mid:1", "a=mid:9", "Section 1 is called 9")]
    [InlineData("a=ice-ufrag", "a=x-ufrag", "no ICE credentials")]
    [InlineData("a=candidate", "a=x-candidate", "no candidate")]
    [InlineData("m=video", "m=", "cannot be read")]
    public void An_answer_that_does_not_fit_is_refused_with_what_is_wrong(string good, string bad, string reason)
    {
        using var client = NewClient();
        var answer = AnswerTo(client.CreateOffer()).Replace(good, bad, StringComparison.Ordinal);

        Assert.False(client.TryApplyAnswer(answer, TimeSpan.Zero, out var fault));
        Assert.Contains(reason, fault, StringComparison.Ordinal);
        Assert.Null(client.NextDeadline);
    }

    [Fact]
    public void A_description_that_is_cut_anywhere_throws_nothing()
    {
        using var model = NewClient();
        var answer = AnswerTo(model.CreateOffer());
        for (var length = 0; length < answer.Length; length += 3)
        {
            using var client = NewClient();
            client.TryApplyAnswer(answer[..length], TimeSpan.Zero, out _);
            client.TryApplyOffer(answer[..length], out _, out _);
        }
    }

    [Fact]
    public void A_description_with_any_lines_twice_or_missing_throws_nothing()
    {
        using var model = NewClient();
        var lines = AnswerTo(model.CreateOffer()).Split("\r\n");
        Prop.ForAll(
            Gen.ListOf(Gen.Choose(0, lines.Length - 1)).ToArbitrary(),
            picks =>
            {
                using var client = NewClient();
                Assert.True(client.TryApplyAnswer(string.Join("\r\n", lines), TimeSpan.Zero, out var fault), fault);
                var text = string.Join("\r\n", lines.Where((_, i) => !picks.Contains(i)).Concat(picks.Select(i => lines[i])));
                client.TryApplyAnswer(text, TimeSpan.Zero, out _);
                client.TryApplyOffer(text, out _, out _);
            }).Check(Config.QuickThrowOnFailure.WithMaxTest(60));
    }

    private static ClientTransport NewClient() =>
        new(isSending: false, SharedIdentity.Value, new NtpTime(4_000_000_000ul << 32));

    private static readonly Lazy<DtlsIdentity> SharedIdentity = new(() => DtlsIdentity.Create(DateTimeOffset.UnixEpoch.AddYears(56)));

    private static string AnswerTo(string offer) => offer
        .Replace("a=setup:actpass", "a=setup:passive", StringComparison.Ordinal)
        .Replace("a=sendonly", "a=inactive", StringComparison.Ordinal)
        .Replace("a=rtcp-mux", "a=rtcp-mux\r\na=candidate:1 1 udp 2130706431 198.51.100.1 8844 typ host", StringComparison.Ordinal);

    /// <summary>Sends pictures of some packets each, with a keyframe whenever one is asked for.</summary>
    private static List<string> SendPictures(RelayedCall call, SendingTrack track, int count, int rotationDegrees = 0)
    {
        var sent = new List<string>();
        for (var i = 0; i < count; i++)
        {
            var picture = new byte[3_000];
            BitConverter.TryWriteBytes(picture.AsSpan(20), call.Now.Ticks);
            if (track.TakeKeyframeRequest())
            {
                ((ReadOnlySpan<byte>)[0x10, 0, 0, 0x9D, 0x01, 0x2A, 64, 1, 180, 0]).CopyTo(picture);
            }
            else
            {
                picture[0] = 0x11;
            }

            call.Sender.Send(track, picture, call.Now, rotationDegrees: rotationDegrees);
            sent.Add(Convert.ToHexString(picture));
            call.Run(PictureInterval);
        }

        return sent;
    }

    /// <summary>Each frame is one that was sent, and follows its predecessor or is a keyframe.</summary>
    private static void AssertDecodable(RelayedCall call, List<string> sent)
    {
        var last = -1;
        foreach (var frame in call.Frames)
        {
            var index = sent.IndexOf(Convert.ToHexString(frame.Data.Span));
            Assert.True(index == last + 1 || (frame.IsKeyframe && index > last), $"Frame {index} follows {last}.");
            last = index;
        }
    }
}
