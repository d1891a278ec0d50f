using System.Buffers.Binary;
using System.Globalization;
using Roomcast.TestKit.Rtmp;
using Roomcast.TestKit.Video;

namespace Roomcast.TestKit.Rtc;

/// <summary>A picture clock with its beeps as a browser would encode them: VP8 frames at 30 fps, and Opus packets of 20 ms.</summary>
/// <param name="Pictures">The frames.</param>
/// <param name="Sounds">The packets; the first sample that is heard lies <see cref="EncoderDelay"/> after the first packet's beginning.</param>
public sealed record EncodedClock(IReadOnlyList<byte[]> Pictures, IReadOnlyList<byte[]> Sounds)
{
    /// <summary>Samples that libopus puts in front (RFC 7845 calls them pre-skip): 312 of 48 kHz.</summary>
    public static readonly TimeSpan EncoderDelay = TimeSpan.FromSeconds(312 / 48_000.0);

    private const int Width = 640;
    private const int Height = 360;
    private const int FramesPerSecond = 30;

    /// <summary>Makes one with FFmpeg: a keyframe every half second.</summary>
    public static async Task<EncodedClock> MakeAsync(TimeSpan length)
    {
        using var folder = new TemporaryFolder();
        var raw = Path.Combine(folder.Path, "clock.gray");
        await using (var file = File.Create(raw))
        {
            await PictureClock.DrawAllAsync(file, Width, Height, (int)(length.TotalSeconds * FramesPerSecond), FramesPerSecond);
        }

        var ivf = Path.Combine(folder.Path, "clock.ivf");
        await FfmpegTool.RunAsync(
            "-f", "rawvideo", "-pix_fmt", "gray", "-video_size", $"{Width}x{Height}", "-framerate", "30", "-i", raw, "-pix_fmt", "yuv420p",
            "-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8", "-b:v", "1500k", "-g", "15", "-auto-alt-ref", "0", "-lag-in-frames", "0", "-y", ivf);
        var ogg = Path.Combine(folder.Path, "clock.ogg");
        var seconds = length.TotalSeconds.ToString(CultureInfo.InvariantCulture);
        await FfmpegTool.RunAsync(
            "-f", "lavfi", "-i", "aevalsrc='if(lt(mod(t,2),0.066),0.6*sin(2*PI*1000*t),0)':s=48000:d=" + seconds,
            "-c:a", "libopus", "-b:a", "64k", "-frame_duration", "20", "-y", ogg);
        return new EncodedClock(ReadIvf(await File.ReadAllBytesAsync(ivf)), [.. OggFile.PacketsOf(await File.ReadAllBytesAsync(ogg)).Skip(2)]);
    }

    // IVF: a header of 32 bytes, then for each frame its length, little-endian, a time of 64 bits, and the frame.
    private static List<byte[]> ReadIvf(byte[] file)
    {
        var frames = new List<byte[]>();
        for (var at = 32; at + 12 <= file.Length;)
        {
            var length = BinaryPrimitives.ReadInt32LittleEndian(file.AsSpan(at));
            frames.Add(file[(at + 12)..(at + 12 + length)]);
            at += 12 + length;
        }

        return frames;
    }
}
