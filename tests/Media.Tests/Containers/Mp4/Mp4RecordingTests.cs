using System.Buffers;
using System.Globalization;
using Roomcast.Media.Containers.Mp4;
using Roomcast.TestKit.Hls;

namespace Roomcast.Media.Tests.Containers.Mp4;

/// <summary>A feed is recorded in fragments, cut off, paused, broken, and made one file that a real decoder reads.</summary>
public sealed class Mp4RecordingTests : IDisposable
{
    private const string H264 = "-c:v libx264 -preset ultrafast -g 30 -bf 0 -pix_fmt yuv420p";
    private const string Aac = "-c:a aac -ac 2 -ar 48000";

    private static readonly TimeSpan FragmentTarget = TimeSpan.FromSeconds(1);

    private readonly string _folder = Directory.CreateTempSubdirectory("roomcast-recording-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task A_recording_becomes_one_file_with_the_index_in_front_and_every_frame()
    {
        var source = await EncodedSource.EncodeAsync(_folder, TimeSpan.FromSeconds(5), H264, Aac);
        var fragmented = Record(source, TimeSpan.FromHours(3));
        var (file, duration) = Finish(fragmented);

        Assert.Equal(HashesOf(source.Path), HashesOf(fragmented));
        Assert.Equal(HashesOf(source.Path), HashesOf(file));
        Assert.True(IndexOf(file, "moov") < IndexOf(file, "mdat"), "The index does not stand in front.");
        Assert.InRange(duration.TotalSeconds, 4.95, 5.1);
        Assert.InRange(Seconds(file, "format=duration"), 4.95, 5.1);
    }

    [Fact]
    public async Task Frames_that_are_shown_out_of_order_keep_their_times_and_begin_at_zero()
    {
        var source = await EncodedSource.EncodeAsync(
            _folder, TimeSpan.FromSeconds(4), "-c:v libx264 -preset ultrafast -g 30 -bf 3 -pix_fmt yuv420p", audio: null);
        var (file, _) = Finish(Record(source));

        Assert.Equal(HashesOf(source.Path), HashesOf(file));
        var shown = ShownTimes(file, "v:0");
        Assert.Equal(0, shown[0], 3);
        Assert.Equal(Enumerable.Range(0, shown.Count).Select(i => Math.Round(i / 30.0, 3)), shown.Select(time => Math.Round(time, 3)));
    }

    [Fact]
    public async Task Sound_that_begins_later_keeps_its_distance_to_the_picture()
    {
        var source = await EncodedSource.EncodeAsync(_folder, TimeSpan.FromSeconds(3), H264, Aac);
        var sound = source.Tracks.Single(track => track.Kind is TrackKind.Audio).Id;
        var (file, _) = Finish(Record(
            source, keep: frame => frame.TrackId != sound || frame.DecodeTime.SinceStart >= TimeSpan.FromMilliseconds(700)));

        var first = ShownTimes(file, "a:0")[0];
        var expected = source.Frames().First(frame => frame.TrackId == sound && frame.DecodeTime.SinceStart >= TimeSpan.FromMilliseconds(700));
        Assert.Equal(expected.DecodeTime.SinceStart.TotalSeconds, first, 4);
        Assert.Equal(0, ShownTimes(file, "v:0")[0], 3);
    }

    [Fact]
    public async Task A_pause_leaves_no_hole_and_moves_sound_and_picture_alike()
    {
        var source = await EncodedSource.EncodeAsync(_folder, TimeSpan.FromSeconds(8), H264, Aac);
        var fragmented = Path.Combine(_folder, "paused.mp4");
        using var writing = new Writing(fragmented);
        writing.Recorder.SetTracks(source.Tracks);
        var paused = false;
        foreach (var frame in source.Frames(TimeSpan.FromMinutes(1)))
        {
            var time = frame.DecodeTime.SinceStart - TimeSpan.FromMinutes(1);
            var isPausedNow = time >= TimeSpan.FromSeconds(2.5) && time < TimeSpan.FromSeconds(5.2);
            if (isPausedNow != paused)
            {
                (paused = isPausedNow).Then(writing.Recorder.Pause, writing.Recorder.Resume);
            }

            writing.Add(frame);
        }

        writing.End();

        // Goes on with the keyframe at 6 s: two and a half seconds and two.
        var (file, duration) = Finish(fragmented);
        Assert.InRange(duration.TotalSeconds, 4.4, 4.65);
        var pictures = ShownTimes(file, "v:0");
        Assert.True(pictures.Zip(pictures.Skip(1)).All(pair => pair.Second - pair.First is > 0.02 and < 0.06), "There is a hole.");
        var sounds = ShownTimes(file, "a:0");
        Assert.True(sounds.Zip(sounds.Skip(1)).All(pair => pair.Second - pair.First is > 0.015 and < 0.06), "There is a hole in the sound.");
        Ffmpeg.DecodedFrames(file);

        // Frame 180 and the sound at 6 s were together before, and are within a sound frame now.
        var resumed = pictures[75];
        Assert.InRange(sounds.Min(time => Math.Abs(time - resumed)), 0, 0.022);
    }

    [Fact]
    public async Task A_gap_of_the_source_is_kept_and_a_clock_that_jumps_is_joined()
    {
        var source = await EncodedSource.EncodeAsync(_folder, TimeSpan.FromSeconds(2), H264, Aac);
        var fragmented = Path.Combine(_folder, "gaps.mp4");
        using var writing = new Writing(fragmented);
        writing.Recorder.SetTracks(source.Tracks);
        foreach (var start in new[] { TimeSpan.FromSeconds(100), TimeSpan.FromSeconds(103), TimeSpan.FromSeconds(10), TimeSpan.FromHours(9) })
        {
            writing.Recorder.MarkDiscontinuity();
            foreach (var frame in source.Frames(start))
            {
                writing.Add(frame);
            }
        }

        writing.End();
        var (file, duration) = Finish(fragmented);
        Assert.InRange(duration.TotalSeconds, 8.95, 9.2); // four times two seconds, and one gap of one
        Assert.Equal(240, ShownTimes(file, "v:0").Count);
    }

    [Fact]
    public async Task A_changed_configuration_becomes_a_second_sample_entry()
    {
        var first = await EncodedSource.EncodeAsync(_folder, TimeSpan.FromSeconds(2), H264, Aac);
        var second = await EncodedSource.EncodeAsync(_folder, TimeSpan.FromSeconds(2), H264, Aac, "size=640x360:rate=30");
        var fragmented = Path.Combine(_folder, "changed.mp4");
        using var writing = new Writing(fragmented);
        foreach (var (source, start) in new[] { (first, 0), (second, 3), (first, 6) })
        {
            writing.Recorder.SetTracks(source.Tracks);
            foreach (var frame in source.Frames(TimeSpan.FromSeconds(start)))
            {
                writing.Add(frame);
            }
        }

        writing.End();
        var (file, _) = Finish(fragmented);
        var widths = Ffmpeg.Probe("-select_streams", "v:0", "-show_entries", "frame=width", "-of", "csv=p=0", file)
            .Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Trim().TrimEnd(','));
        Assert.Equal([.. Enumerable.Repeat("320", 60), .. Enumerable.Repeat("640", 60), .. Enumerable.Repeat("320", 60)], widths);
        Assert.True(Mp4Reader.TryReadInit(File.ReadAllBytes(file), out var tracks) is Mp4ReadStatus.Done);
        Assert.Equal(2, tracks.Count);
        Assert.Equal(2, CountOf(file, "avcC"));
    }

    [Fact]
    public async Task Cut_off_anywhere_the_whole_fragments_are_kept()
    {
        var source = await EncodedSource.EncodeAsync(_folder, TimeSpan.FromSeconds(3), "-c:v libx264 -preset ultrafast -g 15 -b:v 60k -bf 0 -pix_fmt yuv420p", "-c:a aac -ac 1 -b:a 16k -ar 48000", "size=128x72:rate=15");
        var bytes = File.ReadAllBytes(Record(source));
        var boundaries = Boundaries(bytes);
        Assert.InRange(boundaries.Count, 3, 6);

        for (var length = 0; length <= bytes.Length; length++)
        {
            using var torn = new MemoryStream(bytes, 0, length, writable: false);
            var recorded = Mp4RecordedFile.Read(torn);
            Assert.Equal(boundaries.LastOrDefault(end => end <= length), recorded.Length);
            Assert.Equal(recorded.Length != length, recorded.IsTorn);
        }

        foreach (var end in boundaries)
        {
            // Torn in the middle of the next fragment, then made a file.
            var torn = Path.Combine(_folder, "torn.mp4");
            File.WriteAllBytes(torn, bytes[..Math.Min(bytes.Length, (int)end + 700)]);
            var (file, duration) = Finish(torn);
            Assert.True(duration > TimeSpan.FromSeconds(0.8));
            Assert.NotEmpty(Ffmpeg.DecodedFrames(file));
        }
    }

    [Fact]
    public async Task The_sound_alone_can_be_taken_out()
    {
        var source = await EncodedSource.EncodeAsync(_folder, TimeSpan.FromSeconds(3), H264, Aac);
        var (file, _) = Finish(Record(source), Mp4Selection.Sound);
        Assert.Equal("aac", Ffmpeg.Probe("-show_entries", "stream=codec_name", "-of", "csv=p=0", file).Trim());
        Assert.InRange(Seconds(file, "format=duration"), 2.9, 3.1);
    }

    [Fact]
    public async Task No_more_is_lost_with_the_process_than_a_fragment()
    {
        var source = await EncodedSource.EncodeAsync(_folder, TimeSpan.FromSeconds(10), H264, Aac);
        var path = Path.Combine(_folder, "watched.mp4");
        using var writing = new Writing(path);
        writing.Recorder.SetTracks(source.Tracks);
        foreach (var frame in source.Frames())
        {
            writing.Add(frame);
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            var kept = Writing.KeptTime(file);
            Assert.InRange(writing.Recorder.Recorded - kept, TimeSpan.Zero, TimeSpan.FromSeconds(1.2));
        }
    }

    internal static long IndexOf(string file, string box) =>
        File.ReadAllBytes(file).AsSpan().IndexOf(System.Text.Encoding.ASCII.GetBytes(box));

    private static int CountOf(string file, string box)
    {
        var bytes = File.ReadAllBytes(file).AsSpan();
        var count = 0;
        while (bytes.IndexOf(System.Text.Encoding.ASCII.GetBytes(box)) is var at and >= 0)
        {
            count++;
            bytes = bytes[(at + 4)..];
        }

        return count;
    }

    private static double Seconds(string file, string entry) =>
        double.Parse(Ffmpeg.Probe("-show_entries", entry, "-of", "csv=p=0", file).Trim(), CultureInfo.InvariantCulture);

    private static List<double> ShownTimes(string file, string stream) =>
    [
        .. Ffmpeg.Probe("-select_streams", stream, "-show_entries", "frame=pts_time", "-of", "csv=p=0", file)
            .Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => double.Parse(line.Trim().TrimEnd(','), CultureInfo.InvariantCulture)),
    ];

    private static string[] HashesOf(string path) =>
        [.. Ffmpeg.DecodedFrames(path).Select(frame => $"{frame.Split(' ')[0]} {frame.Split(' ')[^1]}").Order(StringComparer.Ordinal)];

    private static List<long> Boundaries(byte[] bytes)
    {
        var ends = new List<long>();
        var reader = new Mp4BoxReader(bytes);
        while (reader.TryRead(out var box))
        {
            if (box.Is("mdat"u8))
            {
                ends.Add(box.Offset + box.Length);
            }
        }

        return ends;
    }

    private string Record(EncodedSource source, TimeSpan start = default, Func<Frame, bool>? keep = null)
    {
        var path = Path.Combine(_folder, $"{Guid.NewGuid():N}.mp4");
        using var writing = new Writing(path);
        writing.Recorder.SetTracks(source.Tracks);
        foreach (var frame in source.Frames(start))
        {
            if (keep?.Invoke(frame) ?? true)
            {
                writing.Add(frame);
            }
            else
            {
                frame.Release();
            }
        }

        writing.End();
        return path;
    }

    private (string File, TimeSpan Duration) Finish(string fragmented, Mp4Selection selection = Mp4Selection.Everything)
    {
        var path = Path.Combine(_folder, $"{Guid.NewGuid():N}.mp4");
        using var source = File.OpenRead(fragmented);
        using var output = File.Create(path);
        var duration = Mp4ProgressiveFile.Write(Mp4RecordedFile.Read(source), source, output, selection);
        return (path, duration);
    }

    /// <summary>A recorder with its file; every frame's bytes are in the file when a call returns.</summary>
    private sealed class Writing : IDisposable
    {
        private readonly ArrayBufferWriter<byte> _buffer = new();
        private readonly FileStream _file;

        public Writing(string path)
        {
            _file = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);
            Recorder = new Mp4Recorder(_buffer, FragmentTarget);
        }

        public Mp4Recorder Recorder { get; }

        public void Add(Frame frame)
        {
            Recorder.Add(frame);
            frame.Release();
            Drain();
        }

        public void End()
        {
            Recorder.Close();
            Drain();
            _file.Flush();
        }

        /// <summary>How much of the file a reader finds, by the frames of its fragments.</summary>
        public static TimeSpan KeptTime(FileStream file)
        {
            var recorded = Mp4RecordedFile.Read(file);
            return recorded.FragmentCount == 0
                ? TimeSpan.Zero
                : Mp4ProgressiveFile.Write(recorded, file, Stream.Null);
        }

        public void Dispose()
        {
            Recorder.Dispose();
            _file.Dispose();
        }

        private void Drain()
        {
            _file.Write(_buffer.WrittenSpan);
            _buffer.ResetWrittenCount();
        }
    }
}

file static class Choice
{
    public static void Then(this bool condition, Action yes, Action no) => (condition ? yes : no)();
}
