using Roomcast.Livestreams.Ingest;
using Roomcast.Livestreams.Records;
using Roomcast.Media;
using Roomcast.Media.Buffers;
using Roomcast.Media.Codecs.H264;
using Roomcast.Media.Containers.Flv;
using Roomcast.Media.Time;
using Roomcast.Rtmp.Commands;
using Roomcast.Rtmp.Connection;
using Roomcast.TestKit;
using Roomcast.TestKit.Rtmp;

namespace Roomcast.Livestreams.Tests.Ingest;

[Collection(nameof(MediaBuffer))]
public sealed class MediaIntakeTests : IDisposable
{
    private readonly long _outstanding = MediaBuffer.Outstanding;
    private readonly RecordingPublisher _publisher = new();
    private readonly MediaIntake _intake;
    private TimeSpan _now = TimeSpan.FromSeconds(100);

    public MediaIntakeTests() => _intake = new MediaIntake(new IngestOptions(), _publisher);

    public void Dispose()
    {
        _intake.Dispose();
        Assert.Equal(_outstanding, MediaBuffer.Outstanding);
    }

    private RtmpStatus? Send(PublishMessage message)
    {
        var buffer = MediaBuffer.Rent(message.Body.Length + 3);
        message.Body.Span.CopyTo(buffer.Span[3..]); // Not at the buffer's beginning, as in an aggregate.
        var refusal = _intake.Take(new RtmpMedia(message.Kind, message.TimestampMs, buffer, 3, message.Body.Length), _now);
        buffer.Release();
        return refusal;
    }

    /// <summary>Sends all of it, each message at its own time.</summary>
    private void Send(PublishMedia media)
    {
        var start = _now;
        var first = media.Messages[0].TimestampMs;
        foreach (var message in media.Messages)
        {
            var at = start + TimeSpan.FromMilliseconds(unchecked((int)(message.TimestampMs - first)));
            _now = at > _now ? at : _now;
            Assert.Null(Send(message));
            _intake.Tick(_now);
        }
    }

    private static PublishMessage Sound(uint timestampMs, params byte[] body) => new(RtmpMediaKind.Audio, timestampMs, body);

    private static PublishMessage Picture(uint timestampMs, string hex) =>
        new(RtmpMediaKind.Video, timestampMs, Convert.FromHexString(hex.Replace(" ", "", StringComparison.Ordinal)));

    private static void AssertRising(IEnumerable<RecordedFrame> frames)
    {
        var last = new MediaTime(long.MinValue);
        foreach (var frame in frames)
        {
            Assert.True(frame.DecodeTime > last, $"{frame.DecodeTime} after {last}.");
            last = frame.DecodeTime;
        }
    }

    [Fact]
    public void Sound_and_picture_start_at_once_when_both_are_there_and_no_frame_is_lost()
    {
        _publisher.Clock = new MediaTime(7 * MediaTime.TicksPerSecond);
        var media = SyntheticMedia.Create(new SyntheticMediaOptions { HasReorderedFrames = true, StartMs = 16_777_000 });
        Send(media);

        var tracks = Assert.Single(_publisher.Tracks);
        Assert.Equal([(0, Codec.H264), (1, Codec.Aac)], tracks.Select(track => (track.Id, track.Codec)));
        Assert.Equal((640, 360), (tracks[0].Width, tracks[0].Height));
        Assert.Equal(Enumerable.Range(0, media.PictureFrames).Select(i => (long)i), _publisher.Pictures.Select(frame => frame.Number));
        Assert.Equal(Enumerable.Range(0, media.SoundFrames).Select(i => (long)i), _publisher.Sound.Select(frame => frame.Number));
        Assert.Equal((0, 0), (_intake.DroppedFrames, _intake.TimestampJumps));
        AssertRising(_publisher.Pictures);
        AssertRising(_publisher.Sound);

        Assert.Equal(_publisher.Clock, _publisher.Pictures[0].DecodeTime);
        Assert.Equal(TimeSpan.FromMilliseconds(33), _publisher.Pictures[0].PresentationTime - _publisher.Pictures[0].DecodeTime);
        Assert.Equal(TimeSpan.FromMilliseconds(100), _publisher.Pictures[1].PresentationTime - _publisher.Pictures[1].DecodeTime);
        for (var i = 0; i < _publisher.Sound.Count; i++)
        {
            Assert.Equal(_publisher.Clock + MediaTime.FromTimescale(i * 1_024L, 44_100).SinceStart, _publisher.Sound[i].DecodeTime);
            Assert.Equal(MediaTime.FromTimescale(1_024, 44_100).SinceStart, _publisher.Sound[i].Duration);
        }

        Assert.Equal([0L, 30L], _publisher.Pictures.Where(frame => frame.IsKeyframe).Select(frame => frame.Number));
    }

    [Theory]
    [InlineData(RtmpMediaKind.Video)]
    [InlineData(RtmpMediaKind.Audio)]
    public void One_kind_alone_starts_when_the_time_to_wait_has_passed_and_loses_nothing(RtmpMediaKind kind)
    {
        var media = SyntheticMedia.Create().Only(kind);
        var early = media.Select(message => message.TimestampMs < 1_400 ? message : null);
        Send(early);
        Assert.Empty(_publisher.Tracks);

        _now = TimeSpan.FromSeconds(101.6);
        _intake.Tick(_now);
        Assert.Single(Assert.Single(_publisher.Tracks));
        Assert.Equal(early.PictureFrames + early.SoundFrames, _publisher.Frames.Count);

        Send(media.Select(message => message.TimestampMs >= 1_400 ? message : null));
        Assert.Equal(media.PictureFrames + media.SoundFrames, _publisher.Frames.Count);
    }

    [Fact]
    public void A_burst_is_judged_by_its_own_time()
    {
        foreach (var message in SyntheticMedia.Create().Only(RtmpMediaKind.Video).Messages)
        {
            Send(message); // All of two seconds in no time.
        }

        Assert.Equal(60, _publisher.Frames.Count);
    }

    [Fact]
    public void A_stream_that_ends_within_the_wait_is_passed_on_all_the_same()
    {
        Send(SyntheticMedia.Create(new SyntheticMediaOptions { Length = TimeSpan.FromSeconds(1), Sound = null }));
        Assert.Empty(_publisher.Frames);
        _intake.End();
        Assert.Equal(30, _publisher.Frames.Count);
    }

    [Fact]
    public void A_sound_header_without_sound_is_not_waited_for_beyond_the_limit_and_makes_no_track()
    {
        var media = SyntheticMedia.Create(new SyntheticMediaOptions { Length = TimeSpan.FromSeconds(3) });
        Send(media.Select(message => message.Kind is RtmpMediaKind.Audio && !message.IsHeader ? null : message));
        Assert.Equal(Codec.H264, Assert.Single(Assert.Single(_publisher.Tracks)).Codec);
        Assert.Equal(90, _publisher.Frames.Count);
    }

    [Fact]
    public void Sound_that_comes_late_becomes_a_track_at_the_next_keyframe()
    {
        Send(SyntheticMedia.Create(new SyntheticMediaOptions { Length = TimeSpan.FromSeconds(5), SoundFrom = TimeSpan.FromMilliseconds(2_500) }));

        Assert.Equal([1, 2], _publisher.Tracks.Select(tracks => tracks.Count));
        Assert.Equal(150, _publisher.Pictures.Count);
        var firstSound = _publisher.Sound[0];
        var keyframe = _publisher.Pictures.First(frame => frame.Track == _publisher.Tracks[1][0] && frame.IsKeyframe && frame.DecodeTime >= new MediaTime(25_000_000));
        Assert.InRange((firstSound.DecodeTime - keyframe.DecodeTime).TotalMilliseconds, -30, 30);
        Assert.InRange(_intake.DroppedFrames, 18, 24); // Sound of half a second, which nobody could have joined.
    }

    [Fact]
    public void A_picture_that_comes_late_becomes_a_track_at_its_first_keyframe()
    {
        var media = SyntheticMedia.Create(new SyntheticMediaOptions { Length = TimeSpan.FromSeconds(4) });
        Send(media.Select(message => message.Kind is RtmpMediaKind.Video && (message.IsHeader || message.TimestampMs < 2_500) ? null : message));

        // No header came, so nothing can be decoded; with it the next keyframe starts the picture.
        Assert.Single(_publisher.Tracks);
        Assert.Empty(_publisher.Pictures);
        Send(SyntheticMedia.PictureHeader(new SyntheticMediaOptions(), Codec.H264));
        Send(SyntheticMedia.Create(new SyntheticMediaOptions { StartMs = 4_000, KeyframeEvery = 30 }).Select(message => message.IsHeader ? null : message));
        Assert.Equal([1, 2], _publisher.Tracks.Select(tracks => tracks.Count));
        Assert.True(_publisher.Pictures[0].IsKeyframe);
        Assert.Equal(60, _publisher.Pictures.Count);
    }

    [Fact]
    public void Frames_before_the_first_keyframe_are_dropped_and_counted_with_the_sound_from_long_before_it()
    {
        var media = SyntheticMedia.Create(new SyntheticMediaOptions { Length = TimeSpan.FromSeconds(4), KeyframeEvery = 60 });
        Send(media.Select(message => message.IsHeader || message.TimestampMs >= 1_000 ? message : null).Shift(0));

        Assert.Equal(60, _publisher.Pictures[0].Number);
        Assert.True(_publisher.Pictures[0].IsKeyframe);
        Assert.InRange((_publisher.Pictures[0].DecodeTime - _publisher.Sound[0].DecodeTime).TotalMilliseconds, 0, 500);
        Assert.True(_intake.DroppedFrames >= 30);
        Assert.Equal(media.Select(message => message.TimestampMs >= 1_000 ? message : null).PictureFrames + media.Select(message => message.TimestampMs >= 1_000 ? message : null).SoundFrames, _publisher.Frames.Count + _intake.DroppedFrames);
    }

    [Theory]
    [InlineData(null)]
    [InlineData(Codec.Aac)]
    public void A_keyframe_that_is_only_claimed_is_believed_when_no_true_one_comes(Codec? sound)
    {
        // Pictures marked as keyframes that hold no IDR picture, as some hardware sends.
        var media = SyntheticMedia.Create(new SyntheticMediaOptions { Length = TimeSpan.FromSeconds(16), Sound = sound, KeyframeEvery = int.MaxValue });
        Send(media.Select(message =>
        {
            if (message.IsHeader || message.Kind is RtmpMediaKind.Audio)
            {
                return message;
            }

            if (message.TimestampMs == 0)
            {
                return null;
            }

            var body = message.Body.ToArray();
            body[0] = message.TimestampMs % 2_000 < 33 ? (byte)0x17 : body[0];
            return message with { Body = body };
        }));

        Assert.True(_publisher.Pictures[0].IsKeyframe);
        Assert.InRange(_publisher.Pictures[0].Number, 300, 361);
        Assert.Equal(sound is null ? 1 : 2, _publisher.Tracks[^1].Count);
        Assert.True(_publisher.Pictures.Count(frame => frame.IsKeyframe) >= 2);
    }

    [Fact]
    public void Claims_are_not_believed_of_an_encoder_that_sends_true_keyframes()
    {
        var media = SyntheticMedia.Create(new SyntheticMediaOptions { Length = TimeSpan.FromSeconds(15), KeyframeEvery = 60 });
        Send(media.Select(message =>
        {
            var body = message.Body.ToArray();
            body[0] = message is { Kind: RtmpMediaKind.Video, IsHeader: false } ? (byte)0x17 : body[0];
            return message with { Body = body };
        }));

        Assert.Equal([0L, 60L, 120L, 180L, 240L, 300L, 360L, 420L], _publisher.Pictures.Where(frame => frame.IsKeyframe).Select(frame => frame.Number));
    }

    [Fact]
    public void A_small_frame_does_not_hold_the_large_message_it_came_in()
    {
        var media = SyntheticMedia.Create(new SyntheticMediaOptions { Sound = null, PictureBytes = 20_000 });
        Send(media.Messages[0]);
        var picture = media.Messages[1];

        // The first frames wait for sound, and so keep what they lie in.
        Assert.Equal(0, LengthAfter(1 << 20)); // Let go.
        Assert.Equal(30_000, LengthAfter(30_000)); // Kept: the frame is most of it.
        _intake.End();
        Assert.Equal(2, _publisher.Frames.Count);
        Assert.All(_publisher.Frames, frame => Assert.Equal(0, frame.Number));

        int LengthAfter(int length)
        {
            var buffer = MediaBuffer.Rent(length);
            picture.Body.Span.CopyTo(buffer.Span[7..]);
            Assert.Null(_intake.Take(new RtmpMedia(RtmpMediaKind.Video, 0, buffer, 7, picture.Body.Length), _now));
            buffer.Release();
            return buffer.Length;
        }
    }

    [Fact]
    public void A_header_counts_again_after_frames_have_said_otherwise()
    {
        var small = SyntheticMedia.Create(new SyntheticMediaOptions { Sound = null });
        var header = small.Messages[0];
        Send(small);
        Send(WithParameterSets(small.Shift(2_000), SyntheticMedia.LargeAvcConfiguration));
        Send(small.Shift(4_000)); // The header of the beginning, word for word, and frames without parameter sets.
        Assert.Equal([640, 1_280, 640], _publisher.Tracks.Select(tracks => tracks[0].Width));
        Assert.Equal(180, _publisher.Frames.Count);

        // One that is repeated before keyframes which contradict it changes nothing.
        var large = WithParameterSets(small.Shift(6_000), SyntheticMedia.LargeAvcConfiguration);
        Send(new PublishMedia([.. large.Messages.SelectMany(message =>
            (PublishMessage[])(message.Body.Span[0] >> 4 == 1 ? [header with { TimestampMs = message.TimestampMs }, message] : [message]))]));
        Assert.Equal([640, 1_280, 640, 1_280], _publisher.Tracks.Select(tracks => tracks[0].Width));
        Assert.Equal(240, _publisher.Frames.Count);
    }

    [Fact]
    public void Changed_parameters_make_a_new_track_at_the_keyframe_that_has_them()
    {
        Send(SyntheticMedia.Create());
        Send(SyntheticMedia.Create(new SyntheticMediaOptions { StartMs = 2_000, IsLarge = true }));

        Assert.Equal([640, 1_280], _publisher.Tracks.Select(tracks => tracks[0].Width));
        Assert.Equal(2, _publisher.Tracks[1].Count);
        Assert.Equal(120, _publisher.Pictures.Count);
        Assert.Equal(60, _publisher.Pictures.Count(frame => frame.Track.Width == 1_280));
        Assert.Equal(0, _intake.TimestampJumps);
        AssertRising(_publisher.Pictures);
        AssertRising(_publisher.Sound);
    }

    [Fact]
    public void After_a_change_frames_that_need_the_new_keyframe_are_dropped_until_it_comes()
    {
        Send(SyntheticMedia.Create(new SyntheticMediaOptions { Sound = null }));
        Send(SyntheticMedia.PictureHeader(new SyntheticMediaOptions { IsLarge = true, StartMs = 2_000 }, Codec.H264));
        Send(SyntheticMedia.Create(new SyntheticMediaOptions { Sound = null, StartMs = 2_000 }).Select(
            message => message.IsHeader || message.TimestampMs == 2_000 ? null : message)); // Its keyframe is lost.

        Assert.Equal(29, _intake.DroppedFrames);
        Assert.Equal(90, _publisher.Frames.Count);
        Assert.True(_publisher.Frames[60].IsKeyframe);
        Assert.Equal(1_280, _publisher.Frames[60].Track.Width);
    }

    [Fact]
    public void A_codec_that_changes_midway_is_followed()
    {
        Send(SyntheticMedia.Create(new SyntheticMediaOptions { Sound = null }));
        Send(SyntheticMedia.Create(new SyntheticMediaOptions { Sound = null, StartMs = 2_000, Picture = Codec.H265 }));
        Assert.Equal([Codec.H264, Codec.H265], _publisher.Tracks.Select(tracks => tracks[0].Codec));
        Assert.Equal(120, _publisher.Frames.Count);
    }

    [Fact]
    public void Headers_that_are_repeated_change_nothing()
    {
        var media = SyntheticMedia.Create(new SyntheticMediaOptions { Length = TimeSpan.FromSeconds(4) });
        var headers = media.Messages.Where(message => message.IsHeader).ToArray();
        var withRepeats = new PublishMedia([.. media.Messages.SelectMany(message =>
            message.IsHeader ? [message] : (PublishMessage[])[.. headers.Select(header => header with { TimestampMs = message.TimestampMs }), message])]);
        Send(withRepeats);

        Assert.Single(_publisher.Tracks);
        Assert.Equal(media.PictureFrames + media.SoundFrames, _publisher.Frames.Count);
    }

    [Fact]
    public void Parameter_sets_inside_frames_are_enough_and_their_change_is_noticed()
    {
        Send(WithParameterSets(SyntheticMedia.Create(new SyntheticMediaOptions { Sound = null }), SyntheticMedia.AvcConfiguration));
        Assert.Equal(640, Assert.Single(_publisher.Tracks)[0].Width);
        Assert.Equal(60, _publisher.Frames.Count);

        Send(WithParameterSets(SyntheticMedia.Create(new SyntheticMediaOptions { Sound = null, StartMs = 2_000 }), SyntheticMedia.LargeAvcConfiguration));
        Assert.Equal([640, 1_280], _publisher.Tracks.Select(tracks => tracks[0].Width));
        Assert.Equal(120, _publisher.Frames.Count);
        Assert.Equal(0, _intake.DroppedFrames);
    }

    private static PublishMedia WithParameterSets(PublishMedia media, ReadOnlyMemory<byte> configuration)
    {
        Assert.True(AvcConfiguration.TryRead(configuration, out var avc, out _));
        byte[] sets = [.. avc.SequenceParameterSets.Concat(avc.PictureParameterSets).SelectMany(set => (byte[])[0, 0, 0, (byte)set.Length, .. set.Span])];
        return media.Select(message => message.IsHeader ? null : message.Body.Span[0] >> 4 == 1
            ? message with { Body = (byte[])[.. message.Body.Span[..5], .. sets, .. message.Body.Span[5..]] }
            : message);
    }

    [Fact]
    public void Captions_and_other_SEI_in_a_frame_are_kept_and_frames_of_nothing_else_left_out()
    {
        var media = SyntheticMedia.Create(new SyntheticMediaOptions { Sound = null });
        byte[] sei = [0, 0, 0, 5, 0x06, 0x04, 0x02, 0xB5, 0x80];
        Send(media.Select(message => message.IsHeader ? message : message with { Body = (byte[])[.. message.Body.Span[..5], .. sei, .. message.Body.Span[5..]] }));
        Assert.All(_publisher.Frames, frame => Assert.True(frame.Payload.AsSpan().StartsWith(sei)));

        var count = _publisher.Frames.Count;
        Send(Picture(2_000, "27 01 000000 00000005 0604 02B580")); // SEI alone,
        Send(Picture(2_000, "27 01 000000 00000002 09F0")); // a delimiter alone,
        Send(Picture(2_000, "17 02 000000")); // and the end of a sequence.
        Assert.Equal(count, _publisher.Frames.Count);
        Assert.Equal(0, _intake.DroppedFrames);
    }

    [Fact]
    public void Damaged_frames_are_dropped_and_counted()
    {
        Send(SyntheticMedia.Create());
        var count = _publisher.Frames.Count;
        Send(Picture(2_000, "27 01 000000 000000FF 41")); // A NAL unit longer than the frame.
        Send(Picture(2_000, "27 01"));
        Send(Picture(2_000, "17 00 000000 0164001E")); // A header that is cut off.
        Assert.Equal(count, _publisher.Frames.Count);
        Assert.Equal(3, _intake.DroppedFrames);
        Assert.Single(_publisher.Tracks);
    }

    [Fact]
    public void Empty_sound_is_borne()
    {
        var media = SyntheticMedia.Create();
        Send(media.Select(message => message));
        Send(Sound(2_000, 0xAF, 1));
        Send(Sound(2_000, 0xAF));
        Send(Sound(2_000));
        Assert.Equal(0, _intake.DroppedFrames);
        Assert.Equal(media.SoundFrames, _publisher.Sound.Count);
    }

    [Fact]
    public void Sound_without_a_header_is_dropped_unless_it_describes_itself()
    {
        var media = SyntheticMedia.Create(new SyntheticMediaOptions { Length = TimeSpan.FromSeconds(3) });
        Send(media.Select(message => message.IsHeader && message.Kind is RtmpMediaKind.Audio ? null : message));
        Assert.Single(Assert.Single(_publisher.Tracks));
        Assert.Equal(media.SoundFrames, _intake.DroppedFrames);

        // With an ADTS header, which has no place in FLV, the configuration is in every frame.
        uint at = 3_000;
        foreach (var message in SyntheticMedia.Create(new SyntheticMediaOptions { StartMs = 3_000 }).Select(message => message.IsHeader ? null : message).Messages)
        {
            at = message.TimestampMs;
            if (message.Kind is RtmpMediaKind.Video)
            {
                Send(message);
                continue;
            }

            var frame = message.Body.Span[2..];
            var length = frame.Length + 7;
            byte[] adts = [0xFF, 0xF1, 0x50, (byte)(0x80 | (length >> 11)), (byte)(length >> 3), (byte)((length << 5) | 0x1F), 0xFC];
            Send(message with { Body = (byte[])[0xAF, 1, .. adts, .. frame] });
        }

        Assert.Equal(2, _publisher.Tracks[^1].Count);
        Assert.Equal((44_100, 2), (_publisher.Tracks[^1][1].SampleRateHz, _publisher.Tracks[^1][1].Channels));
        Assert.Equal(0x21, _publisher.Sound[0].Payload[0]); // Without its header.
        Assert.InRange(at, 4_900u, 5_000u);
    }

    [Theory]
    [InlineData(RtmpMediaKind.Audio, "2F 00", "MP3")]
    [InlineData(RtmpMediaKind.Audio, "72 00", "G.711 A-law")]
    [InlineData(RtmpMediaKind.Audio, "82 00", "G.711 mu-law")]
    [InlineData(RtmpMediaKind.Audio, "B2 00", "Speex")]
    [InlineData(RtmpMediaKind.Audio, "91 61632D33 00", "AC-3")]
    [InlineData(RtmpMediaKind.Audio, "91 664C6143 00", "FLAC")]
    [InlineData(RtmpMediaKind.Video, "14 00", "VP6")]
    [InlineData(RtmpMediaKind.Video, "22 00", "H.263")]
    public void What_cannot_be_carried_is_refused_by_name(RtmpMediaKind kind, string hex, string name)
    {
        var refusal = Send(new PublishMessage(kind, 0, Convert.FromHexString(hex.Replace(" ", "", StringComparison.Ordinal))));
        Assert.Equal(("error", RtmpStatusCodes.PublishRejected), (refusal!.Level, refusal.Code));
        Assert.StartsWith(name, refusal.Description, StringComparison.Ordinal);
        Assert.Empty(_publisher.Tracks);
    }

    [Fact]
    public void AAC_of_an_unknown_kind_is_refused()
    {
        var refusal = Send(Sound(0, 0xAF, 0, 0x7C, 0x00, 0x00)); // Object type 32 and beyond is not AAC.
        Assert.Equal(RtmpStatusCodes.PublishRejected, refusal!.Code);
    }

    [Theory]
    [InlineData(Codec.H265, Codec.Opus)]
    [InlineData(Codec.Av1, Codec.Aac)]
    [InlineData(Codec.Av1, Codec.Opus)]
    [InlineData(Codec.H264, Codec.Opus)]
    public void Enhanced_RTMP_codecs_are_carried(Codec picture, Codec sound)
    {
        var media = SyntheticMedia.Create(new SyntheticMediaOptions { Picture = picture, Sound = sound, HasReorderedFrames = picture is Codec.H265 });
        Send(media);
        Assert.Equal([picture, sound], Assert.Single(_publisher.Tracks).Select(track => track.Codec));
        Assert.Equal(media.PictureFrames + media.SoundFrames, _publisher.Frames.Count);
        Assert.Equal([0L, 30L], _publisher.Pictures.Where(frame => frame.IsKeyframe).Select(frame => frame.Number));
        AssertRising(_publisher.Pictures);
        AssertRising(_publisher.Sound);
        Assert.Equal(0, _intake.DroppedFrames);
    }

    [Fact]
    public void Extended_forms_of_the_classic_codecs_are_carried_and_nanoseconds_kept()
    {
        var media = SyntheticMedia.Create(new SyntheticMediaOptions { Extension = new FlvExtension(true, TrackIndex: 0, NanosecondOffset: 333_300) });
        Send(media);
        Assert.Equal(media.PictureFrames, _publisher.Pictures.Count);
        Assert.Equal(3_333, _publisher.Pictures[0].DecodeTime.Ticks);
    }

    [Fact]
    public void Of_several_tracks_of_a_kind_the_default_one_is_taken()
    {
        var main = SyntheticMedia.Create(new SyntheticMediaOptions { Extension = new FlvExtension(true, TrackIndex: 0) });
        var other = SyntheticMedia.Create(new SyntheticMediaOptions { IsLarge = true, SampleRateHz = 48_000, Extension = new FlvExtension(true, TrackIndex: 1) });
        Send(new PublishMedia([.. main.Messages.Concat(other.Messages).OrderBy(message => message.TimestampMs)]));

        var tracks = Assert.Single(_publisher.Tracks);
        Assert.Equal((640, 44_100), (tracks[0].Width, tracks[1].SampleRateHz));
        Assert.Equal(main.PictureFrames + main.SoundFrames, _publisher.Frames.Count);
        Assert.Equal(0, _intake.DroppedFrames);
    }

    [Fact]
    public void Temporal_delimiters_of_AV1_are_taken_away()
    {
        var media = SyntheticMedia.Create(new SyntheticMediaOptions { Picture = Codec.Av1, Sound = null });
        Send(media.Select(message => message.IsHeader ? message : message with { Body = (byte[])[.. message.Body.Span[..5], 0x12, 0x00, .. message.Body.Span[5..]] }));
        Assert.All(_publisher.Frames, frame => Assert.Equal(0x32, frame.Payload[0]));
        Assert.Equal(60, _publisher.Frames.Count);

        // And one in the middle, which needs a copy.
        Send(media.Shift(2_000).Select(message => message.IsHeader ? null : message with { Body = (byte[])[.. message.Body.Span, 0x12, 0x00] }));
        Assert.Equal(120, _publisher.Frames.Count);
        Assert.All(_publisher.Frames, frame => Assert.Equal(2_000, frame.Payload.Length));
    }

    [Fact]
    public void VP9_gets_its_size_from_its_keyframe()
    {
        Send(Picture(0, "90 76703039 01000000 000B820202020000"));
        Send(Picture(0, "A1 76703039 84004002"));
        Send(Picture(33, "91 76703039 82498342 00 27F0 1670 00 00 00 00"));
        for (uint i = 2; i < 60; i++)
        {
            Send(Picture(i * 33, "A1 76703039 84004002"));
        }

        var track = Assert.Single(Assert.Single(_publisher.Tracks));
        Assert.Equal(Codec.Vp9, track.Codec);
        Assert.True(track.Width > 0 && track.Height > 0);
        Assert.Equal(1, _intake.DroppedFrames);
        Assert.True(_publisher.Frames[0].IsKeyframe);
    }

    [Fact]
    public void A_jump_of_the_clock_goes_on_from_now_after_a_discontinuity()
    {
        Send(SyntheticMedia.Create());
        var end = _publisher.ProgramTimeNow;
        _publisher.Clock = end + TimeSpan.FromSeconds(1);
        Send(SyntheticMedia.Create(new SyntheticMediaOptions { StartMs = 5_000_000 }));

        Assert.Equal(1, _intake.TimestampJumps);
        var at = Assert.Single(_publisher.Discontinuities);
        Assert.Equal(_publisher.Clock, _publisher.Frames[at].DecodeTime);
        Assert.Equal(120, _publisher.Pictures.Count);
        AssertRising(_publisher.Pictures);
        AssertRising(_publisher.Sound);
        var offset = _publisher.Sound.First(frame => frame.DecodeTime >= _publisher.Clock - TimeSpan.FromMilliseconds(20)).DecodeTime - _publisher.Clock;
        Assert.InRange(offset.TotalMilliseconds, -20, 45);
        Assert.Single(_publisher.Tracks);
    }

    [Fact]
    public void An_encoder_whose_clock_goes_back_to_zero_is_borne()
    {
        Send(SyntheticMedia.Create(new SyntheticMediaOptions { StartMs = 3_000_000 }));
        Send(SyntheticMedia.Create().Select(message => message.IsHeader ? null : message));
        Assert.Equal(1, _intake.TimestampJumps);
        Assert.Equal(120, _publisher.Pictures.Count);
        AssertRising(_publisher.Pictures);
        AssertRising(_publisher.Sound);
    }

    [Fact]
    public void An_encoder_without_a_clock_is_timed_by_ours()
    {
        var media = SyntheticMedia.Create(new SyntheticMediaOptions { Length = TimeSpan.FromSeconds(10) });
        foreach (var message in media.Messages)
        {
            _now = TimeSpan.FromSeconds(100) + TimeSpan.FromMilliseconds(message.TimestampMs);
            Assert.Null(Send(message with { TimestampMs = 0 }));
        }

        Assert.Equal(media.PictureFrames, _publisher.Pictures.Count);
        Assert.Equal(media.SoundFrames, _publisher.Sound.Count);
        AssertRising(_publisher.Pictures);
        AssertRising(_publisher.Sound);
        Assert.InRange(_publisher.Pictures[^1].DecodeTime.SinceStart.TotalSeconds, 9.2, 10.2);
        Assert.InRange(_publisher.Sound[^1].DecodeTime.SinceStart.TotalSeconds, 9.8, 10.2);
    }

    [Fact]
    public void A_picture_that_falls_silent_is_taken_out_and_put_back_when_it_returns()
    {
        var media = SyntheticMedia.Create(new SyntheticMediaOptions { Length = TimeSpan.FromSeconds(20) });
        Send(media.Select(message => message.Kind is RtmpMediaKind.Video && !message.IsHeader && message.TimestampMs is > 2_000 and < 16_000 ? null : message));

        Assert.Equal([2, 1, 2], _publisher.Tracks.Select(tracks => tracks.Count));
        Assert.Equal(Codec.Aac, _publisher.Tracks[1][0].Codec);
        Assert.Equal(media.SoundFrames, _publisher.Sound.Count);
        Assert.True(_publisher.Pictures[61].IsKeyframe);
    }

    [Fact]
    public void Sound_that_falls_silent_is_taken_out_at_a_keyframe_and_put_back_at_one()
    {
        var media = SyntheticMedia.Create(new SyntheticMediaOptions { Length = TimeSpan.FromSeconds(20) });
        Send(media.Select(message => message.Kind is RtmpMediaKind.Audio && !message.IsHeader && message.TimestampMs is > 2_000 and < 16_000 ? null : message));

        Assert.Equal([2, 1, 2], _publisher.Tracks.Select(tracks => tracks.Count));
        Assert.Equal(Codec.H264, _publisher.Tracks[1][0].Codec);
        Assert.Equal(media.PictureFrames, _publisher.Pictures.Count);
        AssertRising(_publisher.Sound);
    }

    [Fact]
    public void A_rate_of_sound_that_changes_makes_a_new_track()
    {
        Send(SyntheticMedia.Create());
        Send(SyntheticMedia.Create(new SyntheticMediaOptions { StartMs = 2_000, SampleRateHz = 48_000 }));
        Assert.Equal([44_100, 48_000], _publisher.Tracks.Select(tracks => tracks[1].SampleRateHz));
        Assert.Equal(MediaTime.FromTimescale(1_024, 48_000).SinceStart, _publisher.Sound[^1].Duration);
        AssertRising(_publisher.Sound);
    }

    [Fact]
    public void Passing_frames_on_allocates_nothing()
    {
        var media = SyntheticMedia.Create(new SyntheticMediaOptions { Length = TimeSpan.FromSeconds(20) });
        var publisher = new CountingPublisher();
        using var intake = new MediaIntake(new IngestOptions(), publisher);
        var buffers = media.Messages.Select(message =>
        {
            var buffer = MediaBuffer.Rent(message.Body.Length);
            message.Body.Span.CopyTo(buffer.Span);
            return new RtmpMedia(message.Kind, message.TimestampMs, buffer, 0, message.Body.Length);
        }).ToArray();

        // One buffer serves all frames, so what is measured is the intake alone.
        var half = buffers.Length / 2;
        Take(0, half);
        var before = GC.GetAllocatedBytesForCurrentThread();
        Take(half, buffers.Length);
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        foreach (var media1 in buffers)
        {
            media1.Buffer.Release();
        }

        Assert.Equal(media.PictureFrames + media.SoundFrames, publisher.Count);
        Assert.True(allocated < 2_000, $"{allocated} bytes for {buffers.Length - half} messages.");

        void Take(int from, int to)
        {
            for (var i = from; i < to; i++)
            {
                intake.Take(buffers[i], TimeSpan.FromMilliseconds(buffers[i].TimestampMs));
            }
        }
    }

    private sealed class CountingPublisher : IngestPublisher
    {
        public int Count { get; private set; }

        public override LivestreamId LivestreamId => default;

        public override CancellationToken Ending => default;

        public override IngestEndReason EndReason => IngestEndReason.None;

        public override MediaTime ProgramTimeNow => default;

        public override void SetTracks(IReadOnlyList<Track> tracks)
        {
        }

        public override void MarkDiscontinuity()
        {
        }

        public override void Publish(Frame frame) => Count++;

        public override void Report(PublisherMeasurements measurements)
        {
        }

        public override void Close(IngestEndReason reason)
        {
        }
    }
}

/// <summary>Tests that count the buffers of the process, and so cannot run beside others.</summary>
[CollectionDefinition(nameof(MediaBuffer), DisableParallelization = true)]
public sealed class MediaBufferCollection;
