using Roomcast.Livestreams.Ingest;
using Roomcast.Media;
using Roomcast.Media.Time;

namespace Roomcast.Livestreams.Tests.Ingest;

public sealed class SourceTimelineTests
{
    private readonly SourceTimeline _timeline = new(TimeSpan.FromSeconds(3));
    private TimeSpan _now;

    private static MediaTime At(double seconds) => new((long)(seconds * MediaTime.TicksPerSecond));

    private double Place(TrackKind kind, uint timestampMs, double arrivesAfterMs = 0, int nanoseconds = 0)
    {
        _now += TimeSpan.FromMilliseconds(arrivesAfterMs);
        Assert.True(_timeline.TryPlace(kind, timestampMs, nanoseconds, _now, out var placement), $"{timestampMs} is a jump.");
        return placement.Time.SinceStart.TotalMilliseconds;
    }

    private bool IsJump(TrackKind kind, uint timestampMs) => !_timeline.TryPlace(kind, timestampMs, 0, _now, out _);

    [Theory]
    [InlineData(0u)]
    [InlineData(16_777_000u)]
    [InlineData(2_147_483_600u)] // Where a signed number would turn negative.
    [InlineData(4_294_967_200u)] // The wrap of 32 bits lies ahead.
    public void A_stream_may_begin_anywhere(uint start)
    {
        _timeline.Begin(start, At(10));
        for (uint i = 0; i < 300; i++)
        {
            Assert.Equal(10_000 + (i * 33), Place(TrackKind.Video, unchecked(start + (i * 33))));
            Assert.Equal(10_000 + (i * 33) + 5, Place(TrackKind.Audio, unchecked(start + (i * 33) + 5)));
        }
    }

    [Fact]
    public void An_encoder_without_extended_timestamps_wraps_at_24_bits()
    {
        _timeline.Begin(16_777_100, At(0));
        Assert.Equal(0, Place(TrackKind.Video, 16_777_100));
        Assert.Equal(100, Place(TrackKind.Video, 16_777_200));
        Assert.Equal(133, Place(TrackKind.Video, 17)); // 17 + 2^24
        Assert.Equal(166, Place(TrackKind.Video, 50));

        // And again after another 4.7 hours, in steps that are none too large.
        var last = 166.0;
        for (uint at = 50 + 2_000; at < 16_777_216 + 10_000; at += 2_000)
        {
            last += 2_000;
            Assert.Equal(last, Place(TrackKind.Video, at & 0xFF_FFFF));
        }
    }

    [Fact]
    public void A_jump_of_both_kinds_is_one_jump_and_keeps_lips_and_voices_together()
    {
        _timeline.Begin(1_000, At(0));
        Assert.Equal(0, Place(TrackKind.Video, 1_000));
        Assert.Equal(10, Place(TrackKind.Audio, 1_010));

        Assert.True(IsJump(TrackKind.Video, 500_000));
        Assert.Equal(At(20), _timeline.Jump(TrackKind.Video, 500_000, _now, At(20)).Time);

        Assert.Equal(33, Place(TrackKind.Audio, 1_033)); // The sound is still on the old line,
        Assert.Equal(20_010, Place(TrackKind.Audio, 500_010)); // and then follows the picture.
        Assert.Equal(20_033, Place(TrackKind.Video, 500_033));
    }

    [Fact]
    public void A_jump_back_and_a_jump_of_one_kind_alone_are_borne()
    {
        _timeline.Begin(1_000_000, At(0));
        Place(TrackKind.Video, 1_000_000);
        Place(TrackKind.Audio, 1_000_000);

        Assert.True(IsJump(TrackKind.Audio, 0));
        Assert.Equal(At(5), _timeline.Jump(TrackKind.Audio, 0, _now, At(5)).Time);
        Assert.Equal(5_023, Place(TrackKind.Audio, 23));
        Assert.Equal(33, Place(TrackKind.Video, 1_000_033)); // Its clock never jumped.

        Assert.True(IsJump(TrackKind.Audio, 1_000_066)); // Back to the picture's clock: it jumped last itself, so it asks again.
    }

    [Fact]
    public void A_step_back_within_the_limit_is_disorder()
    {
        _timeline.Begin(1_000, At(0));
        Assert.Equal(0, Place(TrackKind.Video, 1_000));
        Assert.Equal(120, Place(TrackKind.Video, 1_120));
        Assert.True(_timeline.TryPlace(TrackKind.Video, 1_040, 0, _now, out var placement));

        Assert.Equal(121, placement.Time.SinceStart.TotalMilliseconds);
        Assert.Equal(40, placement.SourceTime.SinceStart.TotalMilliseconds);
        Assert.Equal(160, Place(TrackKind.Video, 1_160));
        Assert.True(IsJump(TrackKind.Video, 600));
    }

    [Fact]
    public void Kinds_that_count_from_different_origins_are_put_together_by_arrival()
    {
        _timeline.Begin(0, At(1));
        Assert.Equal(1_000, Place(TrackKind.Audio, 0));
        Assert.Equal(1_023, Place(TrackKind.Audio, 23));
        Assert.Equal(1_023, Place(TrackKind.Video, 7_000_000)); // The picture counts from somewhere else,
        Assert.Equal(1_056, Place(TrackKind.Video, 7_000_033)); // and goes on from there.
        Assert.Equal(1_046, Place(TrackKind.Audio, 46));
    }

    [Fact]
    public void A_small_distance_between_the_kinds_at_the_beginning_is_true()
    {
        _timeline.Begin(0, At(0));
        Assert.Equal(0, Place(TrackKind.Audio, 0));
        Assert.Equal(1_400, Place(TrackKind.Video, 1_400));
    }

    [Fact]
    public void A_clock_that_stands_still_is_replaced_by_ours()
    {
        _timeline.Begin(0, At(0));
        var last = Place(TrackKind.Video, 0);
        for (var i = 0; i < 300; i++)
        {
            var next = Place(TrackKind.Video, 0, arrivesAfterMs: 40);
            Assert.True(next > last);
            last = next;
        }

        // 300 pictures of 40 ms, less what it took to be sure.
        Assert.InRange(last, 11_000, 12_000);

        _timeline.TryPlace(TrackKind.Video, 0, 0, _now, out var placement);
        Assert.False(placement.IsTimed);

        _now += TimeSpan.FromMilliseconds(40);
        Assert.True(IsJump(TrackKind.Video, 5)); // When it moves again, the program goes on from now.
    }

    [Fact]
    public void Two_frames_of_one_time_are_no_standstill()
    {
        _timeline.Begin(0, At(0));
        Assert.Equal(0, Place(TrackKind.Audio, 0));
        Assert.True(_timeline.TryPlace(TrackKind.Audio, 0, 0, _now, out var second));
        Assert.False(second.IsTimed);
        Assert.Equal(46, Place(TrackKind.Audio, 46, arrivesAfterMs: 46));
    }

    [Fact]
    public void Nanoseconds_count()
    {
        _timeline.Begin(0, At(0));
        Assert.Equal(33.3333, Place(TrackKind.Video, 33, nanoseconds: 333_333), precision: 4);
    }
}
