using System.Buffers;
using FsCheck;
using FsCheck.Fluent;
using Roomcast.Media.Codecs;
using Roomcast.Media.Containers.Id3;
using Roomcast.Media.Containers.Mp4;
using Roomcast.Media.Time;
using Roomcast.TestKit;

namespace Roomcast.Media.Tests.Containers.Mp4;

/// <summary>Messages with a time, from the tag to the segment.</summary>
public sealed class EventMessageTests
{
    private static readonly Track Video = TrackOf(0, Codec.H264, CodecSamples.AvcHigh);
    private static readonly Track Sound = TrackOf(1, Codec.Aac, CodecSamples.AacLowComplexity);

    [Fact]
    public void A_tag_is_as_the_ID3_documents_lay_it_out()
    {
        byte[] expected =
        [
            (byte)'I', (byte)'D', (byte)'3', 4, 0, 0, 0, 0, 0, 10 + 7,
            (byte)'T', (byte)'X', (byte)'X', (byte)'X', 0, 0, 0, 7, 0, 0,
            3, (byte)'I', (byte)'D', (byte)'3', 0, (byte)'{', (byte)'}',
        ];
        Assert.Equal(expected, Id3Tag.OfText("ID3"u8, "{}"u8));
    }

    [Fact]
    public void The_sizes_of_a_tag_have_seven_bits_in_a_byte()
    {
        // 5 bytes before the value: 0x80 is 1 and 0, and what the tag holds is ten more.
        var tag = Id3Tag.OfText("ID3"u8, new byte[0x80 - 5]);
        Assert.Equal([0, 0, 1, 0], tag[14..18]);
        Assert.Equal([0, 0, 1, 10], tag[6..10]);
        tag = Id3Tag.OfText("ID3"u8, new byte[(3 << 14) + 0x7F - 5]);
        Assert.Equal([0, 3, 0, 0x7F], tag[14..18]);
        Assert.Equal([0, 3, 1, 9], tag[6..10]);
    }

    [Fact]
    public void A_message_is_as_the_standard_lays_it_out()
    {
        var output = new ArrayBufferWriter<byte>();
        new Mp4EventMessage { Scheme = "a:b"u8, Value = "v"u8, TimescaleHz = 90_000, Time = 0x1_0203_0405, Id = 7, Data = [8, 9] }.Write(output);
        byte[] expected =
        [
            0, 0, 0, 40, (byte)'e', (byte)'m', (byte)'s', (byte)'g', 1, 0, 0, 0,
            0, 1, 0x5F, 0x90, 0, 0, 0, 1, 2, 3, 4, 5, 0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 7,
            (byte)'a', (byte)':', (byte)'b', 0, (byte)'v', 0, 8, 9,
        ];
        Assert.Equal(expected, output.WrittenSpan.ToArray());
        Assert.Equal("https://aomedia.org/emsg/ID3"u8.ToArray(), Mp4EventMessage.Id3Scheme.ToArray());
    }

    [Fact]
    public void What_was_written_is_read()
    {
        var text = Gen.Choose(1, 255).Select(value => (byte)value).ListOf();
        var any =
            from scheme in text
            from value in text
            from timescale in Numbers.Between(1, uint.MaxValue)
            from time in Numbers.Between(0, long.MaxValue)
            from duration in Numbers.Between(0, uint.MaxValue)
            from id in Numbers.Between(0, uint.MaxValue)
            from data in Gen.Choose(0, 255).Select(each => (byte)each).ListOf()
            select (scheme.ToArray(), value.ToArray(), (uint)timescale, time, (uint)duration, (uint)id, data.ToArray());
        Prop.ForAll(any.ToArbitrary(), each =>
        {
            var (scheme, value, timescale, time, duration, id, data) = each;
            var output = new ArrayBufferWriter<byte>();
            new Mp4EventMessage { Scheme = scheme, Value = value, TimescaleHz = timescale, Time = time, Duration = duration, Id = id, Data = data }.Write(output);
            Assert.Equal(Mp4ReadStatus.Done, Mp4EventMessage.TryRead(output.WrittenSpan[8..], out var read));
            Assert.Equal((timescale, time, duration, id), (read.TimescaleHz, read.Time, read.Duration, read.Id));
            Assert.Equal((scheme, value, data), (read.Scheme.ToArray(), read.Value.ToArray(), read.Data.ToArray()), Same);
        }).QuickCheckThrowOnFailure();

        static bool Same((byte[], byte[], byte[]) left, (byte[], byte[], byte[]) right) =>
            left.Item1.SequenceEqual(right.Item1) && left.Item2.SequenceEqual(right.Item2) && left.Item3.SequenceEqual(right.Item3);
    }

    [Fact]
    public void What_is_cut_off_before_the_message_or_of_another_version_or_clock_is_malformed()
    {
        var output = new ArrayBufferWriter<byte>();
        new Mp4EventMessage { Scheme = "a:b"u8, TimescaleHz = 1, Time = 5, Id = 1, Data = [1, 2, 3] }.Write(output);
        var body = output.WrittenSpan[8..].ToArray();
        for (var length = 0; length < body.Length - 3; length++)
        {
            Assert.Equal(Mp4ReadStatus.Malformed, Mp4EventMessage.TryRead(body.AsSpan(0, length), out _));
        }

        Assert.Equal(Mp4ReadStatus.Done, Mp4EventMessage.TryRead(body.AsSpan(0, body.Length - 3), out _));
        Assert.Equal(Mp4ReadStatus.Malformed, Mp4EventMessage.TryRead([0, .. body[1..]], out _));
        Assert.Equal(Mp4ReadStatus.Malformed, Mp4EventMessage.TryRead([.. body[..7], 0, .. body[8..]], out _));
        Assert.Equal(Mp4ReadStatus.Malformed, Mp4EventMessage.TryRead([.. body[..8], 0x80, .. body[9..]], out _));
    }

    [Fact]
    public void A_message_is_in_the_file_before_the_fragment_of_its_time_and_only_where_time_is_recorded()
    {
        var recording = new Recording();
        Assert.False(recording.Recorder.AddMessage(TimeSpan.Zero, [1]));
        recording.Add(0, 2.5);
        Assert.False(recording.Recorder.AddMessage(TimeSpan.FromSeconds(99), [1])); // Before the first frame, which is at 100.
        Assert.True(recording.Recorder.AddMessage(TimeSpan.FromSeconds(102.2), [2]));
        Assert.True(recording.Recorder.AddMessage(TimeSpan.FromSeconds(101), [3])); // Late: with the one before.
        recording.Add(2.5, 7.5);
        Assert.True(recording.Recorder.AddMessage(TimeSpan.FromSeconds(200), [4])); // Too early: at the end.
        recording.Recorder.Pause();
        Assert.False(recording.Recorder.AddMessage(TimeSpan.FromSeconds(108), [5]));
        recording.Recorder.Resume();
        Assert.False(recording.Recorder.AddMessage(TimeSpan.FromSeconds(108), [6]));
        recording.Add(9, 12);
        Assert.True(recording.Recorder.AddMessage(TimeSpan.FromSeconds(111), [7]));
        recording.Add(12, 14);
        recording.Recorder.Close();

        using var file = new MemoryStream(recording.Output.WrittenSpan.ToArray());
        var recorded = Mp4RecordedFile.Read(file);
        Assert.Equal(file.Length, recorded.Length);
        var messages = recorded.Messages(CancellationToken.None).ToList();
        Assert.Equal([2, 3, 4, 7], messages.Select(message => (int)message.Box[^1]));
        Assert.Equal([2.2, 2.2, 7.5, 9.5], messages.Select(message => Math.Round(message.At.TotalSeconds, 3)));

        // Segments of two seconds: each begins with the keyframe of a second, has the messages of its time and nothing else is changed.
        var segments = Mp4SegmentedFile.Measure(recorded, recorded, TimeSpan.FromSeconds(1.5));
        Assert.Equal([0.0, 2, 4, 6, 7.5, 9.5, 11.5], segments.Segments.Select(segment => Math.Round(segment.Start.TotalSeconds, 3)));
        Assert.Equal([2.0, 2, 2, 1.5, 2, 2, 1], segments.Segments.Select(segment => Math.Round(segment.Duration.TotalSeconds, 3)));
        Assert.Equal(12.5, segments.Duration.TotalSeconds, 3);
        var output = new MemoryStream();
        var begun = new List<long>();
        segments.Write(file, output, _ => begun.Add(output.Length));
        Assert.Equal(segments.Segments.Select(segment => segment.Length), begun.Skip(1).Append(output.Length).Zip(begun, (end, start) => end - start));
        var counts = begun.Append(output.Length).Zip(begun.Append(output.Length).Skip(1)).Select(pair => CountIn(output.ToArray().AsSpan((int)pair.First..(int)pair.Second), "emsg"u8));
        Assert.Equal([0, 2, 0, 0, 1, 1, 0], counts);

        // The wall clock stood still while it was recorded, and was told anew after the pause.
        Assert.Equal(
            [Recording.Date, Recording.Date.AddSeconds(2), Recording.Date.AddSeconds(4), Recording.Date.AddSeconds(6), Recording.Date, Recording.Date.AddSeconds(2), Recording.Date.AddSeconds(4)],
            segments.Segments.Select(segment => segment.Date!.Value));
    }

    [Fact]
    public void A_file_that_is_torn_anywhere_has_the_messages_in_front_of_its_whole_fragments()
    {
        var recording = new Recording();
        recording.Add(0, 1.2);
        for (var i = 0; i < 4; i++)
        {
            recording.Recorder.AddMessage(TimeSpan.FromSeconds(101 + (i * 0.8)), [(byte)i]);
            recording.Add(1.2 + (i * 0.8), 2 + (i * 0.8));
        }

        recording.Recorder.Close();
        var bytes = recording.Output.WrittenSpan.ToArray();
        var (before, fragments) = (0, 0L);
        for (var length = 0; length <= bytes.Length; length++)
        {
            using var file = new MemoryStream(bytes, 0, length);
            var recorded = Mp4RecordedFile.Read(file);
            var messages = recorded.Messages(CancellationToken.None).Select(message => (int)message.Box[^1]).ToList();
            Assert.Equal(Enumerable.Range(0, messages.Count), messages);
            Assert.True(messages.Count == before || recorded.FragmentCount > fragments);
            (before, fragments) = (messages.Count, recorded.FragmentCount);
            Mp4SegmentedFile.Measure(recorded, recorded, TimeSpan.FromSeconds(1)).Write(file, Stream.Null, _ => { });
        }

        Assert.Equal(4, before);
    }

    private static int CountIn(ReadOnlySpan<byte> segment, ReadOnlySpan<byte> type)
    {
        var (count, hasMedia) = (0, false);
        var reader = new Mp4BoxReader(segment);
        while (reader.TryRead(out var box))
        {
            hasMedia |= box.Is("moof"u8);
            Assert.False(hasMedia && box.Is(type));
            count += box.Is(type) ? 1 : 0;
        }

        Assert.True(hasMedia && reader.Status is Mp4ReadStatus.Done);
        return count;
    }

    private static Track TrackOf(int id, Codec codec, byte[] configuration) =>
        TrackFactory.TryCreate(id, codec, configuration, out var track, out var fault) ? track : throw new InvalidOperationException(fault.ToString());

    /// <summary>Ten pictures a second from second 100 on, each second a keyframe first, and sound.</summary>
    private sealed class Recording
    {
        public static readonly DateTimeOffset Date = new(2026, 2, 3, 4, 5, 6, TimeSpan.Zero);

        public Recording()
        {
            Recorder = new Mp4Recorder(Output, TimeSpan.FromSeconds(1), cutsAtKeyframes: true) { WallClock = Date };
            Recorder.SetTracks([Video, Sound]);
        }

        public ArrayBufferWriter<byte> Output { get; } = new();

        public Mp4Recorder Recorder { get; }

        public void Add(double from, double until)
        {
            for (var i = (int)Math.Round(from * 10); i < (int)Math.Round(until * 10); i++)
            {
                foreach (var track in (Track[])[Video, Sound])
                {
                    var time = new MediaTime((100 * TimeSpan.TicksPerSecond) + (i * TimeSpan.TicksPerSecond / 10));
                    var frame = Frame.CopyOf(track.Id, time, time, TimeSpan.FromMilliseconds(100), i % 10 == 0 || track == Sound, [1, 2, (byte)i]);
                    Recorder.Add(frame);
                    frame.Release();
                }
            }
        }
    }
}
