using Roomcast.Media.Codecs;
using Roomcast.Media.Codecs.H265;
using Roomcast.TestKit;

namespace Roomcast.Fuzz.Media;

public sealed class HevcSequenceParameterSetFuzz
{
    [Fact]
    public void No_SPS_of_H265_breaks_the_reader() =>
        FuzzRun.Of("hevc-sps", CodecSamples.AllHevc.Select(FirstSetOf), bytes =>
        {
            var isRead = HevcSequenceParameterSet.TryRead(bytes, out var set, out var fault);
            Assert.Equal(isRead, fault is TrackFault.None);
            Assert.True(set is null or { Width: > 0, Height: > 0, MaxReorderFrames: >= 0 and <= 16, FrameRate: >= 0 });
        });

    private static byte[] FirstSetOf(byte[] record)
    {
        Assert.True(HevcConfiguration.TryRead(record, out var hevc, out _));
        return hevc.SequenceParameterSets[0].ToArray();
    }
}
