using System.Collections.Immutable;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using Roomcast.Egress.Composition.Layouts;

namespace Roomcast.Bench.Compose;

/// <summary>How others would do it, with the same codecs, sizes and rates.</summary>
internal static class OtherSides
{
    /// <summary>The ffmpeg program: the same inputs in real time, each scaled to the tile it has with us, set side by side by xstack.</summary>
    public static string[] Ffmpeg(string folder, int participants, string preset, string progress)
    {
        var tiles = SceneArrangement.Arrange(OurSide.SceneOf(participants), 1_280, 720, ImmutableArray<SceneTile>.Empty);
        var arguments = new List<string> { "-v", "error", "-nostdin", "-progress", progress, "-filter_complex_threads", "1" };
        for (var index = 0; index < participants; index++)
        {
            arguments.AddRange(["-re", "-stream_loop", "-1", "-threads", "1", "-i", Participants.Webm(folder, index)]);
        }

        var graph = new StringBuilder();
        foreach (var (index, tile) in tiles.Index())
        {
            graph.Append(CultureInfo.InvariantCulture, $"[{index}:v]scale={tile.Area.Width}:{tile.Area.Height}:flags=bilinear,setsar=1[v{index}];");
        }

        var inputs = string.Concat(Enumerable.Range(0, participants).Select(static index => $"[v{index}]"));
        var (left, top) = (tiles.Min(static tile => tile.Area.Left), tiles.Min(static tile => tile.Area.Top));
        var places = string.Join('|', tiles.Select(tile => $"{tile.Area.Left - left}_{tile.Area.Top - top}"));
        graph.Append(CultureInfo.InvariantCulture, $"{inputs}xstack=inputs={participants}:layout={places}:fill=0x101418,pad=1280:720:{left}:{top}:0x101418[v];");
        graph.Append(string.Concat(Enumerable.Range(0, participants).Select(static index => $"[{index}:a]")));
        graph.Append(CultureInfo.InvariantCulture, $"amix=inputs={participants}:normalize=0,alimiter=limit=0.95[a]");
        arguments.AddRange(["-filter_complex", graph.ToString(), "-map", "[v]", "-map", "[a]", "-r", "30"]);
        arguments.AddRange(Encode(preset));
        arguments.AddRange(["-c:a", "aac", "-b:a", "128k", "-f", "mpegts", "/dev/null", "-y"]);
        return [.. arguments];
    }

    /// <summary>Whether the display's left upper corner has a colour.</summary>
    public static bool Shows(string display, (int Red, int Green, int Blue) colour)
    {
        using var ffmpeg = Process.Start(new ProcessStartInfo(
            "ffmpeg", ["-v", "quiet", "-nostdin", "-f", "x11grab", "-draw_mouse", "0", "-video_size", "2x2", "-i", display, "-frames:v", "1", "-f", "rawvideo", "-pix_fmt", "rgb24", "pipe:1"])
        {
            RedirectStandardOutput = true,
        })!;
        Span<byte> pixel = stackalloc byte[3];
        var isRead = ffmpeg.StandardOutput.BaseStream.ReadAtLeast(pixel, pixel.Length, throwOnEndOfStream: false) == pixel.Length;
        ffmpeg.StandardOutput.Close();
        ffmpeg.WaitForExit();
        return isRead && (pixel[0], pixel[1], pixel[2]) == colour;
    }

    /// <summary>Captures a display as others do, and encodes it as we do.</summary>
    public static string[] Capture(string display, string preset, string progress, string file) =>
    [
        "-v", "error", "-nostdin", "-progress", progress, "-f", "x11grab", "-draw_mouse", "0", "-framerate", "30", "-video_size", "1280x720", "-i", display,
        .. Encode(preset), "-f", "mpegts", file, "-y",
    ];

    private static string[] Encode(string preset) =>
        $"-c:v libx264 -profile:v high -preset {preset} -tune zerolatency -threads 1 -b:v 2500k -maxrate 2500k -bufsize 2500k -g 60 -sc_threshold 0 -bf 0 -pix_fmt yuv420p".Split(' ');

    /// <summary>Pictures that ffmpeg says it has encoded so far.</summary>
    public static long Encoded(string progress) => !File.Exists(progress)
        ? 0
        : File.ReadLines(progress).Where(static line => line.StartsWith("frame=", StringComparison.Ordinal))
            .Select(static line => long.Parse(line.AsSpan("frame=".Length), CultureInfo.InvariantCulture)).LastOrDefault();
}
