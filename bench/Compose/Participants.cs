using System.Buffers.Binary;
using System.Diagnostics;
using Roomcast.TestKit.Video;

namespace Roomcast.Bench.Compose;

/// <summary>
/// The media of those in the meeting: 640x360 VP8 at 30 a second, and Opus in packets of 20 ms; twenty seconds that repeat. The first
/// shows a picture clock, by which it is known when each of its pictures is seen.
/// </summary>
internal static class Participants
{
    private const int Seconds = 20;
    private const int Width = 640;
    private const int Height = 360;
    private const int PicturesPerSecond = 30;

    private static readonly string[] Pictures =
    [
        "life=s=640x360:r=30:mold=10:ratio=0.1:death_color=0xC83232:life_color=0x00C060,boxblur=2",
        "testsrc=s=640x360:r=30,noise=alls=6:allf=t",
        "cellauto=s=640x360:r=30:rule=18,boxblur=2",
        "gradients=s=640x360:r=30:speed=0.05,format=yuv420p,noise=alls=8:allf=t",
    ];

    /// <summary>Encodes them; that is not measured.</summary>
    public static async Task MakeAsync(string folder, int count)
    {
        var clock = Path.Combine(folder, "clock.gray");
        await using (var raw = File.Create(clock))
        {
            await PictureClock.DrawAllAsync(raw, Width, Height, Seconds * PicturesPerSecond, PicturesPerSecond);
        }

        for (var index = 0; index < count; index++)
        {
            string[] pictures = index == 0
                ? ["-f", "rawvideo", "-pix_fmt", "gray", "-video_size", $"{Width}x{Height}", "-framerate", $"{PicturesPerSecond}", "-i", clock]
                : ["-f", "lavfi", "-i", Pictures[index % Pictures.Length]];
            await RunAsync(
            [
                .. pictures, "-f", "lavfi", "-i", $"sine=f={220 + (60 * index)}:r=48000,aformat=channel_layouts=stereo",
                "-t", $"{Seconds}", "-c:v", "libvpx", "-pix_fmt", "yuv420p", "-b:v", "700k", "-deadline", "realtime", "-cpu-used", "8", "-g", "300", "-lag-in-frames", "0",
                "-c:a", "libopus", "-b:a", "32k", "-application", "voip", Webm(folder, index),
            ]);
            await RunAsync("-i", Webm(folder, index), "-map", "0:v", "-c", "copy", Ivf(folder, index));
            await RunAsync("-i", Webm(folder, index), "-map", "0:a", "-c", "copy", Ogg(folder, index));
        }
    }

    public static string Webm(string folder, int index) => Path.Combine(folder, $"p{index}.webm");

    public static string Ivf(string folder, int index) => Path.Combine(folder, $"p{index}.ivf");

    public static string Ogg(string folder, int index) => Path.Combine(folder, $"p{index}.ogg");

    /// <summary>The frames of an IVF file: 32 bytes in front, then each behind its length and a time (12 bytes).</summary>
    public static List<byte[]> ReadIvf(string file)
    {
        var bytes = File.ReadAllBytes(file);
        var frames = new List<byte[]>();
        for (var at = 32; at + 12 <= bytes.Length;)
        {
            var length = BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(at));
            frames.Add(bytes.AsSpan(at + 12, length).ToArray());
            at += 12 + length;
        }

        return frames;
    }

    /// <summary>The packets of an Ogg file with Opus (RFC 3533, section 6, and RFC 7845) without its two headers.</summary>
    public static List<byte[]> ReadOgg(string file)
    {
        var bytes = File.ReadAllBytes(file);
        var packets = new List<byte[]>();
        var open = new List<byte>();
        for (var at = 0; at + 27 <= bytes.Length;)
        {
            var segments = bytes[at + 26];
            var body = at + 27 + segments;
            for (var segment = 0; segment < segments; segment++)
            {
                var length = bytes[at + 27 + segment];
                open.AddRange(bytes.AsSpan(body, length));
                body += length;
                if (length < 255)
                {
                    packets.Add([.. open]);
                    open.Clear();
                }
            }

            at = body;
        }

        return packets[2..];
    }

    private static async Task RunAsync(params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo("ffmpeg", ["-v", "error", "-nostdin", "-y", .. arguments]))!;
        await process.WaitForExitAsync();
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException("The participants' media could not be encoded.");
        }
    }
}
