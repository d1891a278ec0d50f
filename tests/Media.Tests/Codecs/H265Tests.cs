using Roomcast.Media.Codecs;
using Roomcast.Media.Codecs.H265;
using Roomcast.TestKit;

namespace Roomcast.Media.Tests.Codecs;

public sealed class H265Tests
{
    [Fact]
    public void A_record_tells_profile_size_and_rate()
    {
        Assert.True(HevcConfiguration.TryRead(CodecSamples.HevcMain, out var hevc, out var fault));

        Assert.Equal(TrackFault.None, fault);
        Assert.Equal("hvc1.1.6.L63.90", hevc.CodecString);
        Assert.Equal(4, hevc.NalLengthSize);
        Assert.Equal((642, 362, 25.0), (hevc.Sequence.Width, hevc.Sequence.Height, hevc.Sequence.FrameRate));
        Assert.Equal((8, 8, 1), (hevc.Sequence.BitDepthLuma, hevc.Sequence.BitDepthChroma, hevc.Sequence.ChromaFormat));
        Assert.Equal(2, hevc.Sequence.MaxReorderFrames);
        Assert.Null(hevc.Sequence.Colour);
    }

    [Fact]
    public void Ten_bits_of_high_dynamic_range_are_read()
    {
        Assert.True(HevcConfiguration.TryRead(CodecSamples.HevcMain10, out var hevc, out _));

        Assert.Equal("hvc1.2.4.L63.90", hevc.CodecString);
        Assert.Equal((640, 360), (hevc.Sequence.Width, hevc.Sequence.Height));
        Assert.Equal(30_000.0 / 1_001, hevc.Sequence.FrameRate, 6);
        Assert.Equal(10, hevc.Sequence.BitDepthLuma);
        Assert.Equal(new ColourDescription(9, 16, 9, false), hevc.Sequence.Colour);
    }

    [Fact]
    public void Temporal_layers_scaling_lists_and_a_display_window_are_read_past()
    {
        Assert.True(HevcConfiguration.TryRead(CodecSamples.HevcBroadcast, out var hevc, out _));

        Assert.Equal("hvc1.4.10.L60.9D.8", hevc.CodecString);
        Assert.Equal((322, 182, 2), (hevc.Sequence.Width, hevc.Sequence.Height, hevc.Sequence.ChromaFormat));
        Assert.Equal((10, 2, 2), (hevc.Sequence.BitDepthLuma, hevc.Sequence.SubLayers, hevc.Sequence.MaxReorderFrames));
        Assert.Equal(new SampleAspectRatio(7, 5), hevc.Sequence.SampleAspectRatio);
        Assert.Equal(24_000.0 / 1_001, hevc.Sequence.FrameRate, 6);
        Assert.Null(hevc.Sequence.Colour);
    }

    [Fact]
    public void Reference_picture_sets_pcm_and_long_term_references_are_read_past()
    {
        var bits = new BitWriter()
            .Bits(0, 4).Bits(0, 3).Bits(1, 1) // VPS, one layer, nested
            .Bits(0, 2).Bits(0, 1).Bits(1, 5).Bits(0x6000_0000, 32).Bits(0x9000, 16).Bits(0, 32).Bits(93, 8)
            .Golomb(0).Golomb(1).Golomb(1_920).Golomb(1_088).Bits(1, 1).Golomb(0).Golomb(0).Golomb(0).Golomb(4)
            .Golomb(0).Golomb(0).Golomb(4) // depths, order count of 8 bits
            .Bits(1, 1).Golomb(4).Golomb(2).Golomb(0)
            .Golomb(0).Golomb(3).Golomb(0).Golomb(3).Golomb(0).Golomb(0) // blocks
            .Bits(0, 1).Bits(0, 2) // no scaling lists, no AMP, no SAO
            .Bits(1, 1).Bits(0x77, 8).Golomb(0).Golomb(2).Bits(1, 1) // PCM
            .Golomb(3) // three sets: two negative and one positive picture, one predicted with three kept, one predicted of that
            .Golomb(2).Golomb(1).Golomb(0).Bits(1, 1).Golomb(1).Bits(1, 1).Golomb(0).Bits(1, 1)
            .Bits(1, 1).Bits(0, 1).Golomb(0).Bits(1, 1).Bits(0, 1).Bits(1, 1).Bits(0, 1).Bits(0, 1).Bits(1, 1)
            .Bits(1, 1).Bits(1, 1).Golomb(1).Bits(1, 1).Bits(1, 1).Bits(1, 1).Bits(1, 1)
            .Bits(1, 1).Golomb(2).Bits(0xAB, 8).Bits(1, 1).Bits(0xCD, 8).Bits(0, 1) // two long-term pictures
            .Bits(3, 2) // temporal motion vectors, smoothing
            .Bits(1, 1).Bits(1, 1).Bits(14, 8) // pixels 4:3
            .Bits(0, 1).Bits(1, 1).Bits(5, 3).Bits(0, 1).Bits(1, 1).Bits(9, 8).Bits(18, 8).Bits(9, 8)
            .Bits(0, 1).Bits(0, 3).Bits(0, 1)
            .Bits(1, 1).Bits(1, 32).Bits(50, 32);

        Assert.True(HevcSequenceParameterSet.TryRead(bits.ToNalUnit(0x42, 0x01), out var set, out var fault), fault.ToString());

        Assert.Equal((1_920, 1_080, 2, 50.0), (set.Width, set.Height, set.MaxReorderFrames, set.FrameRate));
        Assert.Equal(new SampleAspectRatio(4, 3), set.SampleAspectRatio);
        Assert.Equal(new ColourDescription(9, 18, 9, false), set.Colour);
    }

    [Theory]
    [InlineData(0, false, 1, 0x60000000u, 0x900000000000ul, 93, "1.6.L93.90")]
    [InlineData(0, true, 2, 0x20000000u, 0xB00000000000ul, 150, "2.4.H150.B0")]
    [InlineData(1, false, 1, 0x60000000u, 0x0ul, 93, "A1.6.L93")]
    [InlineData(0, false, 4, 0x08000000u, 0x9D0800000000ul, 120, "4.10.L120.9D.8")]
    public void The_codec_string_follows_annex_E(
        byte space, bool isHigh, byte profile, uint compatibility, ulong constraints, byte level, string expected) =>
        Assert.Equal(expected, new HevcProfileTierLevel(space, isHigh, profile, compatibility, constraints, level).ToString());

    [Fact]
    public void Every_cut_of_a_record_is_truncated_and_nothing_worse()
    {
        var record = CodecSamples.HevcMain;
        for (var length = 0; length < record.Length; length++)
        {
            Assert.False(HevcConfiguration.TryRead(record.AsMemory(0, length), out _, out var fault));
            Assert.Equal(TrackFault.Truncated, fault);
        }
    }

    [Fact]
    public void Sets_without_the_picture_are_refused()
    {
        var record = CodecSamples.HevcMain;
        record[22] = 0;
        Assert.False(HevcConfiguration.TryRead(record, out _, out var fault));
        Assert.Equal(TrackFault.MissingParameterSets, fault);
    }

    [Theory]
    [InlineData(0x26, true, true)] // IDR_W_RADL
    [InlineData(0x28, true, true)] // IDR_N_LP
    [InlineData(0x2A, true, false)] // CRA
    [InlineData(0x20, true, false)] // BLA_W_LP
    [InlineData(0x02, false, false)] // TRAIL_R
    public void Pictures_to_start_at_are_told(byte header, bool isKeyframe, bool isIdr)
    {
        Assert.True(H265AccessUnit.TryInspect([0, 0, 0, 3, header, 1, 0xAF], 4, out var unit));
        Assert.True(unit.HasPicture);
        Assert.Equal((isKeyframe, isIdr), (unit.IsKeyframe, unit.IsIdr));
    }

    [Fact]
    public void Parameter_sets_in_a_frame_are_noticed_when_they_are_new()
    {
        Assert.True(HevcConfiguration.TryRead(CodecSamples.HevcMain, out var hevc, out _));
        var known = Frame([.. CodecSamples.HevcMainSets, [0x26, 1, 0xAF]]);
        var changed = Frame([.. CodecSamples.HevcMain10Sets, [0x26, 1, 0xAF]]);

        Assert.False(hevc.TryUpdateFrom(known, out _));
        Assert.True(hevc.TryUpdateFrom(changed, out var updated));
        Assert.Equal(CodecSamples.HevcMain10, updated.Bytes.ToArray());
    }

    private static byte[] Frame(params byte[][] nalUnits) =>
        [.. nalUnits.SelectMany(unit => (byte[])[0, 0, (byte)(unit.Length >> 8), (byte)unit.Length, .. unit])];
}
