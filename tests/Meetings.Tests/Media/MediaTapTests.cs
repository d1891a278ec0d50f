using Roomcast.Meetings.Media;
using Roomcast.Meetings.Sessions.Features;
using Roomcast.Meetings.Sessions.Following;
using Roomcast.Rtc.Rtcp;
using Roomcast.Rtc.Rtp;
using Roomcast.Rtc.Rtp.Vp8;
using Roomcast.TestKit.Rtc;

namespace Roomcast.Meetings.Tests.Media;

/// <summary>A listener receives everything of a room in the clear, as a peer would, and is none.</summary>
public sealed class MediaTapTests
{
    [Fact]
    public async Task A_listener_hears_tracks_that_were_there_and_tracks_that_come()
    {
        using var media = new VirtualMedia();
        var anna = await JoinAsync(media, "anna");
        var (sound, voice) = await anna.PublishMicrophoneAsync();
        var listener = new Listener();
        await media.Room.TapAsync(listener);
        var (picture, camera) = await anna.PublishCameraAsync();
        media.Run(3_000);

        // Those that were there are told together.
        Assert.Equal(["begin", sound.Id, "told", picture.Id], listener.Told);
        Assert.Equal([(sound.Id, (byte)111), (picture.Id, (byte)96)], listener.Tracks.Select(track => (track.Producer.Id, track.PayloadType)));
        var heard = listener.Of(sound);
        var seen = listener.Of(picture);
        Assert.True(heard.Numbers.Count > 140 && seen.Numbers.Count > 320, $"{heard.Numbers.Count} and {seen.Numbers.Count} packets.");
        Assert.All(heard.Numbers.Zip(heard.Numbers.Skip(1)), pair => Assert.Equal((ushort)(pair.First + 1), pair.Second));
        Assert.All(seen.Numbers.Zip(seen.Numbers.Skip(1)), pair => Assert.Equal((ushort)(pair.First + 1), pair.Second));
        Assert.True(seen.BeginsWithKeyframe);
        Assert.All(heard.Marks, mark => Assert.Equal(voice.Tag, mark.Tag));
        Assert.All(seen.Marks, mark => Assert.Equal(camera.Tag, mark.Tag));
        Assert.InRange(heard.Reports, 2, 4);
        Assert.InRange(seen.Reports, 2, 4);
    }

    [Fact]
    public async Task Every_track_of_a_crowd_has_its_reports()
    {
        using var media = new VirtualMedia(2);
        var listener = new Listener();
        await media.Room.TapAsync(listener);
        for (var i = 0; i < 24; i++)
        {
            var bot = await JoinAsync(media, $"peer-{i}");
            await bot.PublishMicrophoneAsync();
            await bot.PublishCameraAsync();
        }

        media.Run(3_500);

        Assert.Equal(48, listener.Tracks.Count);
        Assert.All(listener.Tracks, track => Assert.True(track.Reports >= 2, $"{track.Producer.Kind} of {track.Producer.PeerId}: {track.Reports} reports."));
    }

    [Fact]
    public async Task A_keyframe_comes_when_it_is_asked_for()
    {
        using var media = new VirtualMedia(3);
        var anna = await JoinAsync(media, "anna");
        var (picture, camera) = await anna.PublishCameraAsync();
        var listener = new Listener();
        var tap = await media.Room.TapAsync(listener);
        media.Run(2_000);
        var seen = listener.Of(picture);
        var (asked, keyframes) = (camera.KeyframesAsked, seen.Keyframes);

        tap.WantKeyframe(seen.Ssrc);
        tap.WantKeyframe(seen.Ssrc + 100);
        Assert.True(media.RunUntil(() => seen.Keyframes > keyframes));
        Assert.True(camera.KeyframesAsked > asked);
    }

    [Fact]
    public async Task The_encoding_that_fits_is_sent_and_nothing_of_what_is_not_shown()
    {
        using var media = new VirtualMedia(4);
        var anna = await JoinAsync(media, "anna");
        var (picture, _) = await anna.PublishCameraAsync();
        var listener = new Listener();
        var tap = await media.Room.TapAsync(listener);
        var seen = listener.Of(picture);
        Assert.True(media.RunUntil(() => seen.LastRank == 0));

        tap.PreferHeight(seen.Ssrc, 180);
        Assert.True(media.RunUntil(() => seen.LastRank == 2));
        tap.PreferHeight(seen.Ssrc, 240);
        Assert.True(media.RunUntil(() => seen.LastRank == 1));
        tap.PreferHeight(seen.Ssrc, 720);
        Assert.True(media.RunUntil(() => seen.LastRank == 0));

        tap.PreferHeight(seen.Ssrc, 0);
        media.Run(100);
        var before = seen.Numbers.Count;
        media.Run(1_000);
        Assert.Equal(before, seen.Numbers.Count);

        var keyframes = seen.Keyframes;
        tap.PreferHeight(seen.Ssrc, 360);
        Assert.True(media.RunUntil(() => seen.Keyframes > keyframes));
    }

    [Fact]
    public async Task Of_tracks_that_are_not_wanted_nothing_is_sent_until_they_are()
    {
        using var media = new VirtualMedia(9);
        var anna = await JoinAsync(media, "anna");
        var ben = await JoinAsync(media, "ben");
        var (annas, _) = await anna.PublishMicrophoneAsync();
        var (picture, _) = await anna.PublishCameraAsync();
        var (bens, _) = await ben.PublishMicrophoneAsync();
        var listener = new Listener();
        var tap = await media.Room.TapAsync(listener);
        Assert.True(media.RunUntil(() => listener.Tracks.TrueForAll(track => track.Numbers.Count > 10)));

        tap.Want(new HashSet<uint> { listener.Of(annas).Ssrc });
        var carol = await JoinAsync(media, "carol");
        var (carols, _) = await carol.PublishMicrophoneAsync();
        media.Run(100);
        var before = listener.Tracks.ToDictionary(track => track, track => track.Numbers.Count);
        media.Run(1_000);
        Assert.Equal([annas.Id], before.Where(each => each.Key.Numbers.Count > each.Value).Select(each => each.Key.Producer.Id));
        Assert.Empty(listener.Of(carols).Numbers);

        // What is not shown stays so when it is wanted again.
        tap.PreferHeight(listener.Of(picture).Ssrc, 0);
        tap.Want(null);
        media.Run(500);
        Assert.True(listener.Of(bens).Numbers.Count > before[listener.Of(bens)] + 20);
        Assert.True(listener.Of(carols).Numbers.Count > 20);
        Assert.Equal(before[listener.Of(picture)], listener.Of(picture).Numbers.Count);
        var keyframes = listener.Of(picture).Keyframes;
        tap.PreferHeight(listener.Of(picture).Ssrc, 720);
        Assert.True(media.RunUntil(() => listener.Of(picture).Keyframes > keyframes));
    }

    [Fact]
    public async Task What_a_follower_wants_holds_for_the_room_it_comes_to_listen_to()
    {
        using var media = new VirtualMedia(10);
        var anna = await JoinAsync(media, "anna");
        await anna.PublishMicrophoneAsync();
        var (picture, _) = await anna.PublishCameraAsync();
        var follower = new Following();
        await using var following = new SessionFollowing(follower, static _ => ValueTask.CompletedTask);
        follower.Told = ssrc => following.Want(new HashSet<uint> { ssrc });
        await following.ListenAsync(new MediaRoomSide(media.Room));
        media.Run(1_000);

        // Said of each track as it came: the camera was the last.
        Assert.Equal([picture.Id], follower.Heard.Tracks.Where(track => track.Numbers.Count > 5).Select(track => track.Producer.Id));
    }

    [Fact]
    public async Task A_sound_goes_on_whatever_is_said_of_its_height()
    {
        using var media = new VirtualMedia(8);
        var anna = await JoinAsync(media, "anna");
        var (sound, _) = await anna.PublishMicrophoneAsync();
        var listener = new Listener();
        var tap = await media.Room.TapAsync(listener);
        var heard = listener.Of(sound);
        tap.PreferHeight(heard.Ssrc, 0);
        media.Run(500);
        Assert.True(heard.Numbers.Count > 20, $"{heard.Numbers.Count} packets in half a second.");
    }

    [Fact]
    public async Task What_ends_is_told_and_a_source_is_never_used_again()
    {
        using var media = new VirtualMedia(5);
        var anna = await JoinAsync(media, "anna");
        var (sound, voice) = await anna.PublishMicrophoneAsync();
        var listener = new Listener();
        await media.Room.TapAsync(listener);
        await anna.UnpublishAsync(sound, voice);
        var (again, _) = await anna.PublishMicrophoneAsync();
        media.Run(500);

        Assert.Equal([sound.Id], listener.Ended);
        Assert.NotEqual(listener.Of(sound).Ssrc, listener.Of(again).Ssrc);
        Assert.True(listener.Of(again).Numbers.Count > 20);
        await media.Room.DisposeAsync();
        Assert.True(listener.IsRoomEnded);
    }

    [Fact]
    public async Task A_listener_that_stops_hears_nothing_more_and_too_many_are_refused()
    {
        using var media = new VirtualMedia(6);
        var anna = await JoinAsync(media, "anna");
        await anna.PublishMicrophoneAsync();
        var listener = new Listener();
        var tap = await media.Room.TapAsync(listener);
        media.Run(200);
        await tap.DisposeAsync();
        var before = listener.Tracks[0].Numbers.Count;
        media.Run(500);
        Assert.Equal(before, listener.Tracks[0].Numbers.Count);

        for (var i = 0; i < 8; i++)
        {
            await media.Room.TapAsync(new Listener());
        }

        var refusal = await Assert.ThrowsAsync<MediaException>(async () => await media.Room.TapAsync(new Listener()));
        Assert.Equal(MediaErrorCode.TooMany, refusal.Code);
        await media.Room.DisposeAsync();
        Assert.False(listener.IsRoomEnded);
    }

    private static async Task<MediaBot> JoinAsync(VirtualMedia media, string peerId)
    {
        var bot = media.AddBot(peerId);
        await bot.JoinAsync();
        return bot;
    }

    private sealed class Following : ISessionFollower
    {
        public Listener Heard { get; } = new();

        public Action<uint>? Told { get; set; }

        public void OnTrack(MediaProducer producer, uint ssrc, byte payloadType)
        {
            Heard.OnTrack(producer, ssrc, payloadType);
            Told?.Invoke(ssrc);
        }

        public void OnTrackEnded(string producerId) => Heard.OnTrackEnded(producerId);

        public void OnPacket(ReadOnlySpan<byte> packet, bool isRtcp) => Heard.OnPacket(packet, isRtcp);

        public void OnRoomEnded() => Heard.OnRoomEnded();

        public void OnStage(StageView stage)
        {
        }

        public void OnEnded()
        {
        }
    }

    private sealed class Listener : IMediaListener
    {
        public List<HeardTrack> Tracks { get; } = [];

        public List<string> Ended { get; } = [];

        public bool IsRoomEnded { get; private set; }

        public HeardTrack Of(MediaProducer producer) => Tracks.Single(track => track.Producer.Id == producer.Id);

        public List<string> Told { get; } = [];

        public void OnTracksBegin() => Told.Add("begin");

        public void OnTracksTold() => Told.Add("told");

        public void OnTrack(MediaProducer producer, uint ssrc, byte payloadType)
        {
            Told.Add(producer.Id);
            Tracks.Add(new HeardTrack(producer, ssrc, payloadType));
        }

        public void OnTrackEnded(string producerId) => Ended.Add(producerId);

        public void OnPacket(ReadOnlySpan<byte> packet, bool isRtcp)
        {
            if (isRtcp)
            {
                var reader = new RtcpReader(packet);
                while (reader.TryRead(out var part))
                {
                    if (SenderReport.TryRead(part, out var report))
                    {
                        OfSource(report.Ssrc).Reports++;
                    }
                }

                Assert.False(reader.IsMalformed);
                return;
            }

            Assert.True(RtpHeader.TryRead(packet, out var header));
            OfSource(header.Ssrc).Add(packet, header);
        }

        public void OnRoomEnded() => IsRoomEnded = true;

        private HeardTrack OfSource(uint ssrc) => Tracks.Single(track => track.Ssrc == ssrc);
    }

    private sealed class HeardTrack(MediaProducer producer, uint ssrc, byte payloadType)
    {
        public MediaProducer Producer => producer;

        public uint Ssrc => ssrc;

        public byte PayloadType => payloadType;

        public List<ushort> Numbers { get; } = [];

        public List<PacketMark> Marks { get; } = [];

        public int Reports { get; set; }

        public int Keyframes { get; private set; }

        public bool BeginsWithKeyframe { get; private set; }

        public int LastRank => Marks.Count == 0 ? -1 : Marks[^1].Rank;

        public void Add(ReadOnlySpan<byte> packet, in RtpHeader header)
        {
            Assert.Equal(payloadType, header.PayloadType);
            var payload = header.PayloadOf(packet);
            Marks.Add(PacketMark.Read(payload[(producer.Kind is MediaKind.Audio ? 1 : BrowserTrack.Vp8MarkAt)..]));
            if (producer.Kind is MediaKind.Video && Vp8PayloadDescriptor.TryRead(payload, out var vp8) && vp8.StartsKeyframe)
            {
                Keyframes++;
                BeginsWithKeyframe |= Numbers.Count == 0;
            }

            Numbers.Add(header.SequenceNumber);
        }
    }
}
