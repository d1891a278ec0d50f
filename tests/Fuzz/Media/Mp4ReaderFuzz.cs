using Roomcast.Media;
using Roomcast.Media.Codecs;
using Roomcast.Media.Containers.Mp4;
using Roomcast.Media.Time;
using Roomcast.TestKit;

namespace Roomcast.Fuzz.Media;

public sealed class Mp4ReaderFuzz
{
    private static readonly Track[] Tracks =
    [
        TrackOf(0, Codec.H264, CodecSamples.AvcInterlaced),
        TrackOf(1, Codec.Aac, CodecSamples.AacLowComplexity),
        TrackOf(2, Codec.Opus, CodecSamples.OpusStereo),
    ];

    [Fact]
    public void No_file_breaks_the_reader()
    {
        var init = Mp4InitSection.Write(Tracks);
        Assert.Equal(Mp4ReadStatus.Done, Mp4Reader.TryReadInit(init, out var known));
        FuzzRun.Of("mp4", [init, Segment(), [.. init, .. Segment()]], bytes =>
        {
            Mp4Reader.TryReadInit(bytes, out var tracks);
            foreach (var track in tracks)
            {
                track.TryToTrack(out _, out _);
            }

            Mp4Reader.TryReadFragments(bytes, tracks, out _);
            Mp4Reader.TryReadFragments(bytes, known, out var fragments);
            foreach (var sample in fragments.SelectMany(fragment => fragment.Samples))
            {
                Assert.True(sample.Length >= 0 && sample.Offset >= 0 && sample.Length <= bytes.Length - sample.Offset);
                Assert.True(sample.DecodeTime >= 0);
            }
        });
    }

    private static byte[] Segment()
    {
        Frame[] frames = [.. Enumerable.Range(0, 4).Select(i => Frame.CopyOf(
            i / 2, new MediaTime(i), new MediaTime(2 * i), TimeSpan.Zero, isKeyframe: i != 1, [1, 2, 3, (byte)i]))];
        try
        {
            Mp4Sample[] video = [new(frames[0], 3_000, 6_000), new(frames[1], 3_001, -90)];
            Mp4Sample[] sound = [new(frames[2], 1_024, 0), new(frames[3], 1_024, 0)];
            return Mp4FragmentWriter.Write(
                1, [new(0, 1L << 40, video), new(1, 0, sound)], startsSegment: true, new Mp4ProducerTime(0, 1, 1L << 40));
        }
        finally
        {
            Array.ForEach(frames, frame => frame.Release());
        }
    }

    private static Track TrackOf(int id, Codec codec, byte[] configuration) =>
        TrackFactory.TryCreate(id, codec, configuration, out var track, out var fault)
            ? track
            : throw new InvalidOperationException(fault.ToString());
}
