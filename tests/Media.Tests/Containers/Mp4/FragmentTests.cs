using System.Buffers;
using FsCheck;
using FsCheck.Fluent;
using Roomcast.Media.Codecs;
using Roomcast.Media.Containers.Mp4;
using Roomcast.Media.Time;
using Roomcast.TestKit;

namespace Roomcast.Media.Tests.Containers.Mp4;

public sealed class FragmentTests
{
    private static readonly Track Video = TrackOf(0, Codec.H264, CodecSamples.AvcHigh);
    private static readonly Track Sound = TrackOf(1, Codec.Aac, CodecSamples.AacLowComplexity);
    private static readonly byte[] Init = Mp4InitSection.Write([Video, Sound]);

    private sealed record Written(byte[] Payload, int Duration, int CompositionOffset, bool IsKeyframe);

    private sealed record WrittenRun(long BaseDecodeTime, Written[] Frames);

    private static Gen<WrittenRun> AnyRun
    {
        get
        {
            var frame =
                from payload in Gen.Choose(0, 255).Select(value => (byte)value).ListOf()
                from duration in Gen.Frequency((5, Gen.Constant(3_000)), (1, Gen.Choose(0, 1_000_000)))
                from offset in Gen.Frequency((3, Gen.Constant(0)), (2, Gen.Choose(-90_000, 900_000)))
                from isKeyframe in Gen.Elements(false, false, true)
                select new Written([.. payload], duration, offset, isKeyframe);
            return from start in Gen.Frequency(
                       (1, Gen.Constant(0L)),
                       (2, Numbers.Between(0, uint.MaxValue)),
                       (2, Numbers.Between(1L << 32, 1L << 60)))
                   from frames in frame.NonEmptyListOf()
                   select new WrittenRun(start, [.. frames]);
        }
    }

    [Fact]
    public void What_is_written_is_read_back()
    {
        Prop.ForAll(AnyRun.ToArbitrary(), AnyRun.ToArbitrary(), (video, sound) =>
        {
            var bytes = Write(7, [(Video, video), (Sound, sound)], startsSegment: true, new Mp4ProducerTime(0, 0xE000_0000_8000_0000, 99));
            Assert.Equal(Mp4ReadStatus.Done, Mp4Reader.TryReadInit(Init, out var tracks));
            Assert.Equal(Mp4ReadStatus.Done, Mp4Reader.TryReadFragments(bytes, tracks, out var fragments));

            var fragment = Assert.Single(fragments);
            Assert.Equal(7u, fragment.SequenceNumber);
            Assert.Equal(new Mp4ProducerTime(0, 0xE000_0000_8000_0000, 99), fragment.ProducerTime);
            Assert.Equal([(1, video.BaseDecodeTime), (2, sound.BaseDecodeTime)], fragment.DecodeTimes);
            AssertSame(video, bytes, fragment.Samples.Where(sample => sample.TrackNumber == 1));
            AssertSame(sound, bytes, fragment.Samples.Where(sample => sample.TrackNumber == 2));
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void Parts_put_together_are_the_segment()
    {
        Assert.Equal(Mp4ReadStatus.Done, Mp4Reader.TryReadInit(Init, out var tracks));
        var first = Write(1, [(Video, Run(0, 3))], startsSegment: true);
        var second = Write(2, [(Video, Run(9_000, 2)), (Sound, Run(4_410, 5))]);
        byte[] segment = [.. first, .. second];

        Assert.Equal(Mp4ReadStatus.Done, Mp4Reader.TryReadFragments(segment, tracks, out var fragments));

        Assert.Equal([1u, 2u], fragments.Select(fragment => fragment.SequenceNumber));
        Assert.Equal(3 + 2 + 5, fragments.Sum(fragment => fragment.Samples.Count));
        Assert.Equal([0L, 3_000, 6_000, 9_000, 12_000], fragments.SelectMany(fragment => fragment.Samples)
            .Where(sample => sample.TrackNumber == 1).Select(sample => sample.DecodeTime));
    }

    [Fact]
    public void A_buffer_writer_gets_the_same_bytes()
    {
        var run = Run(90_000, 5);
        var expected = Write(3, [(Video, run)]);
        var frames = FramesOf(Video, run);
        var output = new ArrayBufferWriter<byte>();

        var length = Mp4FragmentWriter.Write(output, 3, [new Mp4TrackRun(0, run.BaseDecodeTime, frames)]);

        Assert.Equal(expected.Length, length);
        Assert.Equal(expected, output.WrittenSpan.ToArray());
        Release(frames);
    }

    [Fact]
    public void Every_cut_of_a_segment_is_noticed()
    {
        Assert.Equal(Mp4ReadStatus.Done, Mp4Reader.TryReadInit(Init, out var tracks));
        var segment = Write(1, [(Video, Run(0, 3)), (Sound, Run(0, 4))], startsSegment: true);
        for (var length = 1; length < segment.Length; length++)
        {
            var status = Mp4Reader.TryReadFragments(segment.AsSpan(0, length), tracks, out var fragments);

            // A cut between boxes leaves whole boxes; the fragment is then either not begun or its samples are missing.
            var isBetweenBoxes = status is Mp4ReadStatus.Done && fragments.Count == 0;
            Assert.True(isBetweenBoxes || status is Mp4ReadStatus.Truncated, $"{length}: {status}");
        }
    }

    [Fact]
    public void Every_cut_of_an_init_section_is_noticed()
    {
        for (var length = 0; length < Init.Length; length++)
        {
            Assert.NotEqual(Mp4ReadStatus.Done, Mp4Reader.TryReadInit(Init.AsMemory(0, length), out _));
        }
    }

    [Fact]
    public void A_fragment_costs_no_memory_but_its_own()
    {
        var frames = FramesOf(Video, Run(0, 30));
        var sound = FramesOf(Sound, Run(0, 23));
        Mp4TrackRun[] runs = [new(0, 0, frames), new(1, 0, sound)];
        var expected = Mp4FragmentWriter.Write(1, runs).Length;
        var perArray = AllocatedBy(() => GC.AllocateUninitializedArray<byte>(expected));

        var allocated = AllocatedBy(() => Mp4FragmentWriter.Write(2, runs, startsSegment: false, producerTime: null));

        Assert.Equal(perArray, allocated);
        Release(frames);
        Release(sound);
    }

    [Fact]
    public void Sound_of_even_frames_takes_four_bytes_a_frame()
    {
        var few = Write(1, [(Sound, Run(0, 10, isAllKeyframes: true))]);
        var more = Write(1, [(Sound, Run(0, 20, isAllKeyframes: true))]);
        Assert.Equal(10 * (4 + 3), more.Length - few.Length);
    }

    [Fact]
    public void Wrong_calls_are_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => Mp4FragmentWriter.Write(1, []));
        Assert.Throws<ArgumentOutOfRangeException>(() => Mp4FragmentWriter.Write(1, [new Mp4TrackRun(0, 0, default)]));
        Assert.Throws<ArgumentOutOfRangeException>(() => Write(1, [(Video, new WrittenRun(-1, [new Written([1], 1, 0, true)]))]));
        Assert.Throws<ArgumentOutOfRangeException>(() => Mp4InitSection.Write([]));
    }

    [Fact]
    public void NTP_counts_from_1900()
    {
        Assert.Equal(0x83AA_7E80_0000_0000, Mp4ProducerTime.ToNtp(DateTimeOffset.UnixEpoch));
        Assert.Equal(0x83AA_7E80_8000_0000, Mp4ProducerTime.ToNtp(DateTimeOffset.UnixEpoch.AddMilliseconds(500)));
        Assert.Equal(0ul, Mp4ProducerTime.ToNtp(DateTimeOffset.MinValue));
    }

    [Fact]
    public void A_count_of_samples_without_end_is_refused()
    {
        Assert.Equal(Mp4ReadStatus.Done, Mp4Reader.TryReadInit(Init, out var tracks));
        var bytes = Write(1, [(Sound, Run(0, 1, isAllKeyframes: true))]);
        var run = bytes.AsSpan().IndexOf("trun"u8);
        bytes.AsSpan(run + 8, 4).Fill(0xFF);
        bytes[run + 6] = 0; // no size of each sample: nothing but the count says how many there are

        Assert.Equal(Mp4ReadStatus.TooLarge, Mp4Reader.TryReadFragments(bytes, tracks, out _));
    }

    private static long AllocatedBy(Func<byte[]> make)
    {
        make();
        var before = GC.GetAllocatedBytesForCurrentThread();
        make();
        return GC.GetAllocatedBytesForCurrentThread() - before;
    }

    private static void AssertSame(WrittenRun run, byte[] bytes, IEnumerable<Mp4ReadSample> samples)
    {
        var read = samples.ToArray();
        Assert.Equal(run.Frames.Length, read.Length);
        var decodeTime = run.BaseDecodeTime;
        for (var i = 0; i < read.Length; i++)
        {
            var frame = run.Frames[i];
            Assert.Equal(
                (decodeTime, frame.Duration, frame.CompositionOffset, frame.IsKeyframe),
                (read[i].DecodeTime, (int)read[i].Duration, read[i].CompositionOffset, read[i].IsSync));
            Assert.True(frame.Payload.AsSpan().SequenceEqual(bytes.AsSpan(read[i].Offset, read[i].Length)));
            decodeTime += frame.Duration;
        }
    }

    private static byte[] Write(
        uint sequenceNumber, (Track Track, WrittenRun Run)[] runs, bool startsSegment = false, Mp4ProducerTime? producerTime = null)
    {
        var samples = runs.Select(run => FramesOf(run.Track, run.Run)).ToArray();
        try
        {
            var written = runs.Zip(samples, (run, frames) => new Mp4TrackRun(run.Track.Id, run.Run.BaseDecodeTime, frames)).ToArray();
            return Mp4FragmentWriter.Write(sequenceNumber, written, startsSegment, producerTime);
        }
        finally
        {
            Array.ForEach(samples, Release);
        }
    }

    private static Mp4Sample[] FramesOf(Track track, WrittenRun run) =>
    [
        .. run.Frames.Select(frame => new Mp4Sample(
            Frame.CopyOf(track.Id, MediaTime.Zero, MediaTime.Zero, TimeSpan.Zero, frame.IsKeyframe, frame.Payload),
            frame.Duration,
            frame.CompositionOffset)),
    ];

    private static void Release(Mp4Sample[] samples)
    {
        foreach (var sample in samples)
        {
            sample.Frame.Release();
        }
    }

    private static WrittenRun Run(long start, int frames, bool isAllKeyframes = false) => new(
        start,
        [.. Enumerable.Range(0, frames).Select(i => new Written([1, 2, (byte)i], 3_000, 0, isAllKeyframes || i == 0))]);

    private static Track TrackOf(int id, Codec codec, byte[] configuration) =>
        TrackFactory.TryCreate(id, codec, configuration, out var track, out var fault)
            ? track
            : throw new InvalidOperationException(fault.ToString());
}
