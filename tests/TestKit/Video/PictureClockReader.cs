using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;

namespace Roomcast.TestKit.Video;

/// <summary>Has FFmpeg decode a recording or a live stream of a picture clock, and reads every picture and beep.</summary>
public static partial class PictureClockReader
{
    private const int SampleRateHz = 48_000;
    private const int BeepThreshold = 3_000;

    private static readonly TimeSpan QuietBeforeBeep = TimeSpan.FromSeconds(0.3);

    /// <summary>Reads a file or an address.</summary>
    /// <param name="input">What FFmpeg is to open.</param>
    /// <param name="length">How much media to read; null for all.</param>
    /// <param name="inputArguments">FFmpeg's arguments before the input, for example <c>-live_start_index -1</c>.</param>
    /// <param name="withSound">Whether it has sound.</param>
    /// <param name="width">Pixels to scale to before reading.</param>
    /// <param name="height">Pixels to scale to before reading.</param>
    /// <param name="crop">The part of the picture that the clock is in, as FFmpeg's crop filter takes it: <c>width:height:left:top</c>; null for all.</param>
    /// <param name="cancellationToken">Ends FFmpeg.</param>
    /// <exception cref="InvalidOperationException">FFmpeg failed; the message holds what it said.</exception>
    public static async Task<PictureClockReading> ReadAsync(
        string input,
        TimeSpan? length = null,
        IEnumerable<string>? inputArguments = null,
        bool withSound = true,
        int width = 320,
        int height = 180,
        string? crop = null,
        CancellationToken cancellationToken = default)
    {
        var sound = Path.GetTempFileName();
        try
        {
            string[] limit = length is { } time ? ["-t", time.TotalSeconds.ToString(CultureInfo.InvariantCulture)] : [];
            string[] soundOutput = withSound
                ? ["-map", "0:a:0", "-af", $"aresample={SampleRateHz},aformat=sample_fmts=s16:channel_layouts=mono,ashowinfo", "-f", "s16le", "-y", sound]
                : [];
            using var ffmpeg = new Process
            {
                StartInfo = new ProcessStartInfo("ffmpeg",
                [
                    "-hide_banner", "-nostats", "-nostdin", "-loglevel", "info", "-copyts", .. inputArguments ?? [], .. limit, "-i", input,
                    "-map", "0:v:0", "-fps_mode", "passthrough", "-vf", $"{(crop is null ? "" : $"crop={crop},")}scale={width}:{height}:flags=area,format=gray,showinfo=checksum=0",
                    "-f", "rawvideo", "-pix_fmt", "gray", "pipe:1",
                    .. soundOutput,
                ])
                {
                    RedirectStandardOutput = true,
                    RedirectStandardError = true,
                },
            };
            ffmpeg.Start();
            await using var ending = cancellationToken.Register(() => ffmpeg.Kill());
            var log = ffmpeg.StandardError.ReadToEndAsync(CancellationToken.None);
            var pictures = await ReadPicturesAsync(ffmpeg.StandardOutput.BaseStream, width, height);
            await ffmpeg.WaitForExitAsync(CancellationToken.None);
            var said = await log;
            cancellationToken.ThrowIfCancellationRequested();
            if (ffmpeg.ExitCode != 0 || pictures.Count == 0)
            {
                throw new InvalidOperationException($"FFmpeg ended with {ffmpeg.ExitCode} after {pictures.Count} pictures of {input}:\n{said}");
            }

            var times = PictureTime().Matches(said).Select(match => SecondsOf(match.Groups[1].Value)).ToList();
            var read = pictures.Zip(times, (picture, at) => new ReadPicture(at, picture.Stamp, picture.IsFlash)).ToList();
            return new PictureClockReading(read, FindBeeps(await File.ReadAllBytesAsync(sound, CancellationToken.None), said));
        }
        finally
        {
            File.Delete(sound);
        }
    }

    private static async Task<List<(PictureStamp? Stamp, bool IsFlash)>> ReadPicturesAsync(Stream stream, int width, int height)
    {
        var pictures = new List<(PictureStamp?, bool)>();
        var gray = new byte[width * height];
        while (await stream.ReadAtLeastAsync(gray, gray.Length, throwOnEndOfStream: false) == gray.Length)
        {
            PictureStamp? stamp = PictureClock.TryRead(gray, width, height, out var read) ? read : null;
            pictures.Add((stamp, PictureClock.ReadsFlash(gray, width, height)));
        }

        return pictures;
    }

    /// <summary>Finds beeps in the samples, each block of which has the time that FFmpeg told for it.</summary>
    private static List<TimeSpan> FindBeeps(byte[] samples, string said)
    {
        var beeps = new List<TimeSpan>();
        var at = 0;
        var lastLoud = TimeSpan.MinValue;
        foreach (Match block in SoundBlock().Matches(said))
        {
            var start = SecondsOf(block.Groups[1].Value);
            var count = int.Parse(block.Groups[2].Value, CultureInfo.InvariantCulture);
            for (var i = 0; i < count && at + 1 < samples.Length; i++, at += 2)
            {
                if (Math.Abs((int)BitConverter.ToInt16(samples, at)) < BeepThreshold)
                {
                    continue;
                }

                var now = start + TimeSpan.FromSeconds((double)i / SampleRateHz);
                if (lastLoud == TimeSpan.MinValue || now - lastLoud > QuietBeforeBeep)
                {
                    beeps.Add(now);
                }

                lastLoud = now;
            }
        }

        return beeps;
    }

    private static TimeSpan SecondsOf(string text) => TimeSpan.FromSeconds(double.Parse(text, CultureInfo.InvariantCulture));

    [GeneratedRegex(@"\[Parsed_showinfo[^\]]*\] n: *\d+ pts: *-?\d+ pts_time:(-?[\d.]+)")]
    private static partial Regex PictureTime();

    [GeneratedRegex(@"\[Parsed_ashowinfo[^\]]*\] n:\d+ pts:-?\d+ pts_time:(-?[\d.]+) .*? nb_samples:(\d+)")]
    private static partial Regex SoundBlock();
}
