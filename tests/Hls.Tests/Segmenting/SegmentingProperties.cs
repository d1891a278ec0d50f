using FsCheck;
using FsCheck.Fluent;
using Roomcast.Hls.Packaging;
using Roomcast.Hls.Segmenting;
using Roomcast.Media.Containers.Mp4;
using Roomcast.TestKit.Hls;

namespace Roomcast.Hls.Tests.Segmenting;

/// <summary>What holds whatever an encoder sends.</summary>
public sealed class SegmentingProperties
{
    private static readonly Gen<(TimeSpan, TimeSpan)[]> Gaps =
        (from start in Gen.Choose(25, 150)
         from length in Gen.Frequency((4, Gen.Choose(1, 5)), (2, Gen.Choose(5, 25)), (1, Gen.Choose(25, 80)))
         select (TimeSpan.FromSeconds(start / 10.0), TimeSpan.FromSeconds((start + length) / 10.0)))
        .ArrayOf().Select(gaps => gaps.Take(3).ToArray());

    private static readonly Gen<int[]> Groups = Gen.OneOf(
        Gen.Elements(15, 30, 50, 60, 120, 250).Select(length => new[] { length }),
        Gen.Choose(1, 140).NonEmptyListOf().Select(lengths => lengths.Take(40).ToArray()));

    // Steady: frames at equal distances, as encoders at work send them.
    private static readonly Gen<SyntheticSource> Steady =
        from frameRate in Gen.Elements(0, 1, 5, 10, 12.5, 15, 24_000 / 1001.0, 24, 25, 30_000 / 1001.0, 30, 50, 60_000 / 1001.0, 60)
        from groups in Groups
        from bFrames in Gen.Choose(0, 3)
        from sound in Gen.Elements(SyntheticSource.Audio, SyntheticSource.Opus, null)
        from rounds in Gen.Elements(true, false)
        from start in Gen.Choose(0, 30_000)
        from delay in Gen.Choose(-300, 300)
        select new SyntheticSource
        {
            FrameRate = frameRate,
            Groups = groups,
            BFrames = bFrames,
            Sound = frameRate == 0 ? sound ?? SyntheticSource.Audio : sound,
            RoundsToMilliseconds = rounds,
            Start = TimeSpan.FromMilliseconds(start / 3.0),
            AudioDelay = TimeSpan.FromMilliseconds(delay),
        };

    // Anything: with uneven frames, and with stretches without picture or sound or both.
    private static readonly Gen<SyntheticSource> Wild =
        from source in Steady
        from jitter in Gen.Elements(0, 0, 3, 12, 40)
        from video in Gaps
        from audio in Gaps
        from both in Gen.Elements(true, false)
        from seed in Gen.Choose(1, 1_000_000)
        select source with
        {
            Jitter = TimeSpan.FromMilliseconds(jitter),
            VideoGaps = video,
            AudioGaps = both ? video : audio,
            Seed = seed,
        };

    [Fact]
    public void Steady_sources_are_cut_by_the_rules() => Check(Steady, 120);

    [Fact]
    public void Wild_sources_are_cut_by_the_rules() => Check(Wild, 200);

    private static void Check(Gen<SyntheticSource> sources, int count) =>
        Prop.ForAll(Arb.From(sources), static source =>
        {
            using var run = StreamRun.Of(source, TimeSpan.FromSeconds(18));
            run.End();
            if (run.States.Count > 0)
            {
                CheckLengths(run);
                CheckTimes(run);
            }
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(count).WithReplay(20_260_101, 1));

    private static void CheckLengths(StreamRun run)
    {
        var header = run.Last.Header;
        var partTarget = HlsClock.Units(header.PartTarget);
        var segments = run.Segments();
        Assert.Equal(Enumerable.Range(0, segments.Count).Select(i => (long)i), segments.Select(segment => segment.Msn));
        Assert.All(run.States, state => Assert.Equal(header.TargetSeconds, state.Header.TargetSeconds));

        for (var s = 0; s < segments.Count; s++)
        {
            var segment = segments[s];
            Assert.True(Math.Round(StreamRun.Seconds(segment.Units), MidpointRounding.AwayFromZero) <= header.TargetSeconds, "EXTINF is above the target duration.");
            Assert.True(segment.Units > 0);
            if (segment.Parts.Length > 0)
            {
                Assert.Equal(segment.Units, segment.Parts.Sum(part => part.Units));
            }

            for (var i = 0; i < segment.Parts.Length; i++)
            {
                var part = segment.Parts[i];
                Assert.InRange(part.Units, 1, partTarget);
                if (!part.IsIndependent && i < segment.Parts.Length - 1)
                {
                    Assert.True(part.Units * 100 >= partTarget * 85, $"Part {segment.Msn}.{i} is {StreamRun.Seconds(part.Units)} s of {header.PartTarget}.");
                }
            }
        }

        // What readers were shown once is shown to the end: the parts of a growing segment only become more.
        for (var i = 1; i < run.States.Count; i++)
        {
            var (before, after) = (run.States[i - 1], run.States[i]);
            Assert.True(after.NextMsn > before.NextMsn || (after.NextMsn == before.NextMsn && after.NextPart >= before.NextPart));
            if (before.Open is { } open && after.NextMsn > before.NextMsn)
            {
                var closed = segments[(int)open.Head.Msn];
                Assert.Equal(open.Parts.Select(part => part.Part), closed.Parts.Take(open.Parts.Length));
                Assert.Equal(open.Head, closed.Head);
            }
        }
    }

    // Every frame from the first keyframe on is there once and in order; times within a track have no holes but where a
    // discontinuity says so; parts put together are the segment; program time is true.
    private static void CheckTimes(StreamRun run)
    {
        var tracks = StreamRun.Init(run.Last, 0);
        var video = tracks.FirstOrDefault(track => track.Handler == "vide");
        var found = new List<(int TrackId, int Number)>();
        var nextTimes = new Dictionary<int, long>();
        DateTimeOffset? lastDate = null;
        foreach (var segment in run.Segments())
        {
            var bytes = StreamRun.Bytes(segment.ToPayload()!);
            if (segment.Parts.Length > 0)
            {
                Assert.Equal(bytes, Enumerable.Range(0, segment.Parts.Length).SelectMany(i => StreamRun.Bytes(segment.ToPayload(i)!)));
            }

            CheckIndependence(segment, tracks, video);
            if (segment.Head.IsDiscontinuity)
            {
                nextTimes.Clear();
            }

            var samples = StreamRun.Samples(tracks, bytes);
            foreach (var (sample, payload) in samples)
            {
                Assert.True(sample.DecodeTime >= 0 && sample.Duration > 0);
                if (nextTimes.TryGetValue(sample.TrackNumber, out var next))
                {
                    Assert.Equal(next, sample.DecodeTime);
                }

                nextTimes[sample.TrackNumber] = sample.DecodeTime + sample.Duration;
                found.Add(SyntheticSource.NumberOf(payload));
            }

            Assert.True(lastDate is null || segment.Head.ProgramDateTime > lastDate);
            lastDate = segment.Head.ProgramDateTime;
            if (segment.IsIndependent && video is not null)
            {
                var shown = samples.First(item => item.Sample.TrackNumber == video.TrackNumber).Sample.PresentationTime / 90_000.0;
                Assert.Equal(shown, (segment.Head.ProgramDateTime - StreamRun.ProgramStart).TotalSeconds, 0.002);
            }
        }

        foreach (var byTrack in run.Pushed.GroupBy(frame => frame.TrackId))
        {
            var numbers = found.Where(frame => frame.TrackId == byTrack.Key).Select(frame => frame.Number).ToList();
            var expected = byTrack.Select(frame => frame.Number).Where(number => numbers.Count == 0 || number >= numbers[0]).ToList();
            Assert.Equal(expected, numbers);
            if (byTrack.Key == SyntheticSource.Video.Id)
            {
                Assert.Equal(0, numbers[0]);
            }
        }
    }

    // INDEPENDENT is said of all parts that begin with a keyframe, and of no others. A keyframe that came too late for its own
    // part does not count: the part does not begin there.
    private static void CheckIndependence(Segment segment, IReadOnlyList<Mp4Track> tracks, Mp4Track? video)
    {
        for (var i = 0; i < segment.Parts.Length; i++)
        {
            var samples = StreamRun.Samples(tracks, StreamRun.Bytes(segment.ToPayload(i)!)).Select(item => item.Sample).ToList();
            var first = samples.FirstOrDefault(sample => video is null || sample.TrackNumber == video.TrackNumber);
            if (segment.Parts[i].IsIndependent)
            {
                Assert.True(first.Length > 0 && first.IsSync);
            }
            else if (first.Length > 0 && first.IsSync)
            {
                var last = samples.Max(sample => (double)sample.DecodeTime / tracks.Single(track => track.TrackNumber == sample.TrackNumber).TimescaleHz);
                Assert.True(first.DecodeTime / 90_000.0 < last - StreamRun.Seconds(segment.Parts[i].Units) + 0.1);
            }
        }
    }
}
