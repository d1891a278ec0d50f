using System.Buffers;
using FsCheck;
using FsCheck.Fluent;
using Roomcast.Media.Containers.WebM;
using Roomcast.TestKit;

namespace Roomcast.Media.Tests.Containers.WebM;

/// <summary>WebM is read as it was written, by us and by others, however it is cut on its way.</summary>
public sealed class WebMReaderTests
{
    private const string Header = "1A45DFA3 87 4282 84 7765626D";
    private const string Segment = "18538067 01FFFFFFFFFFFFFF";
    private const string Video = "1654AE6B 99 AE 97 D7 81 01 83 81 01 86 85 565F565038 E0 88 B0 82 0140 BA 82 00B4";
    private const string Cluster = "1F43B675 FF E7 81 05";

    [Fact]
    public void What_was_written_is_read_again() => Prop.ForAll(Frames().ToArbitrary(), frames =>
    {
        var (_, read) = Read(Write(WebMCodec.Opus, frames));

        Assert.Equal(frames.Select(frame => (frame.Time, Convert.ToHexString(frame.Data))), read.Select(frame => (frame.Time, Convert.ToHexString(frame.Data.Span))));
        Assert.All(read, frame => Assert.Equal((1, TrackKind.Audio, WebMCodec.Opus, 2), (frame.Track.Number, frame.Track.Kind, frame.Track.Codec, frame.Track.Channels)));
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void It_does_not_matter_how_the_bytes_are_cut()
    {
        var file = Write(WebMCodec.Vp8, [(TimeSpan.Zero, [0x10, 2, 3]), (TimeSpan.FromMilliseconds(40), [1, 4]), (TimeSpan.FromSeconds(3), [1, 5, 6])]);
        var (_, whole) = Read(file);
        Assert.Equal(3, whole.Count);

        foreach (var cut in ByteCuts.Of(file))
        {
            var reader = new WebMReader();
            var input = new SequenceReader<byte>(cut);
            var read = new List<WebMFrame>();
            while (reader.TryRead(ref input, out var frame) is OperationStatus.Done)
            {
                read.Add(frame);
            }

            AssertSame(whole, read);
        }
    }

    [Theory]
    [InlineData(90)]
    [InlineData(180)]
    [InlineData(270)]
    public void A_track_that_is_to_be_turned_is_read_like_any_other_and_says_so(int rotationDegrees)
    {
        var frames = new (TimeSpan, byte[])[] { (TimeSpan.Zero, [0x10, 2, 3]), (TimeSpan.FromMilliseconds(40), [1, 4]) };
        var (upright, expected) = Read(Write(WebMCodec.Vp8, frames));
        var file = Write(WebMCodec.Vp8, frames, rotationDegrees);
        var (turned, read) = Read(file);
        Assert.True(file.AsSpan().IndexOf((ReadOnlySpan<byte>)[0x76, 0x70]) > 0);
        Assert.Equal([upright.Tracks[0] with { RotationDegrees = rotationDegrees }], turned.Tracks);
        Assert.Equal(0, upright.Tracks[0].RotationDegrees);
        AssertSame(expected, read);
    }

    [Theory]
    [InlineData("C2B40000", 90)] // -90 counterclockwise
    [InlineData("C056800000000000", 90)] // the same as a double
    [InlineData("43340000", 180)]
    [InlineData("C3340000", 180)]
    [InlineData("42B40000", 270)]
    [InlineData("43870000", 90)] // 270
    [InlineData("42340000", 0)] // 45
    [InlineData("7FC00000", 0)] // not a number
    [InlineData("C2B4", 0)] // of no length that a number has
    [InlineData("", 0)]
    public void How_a_track_is_to_be_turned_is_read_of_its_roll(string roll, int rotationDegrees)
    {
        var bytes = Convert.FromHexString(roll);
        var projection = Element("7670", Element("7671", [0]), Element("7675", bytes));
        var video = Element("E0", Element("B0", [1, 0x40]), Element("BA", [0xB4]), projection);
        var entry = Element("AE", Element("D7", [1]), Element("83", [1]), Element("86", "V_VP8"u8.ToArray()), video);
        byte[] file = [.. Hex($"{Header} {Segment}"), .. Element("1654AE6B", entry), .. Hex($"{Cluster} A3 86 81 0000 80 1002")];

        var (reader, frames) = Read(file);

        Assert.Equal("", reader.Fault);
        Assert.Equal(rotationDegrees, Assert.Single(frames).Track.RotationDegrees);
    }

    [Fact]
    public void It_is_read_as_it_arrives_byte_after_byte()
    {
        var file = Write(WebMCodec.Vp8, [(TimeSpan.Zero, [0x10, 2, 3]), (TimeSpan.FromMilliseconds(40), [1, 4]), (TimeSpan.FromSeconds(3), [1, 5, 6])]);
        var reader = new WebMReader();
        var read = new List<WebMFrame>();
        var kept = Array.Empty<byte>();
        foreach (var next in file)
        {
            var bytes = (byte[])[.. kept, next];
            var input = new SequenceReader<byte>(new ReadOnlySequence<byte>(bytes));
            OperationStatus status;
            while ((status = reader.TryRead(ref input, out var frame)) is OperationStatus.Done)
            {
                read.Add(frame);
            }

            Assert.Equal(OperationStatus.NeedMoreData, status);
            kept = bytes[(int)input.Consumed..];
        }

        Assert.Empty(kept);
        AssertSame(Read(file).Frames, read);
    }

    [Fact]
    public void A_file_that_was_cut_off_gives_what_is_whole_of_it()
    {
        var file = Write(WebMCodec.Opus, [.. Enumerable.Range(0, 20).Select(number => (TimeSpan.FromMilliseconds(number * 20), (byte[])[0x78, (byte)number]))]);
        var counts = new HashSet<int>();
        for (var length = 0; length <= file.Length; length++)
        {
            var (reader, read) = Read(file[..length]);
            Assert.Equal("", reader.Fault);
            Assert.Equal(Enumerable.Range(0, read.Count), read.Select(frame => (int)frame.Data.Span[1]));
            counts.Add(read.Count);
        }

        Assert.Equal(21, counts.Count); // Each frame is there as soon as its last byte is.
    }

    [Fact]
    public void Groups_of_blocks_say_how_long_a_frame_lasts_and_whether_it_stands_alone()
    {
        var (reader, read) = Read(Hex($"{Header} {Segment} {Video} {Cluster} A0 8A A1 85 81 0002 00 BB 9B 81 28 A0 8A A1 85 81 002A 00 AA FB 81 D8"));

        Assert.Equal("", reader.Fault);
        Assert.Equal(
            [(TimeSpan.FromMilliseconds(7), TimeSpan.FromMilliseconds(40), true, "BB"), (TimeSpan.FromMilliseconds(47), TimeSpan.Zero, false, "AA")],
            read.Select(frame => (frame.Time, frame.Duration, frame.IsKeyframe, Convert.ToHexString(frame.Data.Span))));
        Assert.Equal((320, 180, "V_VP8"), (read[0].Track.Width, read[0].Track.Height, read[0].Track.CodecName));
    }

    [Fact]
    public void What_is_not_needed_is_passed_over()
    {
        // Void, a tag of a kilobyte, a block of a track that is not listed, and one of ours.
        var tag = "1254C367 43E8" + new string('0', 2_000);
        var (reader, read) = Read(Hex($"{Header} {Segment} EC 83 000000 {Video} {tag} {Cluster} A3 85 82 0000 80 11 A3 85 81 0000 80 22"));

        Assert.Equal("", reader.Fault);
        Assert.Equal("22", Convert.ToHexString(Assert.Single(read).Data.Span));
    }

    [Theory]
    [InlineData("00112233", "An id or a length is longer than EBML allows.")]
    [InlineData("18538067 80", "It does not begin with a header of EBML.")]
    [InlineData("1A45DFA3 88 4282 85 7765626D21", "It is neither WebM nor Matroska.")]
    [InlineData(Header + "1654AE6B FF", "Element 1654AE6B has no length.")]
    [InlineData(Header + "1654AE6B 1FFFFFF0", "Element 1654AE6B has 268435440 bytes; it may have 1048576.")]
    [InlineData(Header + "A3 1FFFFFF0", "Element A3 has 268435440 bytes; it may have 4194315.")]
    [InlineData(Header + Segment + Cluster + "A3 85 81 0000 80 22", "A frame comes before the tracks, or before its cluster's time.")]
    [InlineData(Header + Segment + Video + "1F43B675 FF A3 85 81 0000 80 22", "A frame comes before the tracks, or before its cluster's time.")]
    [InlineData(Header + Segment + Video + Cluster + "A3 85 81 0000 82 22", "Its frames are laced: several in one block.")]
    [InlineData(Header + Segment + Video + Cluster + "A3 84 81 0000 80", "A frame is empty, or has no head.")]
    [InlineData(Header + Segment + Video + "1F43B675 FF E7 88 FFFFFFFFFFFFFFFF A3 85 81 0000 80 22", "A time is more than a week.")]
    [InlineData(Header + Segment + "1549A966 85 2AD7B1 81 00", "Its unit of time is 0 ns; it may be 1 ns to 1 s.")]
    [InlineData(Header + Segment + "1654AE6B 86 AE 84 D7 81 01 83", "An element reaches beyond the one it is in.")]
    [InlineData(Header + Segment + "1654AE6B 8D AE 8B D7 81 01 83 81 01 86 83 565F58", "Track 1 has no number, or no size that can be used.")]
    [InlineData(Header + Segment + "1654AE6B 8E AE 8C D7 81 01 83 81 02 86 81 41 6D80 80", "Its frames are encrypted or compressed.")]
    public void What_cannot_be_read_is_refused_and_says_why(string bytes, string fault)
    {
        var (reader, read) = Read(Hex(bytes));

        Assert.Equal(fault, reader.Fault);
        Assert.Empty(read);
    }

    [Fact]
    public void Files_of_a_real_encoder_are_read_whether_their_lengths_are_known_or_not()
    {
        using var folder = new TemporaryFolder();
        var path = Path.Combine(folder.Path, "both.webm");
        string[] media =
        [
            "-f", "lavfi", "-i", "testsrc2=size=160x90:rate=25:duration=3", "-f", "lavfi", "-i", "sine=frequency=440:duration=3",
            "-c:v", "libvpx", "-deadline", "realtime", "-g", "25", "-c:a", "libopus", "-ac", "2",
        ];
        foreach (var how in (string[][])[[], ["-live", "1"]])
        {
            Ffmpeg.Run([.. media, "-f", "webm", .. how, path]);
            var (reader, read) = Read(File.ReadAllBytes(path));

            Assert.Equal("", reader.Fault);
            Assert.Equal([WebMCodec.Vp8, WebMCodec.Opus], reader.Tracks.Select(track => track.Codec!.Value));
            Assert.Equal((160, 90, 2), (reader.Tracks[0].Width, reader.Tracks[0].Height, reader.Tracks[1].Channels));
            var pictures = read.Where(frame => frame.Track.Kind is TrackKind.Video).ToList();
            Assert.Equal(75, pictures.Count);
            Assert.Equal(pictures.Select(frame => frame.IsKeyframe), pictures.Select(frame => (frame.Data.Span[0] & 1) == 0));
            Assert.InRange(read.Count(frame => frame.Track.Kind is TrackKind.Audio), 149, 153);
            File.Delete(path);
        }
    }

    private static byte[] Element(string id, params byte[][] parts)
    {
        var body = parts.SelectMany(part => part).ToArray();
        return [.. Hex(id), (byte)(0x80 | body.Length), .. body];
    }

    private static byte[] Hex(string hex) => Convert.FromHexString(hex.Replace(" ", "", StringComparison.Ordinal));

    private static Gen<(TimeSpan Time, byte[] Data)[]> Frames() =>
        from steps in Gen.Choose(0, 40_000).NonEmptyListOf()
        from seed in Gen.Choose(1, 1_000_000)
        select steps.Take(200).Aggregate(
            (Time: 0L, Frames: new List<(TimeSpan, byte[])>()),
            (so, step) =>
            {
                so.Frames.Add((TimeSpan.FromMilliseconds(so.Time + step), Payload(seed + so.Frames.Count)));
                return (so.Time + step, so.Frames);
            }).Frames.ToArray();

    private static byte[] Payload(int seed)
    {
        var random = new Random(seed);
        var bytes = new byte[1 + random.Next(seed % 7 == 0 ? 20_000 : 300)];
        random.NextBytes(bytes);
        return bytes;
    }

    private static byte[] Write(WebMCodec codec, IEnumerable<(TimeSpan Time, byte[] Data)> frames, int rotationDegrees = 0)
    {
        var output = new ArrayBufferWriter<byte>();
        var isPicture = codec is WebMCodec.Vp8;
        var writer = new WebMWriter(output, codec, isPicture ? 320 : 0, isPicture ? 180 : 0, isPicture ? 0 : 2, rotationDegrees);
        foreach (var (time, data) in frames)
        {
            writer.Add(time, TimeSpan.Zero, isKeyframe: !isPicture || (data[0] & 1) == 0, data);
        }

        writer.Flush();
        return output.WrittenSpan.ToArray();
    }

    private static (WebMReader Reader, List<WebMFrame> Frames) Read(byte[] file)
    {
        var reader = new WebMReader();
        var input = new SequenceReader<byte>(new ReadOnlySequence<byte>(file));
        var read = new List<WebMFrame>();
        while (reader.TryRead(ref input, out var frame) is OperationStatus.Done)
        {
            read.Add(frame);
        }

        return (reader, read);
    }

    private static void AssertSame(List<WebMFrame> expected, List<WebMFrame> actual) => Assert.Equal(
        expected.Select(frame => (frame.Track.Number, frame.Time, frame.IsKeyframe, Convert.ToHexString(frame.Data.Span))),
        actual.Select(frame => (frame.Track.Number, frame.Time, frame.IsKeyframe, Convert.ToHexString(frame.Data.Span))));
}
