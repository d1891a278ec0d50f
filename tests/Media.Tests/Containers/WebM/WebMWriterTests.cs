using System.Buffers;
using System.Globalization;
using Roomcast.Media.Containers.WebM;

namespace Roomcast.Media.Tests.Containers.WebM;

/// <summary>What real encoders made is written as WebM, whole and cut off, and read by a real decoder.</summary>
public sealed class WebMWriterTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("roomcast-webm-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Pictures_come_through_unchanged_with_cues_and_duration()
    {
        var frames = Encode("-f", "lavfi", "-i", "testsrc2=size=320x180:rate=30:duration=5", "-c:v", "libvpx", "-deadline", "realtime", "-g", "45");
        var (path, _) = Write(WebMCodec.Vp8, frames);

        Assert.Equal(150, frames.Count);
        Assert.Equal(HashesOf(Source), HashesOf(path));
        Assert.Equal(5.0, double.Parse(Ffmpeg.Probe("-show_entries", "format=duration", "-of", "csv=p=0", path).Trim(), CultureInfo.InvariantCulture), 1);
        Assert.Equal("320,180", Ffmpeg.Probe("-show_entries", "stream=width,height", "-of", "csv=p=0", path).Trim());

        // Seeking goes by the cues: to the keyframe at 3 s.
        var sought = Ffmpeg.Probe("-read_intervals", "3.1%+#1", "-show_entries", "packet=pts_time", "-of", "csv=p=0", path).Trim();
        Assert.StartsWith("3.0", sought, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(90, "-90", "transpose=clock")]
    [InlineData(180, "-180", "hflip,vflip")]
    [InlineData(270, "90", "transpose=cclock")]
    public void Pictures_that_lie_are_turned_clockwise_by_who_plays_them(int rotationDegrees, string counterclockwise, string turn)
    {
        var frames = Encode("-f", "lavfi", "-i", "testsrc2=size=320x180:rate=30:duration=1", "-c:v", "libvpx", "-deadline", "realtime");
        var (path, _) = Write(WebMCodec.Vp8, frames, rotationDegrees);

        Assert.Equal(counterclockwise, Ffmpeg.Probe("-show_entries", "stream_side_data=rotation", "-of", "csv=p=0", path).Trim());
        Assert.Equal("320,180", Ffmpeg.Probe("-show_entries", "stream=width,height", "-of", "csv=p=0", path).Trim().TrimEnd(','));
        var turned = Path.Combine(_folder, "turned.nut");
        Ffmpeg.Run("-i", Source, "-vf", turn, "-c:v", "ffv1", turned);
        Assert.Equal(HashesOf(turned), HashesOf(path));
        Assert.NotEqual(HashesOf(Source), HashesOf(path));
    }

    [Fact]
    public void Pictures_are_turned_by_quarters_only() => Assert.Throws<ArgumentOutOfRangeException>(
        () => new WebMWriter(new ArrayBufferWriter<byte>(), WebMCodec.Vp8, 320, 180, 0, rotationDegrees: 45));

    [Fact]
    public void Sound_comes_through_unchanged()
    {
        var frames = Encode("-f", "lavfi", "-i", "sine=frequency=440:duration=5", "-c:a", "libopus", "-ac", "2");
        var (path, _) = Write(WebMCodec.Opus, frames);
        Assert.Equal("opus,48000,2", Ffmpeg.Probe("-show_entries", "stream=codec_name,sample_rate,channels", "-of", "csv=p=0", path).Trim());
        var times = Ffmpeg.Probe("-show_entries", "packet=pts_time", "-of", "csv=p=0", path).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(frames.Count, times.Length);
        Assert.Equal("0.000000", times[0].Trim());
    }

    [Fact]
    public void A_file_that_was_cut_off_plays_up_to_there()
    {
        var frames = Encode("-f", "lavfi", "-i", "testsrc2=size=160x90:rate=30:duration=6", "-c:v", "libvpx", "-deadline", "realtime", "-g", "30");
        var (path, unfinished) = Write(WebMCodec.Vp8, frames);
        var bytes = File.ReadAllBytes(path);
        Assert.True(unfinished.Length < bytes.Length);

        // What was on the disk before the end, cut in the middle of a cluster.
        var cut = Path.Combine(_folder, "cut.webm");
        File.WriteAllBytes(cut, unfinished[..(unfinished.Length * 2 / 3)]);
        var played = Ffmpeg.Probe("-v", "fatal", "-count_frames", "-show_entries", "stream=nb_read_frames", "-of", "csv=p=0", cut).Trim();
        Assert.InRange(int.Parse(played, CultureInfo.InvariantCulture), 60, 179);
    }

    private string Source => Path.Combine(_folder, "source.webm");

    private static string[] HashesOf(string path) => [.. Ffmpeg.DecodedFrames(path).Select(frame => frame.Split(' ')[^1]).Order(StringComparer.Ordinal)];

    // The packets of a file as ffprobe tells them: time, flags and data.
    private List<(TimeSpan Time, TimeSpan Duration, bool IsKeyframe, byte[] Payload)> Encode(params string[] arguments)
    {
        Ffmpeg.Run([.. arguments, Source]);
        var packets = new List<(TimeSpan, TimeSpan, bool, byte[])>();
        using var document = System.Text.Json.JsonDocument.Parse(Ffmpeg.Probe("-show_packets", "-show_data", "-of", "json", Source));
        foreach (var packet in document.RootElement.GetProperty("packets").EnumerateArray())
        {
            var time = double.Parse(packet.GetProperty("pts_time").GetString()!, CultureInfo.InvariantCulture);
            var duration = double.Parse(packet.GetProperty("duration_time").GetString()!, CultureInfo.InvariantCulture);
            packets.Add((
                TimeSpan.FromSeconds(Math.Max(0, time)),
                TimeSpan.FromSeconds(duration),
                packet.GetProperty("flags").GetString()!.StartsWith('K'),
                BytesOf(packet.GetProperty("data").GetString()!)));
        }

        return packets;
    }

    // "00000000: 1234 5678 …  text", 16 bytes a line.
    private static byte[] BytesOf(string dump) =>
    [
        .. dump.Split('\n', StringSplitOptions.RemoveEmptyEntries).SelectMany(line =>
            Convert.FromHexString(line[(line.IndexOf(':', StringComparison.Ordinal) + 1)..].Split("  ", 2)[0].Replace(" ", "", StringComparison.Ordinal))),
    ];

    private (string Path, byte[] Unfinished) Write(
        WebMCodec codec, List<(TimeSpan Time, TimeSpan Duration, bool IsKeyframe, byte[] Payload)> frames, int rotationDegrees = 0)
    {
        var output = new ArrayBufferWriter<byte>();
        var writer = codec is WebMCodec.Vp8 ? new WebMWriter(output, codec, 320, 180, 0, rotationDegrees) : new WebMWriter(output, codec, 0, 0, 2);
        foreach (var (time, duration, isKeyframe, payload) in frames)
        {
            writer.Add(time, duration, isKeyframe, payload);
        }

        var unfinished = output.WrittenSpan.ToArray();
        var front = writer.Finish();
        var bytes = output.WrittenSpan.ToArray();
        front.CopyTo(bytes, 0);
        var path = Path.Combine(_folder, "written.webm");
        File.WriteAllBytes(path, bytes);
        return (path, unfinished);
    }
}
