using Roomcast.Hls.Playlists;
using Roomcast.TestKit.Hls;

namespace Roomcast.Hls.Tests.Playlists;

public sealed class MediaPlaylistTests
{
    private static readonly SyntheticSource Source = new();

    [Fact]
    public void A_playlist_says_what_low_latency_players_need()
    {
        using var run = StreamRun.Of(Source, TimeSpan.FromSeconds(7.2));
        var expected = """
            #EXTM3U
            #EXT-X-VERSION:9
            #EXT-X-TARGETDURATION:2
            #EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=1.506,CAN-SKIP-UNTIL=12
            #EXT-X-PART-INF:PART-TARGET=0.502
            #EXT-X-MEDIA-SEQUENCE:0
            #EXT-X-DISCONTINUITY-SEQUENCE:0
            #EXT-X-INDEPENDENT-SEGMENTS
            #EXT-X-MAP:URI="../../../m/0/tag-init0.mp4"
            #EXT-X-PROGRAM-DATE-TIME:2026-01-02T03:04:05.000Z
            #EXT-X-PART:DURATION=0.5,URI="../../../m/0/tag-0.0.m4s",INDEPENDENT=YES
            #EXT-X-PART:DURATION=0.5,URI="../../../m/0/tag-0.1.m4s"
            #EXT-X-PART:DURATION=0.5,URI="../../../m/0/tag-0.2.m4s"
            #EXT-X-PART:DURATION=0.5,URI="../../../m/0/tag-0.3.m4s"
            #EXTINF:2,
            ../../../m/0/tag-0.m4s
            #EXT-X-PROGRAM-DATE-TIME:2026-01-02T03:04:07.000Z
            #EXT-X-PART:DURATION=0.5,URI="../../../m/0/tag-1.0.m4s",INDEPENDENT=YES
            #EXT-X-PART:DURATION=0.5,URI="../../../m/0/tag-1.1.m4s"
            #EXT-X-PART:DURATION=0.5,URI="../../../m/0/tag-1.2.m4s"
            #EXT-X-PART:DURATION=0.5,URI="../../../m/0/tag-1.3.m4s"
            #EXTINF:2,
            ../../../m/0/tag-1.m4s
            #EXT-X-PROGRAM-DATE-TIME:2026-01-02T03:04:09.000Z
            #EXT-X-PART:DURATION=0.5,URI="../../../m/0/tag-2.0.m4s",INDEPENDENT=YES
            #EXT-X-PART:DURATION=0.5,URI="../../../m/0/tag-2.1.m4s"
            #EXT-X-PART:DURATION=0.5,URI="../../../m/0/tag-2.2.m4s"
            #EXT-X-PART:DURATION=0.5,URI="../../../m/0/tag-2.3.m4s"
            #EXTINF:2,
            ../../../m/0/tag-2.m4s
            #EXT-X-PROGRAM-DATE-TIME:2026-01-02T03:04:11.000Z
            #EXT-X-PART:DURATION=0.5,URI="../../../m/0/tag-3.0.m4s",INDEPENDENT=YES
            #EXT-X-PART:DURATION=0.5,URI="../../../m/0/tag-3.1.m4s"
            #EXT-X-PRELOAD-HINT:TYPE=PART,URI="../../../m/0/tag-3.2.m4s"

            """;
        Assert.Equal(expected, run.Last.Render(asDelta: false).ToText());
    }

    [Fact]
    public void Parts_are_listed_near_the_live_edge_only()
    {
        using var run = StreamRun.Of(Source, TimeSpan.FromSeconds(30));
        foreach (var state in run.States)
        {
            var playlist = MediaPlaylist.Read(state.Render(false).ToText());
            var distance = playlist.Open?.Duration ?? 0;
            var complete = playlist.Complete.Reverse().ToList();
            for (var i = 0; i < complete.Count; i++)
            {
                Assert.Equal(i < 3 || distance < 3 * playlist.TargetDuration, complete[i].Parts.Count > 0);
                distance += complete[i].Duration;
            }

            Assert.Empty(playlist.Faults);
        }
    }

    [Fact]
    public void Parts_that_are_no_longer_listed_can_still_be_fetched()
    {
        using var run = StreamRun.Of(Source, TimeSpan.FromSeconds(30));
        Assert.Equal(HlsAnswerKind.Ready, run.Stream.Renditions[0].GetMedia("tag-1.2.m4s").Kind);
    }

    [Fact]
    public void A_delta_update_put_together_is_the_whole_playlist()
    {
        using var run = StreamRun.Of(Source, TimeSpan.FromSeconds(90));
        IReadOnlyList<ListedSegment>? known = null;
        var deltas = 0;
        foreach (var state in run.States)
        {
            var whole = MediaPlaylist.Read(state.Render(asDelta: false).ToText());
            var delta = MediaPlaylist.Read(state.Render(asDelta: true).ToText());
            Assert.Empty(delta.Faults);
            if (known is not null && delta.Skipped > 0)
            {
                deltas++;
                known = delta.Complement(known);
                Assert.NotNull(known);
                Assert.Equal(whole.Segments.Select(Facts), known.Select(Facts));
                Assert.Equal(whole.HintedPart, delta.HintedPart);
                var kept = delta.Segments.Where(segment => segment.IsComplete).Sum(segment => segment.Duration) + (delta.Open?.Duration ?? 0);
                Assert.InRange(kept, 12, 14.5);
            }

            known = whole.Segments;
        }

        Assert.True(deltas > 100);

        static (long, string?, double, string, bool, string?, DateTimeOffset?) Facts(ListedSegment segment) => (
            segment.Msn,
            segment.Uri,
            segment.Duration,
            string.Join(' ', segment.Parts),
            segment.IsDiscontinuity,
            segment.Map,
            segment.Date);
    }

    [Fact]
    public void A_delta_update_that_would_skip_nothing_is_the_whole()
    {
        using var run = StreamRun.Of(Source, TimeSpan.FromSeconds(10));
        Assert.Same(run.Last.Render(asDelta: false), run.Last.Render(asDelta: true));
    }

    [Fact]
    public void The_window_moves_and_what_left_it_can_be_fetched_for_as_long_again()
    {
        using var run = StreamRun.Of(Source, TimeSpan.FromSeconds(300), new HlsOptions { Window = TimeSpan.FromSeconds(20) });
        var playlist = MediaPlaylist.Read(run.Last.Render(false).ToText());
        Assert.InRange(playlist.Complete.Sum(segment => segment.Duration), 20, 24);
        Assert.True(playlist.MediaSequence > 100);

        var rendition = run.Stream.Renditions[0];
        Assert.Equal(HlsAnswerKind.Ready, rendition.GetMedia($"tag-{playlist.MediaSequence - 10}.m4s").Kind);
        Assert.Equal(HlsAnswerKind.NotFound, rendition.GetMedia($"tag-{playlist.MediaSequence - 14}.m4s").Kind);
    }

    [Fact]
    public void A_window_is_never_shorter_than_three_target_durations()
    {
        using var run = StreamRun.Of(
            new SyntheticSource { Groups = [240] }, TimeSpan.FromSeconds(90), new HlsOptions { Window = TimeSpan.FromSeconds(10) });
        Assert.Equal(10, run.Last.Header.TargetSeconds);
        Assert.True(MediaPlaylist.Read(run.Last.Render(false).ToText()).Complete.Sum(segment => segment.Duration) >= 30);
    }

    [Fact]
    public void A_discontinuity_that_left_the_playlist_is_counted()
    {
        using var run = new StreamRun(new HlsOptions { Window = TimeSpan.FromSeconds(10) });
        run.Stream.SetTracks(Source.Tracks);
        for (var i = 0; i < 4; i++)
        {
            run.Push((Source with { Start = TimeSpan.FromSeconds(i * 10) }).Frames(TimeSpan.FromSeconds(8)));
            run.Stream.Interrupt();
            run.Look();
        }

        var playlist = MediaPlaylist.Read(run.Last.Render(false).ToText());
        Assert.Equal(3, playlist.DiscontinuitySequence + playlist.Segments.Count(segment => segment.IsDiscontinuity));
        Assert.True(playlist.DiscontinuitySequence > 0);
        Assert.Empty(playlist.Faults);
    }

    [Fact]
    public void The_gzip_twin_is_the_same_text()
    {
        using var run = StreamRun.Of(Source, TimeSpan.FromSeconds(10));
        var text = run.Last.Render(false);
        using var gzip = new System.IO.Compression.GZipStream(new MemoryStream(text.Gzip), System.IO.Compression.CompressionMode.Decompress);
        using var output = new MemoryStream();
        gzip.CopyTo(output);
        Assert.Equal(text.Bytes, output.ToArray());
        Assert.Same(text.Gzip, text.Gzip);
        Assert.True(text.Gzip.Length < text.Bytes.Length / 2);
    }

    [Fact]
    public void The_multivariant_playlist_describes_the_renditions()
    {
        using var run = StreamRun.Of(Source with { BFrames = 2, OtherVideos = [SyntheticSource.SecondVideo] }, TimeSpan.FromSeconds(7));
        var lines = System.Text.Encoding.UTF8.GetString(run.Stream.RenderMultivariant("v/abc", "?token=1")!).Split('\n');
        Assert.Equal("#EXTM3U", lines[0]);
        var first = MediaPlaylist.ReadAttributes(lines[2]["#EXT-X-STREAM-INF:".Length..]);
        Assert.Equal("avc1.64001E,mp4a.40.2", first["CODECS"]);
        Assert.Equal("642x362", first["RESOLUTION"]);
        Assert.Equal("30.000", first["FRAME-RATE"]);
        Assert.True(long.Parse(first["BANDWIDTH"], System.Globalization.CultureInfo.InvariantCulture) > 1_000);
        Assert.Equal("v/abc/0/media.m3u8?token=1", lines[3]);
        Assert.Equal("v/abc/1/media.m3u8?token=1", lines[5]);
    }
}
