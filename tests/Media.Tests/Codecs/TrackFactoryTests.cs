using Roomcast.Media.Codecs;
using Roomcast.TestKit;

namespace Roomcast.Media.Tests.Codecs;

public sealed class TrackFactoryTests
{
    [Fact]
    public void Every_codec_makes_a_track()
    {
        Check(Codec.H264, CodecSamples.AvcHigh, "avc1.64001E", t => (t.Width, t.Height, t.FrameRate) == (642, 362, 25.0));
        Check(Codec.H265, CodecSamples.HevcMain, "hvc1.1.6.L63.90", t => (t.Width, t.Height, t.FrameRate) == (642, 362, 25.0));
        Check(Codec.Av1, CodecSamples.Av1Main, "av01.0.00M.08", t => (t.Width, t.Height) == (320, 180));
        Check(Codec.Vp9, CodecSamples.Vp9, "vp09.00.11.08", t => (t.Width, t.Height) == (0, 0));
        Check(Codec.Aac, CodecSamples.AacLowComplexity, "mp4a.40.2", t => (t.SampleRateHz, t.Channels, t.SamplesPerFrame) == (44_100, 1, 1_024));
        Check(Codec.Opus, CodecSamples.OpusStereo, "opus", t => (t.SampleRateHz, t.Channels, t.SamplesPerFrame) == (48_000, 2, 0));
    }

    [Fact]
    public void A_track_keeps_its_configuration_when_the_callers_buffer_is_used_again()
    {
        var buffer = CodecSamples.AvcHigh;
        Assert.True(TrackFactory.TryCreate(0, Codec.H264, buffer, out var track, out _));
        Array.Clear(buffer);
        Assert.Equal(CodecSamples.AvcHigh, track.Configuration.ToArray());
    }

    [Fact]
    public void Magic_and_version_are_left_out_of_the_tracks_configuration()
    {
        Assert.True(TrackFactory.TryCreate(0, Codec.Opus, (byte[])[.. "OpusHead"u8, .. CodecSamples.OpusStereo], out var opus, out _));
        Assert.Equal(CodecSamples.OpusStereo, opus.Configuration.ToArray());

        Assert.True(TrackFactory.TryCreate(0, Codec.Vp9, (byte[])[1, 0, 0, 0, .. CodecSamples.Vp9], out var vp9, out _));
        Assert.Equal(CodecSamples.Vp9, vp9.Configuration.ToArray());
    }

    [Fact]
    public void Nothing_comes_of_an_empty_or_huge_configuration()
    {
        foreach (var codec in Enum.GetValues<Codec>())
        {
            Assert.False(TrackFactory.TryCreate(0, codec, default, out _, out var fault));
            Assert.Equal(TrackFault.Truncated, fault);

            Assert.False(TrackFactory.TryCreate(0, codec, new byte[1 << 20], out _, out fault));
            Assert.Equal(TrackFault.TooLarge, fault);
        }
    }

    private static void Check(Codec codec, byte[] configuration, string codecString, Predicate<Track> expected)
    {
        Assert.True(TrackFactory.TryCreate(7, codec, configuration, out var track, out var fault), $"{codec}: {fault}");
        Assert.Equal(TrackFault.None, fault);
        Assert.Equal((7, codec, codecString), (track.Id, track.Codec, track.CodecString));
        Assert.True(expected(track), track.ToString());
    }
}
