using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;

namespace Roomcast.Interop.Meetings;

/// <summary>A picture of a file.</summary>
/// <param name="At">Its presentation time.</param>
/// <param name="Hash">Of its bytes as they were encoded.</param>
/// <param name="Look">What it shows.</param>
internal sealed record StampedFrame(TimeSpan At, string Hash, StampedLook Look);

/// <summary>A file with what was composed of <see cref="StampedSource"/>s, decoded from its first picture to its last.</summary>
/// <param name="Frames">Every picture.</param>
/// <param name="Samples">Every <see cref="SampleEvery"/>th of them: its number, and its 1280 by 720 pixels in gray.</param>
/// <param name="SoundFrom">Presentation time of the first sample of the sound.</param>
/// <param name="Sound">Mono, 48 kHz.</param>
/// <param name="Complaints">What the decoder had to say.</param>
internal sealed partial record StampedReading(
    IReadOnlyList<StampedFrame> Frames, IReadOnlyList<(int Number, byte[] Gray)> Samples, TimeSpan SoundFrom, float[] Sound, string Complaints)
{
    public const int SampleEvery = 45;
    public const int SampleWidth = 1_280;
    public const int SampleHeight = 720;

    private const int SampleRateHz = 48_000;

    /// <summary>Decodes a file.</summary>
    public static async Task<StampedReading> OfAsync(string file)
    {
        var folder = Directory.CreateTempSubdirectory("roomcast-test-").FullName;
        try
        {
            var (sound, gray) = (Path.Combine(folder, "sound"), Path.Combine(folder, "gray"));
            using var ffmpeg = Process.Start(new ProcessStartInfo("ffmpeg",
            [
                "-hide_banner", "-nostats", "-nostdin", "-loglevel", "info", "-copyts", "-i", file, "-filter_complex",
                $"[0:v:0]showinfo=checksum=0,split[s][l];[s]scale={StampedLayouts.Width}:{StampedLayouts.Height}:flags=area[small];"
                + $"[l]select='not(mod(n,{SampleEvery}))',format=gray[large];[0:a:0]ashowinfo,aresample={SampleRateHz},aformat=sample_fmts=flt:channel_layouts=mono[a]",
                "-map", "[small]", "-fps_mode", "passthrough", "-f", "rawvideo", "-pix_fmt", "yuv420p", "pipe:1",
                "-map", "[large]", "-fps_mode", "passthrough", "-f", "rawvideo", "-pix_fmt", "gray", "-y", gray,
                "-map", "[a]", "-f", "f32le", "-y", sound,
            ])
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            })!;
            var log = ffmpeg.StandardError.ReadToEndAsync();
            var looks = new List<StampedLook>();
            var picture = new byte[StampedLayouts.Width * StampedLayouts.Height * 3 / 2];
            while (await ffmpeg.StandardOutput.BaseStream.ReadAtLeastAsync(picture, picture.Length, throwOnEndOfStream: false) == picture.Length)
            {
                looks.Add(StampedLayouts.Read(picture));
            }

            await ffmpeg.WaitForExitAsync();
            var said = await log;
            Assert.True(ffmpeg.ExitCode == 0 && looks.Count > 0, $"FFmpeg could not read {file}: {said}");
            var times = PictureTime().Matches(said).Select(match => SecondsOf(match.Groups[1].Value)).ToList();
            var hashes = await HashesAsync(file);
            Assert.Equal((looks.Count, looks.Count), (times.Count, hashes.Count));
            var samples = (await File.ReadAllBytesAsync(gray)).Chunk(SampleWidth * SampleHeight).Select((bytes, at) => (at * SampleEvery, bytes)).ToList();
            var bytes = await File.ReadAllBytesAsync(sound);
            var floats = new float[bytes.Length / sizeof(float)];
            Buffer.BlockCopy(bytes, 0, floats, 0, floats.Length * sizeof(float));
            return new StampedReading(
                [.. looks.Select((look, at) => new StampedFrame(times[at], hashes[at], look))],
                samples,
                SecondsOf(SoundTime().Match(said).Groups[1].Value),
                floats,
                string.Join('\n', said.Split('\n').Where(line => Complaint().IsMatch(line))));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>Decodes the sound of a file that has no picture. What is missing between its packets is silence.</summary>
    public static async Task<StampedReading> OfSoundAsync(string file)
    {
        using var ffmpeg = Process.Start(new ProcessStartInfo("ffmpeg",
        [
            "-hide_banner", "-nostats", "-nostdin", "-loglevel", "error", "-i", file, "-map", "0:a:0",
            "-af", $"aresample={SampleRateHz}:async=1:first_pts=0", "-ac", "1", "-f", "f32le", "pipe:1",
        ])
        {
            RedirectStandardOutput = true,
        })!;
        using var bytes = new MemoryStream();
        await ffmpeg.StandardOutput.BaseStream.CopyToAsync(bytes);
        await ffmpeg.WaitForExitAsync();
        var sound = new float[bytes.Length / sizeof(float)];
        Buffer.BlockCopy(bytes.GetBuffer(), 0, sound, 0, sound.Length * sizeof(float));
        return new StampedReading([], [], TimeSpan.Zero, sound, "");
    }

    /// <summary>The same with no other sound than that between two presentation times.</summary>
    public StampedReading Between(TimeSpan from, TimeSpan to)
    {
        var (first, end) = (SampleAt(from), SampleAt(to));
        return this with { SoundFrom = from, Sound = end > first ? Sound[first..end] : [] };

        int SampleAt(TimeSpan at) => Math.Clamp((int)((at - SoundFrom).TotalSeconds * SampleRateHz), 0, Sound.Length);
    }

    /// <summary>When a tone begins to swell, each time, in presentation time.</summary>
    public IReadOnlyList<TimeSpan> SwellsOf(int frequencyHz)
    {
        const int Window = SampleRateHz / 100;
        const double Rest = 0.5;
        var levels = LevelsOf(frequencyHz, Window);
        var loud = levels.Order().ElementAt((int)(levels.Length * 0.95)) / 2; // It is loud for a tenth of the time.
        var found = new List<TimeSpan>();
        for (var at = 1; at < levels.Length; at++)
        {
            // The middle of the window passes the edge when half of it is loud.
            var time = SoundFrom + TimeSpan.FromSeconds((at + (Window / 2.0)) / SampleRateHz);
            if (levels[at] >= loud && levels[at - 1] < loud && (found.Count == 0 || (time - found[^1]).TotalSeconds > Rest))
            {
                found.Add(time);
            }
        }

        return found;
    }

    /// <summary>
    /// Sound minus picture, in milliseconds, at each swell of the first person's tone: positive when the sound is late. The picture
    /// is that of the second around the swell: how much later than drawn they are shown, in the middle.
    /// </summary>
    /// <param name="frequencyHz">The tone.</param>
    /// <param name="swellsMs">When it swelled at its source: the wall clock in milliseconds.</param>
    public IReadOnlyList<double> OffsetsMs(int frequencyHz, IReadOnlyList<double> swellsMs)
    {
        var offsets = new List<double>();
        var shown = new List<(double AtMs, int Stamp)>();
        foreach (var frame in Frames)
        {
            if (frame.Look.First is { } stamp && (shown.Count == 0 || shown[^1].Stamp != stamp))
            {
                shown.Add((frame.At.TotalMilliseconds, stamp));
            }
        }

        var sources = swellsMs.Select(at => (int)((long)at % StampedPicture.Modulus)).ToList();
        foreach (var heard in SwellsOf(frequencyHz).Select(at => at.TotalMilliseconds))
        {
            var near = shown.Where(each => Math.Abs(each.AtMs - heard) < 500).ToList();
            if (near.Count < 10)
            {
                continue;
            }

            // As of one stamp, so that stamps that wrap do no harm.
            var reference = near[near.Count / 2];
            var late = near.Select(each => each.AtMs - reference.AtMs - StampedPicture.Between(reference.Stamp, each.Stamp)).Order().ElementAt(near.Count / 2);
            var expected = sources
                .Select(source => reference.AtMs + late + StampedPicture.Between(reference.Stamp, source))
                .MinBy(at => Math.Abs(at - heard));
            if (Math.Abs(expected - heard) < 400)
            {
                offsets.Add(heard - expected);
            }
        }

        return offsets;
    }

    /// <summary>How loud a tone is in a window from each sample on.</summary>
    private float[] LevelsOf(int frequencyHz, int window)
    {
        var levels = new float[Math.Max(1, Sound.Length - window)];
        var (real, imaginary) = (new double[window], new double[window]);
        var (sumReal, sumImaginary) = (0.0, 0.0);
        for (var at = 0; at < Sound.Length; at++)
        {
            // The tones are whole numbers of hertz, so that they repeat with each second.
            var (sine, cosine) = Math.SinCos(2 * Math.PI * frequencyHz * (at % SampleRateHz) / SampleRateHz);
            var slot = at % window;
            sumReal += (Sound[at] * cosine) - real[slot];
            sumImaginary += (Sound[at] * sine) - imaginary[slot];
            (real[slot], imaginary[slot]) = (Sound[at] * cosine, Sound[at] * sine);
            if (at >= window)
            {
                levels[at - window] = (float)Math.Sqrt((sumReal * sumReal) + (sumImaginary * sumImaginary));
            }
        }

        return levels;
    }

    private static async Task<List<string>> HashesAsync(string file)
    {
        using var ffprobe = Process.Start(new ProcessStartInfo("ffprobe",
            ["-v", "error", "-select_streams", "v:0", "-show_packets", "-show_data_hash", "MD5", "-show_entries", "packet=data_hash", "-of", "csv=p=0", file])
        {
            RedirectStandardOutput = true,
        })!;
        var lines = (await ffprobe.StandardOutput.ReadToEndAsync()).Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        await ffprobe.WaitForExitAsync();
        return [.. lines];
    }

    private static TimeSpan SecondsOf(string text) => TimeSpan.FromSeconds(double.Parse(text, CultureInfo.InvariantCulture));

    [GeneratedRegex(@"\[Parsed_showinfo[^\]]*\] n: *\d+ pts: *-?\d+ pts_time:(-?[\d.]+)")]
    private static partial Regex PictureTime();

    [GeneratedRegex(@"\[Parsed_ashowinfo[^\]]*\] n:0 pts:-?\d+ pts_time:(-?[\d.]+)")]
    private static partial Regex SoundTime();

    [GeneratedRegex("error|concealing|frame num|missing|corrupt|invalid", RegexOptions.IgnoreCase)]
    private static partial Regex Complaint();
}
