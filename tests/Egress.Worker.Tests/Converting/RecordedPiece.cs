using System.Buffers;
using System.Diagnostics;
using System.Globalization;
using Roomcast.Egress.Worker.Tests.Media;
using Roomcast.Media;
using Roomcast.Media.Containers.Mp4;
using Roomcast.TestKit;
using Roomcast.TestKit.Hls;

namespace Roomcast.Egress.Worker.Tests.Converting;

/// <summary>
/// A recording of six seconds of media: three, a gap of two, and three more whose picture is encoded with other parameters. The sound
/// begins a second late: 440 Hz left, and right 1,000 Hz while the picture is white, from 2.0 to 2.2 s of each half.
/// </summary>
public sealed class RecordedPiece : IAsyncLifetime, IDisposable
{
    public const double GapEnd = 5;

    // Of FFmpeg's AAC, which its files leave out by an edit list; a composition has none.
    private static readonly TimeSpan EncoderDelay = TimeSpan.FromTicks(1_024 * TimeSpan.TicksPerSecond / 48_000);

    private readonly TemporaryFolder _folder = new();

    /// <summary>The fragments.</summary>
    public string Path => _folder.PathOf("fragments.mp4");

    public async Task InitializeAsync()
    {
        var first = await EncodeAsync("first.mp4", "-profile:v high -g 30");
        var second = await EncodeAsync("second.mp4", "-profile:v baseline -g 15");
        var output = new ArrayBufferWriter<byte>();
        using var recorder = new Mp4Recorder(output, TimeSpan.FromSeconds(1));
        Add(first, TimeSpan.Zero, TimeSpan.FromSeconds(1));
        recorder.MarkDiscontinuity();
        Add(second, TimeSpan.FromSeconds(GapEnd), TimeSpan.Zero);
        recorder.Close();
        await File.WriteAllBytesAsync(Path, output.WrittenSpan.ToArray());

        void Add(EncodedSource source, TimeSpan start, TimeSpan soundFrom)
        {
            recorder.SetTracks(source.Tracks);
            foreach (var frame in source.Frames(start))
            {
                var isSound = source.Tracks.Single(track => track.Id == frame.TrackId).Kind is TrackKind.Audio;
                var at = isSound ? frame.DecodeTime - EncoderDelay : frame.DecodeTime;
                if (!isSound || at.SinceStart - start >= soundFrom)
                {
                    var moved = Frame.CopyOf(frame.TrackId, at, at, frame.Duration, frame.IsKeyframe, frame.Payload.Span);
                    recorder.Add(moved);
                    moved.Release();
                }

                frame.Release();
            }
        }
    }

    public Task DisposeAsync() => Task.CompletedTask;

    public void Dispose() => _folder.Dispose();

    private async Task<EncodedSource> EncodeAsync(string name, string options)
    {
        var path = _folder.PathOf(name);
        await FfmpegProgram.RunAsync([
            "-f", "lavfi", "-i", "testsrc2=size=320x180:rate=30:duration=3,drawbox=c=white:t=fill:enable='between(t,2,2.19)'",
            "-f", "lavfi", "-i", "aevalsrc=0.4*sin(440*2*PI*t)|0.4*sin(1000*2*PI*t)*between(t\\,2\\,2.2):s=48000:d=3",
            "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-bf", "0", .. options.Split(' '),
            "-c:a", "aac", "-b:a", "128k", "-f", "mp4", "-movflags", "frag_keyframe+delay_moov+default_base_moof", path]);
        return EncodedSource.Read(path);
    }
}

/// <summary>What FFmpeg finds in a file.</summary>
internal sealed record DecodedFile(string Codecs, IReadOnlyList<double> Times, IReadOnlyList<double> Lights, float[] Left, float[] Right, double Duration)
{
    private const int RateHz = 48_000;

    public static async Task<DecodedFile> OfAsync(string path)
    {
        var codecs = (await RunAsync("ffprobe", ["-v", "error", "-show_entries", "stream=codec_name,width,height,channels", "-of", "csv=p=0", path]))
            .Trim().ReplaceLineEndings(";");
        var isMono = codecs.EndsWith(",1", StringComparison.Ordinal);
        var hasPicture = codecs.Contains("320", StringComparison.Ordinal);
        var lines = hasPicture
            ? (await RunAsync("ffprobe", [
                "-v", "error", "-f", "lavfi", "-i", $"movie={path},signalstats", "-show_entries", "frame=pts_time:frame_tags=lavfi.signalstats.YAVG", "-of", "csv=p=0"]))
                .Split('\n', StringSplitOptions.RemoveEmptyEntries)
            : [];
        var sound = System.IO.Path.ChangeExtension(path, ".pcm");
        await FfmpegProgram.RunAsync("-i", path, "-vn", "-af", "aresample=async=1:min_hard_comp=0.01:first_pts=0", "-f", "f32le", sound);
        var bytes = await File.ReadAllBytesAsync(sound);
        var samples = new float[bytes.Length / sizeof(float)];
        Buffer.BlockCopy(bytes, 0, samples, 0, samples.Length * sizeof(float));
        return new DecodedFile(
            codecs,
            [.. lines.Select(line => Number(line.Split(',')[0]))],
            [.. lines.Select(line => Number(line.Split(',')[1]))],
            [.. samples.Where((_, index) => isMono || index % 2 == 0)],
            [.. samples.Where((_, index) => isMono || index % 2 == 1)],
            Number((await RunAsync("ffprobe", ["-v", "error", "-show_entries", "format=duration", "-of", "csv=p=0", path])).Trim()));
    }

    public static async Task<string> RunAsync(string program, string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var errors = process.StandardError.ReadToEndAsync();
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0 && (await errors).Length == 0, await errors);
        return output;
    }

    /// <summary>How much of a tone there is, as its amplitude.</summary>
    public static double Amplitude(float[] samples, double hz, double from, double to)
    {
        var (sine, cosine, count) = (0.0, 0.0, (int)((to - from) * RateHz));
        for (var i = 0; i < count; i++)
        {
            var (angle, value) = (2 * Math.PI * hz * i / RateHz, samples[(int)(from * RateHz) + i]);
            sine += value * Math.Sin(angle);
            cosine += value * Math.Cos(angle);
        }

        return 2 * double.Hypot(sine, cosine) / count;
    }

    /// <summary>When a tone begins after a moment, to 5 ms.</summary>
    public static double OnsetOf(float[] samples, double hz, double after)
    {
        for (var at = after; ; at += 0.002)
        {
            if (Amplitude(samples, hz, at, at + 0.01) > 0.08)
            {
                return at + 0.005;
            }
        }
    }

    private static double Number(string text) => double.Parse(text, CultureInfo.InvariantCulture);
}
