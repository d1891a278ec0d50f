using Roomcast.Client.Codecs;
using Roomcast.Client.Media;
using Roomcast.TestKit;
using Roomcast.TestKit.Rtmp;

namespace Roomcast.Client.Tests.Media;

/// <summary>Pictures are decoded to what another decoder makes of them.</summary>
public class DecoderTests
{
    [Theory]
    [InlineData(160, 90)]
    [InlineData(161, 91)]
    public async Task Pictures_are_those_that_FFmpeg_decodes(int width, int height)
    {
        using var folder = new TemporaryFolder();
        var (encoded, decoded) = (Path.Combine(folder.Path, "a.ivf"), Path.Combine(folder.Path, "a.yuv"));
        await FfmpegTool.RunAsync(
            "-f", "lavfi", "-i", $"testsrc2=size={width}x{height}:rate=15:duration=2", "-vf", $"scale={width}:{height}", "-pix_fmt", "yuv420p", "-c:v", "libvpx", "-deadline", "realtime", "-b:v", "400k", encoded);
        await FfmpegTool.RunAsync("-i", encoded, "-f", "rawvideo", "-pix_fmt", "yuv420p", decoded);
        var pictures = new List<I420Picture>();
        using var sink = new DecodingSink(pictures.Add);
        var source = await IvfVideoSource.OpenAsync(encoded);

        while (await source.ReadAsync(false, default) is { } frame)
        {
            sink.OnFrame(frame);
        }

        Assert.Equal((30L, 0L), (sink.Pictures, sink.Damaged));
        Assert.All(pictures, picture => Assert.Equal((width, height), (picture.Width, picture.Height)));
        Assert.Equal(await File.ReadAllBytesAsync(decoded), pictures.SelectMany(picture => (byte[])[.. picture.Y.Span, .. picture.U.Span, .. picture.V.Span]));
        Assert.InRange(pictures[^1].Time.TotalSeconds, (29 / 15.0) - 0.001, (29 / 15.0) + 0.001);
    }

    [Fact]
    public async Task Frames_that_are_not_shown_are_no_damage()
    {
        using var folder = new TemporaryFolder();
        var (encoded, decoded) = (Path.Combine(folder.Path, "a.ivf"), Path.Combine(folder.Path, "a.yuv"));
        foreach (var pass in (string[])["1", "2"])
        {
            // An encoder that looks ahead: it makes them in its second pass.
            await FfmpegTool.RunAsync(
                "-f", "lavfi", "-i", "testsrc2=size=160x90:rate=15:duration=4", "-pix_fmt", "yuv420p", "-c:v", "libvpx", "-auto-alt-ref", "1", "-lag-in-frames", "16",
                "-b:v", "100k", "-pass", pass, "-passlogfile", Path.Combine(folder.Path, "pass"), "-y", encoded);
        }

        await FfmpegTool.RunAsync("-i", encoded, "-vsync", "0", "-f", "rawvideo", "-pix_fmt", "yuv420p", decoded);
        var pictures = new List<I420Picture>();
        using var sink = new DecodingSink(pictures.Add);
        var source = await IvfVideoSource.OpenAsync(encoded);
        var hidden = 0;

        while (await source.ReadAsync(false, default) is { } frame)
        {
            hidden += (frame.Data.Span[0] & 0x10) == 0 ? 1 : 0;
            sink.OnFrame(frame);
        }

        Assert.True(hidden > 0, "The encoder made none.");
        Assert.Equal((60L, 0L), (sink.Pictures, sink.Damaged));
        Assert.Equal(await File.ReadAllBytesAsync(decoded), pictures.SelectMany(picture => (byte[])[.. picture.Y.Span, .. picture.U.Span, .. picture.V.Span]));
    }

    [Fact]
    public async Task After_a_damaged_frame_it_goes_on_with_the_next_keyframe()
    {
        var source = new TestPatternSource();
        var pictures = new List<I420Picture>();
        using var sink = new DecodingSink(pictures.Add);
        for (var i = 0; i < 31; i++)
        {
            var frame = (await source.ReadAsync(false, default))!.Value;
            sink.OnFrame(i == 3 ? frame with { Data = new byte[] { 1 } } : frame);
            Assert.Equal(i is >= 3 and < 15, sink.NeedsKeyframe);
        }

        // A keyframe each fifteen pictures: 0, 1, 2, and 15 to 30.
        Assert.Equal((19L, 1L), (sink.Pictures, sink.Damaged));
        Assert.Equal((320, 180), (pictures[^1].Width, pictures[^1].Height));
        sink.Dispose();
        sink.OnFrame((await source.ReadAsync(true, default))!.Value);
        Assert.Equal(19, pictures.Count);
    }

    [Fact]
    public void Where_the_libraries_are_missing_it_says_what_to_install()
    {
        var fault = Assert.Throws<CodecsMissingException>(() => AvLibraries.Find(_ => 0));
        Assert.Contains("apt-get install libavcodec59", fault.Message, StringComparison.Ordinal);

        // Libraries of two releases are no pair.
        Assert.Throws<CodecsMissingException>(() => AvLibraries.Find(file => file is "libavcodec.so.59" or "libavutil.so.58" ? 1 : 0));
        Assert.True(Vp8Decoder.IsPresent);
    }
}
