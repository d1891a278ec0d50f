using Roomcast.Hls.Segmenting;
using Roomcast.TestKit.Hls;

namespace Roomcast.Hls.Tests.Segmenting;

public sealed class SegmentingTests
{
    private static readonly TimeSpan TenSeconds = TimeSpan.FromSeconds(10);

    [Fact]
    public void Segments_end_at_keyframes_and_parts_are_full()
    {
        using var run = StreamRun.Of(new SyntheticSource(), TenSeconds);
        run.End();

        var segments = run.Segments();
        Assert.Equal(5, segments.Count);
        Assert.All(segments, segment =>
        {
            Assert.Equal(2 * HlsClock.Hz, segment.Units);
            Assert.Equal(4, segment.Parts.Length);
            Assert.All(segment.Parts, part => Assert.Equal(HlsClock.Hz / 2, part.Units));
            Assert.True(segment.IsIndependent);
            Assert.Equal([true, false, false, false], segment.Parts.Select(part => part.IsIndependent));
        });
        Assert.Equal(TimeSpan.FromSeconds(2), run.Stream.TargetDuration);
        Assert.Equal(TimeSpan.FromMilliseconds(502), run.Last.Header.PartTarget);
    }

    [Fact]
    public void A_part_is_cut_as_soon_as_one_more_frame_would_be_too_many()
    {
        // At 29.97 fps fifteen frames fit, by half a millisecond more than 500 ms. The part must be there when the sixteenth comes, not
        // when it has ended.
        var source = new SyntheticSource { FrameRate = 30_000 / 1001.0, Sound = null, Groups = [60] };
        using var run = new StreamRun();
        run.Stream.SetTracks(source.Tracks);
        var frames = source.Frames(TenSeconds).ToList();
        run.Push(frames.Take(61 + 15));
        Assert.Equal(1, run.Last.NextPart);
        run.Push(frames.Skip(61 + 15).Take(1));
        Assert.Equal(1, run.Last.NextPart);
    }

    [Fact]
    public void Nothing_is_shown_before_the_first_segment_is_complete()
    {
        var source = new SyntheticSource();
        using var run = new StreamRun();
        run.Stream.SetTracks(source.Tracks);
        run.Push(source.Frames(TimeSpan.FromSeconds(1.99)));
        Assert.Empty(run.States);
        Assert.False(run.Stream.IsPlayable);
        Assert.Null(run.Stream.RenderMultivariant("v/x", ""));

        run.Push(source.Frames(TimeSpan.FromSeconds(2.1)).Where(frame => frame.DecodeTime.SinceStart >= TimeSpan.FromSeconds(1.99)));
        Assert.True(run.Stream.IsPlayable);
        Assert.Equal(1, run.States[0].NextMsn);
    }

    [Theory]
    [InlineData(2.0, 2)]
    [InlineData(1.0, 2)]
    [InlineData(2.04, 2)]
    [InlineData(3.0, 3)]
    [InlineData(3.4, 4)]
    public void The_target_duration_comes_from_the_measured_keyframe_interval(double interval, int expected)
    {
        using var run = StreamRun.Of(new SyntheticSource { FrameRate = 25, Groups = [(int)Math.Round(interval * 25)] }, TimeSpan.FromSeconds(15));
        Assert.All(run.States, state => Assert.Equal(expected, state.Header.TargetSeconds));
    }

    [Fact]
    public void Without_a_keyframe_in_sight_segments_may_be_ten_seconds()
    {
        using var run = StreamRun.Of(new SyntheticSource { Groups = [250] }, TimeSpan.FromSeconds(26));
        run.End();
        Assert.Equal(10, run.Last.Header.TargetSeconds);
        Assert.Equal(250.0 / 30, StreamRun.Seconds(run.Segments()[0].Units), 3);
        Assert.True(run.Segments()[1].IsIndependent);
    }

    [Fact]
    public void A_longer_keyframe_interval_later_is_cut_at_the_bound_and_found_again()
    {
        using var run = StreamRun.Of(new SyntheticSource { Groups = [60, 60, 150, 60] }, TimeSpan.FromSeconds(20));
        run.End();
        var segments = run.Segments();
        Assert.All(segments, segment => Assert.True(StreamRun.Seconds(segment.Units) < 2.5));
        Assert.All(run.States, state => Assert.Equal(2, state.Header.TargetSeconds));

        // 0 s and 2 s begin with keyframes; the interval from 4 s to 9 s is cut twice; at 9 s it begins with one again.
        Assert.Equal([true, true, true, false, false, true, true], segments.Take(7).Select(segment => segment.IsIndependent));
        Assert.Contains("#EXT-X-INDEPENDENT-SEGMENTS", run.States[0].Render(false).ToText(), StringComparison.Ordinal);
        Assert.DoesNotContain("#EXT-X-INDEPENDENT-SEGMENTS", run.Last.Render(false).ToText(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(30, 0.502)]
    [InlineData(25, 0.5)]
    [InlineData(60, 0.502)]
    [InlineData(29.97, 0.502)]
    [InlineData(24, 0.502)]
    [InlineData(15, 0.5)]
    [InlineData(10, 0.502)]
    [InlineData(5, 0.433)]
    [InlineData(1, 1.0)]
    public void The_part_target_suits_the_frame_rate(double frameRate, double expected)
    {
        using var run = StreamRun.Of(
            new SyntheticSource { FrameRate = frameRate, Sound = null, Groups = [Math.Max(1, (int)(frameRate * 2))], RoundsToMilliseconds = true },
            TimeSpan.FromSeconds(12));
        Assert.Equal(expected, run.Last.Header.PartTarget.TotalSeconds, 3);
        Assert.Equal(expected * 3, run.Last.Header.PartHoldBack.TotalSeconds, 3);
    }

    [Fact]
    public void Sound_alone_is_cut_at_the_targets()
    {
        using var run = StreamRun.Of(new SyntheticSource { FrameRate = 0 }, TenSeconds);
        run.End();
        var segments = run.Segments();
        Assert.InRange(segments.Count, 5, 6);
        Assert.All(segments.SkipLast(1), segment => Assert.InRange(StreamRun.Seconds(segment.Units), 1.8, 2.1));
        Assert.All(segments.SelectMany(segment => segment.Parts), part => Assert.True(part.IsIndependent));
    }

    [Fact]
    public void Sound_up_to_the_cut_goes_into_the_part()
    {
        using var run = StreamRun.Of(new SyntheticSource(), TenSeconds);
        run.End();
        var tracks = StreamRun.Init(run.Last, 0);
        foreach (var segment in run.Segments().SkipLast(1))
        {
            for (var i = 0; i < segment.Parts.Length; i++)
            {
                var samples = StreamRun.Samples(tracks, StreamRun.Bytes(segment.ToPayload(i)!));
                var start = samples.Where(item => item.Sample.TrackNumber == 1).Min(item => item.Sample.DecodeTime) / 90_000.0;
                var sound = samples.Where(item => item.Sample.TrackNumber == 2).Select(item => item.Sample.DecodeTime / 44_100.0).ToList();
                Assert.All(sound, at => Assert.InRange(at, start - 0.05, start + 0.5));
                Assert.InRange(sound.Count, 20, 23);
            }
        }
    }

    [Fact]
    public void A_picture_that_stalls_does_not_keep_the_sound_back()
    {
        var source = new SyntheticSource { VideoGaps = [(TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(60))] };
        using var run = StreamRun.Of(source, TimeSpan.FromSeconds(12));
        var edge = run.Segments().Sum(segment => segment.Units) + (run.Last.Open?.Parts.Sum(part => part.Part.Units) ?? 0);
        Assert.True(StreamRun.Seconds(edge) > 11);
    }

    [Fact]
    public void A_picture_that_comes_back_leads_again()
    {
        var source = new SyntheticSource { VideoGaps = [(TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(10))] };
        using var run = StreamRun.Of(source, TimeSpan.FromSeconds(20));
        run.End();
        Assert.All(run.Segments().TakeLast(3), segment => Assert.True(segment.IsIndependent));
        Assert.Equal(run.Pushed.Count, Collected(run).Count);
    }

    [Fact]
    public void Sound_that_stalls_does_not_keep_the_picture_back()
    {
        var source = new SyntheticSource { AudioGaps = [(TimeSpan.FromSeconds(3), TimeSpan.FromSeconds(60))] };
        using var run = StreamRun.Of(source, TimeSpan.FromSeconds(12));
        Assert.True(StreamRun.Seconds(run.Segments().Sum(segment => segment.Units)) >= 10);
    }

    [Fact]
    public void A_frame_too_long_for_a_part_gets_a_segment_that_lists_none()
    {
        var source = new SyntheticSource { Sound = null, VideoGaps = [(TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(6.5))] };
        using var run = StreamRun.Of(source, TenSeconds);
        run.End();
        var alone = Assert.Single(run.Segments(), segment => segment.Parts.Length == 0);
        Assert.InRange(StreamRun.Seconds(alone.Units), 1.5, 1.6);
        Assert.DoesNotContain(run.Segments(), segment => segment.Head.IsDiscontinuity);
        Assert.Equal(run.Pushed.Count, Collected(run).Count);
    }

    [Fact]
    public void A_hole_longer_than_a_segment_is_a_discontinuity_with_true_program_time()
    {
        var source = new SyntheticSource { Sound = null, VideoGaps = [(TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(15))] };
        using var run = StreamRun.Of(source, TimeSpan.FromSeconds(20));
        run.End();
        var after = Assert.Single(run.Segments(), segment => segment.Head.IsDiscontinuity);
        Assert.Equal(StreamRun.ProgramStart + TimeSpan.FromSeconds(15), after.Head.ProgramDateTime);
    }

    private static List<(int, int)> Collected(StreamRun run)
    {
        var tracks = StreamRun.Init(run.Last, 0);
        return [.. run.Segments().SelectMany(segment => StreamRun.Samples(tracks, StreamRun.Bytes(segment.ToPayload()!)))
            .Select(item => SyntheticSource.NumberOf(item.Payload))];
    }
}
