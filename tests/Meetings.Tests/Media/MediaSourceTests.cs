using Roomcast.Meetings.Media;
using Roomcast.Rtc.Rtcp;
using Roomcast.Rtc.Rtp;
using Roomcast.TestKit.Rtc;

namespace Roomcast.Meetings.Tests.Media;

/// <summary>What the server itself sends into a room, and peers that are sent no sound.</summary>
public sealed class MediaSourceTests
{
    // The head of a keyframe of 16 by 16 (RFC 6386 section 9.1), and of a picture between.
    private static readonly byte[] Keyframe = [0x10, 0x02, 0x00, 0x9D, 0x01, 0x2A, 16, 0, 16, 0, 1, 2, 3];
    private static readonly byte[] Between = [0x11, 0x02, 0x00, 1, 2, 3];

    [Fact]
    public async Task What_the_server_sends_is_received_as_a_peers_until_it_leaves_and_keyframes_are_asked_of_it()
    {
        using var media = new VirtualMedia(31);
        var listener = new Listener();
        var tap = await media.Room.TapAsync(listener);
        var asked = new Asked();
        await using var source = await media.Room.AddSourceAsync("source", hasSound: true, hasPicture: true, asked);
        Assert.Equal([(MediaKind.Audio, "audio/opus"), (MediaKind.Video, "video/VP8")], source.Producers.Select(producer => (producer.Kind, producer.MimeType)));
        Assert.All(source.Producers, producer => Assert.Equal("source", producer.PeerId));
        var sound = new RtpPacketizer(MediaSource.SoundSsrc, MediaSource.OpusPayloadType, 48_000);
        var picture = new RtpPacketizer(MediaSource.PictureSsrc, MediaSource.Vp8PayloadType, 90_000);
        var answered = 0;
        for (var i = 0; i < 50; i++)
        {
            // As the player does: a keyframe at first, and whenever one is wanted.
            var isKeyframe = i == 0 || asked.Count > answered;
            answered = asked.Count;
            source.Send(sound.Opus([0xFC, 1, 2], media.Now), isRtcp: false);
            foreach (var packet in picture.Vp8(isKeyframe ? Keyframe : Between, media.Now))
            {
                source.Send(packet, isRtcp: false);
            }

            source.Send(sound.Report(media.Now, NtpTime.From(DateTimeOffset.UnixEpoch + media.Now)), isRtcp: true);
            source.Send(picture.Report(media.Now, NtpTime.From(DateTimeOffset.UnixEpoch + media.Now)), isRtcp: true);
            media.Run(20);
        }

        media.Run(1_100);
        Assert.Equal(2, listener.Tracks.Count);
        Assert.Equal(50, listener.Tracks.Values.Single(track => track.Producer.Kind is MediaKind.Audio).Packets);

        // A picture is received from a keyframe on, and the first may come before anybody has taken the picture up.
        var pictures = listener.Tracks.Values.Single(track => track.Producer.Kind is MediaKind.Video).Packets;
        Assert.True(pictures is >= 25 and <= 50, $"{pictures} pictures, {asked.Count} keyframes were asked for.");
        Assert.All(listener.Tracks.Values, track => Assert.True(track.Reports > 0));
        var received = listener.Tracks.Values.Select(track => track.Packets).ToList();

        var before = asked.Count;
        tap.WantKeyframe(listener.Tracks.Single(track => track.Value.Producer.Kind is MediaKind.Video).Key);
        Assert.True(media.RunUntil(() => asked.Count > before));

        await media.Room.LeaveAsync("source");
        Assert.Equal(source.Producers.Select(producer => producer.Id).Order(), listener.Ended.Order());
        source.Send(sound.Opus([0xFC, 1, 2], media.Now), isRtcp: false);
        media.Run(100);
        Assert.Equal(received, listener.Tracks.Values.Select(track => track.Packets));
    }

    [Fact]
    public async Task What_is_no_packet_of_a_source_is_dropped_and_harms_nothing()
    {
        using var media = new VirtualMedia(32);
        var listener = new Listener();
        await media.Room.TapAsync(listener);
        await using var source = await media.Room.AddSourceAsync("source", hasSound: true, hasPicture: false, new Asked());
        var other = new RtpPacketizer(77, MediaSource.OpusPayloadType, 48_000);
        source.Send([], isRtcp: false);
        source.Send([1, 2, 3], isRtcp: true);
        source.Send(new byte[60_000], isRtcp: false);
        source.Send(other.Opus([0xFC], media.Now), isRtcp: false);
        source.Send(new RtpPacketizer(MediaSource.SoundSsrc, 5, 48_000).Opus([0xFC], media.Now), isRtcp: false);
        media.Run(100);
        Assert.Equal(0, Assert.Single(listener.Tracks.Values).Packets);
        source.Send(new RtpPacketizer(MediaSource.SoundSsrc, MediaSource.OpusPayloadType, 48_000).Opus([0xFC], media.Now), isRtcp: false);
        Assert.True(media.RunUntil(() => listener.Tracks.Values.Single().Packets == 1));
    }

    [Fact]
    public async Task A_name_that_is_taken_is_refused()
    {
        using var media = new VirtualMedia(33);
        await media.Room.JoinAsync("anna");
        var refusal = await Assert.ThrowsAsync<MediaException>(() => media.Room.AddSourceAsync("anna", true, true, new Asked()).AsTask());
        Assert.Equal(MediaErrorCode.TooMany, refusal.Code);
    }

    [Fact]
    public async Task A_deaf_peer_is_sent_no_sound_of_what_it_receives_or_asks_for_later_and_all_of_it_again()
    {
        using var media = new VirtualMedia(34);
        var anna = media.AddBot("anna");
        await anna.JoinAsync();
        var ben = media.AddBot("ben");
        await ben.JoinAsync();
        var (voice, _) = await anna.PublishMicrophoneAsync();
        var (camera, _) = await anna.PublishCameraAsync();
        var heard = await ben.ConsumeAsync(voice);
        var seen = await ben.ConsumeAsync(camera);
        media.Run(1_000);
        Assert.True(heard.Packets > 30 && seen.Packets > 30, $"{heard.Packets} and {seen.Packets} packets.");

        await media.Room.SetDeafAsync("ben", true);
        media.Run(100); // What is on its way.
        var (sounds, pictures) = (heard.Packets, seen.Packets);
        var (second, _) = await anna.PublishMicrophoneAsync();
        var later = await ben.ConsumeAsync(second);
        media.Run(1_000);
        Assert.Equal((sounds, 0), (heard.Packets, later.Packets));
        Assert.True(seen.Packets > pictures);

        await media.Room.SetDeafAsync("ben", false);
        media.Run(1_000);
        Assert.True(heard.Packets > sounds + 30 && later.Packets > 30, $"{heard.Packets} and {later.Packets} packets.");
        await Assert.ThrowsAsync<MediaException>(() => media.Room.SetDeafAsync("nobody", true).AsTask());
    }

    private sealed class Asked : IMediaSourceListener
    {
        public int Count { get; private set; }

        public void OnKeyframeWanted() => Count++;
    }

    private sealed class Heard(MediaProducer producer)
    {
        public MediaProducer Producer => producer;

        public int Packets { get; set; }

        public int Reports { get; set; }
    }

    private sealed class Listener : IMediaListener
    {
        public Dictionary<uint, Heard> Tracks { get; } = [];

        public List<string> Ended { get; } = [];

        public void OnTrack(MediaProducer producer, uint ssrc, byte payloadType) => Tracks.Add(ssrc, new Heard(producer));

        public void OnTrackEnded(string producerId) => Ended.Add(producerId);

        public void OnPacket(ReadOnlySpan<byte> packet, bool isRtcp)
        {
            if (!isRtcp)
            {
                Assert.True(RtpHeader.TryRead(packet, out var header));
                Tracks[header.Ssrc].Packets++;
                return;
            }

            var reader = new RtcpReader(packet);
            while (reader.TryRead(out var part))
            {
                if (SenderReport.TryRead(part, out var report))
                {
                    Tracks[report.Ssrc].Reports++;
                }
            }
        }

        public void OnRoomEnded()
        {
        }
    }
}
