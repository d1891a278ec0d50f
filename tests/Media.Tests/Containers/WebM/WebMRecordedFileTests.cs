using System.Buffers;
using System.Globalization;
using Roomcast.Media.Containers.WebM;

namespace Roomcast.Media.Tests.Containers.WebM;

/// <summary>Files of tracks as a crash leaves them: cut off anywhere, or with anything at the end.</summary>
public sealed class WebMRecordedFileTests
{
    private const int FrameMs = 20;

    private static readonly WebMCodec[] Codecs = [WebMCodec.Opus, WebMCodec.Vp8];

    [Fact]
    public void Wherever_it_is_cut_what_is_left_is_whole_clusters_and_the_front_says_how_long_they_are()
    {
        foreach (var codec in Codecs)
        {
            var (file, ends) = WriteUnfinished(codec, frameCount: 330);
            Assert.True(ends.Count >= 3);
            for (var cut = 0; cut <= file.Length; cut++)
            {
                var expected = ends.LastOrDefault(end => end.Length <= cut);
                Check(file.AsSpan(0, cut).ToArray(), expected.Length, expected.FrameCount);
            }
        }
    }

    [Fact]
    public void Whatever_stands_behind_the_last_cluster_is_cut_off()
    {
        var random = new Random(7);
        var (file, ends) = WriteUnfinished(WebMCodec.Opus, frameCount: 330);
        var last = ends[^1];
        foreach (var length in new[] { 1, 7, 12, 100, 5_000 })
        {
            for (var i = 0; i < 50; i++)
            {
                var tail = new byte[length];
                random.NextBytes(tail);
                Check([.. file.AsSpan(0, last.Length), .. tail], last.Length, last.FrameCount);
            }
        }

        // A cluster that is as long as it says, and holds no frames.
        Check([.. file.AsSpan(0, last.Length), 0x1F, 0x43, 0xB6, 0x75, 0x84, 0xE7, 0x82, 1, 1], last.Length, last.FrameCount);
    }

    [Fact]
    public void Any_other_bytes_are_no_such_file_and_are_left_alone()
    {
        var random = new Random(11);
        var (file, _) = WriteUnfinished(WebMCodec.Opus, frameCount: 120);
        for (var i = 0; i < 5_000; i++)
        {
            var bytes = file.ToArray();
            for (var flip = random.Next(1, 6); flip > 0; flip--)
            {
                bytes[random.Next(random.Next(1, bytes.Length))] = (byte)random.Next(256);
            }

            using var stream = new MemoryStream();
            stream.Write(bytes);
            var recorded = WebMRecordedFile.Read(stream);
            Assert.InRange(recorded.Length, 0, bytes.Length);
            Assert.InRange(recorded.Duration, TimeSpan.FromMilliseconds(short.MinValue), TimeSpan.FromDays(8));
            var isSomething = recorded.Mend();
            Assert.Equal(recorded.Length > 0, isSomething);
            if (!isSomething)
            {
                Assert.Equal(bytes, stream.ToArray());
            }
        }
    }

    [Fact]
    public void A_file_that_was_ended_stays_as_it_is()
    {
        var output = new ArrayBufferWriter<byte>();
        var writer = new WebMWriter(output, WebMCodec.Vp8, 320, 180, 0, rotationDegrees: 90);
        AddFrames(writer, 330);
        var front = writer.Finish();
        var file = output.WrittenSpan.ToArray();
        front.CopyTo(file, 0);
        using var stream = new MemoryStream();
        stream.Write(file);
        var recorded = WebMRecordedFile.Read(stream);
        Assert.Equal(file.Length, recorded.Length);
        Assert.Equal(writer.Duration, recorded.Duration);
        Assert.True(recorded.Mend());
        Assert.Equal(file, stream.ToArray());

        // Killed before the front was written again: then it is, and the cues stay.
        output.WrittenSpan[..front.Length].CopyTo(file);
        stream.Position = 0;
        stream.Write(output.WrittenSpan);
        Assert.True(WebMRecordedFile.Read(stream).Mend());
        front.CopyTo(file, 0);
        Assert.Equal(file, stream.ToArray());
    }

    [Fact]
    public void A_decoder_hears_from_the_front_how_long_a_mended_file_is()
    {
        var folder = Directory.CreateTempSubdirectory("roomcast-webm-").FullName;
        try
        {
            var (file, ends) = WriteUnfinished(WebMCodec.Opus, frameCount: 330);
            var path = Path.Combine(folder, "mended.webm");
            File.WriteAllBytes(path, file.AsSpan(0, ends[^1].Length + 100).ToArray());
            using (var stream = new FileStream(path, FileMode.Open, FileAccess.ReadWrite))
            {
                Assert.True(WebMRecordedFile.Read(stream).Mend());
            }

            var told = Ffmpeg.Probe("-v", "error", "-show_entries", "format=duration", "-of", "csv=p=0", path).Trim();
            Assert.Equal((ends[^1].FrameCount - 1) * FrameMs / 1_000.0, double.Parse(told, CultureInfo.InvariantCulture), 3);
            var packets = Ffmpeg.Probe("-v", "error", "-count_packets", "-show_entries", "stream=nb_read_packets", "-of", "csv=p=0", path).Trim();
            Assert.Equal(ends[^1].FrameCount, int.Parse(packets, CultureInfo.InvariantCulture));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static void Check(byte[] found, int length, int frameCount)
    {
        using var stream = new MemoryStream();
        stream.Write(found);
        var recorded = WebMRecordedFile.Read(stream);
        Assert.Equal(length, recorded.Length);
        Assert.Equal(found.Length > length, recorded.IsTorn);
        Assert.Equal(length > 0, recorded.Mend());
        if (length == 0)
        {
            Assert.Equal(found, stream.ToArray());
            return;
        }

        Assert.Equal(length, stream.Length);
        Assert.Equal(TimeSpan.FromMilliseconds((frameCount - 1) * FrameMs), recorded.Duration);
        var bytes = new SequenceReader<byte>(new ReadOnlySequence<byte>(stream.ToArray()));
        var reader = new WebMReader();
        for (var i = 0; i < frameCount; i++)
        {
            Assert.Equal(OperationStatus.Done, reader.TryRead(ref bytes, out var frame));
            Assert.Equal(TimeSpan.FromMilliseconds(i * FrameMs), frame.Time);
        }

        Assert.Equal((OperationStatus.NeedMoreData, 0L), (reader.TryRead(ref bytes, out _), bytes.Remaining));

        // A second look finds nothing to do.
        var mended = stream.ToArray();
        var again = WebMRecordedFile.Read(stream);
        Assert.False(again.IsTorn);
        Assert.True(again.Mend());
        Assert.Equal(mended, stream.ToArray());
    }

    // Where each cluster ends, and how many frames there are until then; behind the last the beginning of another.
    private static (byte[] File, List<(int Length, int FrameCount)> Ends) WriteUnfinished(WebMCodec codec, int frameCount)
    {
        var output = new ArrayBufferWriter<byte>();
        var writer = codec is WebMCodec.Vp8 ? new WebMWriter(output, codec, 320, 180, 0) : new WebMWriter(output, codec, 0, 0, 2);
        var ends = new List<(int, int)>();
        for (var i = 0; i < frameCount; i++)
        {
            var before = output.WrittenCount;
            Add(writer, i);
            if (output.WrittenCount > before)
            {
                ends.Add((output.WrittenCount, i));
            }
        }

        var whole = output.WrittenCount;
        writer.Flush();
        return (output.WrittenSpan[..(whole + ((output.WrittenCount - whole) / 2))].ToArray(), ends);
    }

    private static void AddFrames(WebMWriter writer, int count)
    {
        for (var i = 0; i < count; i++)
        {
            Add(writer, i);
        }
    }

    private static void Add(WebMWriter writer, int number) =>
        writer.Add(TimeSpan.FromMilliseconds(number * FrameMs), TimeSpan.Zero, isKeyframe: number % 75 == 0, [0xFC, (byte)number, 3, 4]);
}
