using Roomcast.Media.Codecs;
using Roomcast.Media.Codecs.H264;
using Roomcast.TestKit;

namespace Roomcast.Fuzz.Media;

public sealed class AvcSequenceParameterSetFuzz
{
    [Fact]
    public void No_SPS_of_H264_breaks_the_reader() => FuzzRun.Of("avc-sps", CodecSamples.AllAvc.Select(FirstSetOf), bytes =>
    {
        var isRead = AvcSequenceParameterSet.TryRead(bytes, out var set, out var fault);
        Assert.Equal(isRead, fault is TrackFault.None);
        Assert.True(set is null or { Width: > 0, Height: > 0, MaxReorderFrames: >= 0 and <= 16, FrameRate: >= 0 });
    });

    private static byte[] FirstSetOf(byte[] record)
    {
        Assert.True(AvcConfiguration.TryRead(record, out var avc, out _));
        return avc.SequenceParameterSets[0].ToArray();
    }
}
