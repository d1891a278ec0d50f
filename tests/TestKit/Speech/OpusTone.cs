using System.Globalization;
using Roomcast.TestKit.Rtmp;

namespace Roomcast.TestKit.Speech;

/// <summary>Tones as a microphone would send them: Opus of 20 ms a packet, in Ogg, encoded by FFmpeg.</summary>
public static class OpusTone
{
    /// <summary>Bits per second that the encoder aims at.</summary>
    public const int BitrateBps = 48_000;

    /// <summary>Writes a file with a tone.</summary>
    /// <param name="folder">Where.</param>
    /// <param name="hertz">How high it is.</param>
    /// <param name="seconds">How long it is.</param>
    /// <returns>The file's path.</returns>
    public static async Task<string> WriteAsync(TemporaryFolder folder, int hertz, int seconds)
    {
        ArgumentNullException.ThrowIfNull(folder);
        var path = folder.PathOf(string.Create(CultureInfo.InvariantCulture, $"{hertz}.ogg"));
        await FfmpegTool.RunAsync(
            "-v", "error", "-f", "lavfi", "-i", string.Create(CultureInfo.InvariantCulture, $"sine=frequency={hertz}:duration={seconds}"),
            "-c:a", "libopus", "-b:a", string.Create(CultureInfo.InvariantCulture, $"{BitrateBps}"), "-ac", "2", "-frame_duration", "20", path);
        return path;
    }

    /// <summary>The packets of such a file, its two headers left out.</summary>
    public static IReadOnlyList<byte[]> PacketsOf(string path) => [.. OggFile.PacketsOf(File.ReadAllBytes(path)).Skip(2)];
}
