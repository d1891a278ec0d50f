using Roomcast.Hls.Packaging;
using Roomcast.Hls.Playlists;
using Roomcast.Media;
using Roomcast.Media.Buffers;
using Roomcast.TestKit.Hls;

namespace Roomcast.Hls.Tests;

public sealed class HlsStreamTests
{
    private static readonly SyntheticSource Source = new();
    private static readonly SyntheticSource Two = Source with { OtherVideos = [SyntheticSource.SecondVideo] };

    [Theory]
    [InlineData(30, 60, 0)]
    [InlineData(30, 47, 2)]
    [InlineData(25, 250, 0)]
    [InlineData(15, 30, 0)]
    [InlineData(0, 1, 0)]
    public void Nothing_is_published_before_the_time_it_said_would_be_quiet(double frameRate, int group, int bFrames)
    {
        var source = new SyntheticSource { FrameRate = frameRate, Groups = [group], BFrames = bFrames, Jitter = TimeSpan.FromMilliseconds(3) };
        using var stream = new HlsStream(new HlsOptions(), "tag", StreamRun.ProgramStart);
        stream.SetTracks(source.Tracks);
        var keptBack = 0;
        foreach (var frame in source.Frames(TimeSpan.FromSeconds(30)))
        {
            var (quietUntil, publications) = (stream.QuietUntil, stream.Publications);
            stream.Push(frame, TimeSpan.Zero);
            var isQuiet = frame.DecodeTime.SinceStart < quietUntil && !(frame.IsKeyframe && frame.TrackId == source.Tracks[0].Id);
            if (isQuiet && frameRate > 0)
            {
                keptBack++;
                Assert.Equal(publications, stream.Publications);
            }

            frame.Release();
        }

        // Most frames are not worth a wake-up.
        Assert.True(frameRate == 0 || keptBack > 30 * frameRate, $"{keptBack} frames may be kept back.");
    }

    [Fact]
    public void A_publisher_that_returns_goes_on_after_a_discontinuity_with_true_program_time()
    {
        using var run = StreamRun.Of(Source, TimeSpan.FromSeconds(7.3));
        run.Stream.Interrupt();
        run.Look();
        run.Stream.SetTracks(Source.Tracks);
        run.Push((Source with { Start = TimeSpan.FromSeconds(20) }).Frames(TimeSpan.FromSeconds(5)));
        run.End();

        var segments = run.Segments();
        var back = Assert.Single(segments, segment => segment.Head.IsDiscontinuity);
        Assert.Equal(StreamRun.ProgramStart + TimeSpan.FromSeconds(20), back.Head.ProgramDateTime);
        Assert.Equal(segments[4], back);
        Assert.True(back.IsIndependent);

        // The same tracks need no new initialisation section.
        Assert.All(segments, segment => Assert.Equal(0, segment.Head.InitNumber));
        var playlist = MediaPlaylist.Read(run.Last.Render(false).ToText());
        Assert.Empty(playlist.Faults);
        Assert.True(playlist.IsEnded);
    }

    [Fact]
    public void Changed_codec_parameters_get_a_new_map_that_is_hinted_at_first()
    {
        using var run = StreamRun.Of(Source, TimeSpan.FromSeconds(5));
        var changed = new Track
        {
            Id = 0,
            Codec = SyntheticSource.SecondVideo.Codec,
            Configuration = SyntheticSource.SecondVideo.Configuration,
            CodecString = SyntheticSource.SecondVideo.CodecString,
            Width = 1280,
            Height = 720,
        };
        run.Stream.SetTracks([changed, SyntheticSource.Audio]);
        run.Look();
        var hint = MediaPlaylist.Read(run.Last.Render(false).ToText());
        Assert.EndsWith("tag-init1.mp4", hint.HintedMap, StringComparison.Ordinal);
        Assert.Equal(HlsAnswerKind.Ready, run.Stream.Renditions[0].GetMedia("tag-init1.mp4").Kind);

        run.Push((Source with { Start = TimeSpan.FromSeconds(5) }).Frames(TimeSpan.FromSeconds(5)));
        var playlist = MediaPlaylist.Read(run.Last.Render(false).ToText());
        Assert.Null(playlist.HintedMap);
        var first = Assert.Single(playlist.Segments, segment => segment.IsDiscontinuity);
        Assert.EndsWith("tag-init1.mp4", first.Map, StringComparison.Ordinal);
        Assert.Equal(1280, StreamRun.Init(run.Last, 1)[0].Width);
        Assert.Empty(playlist.Faults);
    }

    [Fact]
    public void Frames_between_a_discontinuity_and_the_next_keyframe_are_left_out()
    {
        using var run = StreamRun.Of(Source, TimeSpan.FromSeconds(5));
        run.Stream.MarkDiscontinuity();
        var frames = (Source with { Start = TimeSpan.FromSeconds(5) }).Frames(TimeSpan.FromSeconds(5)).ToList();
        run.Push(frames.SkipWhile(frame => frame.TrackId != 0 || frame.IsKeyframe));
        var after = run.Segments().First(segment => segment.Head.IsDiscontinuity);
        Assert.Equal(StreamRun.ProgramStart + TimeSpan.FromSeconds(7), after.Head.ProgramDateTime);
        Assert.True(after.IsIndependent);
    }

    [Fact]
    public void A_stream_that_ends_early_is_still_shown()
    {
        using var run = StreamRun.Of(Source, TimeSpan.FromSeconds(1.2));
        Assert.Empty(run.States);
        run.End();
        var playlist = MediaPlaylist.Read(run.Last.Render(false).ToText());
        Assert.True(playlist.IsEnded);
        Assert.Equal(1.2, playlist.Length, 1);
        Assert.Equal(2, playlist.TargetDuration);
    }

    [Fact]
    public void A_publisher_that_leaves_early_leaves_nothing_behind()
    {
        using var run = StreamRun.Of(Source, TimeSpan.FromSeconds(1.2));
        run.Stream.Interrupt();
        run.Push((Source with { Start = TimeSpan.FromSeconds(9) }).Frames(TimeSpan.FromSeconds(3)));
        Assert.Equal(StreamRun.ProgramStart + TimeSpan.FromSeconds(9), run.Segments()[0].Head.ProgramDateTime);
        Assert.False(run.Segments()[0].Head.IsDiscontinuity);
    }

    [Fact]
    public void A_picture_that_is_announced_late_joins_the_same_rendition()
    {
        using var run = StreamRun.Of(Source with { FrameRate = 0 }, TimeSpan.FromSeconds(6));
        run.Stream.SetTracks(Source.Tracks);
        run.Push((Source with { Start = TimeSpan.FromSeconds(6) }).Frames(TimeSpan.FromSeconds(6)));
        Assert.Single(run.Stream.Renditions);
        Assert.Single(run.Segments(), segment => segment.Head.IsDiscontinuity);
        Assert.Equal(1, run.Segments()[^1].Head.InitNumber);
        Assert.Contains("avc1", System.Text.Encoding.UTF8.GetString(run.Stream.RenderMultivariant("v/x", "")!), StringComparison.Ordinal);
    }

    [Fact]
    public void A_track_announced_while_nothing_was_shown_costs_nothing()
    {
        using var run = new StreamRun();
        run.Stream.SetTracks([SyntheticSource.Audio]);
        var frames = Source.Frames(TimeSpan.FromSeconds(5)).ToList();
        run.Push(frames.TakeWhile(frame => frame.DecodeTime.SinceStart < TimeSpan.FromSeconds(0.5)));
        run.Stream.SetTracks(Source.Tracks);
        run.Push(frames.SkipWhile(frame => frame.DecodeTime.SinceStart < TimeSpan.FromSeconds(0.5)));
        Assert.All(run.Segments(), segment => Assert.False(segment.Head.IsDiscontinuity));
        Assert.Equal(2, StreamRun.Init(run.Last, 0).Count);
    }

    [Fact]
    public void Renditions_share_sequence_numbers_and_report_each_other()
    {
        using var run = StreamRun.Of(Two, TimeSpan.FromSeconds(9.2));
        var states = run.Stream.Renditions.Select(rendition => rendition.State!).ToArray();
        Assert.Equal(2, states.Length);
        Assert.Equal(states[0].NextMsn, states[1].NextMsn);
        for (var i = 0; i < 2; i++)
        {
            var playlist = MediaPlaylist.Read(states[i].Render(false).ToText());
            var other = MediaPlaylist.Read(states[1 - i].Render(false).ToText());
            var report = Assert.Single(playlist.Reports);
            Assert.Equal($"../{1 - i}/media.m3u8", report.Uri);
            Assert.InRange((other.NextMsn * 10) + other.NextPart - 1 - ((report.LastMsn * 10) + report.LastPart!.Value), 0, 1);
            Assert.Equal(other.Complete.Select(segment => segment.Duration), playlist.Complete.Select(segment => segment.Duration));
            Assert.Equal(other.Complete.Select(segment => segment.Date), playlist.Complete.Select(segment => segment.Date));
            Assert.Empty(playlist.Faults);
        }
    }

    [Fact]
    public void Renditions_stay_together_through_interruptions()
    {
        using var run = new StreamRun();
        run.Stream.SetTracks(Two.Tracks);
        for (var i = 0; i < 5; i++)
        {
            run.Push((Two with { Start = TimeSpan.FromSeconds(i * 10) }).Frames(TimeSpan.FromSeconds(3 + (i * 0.77))));
            run.Stream.Interrupt();
            var (first, second) = (run.Stream.Renditions[0].State!, run.Stream.Renditions[1].State!);
            Assert.Equal(first.NextMsn, second.NextMsn);
            Assert.Equal(Discontinuities(first), Discontinuities(second));
        }

        static IEnumerable<bool> Discontinuities(PlaylistState state) =>
            Enumerable.Range(state.ListedFrom, state.End - state.ListedFrom).Select(i => state.Segments[i].Head.IsDiscontinuity);
    }

    [Fact]
    public void A_first_rendition_that_stalls_does_not_keep_the_others_back()
    {
        using var run = new StreamRun();
        var source = Two with { Sound = null };
        run.Stream.SetTracks(source.Tracks);
        run.Push(source.Frames(TimeSpan.FromSeconds(30)).Where(frame =>
            frame.TrackId != 0 || frame.DecodeTime.SinceStart < TimeSpan.FromSeconds(7) || frame.DecodeTime.SinceStart > TimeSpan.FromSeconds(20)));
        var (first, second) = (run.Stream.Renditions[0].State!, run.Stream.Renditions[1].State!);
        Assert.Equal(first.NextMsn, second.NextMsn);
        Assert.True(first.NextMsn >= 13);
        var playlist = MediaPlaylist.Read(first.Render(false).ToText());
        Assert.Contains(playlist.Segments, segment => segment.IsGap);
        Assert.Empty(playlist.Faults);
        Assert.All(MediaPlaylist.Read(second.Render(false).ToText()).Segments, segment => Assert.False(segment.IsGap));
    }

    [Fact]
    public void Another_rendition_that_stalls_gets_gaps()
    {
        using var run = new StreamRun();
        var source = Two with { Sound = null };
        run.Stream.SetTracks(source.Tracks);
        run.Push(source.Frames(TimeSpan.FromSeconds(30)).Where(frame =>
            frame.TrackId != 2 || frame.DecodeTime.SinceStart < TimeSpan.FromSeconds(7) || frame.DecodeTime.SinceStart > TimeSpan.FromSeconds(20)));
        run.End();
        var (first, second) = (run.Stream.Renditions[0].State!, run.Stream.Renditions[1].State!);
        Assert.Equal(first.NextMsn, second.NextMsn);
        Assert.Contains(MediaPlaylist.Read(second.Render(false).ToText()).Segments, segment => segment.IsGap);
        Assert.All(MediaPlaylist.Read(first.Render(false).ToText()).Segments, segment => Assert.False(segment.IsGap));
    }

    [Fact]
    public void A_rendition_whose_track_goes_ends_and_a_new_one_gets_a_new_name()
    {
        using var run = StreamRun.Of(Two, TimeSpan.FromSeconds(5));
        run.Stream.SetTracks(Source.Tracks);
        Assert.True(run.Stream.FindRendition("1")!.State!.IsEnded);
        Assert.DoesNotContain("/1/", System.Text.Encoding.UTF8.GetString(run.Stream.RenderMultivariant("v/x", "")!), StringComparison.Ordinal);

        run.Push((Source with { Start = TimeSpan.FromSeconds(5) }).Frames(TimeSpan.FromSeconds(5)));
        run.Stream.SetTracks(Two.Tracks);
        run.Push((Two with { Start = TimeSpan.FromSeconds(10) }).Frames(TimeSpan.FromSeconds(5)));
        Assert.Equal(["0", "1", "2"], run.Stream.Renditions.Select(rendition => rendition.Name));
        Assert.Equal(run.Stream.FindRendition("0")!.State!.NextMsn, run.Stream.FindRendition("2")!.State!.NextMsn);
    }

    [Fact]
    public void Memory_stays_within_its_bound_without_a_disk()
    {
        var observer = new Shortenings();
        using var run = new StreamRun(new HlsOptions { MaxBytesInMemory = 1 << 20 }, observer: observer);
        var source = Source with { PictureBytes = 8_000 };
        run.Stream.SetTracks(source.Tracks);
        foreach (var frame in source.Frames(TimeSpan.FromSeconds(60)))
        {
            run.Push([frame]);

            // One segment more than the bound, for the growing one is never thrown away.
            Assert.InRange(run.Stream.BytesInMemory, 0, (1 << 20) + 900_000);
        }

        var playlist = MediaPlaylist.Read(run.Last.Render(false).ToText());
        Assert.InRange(playlist.Segments.Count, 1, 3);
        Assert.True(observer.Segments > 10);
        Assert.Empty(playlist.Faults);
    }

    [Fact]
    public async Task Old_segments_and_their_parts_are_read_from_where_they_were_put()
    {
        var spill = new ShelfSpill();
        using var run = new StreamRun(new HlsOptions { MaxBytesInMemory = 2 << 20 }, spill);
        var source = Source with { PictureBytes = 8_000 };
        run.Stream.SetTracks(source.Tracks);
        var twin = new StreamRun();
        twin.Stream.SetTracks(source.Tracks);
        run.Push(source.Frames(TimeSpan.FromSeconds(50)));
        twin.Push(source.Frames(TimeSpan.FromSeconds(50)));

        Assert.True(spill.Shelf.Count > 10);
        Assert.True(run.Stream.BytesInMemory <= 2 << 20);
        Assert.Equal(twin.Last.Render(false).Bytes, run.Last.Render(false).Bytes);
        foreach (var name in (string[])["tag-0.m4s", "tag-3.m4s", "tag-3.2.m4s"])
        {
            var payload = run.Stream.Renditions[0].GetMedia(name).Value!;
            Assert.True(payload.IsSpilled);
            var bytes = new byte[payload.Length];
            Assert.True(await payload.TryReadAsync(0, bytes, CancellationToken.None));
            Assert.Equal(StreamRun.Bytes(twin.Stream.Renditions[0].GetMedia(name).Value!), bytes);
        }

        twin.Dispose();
        run.Push((source with { Start = TimeSpan.FromSeconds(50) }).Frames(TimeSpan.FromSeconds(100)));
        Assert.InRange(spill.Shelf.Count, 10, 70);
        run.Dispose();
        Assert.Empty(spill.Shelf);
        Assert.Equal(0, run.Stream.BytesInMemory);
    }

    [Fact]
    public void A_disk_that_refuses_makes_the_window_shorter_and_nothing_worse()
    {
        var observer = new Shortenings();
        using var run = new StreamRun(new HlsOptions { MaxBytesInMemory = 2 << 20 }, new ShelfSpill { IsFull = true }, observer);
        var source = Source with { PictureBytes = 8_000 };
        run.Stream.SetTracks(source.Tracks);
        run.Push(source.Frames(TimeSpan.FromSeconds(60)));
        Assert.InRange(run.Stream.BytesInMemory, 0, 3 << 20);
        Assert.True(observer.Segments > 5);
    }

    [Fact]
    public void A_segment_that_left_the_window_while_it_was_put_away_is_deleted()
    {
        var spill = new ShelfSpill { IsSlow = true };
        using var run = new StreamRun(new HlsOptions { MaxBytesInMemory = 2 << 20 }, spill);
        var source = Source with { PictureBytes = 8_000 };
        run.Stream.SetTracks(source.Tracks);
        run.Push(source.Frames(TimeSpan.FromSeconds(60)));
        Assert.InRange(run.Stream.BytesInMemory, 0, 3 << 20);
        spill.Finish();
        var first = (int)MediaPlaylist.Read(run.Last.Render(false).ToText()).MediaSequence;
        Assert.All(spill.Shelf.Keys, name => Assert.True(int.Parse(name.Split('-', '.')[2], System.Globalization.CultureInfo.InvariantCulture) >= first));
    }

    [Fact]
    public void Every_frame_is_given_back()
    {
        var before = MediaBuffer.Outstanding;
        foreach (var act in (Action<StreamRun>[])[run => run.End(), run => run.Stream.Interrupt(), _ => { }])
        {
            foreach (var length in (double[])[1, 7.3])
            {
                using var run = StreamRun.Of(Two, TimeSpan.FromSeconds(length));
                act(run);
            }
        }

        Assert.Equal(before, MediaBuffer.Outstanding);
    }

    [Fact]
    public void After_disposal_there_is_nothing()
    {
        var run = StreamRun.Of(Source, TimeSpan.FromSeconds(7));
        run.Dispose();
        Assert.Equal(HlsAnswerKind.NotFound, run.Stream.Renditions[0].GetPlaylist(default).Kind);
        Assert.Equal(HlsAnswerKind.NotFound, run.Stream.Renditions[0].GetMedia("tag-0.m4s").Kind);
        Assert.Null(run.Stream.RenderMultivariant("v/x", ""));
        run.Stream.Push(Source.Frames(TimeSpan.FromSeconds(0.1)).First(), TimeSpan.Zero);
        run.Dispose();
    }

    [Fact]
    public void Parts_are_reported_with_the_arrival_of_their_last_frame()
    {
        var observer = new Shortenings();
        using var run = new StreamRun(observer: observer);
        run.Stream.SetTracks(Source.Tracks);
        foreach (var frame in Source.Frames(TimeSpan.FromSeconds(6)))
        {
            run.Stream.Push(frame, TimeSpan.FromMinutes(1) + frame.DecodeTime.SinceStart);
            frame.Release();
        }

        var part = observer.Parts[2]; // 0 s to 2 s were shown at once
        Assert.Equal("0", part.Rendition);
        Assert.Equal(TimeSpan.FromSeconds(0.5), part.Duration);
        Assert.Equal(60 + 3.5, part.LastFrameArrivedAt.TotalSeconds, 0.04);
        Assert.True(part.Bytes > 1_000);
    }

    [Fact]
    public void Wrong_options_are_all_named()
    {
        var faults = new HlsOptions
        {
            SegmentTarget = TimeSpan.FromSeconds(0.5),
            PartTarget = TimeSpan.FromSeconds(2),
            Window = TimeSpan.FromDays(2),
            MaxBytesInMemory = 1,
        }.Validate();
        Assert.Equal(5, faults.Count);
        Assert.Empty(new HlsOptions().Validate());
        Assert.Throws<ArgumentException>(() => new HlsStream(new HlsOptions { Window = TimeSpan.Zero }, "a", DateTimeOffset.UnixEpoch));
        Assert.Throws<ArgumentException>(() => new HlsStream(new HlsOptions(), "a/b", DateTimeOffset.UnixEpoch));
    }

    private sealed class Shortenings : IHlsObserver
    {
        public int Segments { get; private set; }

        public List<PartReport> Parts { get; } = [];

        public void PartPublished(in PartReport part) => Parts.Add(part);

        public void PlaylistRendered(int bytes, bool isDelta)
        {
        }

        public void WindowShortened(int segments) => Segments += segments;
    }

    private sealed class ShelfSpill : ISegmentSpill
    {
        private readonly List<(TaskCompletionSource<ISpilledSegment?> Answer, string Name, byte[] Bytes)> _late = [];

        public Dictionary<string, byte[]> Shelf { get; } = [];

        public bool IsFull { get; init; }

        public bool IsSlow { get; init; }

        public Task<ISpilledSegment?> PutAwayAsync(string name, IReadOnlyList<ReadOnlyMemory<byte>> pieces)
        {
            byte[] bytes = [.. pieces.SelectMany(piece => piece.ToArray())];
            if (IsSlow)
            {
                var answer = new TaskCompletionSource<ISpilledSegment?>();
                _late.Add((answer, name, bytes));
                return answer.Task;
            }

            return Task.FromResult<ISpilledSegment?>(IsFull ? null : Put(name, bytes));
        }

        public void Finish()
        {
            foreach (var (answer, name, bytes) in _late)
            {
                answer.SetResult(Put(name, bytes));
            }
        }

        private Box Put(string name, byte[] bytes)
        {
            Shelf.Add(name, bytes);
            return new Box(this, name);
        }

        private sealed class Box(ShelfSpill spill, string name) : ISpilledSegment
        {
            public ValueTask<bool> TryReadAsync(long offset, Memory<byte> into, CancellationToken cancellationToken)
            {
                if (!spill.Shelf.TryGetValue(name, out var bytes))
                {
                    return ValueTask.FromResult(false);
                }

                bytes.AsMemory((int)offset, into.Length).CopyTo(into);
                return ValueTask.FromResult(true);
            }

            public void Delete() => spill.Shelf.Remove(name);
        }
    }
}
