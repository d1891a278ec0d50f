using System.Buffers;
using System.Security.Cryptography;
using Roomcast.Media.Codecs;
using Roomcast.Media.Containers.Mp4;
using Roomcast.Media.Time;
using Roomcast.TestKit;

namespace Roomcast.Media.Tests.Containers.Mp4;

/// <summary>
/// What it takes to make one file of a recording, and that it comes out as ever. A day of it was walked once for each table of the
/// index, two dozen times.
/// </summary>
public sealed class RecordingReadingTests
{
    private static readonly Track Video = TrackOf(0, Codec.H264, CodecSamples.AvcHigh);
    private static readonly Track Sound = TrackOf(1, Codec.Aac, CodecSamples.AacLowComplexity);

    [Fact]
    public void Heads_are_read_twice_and_media_once()
    {
        var bytes = Record(seed: 1, frames: 20_000);
        var (heads, media) = Measure(bytes);
        using var file = new CountingStream(bytes);
        Mp4ProgressiveFile.Write(Mp4RecordedFile.Read(file), file, Stream.Null);
        Assert.InRange(file.BytesRead, heads + media, (2 * heads) + media);

        var before = file.BytesRead;
        Mp4ProgressiveFile.Write(Mp4RecordedFile.Read(file), file, Stream.Null, Mp4Selection.Sound);
        Assert.InRange(file.BytesRead - before, heads, (2 * heads) + (media / 2));
    }

    [Fact]
    public void Of_segments_heads_are_read_three_times_and_media_once()
    {
        var bytes = Record(seed: 2, frames: 20_000);
        var (heads, media) = Measure(bytes);
        using var file = new CountingStream(bytes);
        var recorded = Mp4RecordedFile.Read(file);
        Mp4SegmentedFile.Measure(recorded, recorded, TimeSpan.FromSeconds(6)).Write(file, Stream.Null, _ => { });
        Assert.InRange(file.BytesRead, heads + media, (3 * heads) + media);
    }

    /// <summary>The digests are of what came out when each table was made in a walk of its own. They change with what is recorded.</summary>
    [Theory]
    [InlineData(1, "ec6c1da66060cc0a192c0a0c1c01d069")]
    [InlineData(2, "48100d6e26ed269d9551f38cb017a2f3")]
    [InlineData(3, "2d6356b043c73add698c1da06b7305c4")]
    public void Not_a_byte_of_a_file_has_changed(int seed, string expected)
    {
        using var file = new MemoryStream(Record(seed, frames: 2_000));
        var recorded = Mp4RecordedFile.Read(file);
        using var digest = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var selection in new[] { Mp4Selection.Everything, Mp4Selection.Sound })
        {
            using var output = new MemoryStream();
            var duration = Mp4ProgressiveFile.Write(recorded, file, output, selection);
            Assert.True(duration > TimeSpan.FromSeconds(60));
            digest.AppendData(output.ToArray());
        }

        Assert.Equal(expected, Convert.ToHexStringLower(digest.GetHashAndReset())[..32]);
    }

    [Fact]
    public void A_file_is_as_long_as_it_was_measured()
    {
        using var file = new MemoryStream(Record(seed: 3, frames: 2_000));
        var recorded = Mp4RecordedFile.Read(file);
        foreach (var selection in new[] { Mp4Selection.Everything, Mp4Selection.Sound })
        {
            var measured = Mp4ProgressiveFile.Measure(recorded, selection);
            using var output = new MemoryStream();
            measured.Write(file, output);
            Assert.Equal(measured.Length, output.Length);
        }
    }

    [Fact]
    public void Numbers_come_out_of_a_row_as_they_went_in()
    {
        var random = new Random(5);
        ulong[] numbers = [0, 127, 128, uint.MaxValue, ulong.MaxValue, .. Enumerable.Range(0, 50_000).Select(_ => (ulong)random.NextInt64() >> random.Next(64))];
        var row = new NumberRow();
        foreach (var number in numbers)
        {
            row.Add(number);
        }

        var reader = row.Read();
        Assert.All(numbers, number => Assert.Equal(number, reader.Next()));
    }

    /// <returns>Bytes around the payloads, with what is read twice to see what a box is; and the payloads.</returns>
    private static (long Heads, long Media) Measure(byte[] bytes)
    {
        long media = 0;
        long boxes = 0;
        var reader = new Mp4BoxReader(bytes);
        while (reader.TryRead(out var box))
        {
            boxes++;
            media += box.Is("mdat"u8) ? box.Body.Length : 0;
        }

        return (bytes.Length - media + (8 * boxes), media);
    }

    /// <summary>Frames out of order and out of step, gaps, pauses, messages, sound that comes later, and another picture in between.</summary>
    private static byte[] Record(int seed, int frames)
    {
        var random = new Random(seed);
        var output = new ArrayBufferWriter<byte>();
        using var recorder = new Mp4Recorder(output, TimeSpan.FromSeconds(1), cutsAtKeyframes: true) { WallClock = DateTimeOffset.UnixEpoch };
        recorder.SetTracks([Video, Sound]);
        long at = 0;
        for (var i = 0; i < frames; i++)
        {
            if (i == frames / 2)
            {
                recorder.SetTracks(seed % 2 == 0 ? [Sound] : [Video]);
            }
            else if (i == frames * 2 / 3)
            {
                recorder.SetTracks([Video, Sound]);
                recorder.Pause();
                recorder.Resume();
            }

            foreach (var track in new[] { Video, Sound })
            {
                if (track == Video || i > 40)
                {
                    var reordered = track == Video && seed > 1 ? i * 7 % 5 * 33 : 0;
                    var frame = Frame.CopyOf(
                        track.Id, Milliseconds(at), Milliseconds(at + reordered), TimeSpan.Zero, track == Sound || i % 30 == 0,
                        new byte[random.Next(1, track == Video ? 600 : 90)]);
                    recorder.Add(frame);
                    frame.Release();
                }
            }

            at += seed == 1 ? 33 : random.Next(25, 42);
            if (i % 500 == 499)
            {
                recorder.AddMessage(Milliseconds(at).SinceStart, [1, 2, 3]);
                recorder.MarkDiscontinuity();
                at += 700;
            }
        }

        recorder.Close();
        return output.WrittenSpan.ToArray();
    }

    private static MediaTime Milliseconds(long time) => new(time * TimeSpan.TicksPerMillisecond);

    private static Track TrackOf(int id, Codec codec, byte[] configuration) =>
        TrackFactory.TryCreate(id, codec, configuration, out var track, out var fault)
            ? track
            : throw new InvalidOperationException(fault.ToString());

    private sealed class CountingStream(byte[] bytes) : MemoryStream(bytes, writable: false)
    {
        public long BytesRead { get; private set; }

        // The other ways to read lead here.
        public override int Read(byte[] buffer, int offset, int count)
        {
            var read = base.Read(buffer, offset, count);
            BytesRead += read;
            return read;
        }
    }
}
