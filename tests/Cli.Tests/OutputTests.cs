using System.Net;
using System.Text.Json.Nodes;
using Roomcast.Cli.Hls;
using Roomcast.Cli.Output;
using Roomcast.TestKit;

namespace Roomcast.Cli.Tests;

/// <summary>What is written, to a terminal and to files, and how a playlist is read.</summary>
public class OutputTests
{
    [Fact]
    public void Nothing_that_a_terminal_would_obey_is_written()
    {
        var (output, errors) = (new StringWriter(), new StringWriter());
        var screen = new Screen(output, errors, isJson: false, isTerminal: false);

        screen.Result([], "one\u001b[2J\ntwo\u009b");
        screen.Table(["NAME"], [(["a\u001b]0;x\u0007"], new JsonObject())]);
        screen.Note("note\u001b[2J\r");
        screen.Fail(ExitCode.Failed, "fault\u0007");

        Assert.DoesNotContain(output + "" + errors, static sign => char.IsControl(sign) && sign != '\n');
        Assert.StartsWith("one [2J\ntwo", output.ToString(), StringComparison.Ordinal);
        Assert.Contains("roomcast: fault", errors.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_is_there_is_kept()
    {
        using var folder = new TemporaryFolder();
        var path = Path.Combine(folder.Path, "film.mp4");
        for (var number = 1; number <= 3; number++)
        {
            using var file = NewFile.Create(path);
            file.WriteByte((byte)number);
            Assert.Equal(number == 1 ? path : Path.Combine(folder.Path, $"film-{number}.mp4"), file.Name);
        }

        Assert.Equal([1], File.ReadAllBytes(path));
        Assert.Throws<DirectoryNotFoundException>(() => NewFile.Create(Path.Combine(folder.Path, "none", "film.mp4")));
    }

    [Fact]
    public void A_playlist_is_read_as_far_as_whole_segments_need_it()
    {
        var at = new Uri("http://127.0.0.1/live/a/media.m3u8");
        var playlist = HlsPlaylist.Read(
            "#EXTM3U\r\n#EXT-X-TARGETDURATION:4\n#EXT-X-SERVER-CONTROL:PART-HOLD-BACK=1.5,CAN-BLOCK-RELOAD=YES\n#EXT-X-MEDIA-SEQUENCE:7\n"
            + "#EXT-X-MAP:URI=\"init.mp4\"\n#EXT-X-PROGRAM-DATE-TIME:2026-08-01T12:00:00Z\n#EXTINF:3.5,title\nseven.m4s\n#EXT-X-GAP\n#EXTINF:4,\n../b/eight.m4s\n#EXT-X-ENDLIST\n",
            at);

        var began = new DateTimeOffset(2026, 8, 1, 12, 0, 0, TimeSpan.Zero);
        var init = new Uri(at, "init.mp4");
        Assert.Equal(
            [
                new HlsSegment(7, new Uri(at, "seven.m4s"), TimeSpan.FromSeconds(3.5), began, init, IsGap: false),
                new HlsSegment(8, new Uri("http://127.0.0.1/live/b/eight.m4s"), TimeSpan.FromSeconds(4), began.AddSeconds(3.5), init, IsGap: true),
            ],
            playlist.Segments);
        Assert.Equal((TimeSpan.FromSeconds(4), true, true), (playlist.TargetDuration, playlist.CanBlock, playlist.IsEnded));
        Assert.Equal(
            [300, 100],
            HlsPlaylist.Read("#EXTM3U\n#EXT-X-STREAM-INF:CODECS=\"a,b\",BANDWIDTH=100\nlow.m3u8\n#EXT-X-STREAM-INF:BANDWIDTH=300\nhigh.m3u8\n", at).Variants.Select(variant => variant.BandwidthBps));
    }

    [Theory]
    [InlineData("")]
    [InlineData("<html>")]
    [InlineData("#EXTM3U\n#EXTINF:many,\na.ts")]
    [InlineData("#EXTM3U\n#EXTINF:-1,\na.ts")]
    [InlineData("#EXTM3U\n#EXTINF:1,\nfile:///etc/hostname")]
    public void What_is_no_playlist_or_leads_elsewhere_is_refused(string text) =>
        Assert.Throws<InvalidDataException>(() => HlsPlaylist.Read(text, new Uri("http://127.0.0.1/a.m3u8")));

    [Fact]
    public async Task A_livestream_without_segments_is_asked_for_with_pauses_and_not_for_ever()
    {
        var server = new EmptyLivestream();
        using var http = new HttpClient(server);
        var recorded = 0;
        var viewer = new HlsViewer(http, new Uri("http://127.0.0.1/live/index.m3u8"), TimeProvider.System)
        {
            Record = () =>
            {
                recorded++;
                return new MemoryStream();
            },
        };

        Assert.False(await viewer.WatchAsync(TimeSpan.FromSeconds(2), CancellationToken.None));

        // 2 s at a pause of 0.5 s, half of the target duration.
        Assert.InRange(server.Asked, 2, 8);
        Assert.Equal((0, 0), (viewer.Figures.Segments, recorded));
    }

    private sealed class EmptyLivestream : HttpMessageHandler
    {
        public int Asked { get; private set; }

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            Asked++;
            return Task.FromResult(new HttpResponseMessage(HttpStatusCode.OK)
            {
                Content = new StringContent(request.RequestUri!.AbsolutePath.EndsWith("index.m3u8", StringComparison.Ordinal)
                    ? "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nmedia.m3u8\n"
                    : "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES\n#EXT-X-MEDIA-SEQUENCE:0\n"),
            });
        }
    }
}
