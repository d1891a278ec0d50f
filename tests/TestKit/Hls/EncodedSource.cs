using System.Diagnostics;
using Roomcast.Media;
using Roomcast.Media.Containers.Mp4;
using Roomcast.Media.Time;

namespace Roomcast.TestKit.Hls;

/// <summary>Real frames: a file that FFmpeg encodes once, read back as tracks and frames.</summary>
public sealed class EncodedSource
{
    private readonly List<(Track Track, Mp4ReadSample Sample, int TimescaleHz)> _samples = [];
    private readonly byte[] _bytes;

    private EncodedSource(string path, byte[] bytes)
    {
        Path = path;
        _bytes = bytes;
    }

    /// <summary>The file, fragmented MP4.</summary>
    public string Path { get; }

    /// <summary>Its tracks.</summary>
    public IReadOnlyList<Track> Tracks { get; private set; } = [];

    /// <summary>Encodes a test picture and a tone.</summary>
    /// <param name="folder">Where the file goes.</param>
    /// <param name="length">How long.</param>
    /// <param name="video">FFmpeg's options for the picture, for example <c>-c:v libx264 -bf 2</c>; null for none.</param>
    /// <param name="audio">FFmpeg's options for the sound; null for none.</param>
    /// <param name="picture">The picture, as size and rate of FFmpeg's test source.</param>
    public static async Task<EncodedSource> EncodeAsync(
        string folder, TimeSpan length, string? video, string? audio, string picture = "size=320x180:rate=30")
    {
        var path = System.IO.Path.Combine(folder, $"source-{Guid.NewGuid():N}.mp4");
        var seconds = length.TotalSeconds.ToString(System.Globalization.CultureInfo.InvariantCulture);
        List<string> arguments = ["-v", "error", "-y"];
        if (video is not null)
        {
            arguments.AddRange(["-f", "lavfi", "-i", $"testsrc2={picture}:duration={seconds}"]);
        }

        if (audio is not null)
        {
            arguments.AddRange(["-f", "lavfi", "-i", $"sine=frequency=440:sample_rate=48000:duration={seconds}"]);
        }

        arguments.AddRange((video ?? "").Split(' ', StringSplitOptions.RemoveEmptyEntries));
        arguments.AddRange((audio ?? "").Split(' ', StringSplitOptions.RemoveEmptyEntries));
        arguments.AddRange(["-f", "mp4", "-movflags", "frag_keyframe+delay_moov+default_base_moof", path]);
        await RunAsync([.. arguments]);
        return Read(path);
    }

    /// <summary>Reads a file of fragmented MP4.</summary>
    public static EncodedSource Read(string path)
    {
        var bytes = File.ReadAllBytes(path);
        var source = new EncodedSource(path, bytes);
        Check(Mp4Reader.TryReadInit(bytes, out var tracks), "init section");
        Check(Mp4Reader.TryReadFragments(bytes, tracks, out var fragments), "fragments");
        var known = tracks.ToDictionary(track => track.TrackNumber, track => track.TryToTrack(out var made, out var fault)
            ? (Track: made, track.TimescaleHz)
            : throw new InvalidOperationException($"Track {track} cannot be used: {fault}."));
        source.Tracks = [.. known.Values.Select(track => track.Track)];
        foreach (var sample in fragments.SelectMany(fragment => fragment.Samples))
        {
            var (track, timescale) = known[sample.TrackNumber];
            source._samples.Add((track, sample, timescale));
        }

        source._samples.Sort((left, right) => TimeOf(left).CompareTo(TimeOf(right)));
        return source;

        static MediaTime TimeOf((Track, Mp4ReadSample Sample, int TimescaleHz) item) =>
            MediaTime.FromTimescale(item.Sample.DecodeTime, item.TimescaleHz);

        static void Check(Mp4ReadStatus status, string what)
        {
            if (status is not Mp4ReadStatus.Done)
            {
                throw new InvalidOperationException($"The {what} cannot be read: {status}.");
            }
        }
    }

    /// <summary>The frames in order of decoding. The caller owns them.</summary>
    /// <param name="start">Added to all times.</param>
    public IEnumerable<Frame> Frames(TimeSpan start = default)
    {
        foreach (var (track, sample, timescale) in _samples)
        {
            yield return Frame.CopyOf(
                track.Id,
                MediaTime.FromTimescale(sample.DecodeTime, timescale) + start,
                MediaTime.FromTimescale(sample.PresentationTime, timescale) + start,
                MediaTime.FromTimescale(sample.Duration, timescale).SinceStart,
                sample.IsSync,
                _bytes.AsSpan(sample.Offset, sample.Length));
        }
    }

    /// <summary>Runs FFmpeg and returns what it wrote to standard output.</summary>
    /// <exception cref="InvalidOperationException">It failed, or is not installed.</exception>
    public static async Task<string> RunAsync(params string[] arguments)
    {
        using var process = new Process
        {
            StartInfo = new ProcessStartInfo("ffmpeg", ["-hide_banner", "-nostdin", .. arguments])
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            },
        };
        try
        {
            process.Start();
        }
        catch (System.ComponentModel.Win32Exception fault)
        {
            throw new InvalidOperationException("FFmpeg is missing. Install it: sudo apt-get install ffmpeg", fault);
        }

        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        return process.ExitCode == 0 && (await errors).Length == 0
            ? await output
            : throw new InvalidOperationException($"ffmpeg {string.Join(' ', arguments)}: {await errors}");
    }
}
