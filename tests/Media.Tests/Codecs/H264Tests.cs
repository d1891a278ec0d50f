using Roomcast.Media.Codecs;
using Roomcast.Media.Codecs.H264;
using Roomcast.TestKit;

namespace Roomcast.Media.Tests.Codecs;

public sealed class H264Tests
{
    [Fact]
    public void A_record_tells_profile_size_rate_and_order()
    {
        Assert.True(AvcConfiguration.TryRead(CodecSamples.AvcHigh, out var avc, out var fault));

        Assert.Equal(TrackFault.None, fault);
        Assert.Equal("avc1.64001E", avc.CodecString);
        Assert.Equal(4, avc.NalLengthSize);
        Assert.Single(avc.SequenceParameterSets);
        Assert.Single(avc.PictureParameterSets);
        Assert.Equal((642, 362), (avc.Sequence.Width, avc.Sequence.Height));
        Assert.Equal(25, avc.Sequence.FrameRate);
        Assert.True(avc.Sequence.DeclaresReordering);
        Assert.Equal(2, avc.Sequence.MaxReorderFrames);
        Assert.Equal(new ColourDescription(1, 1, 1, false), avc.Sequence.Colour);
        Assert.True(avc.Sequence.SampleAspectRatio.IsSquare);
        Assert.False(avc.Sequence.MayBeInterlaced);
    }

    [Fact]
    public void Baseline_without_reordering_says_so()
    {
        Assert.True(AvcConfiguration.TryRead(CodecSamples.AvcBaseline, out var avc, out _));

        Assert.Equal("avc1.42C020", avc.CodecString);
        Assert.Equal((1280, 720, 60.0), (avc.Sequence.Width, avc.Sequence.Height, avc.Sequence.FrameRate));
        Assert.Equal(0, avc.Sequence.MaxReorderFrames);
    }

    [Fact]
    public void Interlaced_television_keeps_its_height_and_pixel_shape()
    {
        Assert.True(AvcConfiguration.TryRead(CodecSamples.AvcInterlaced, out var avc, out _));

        Assert.Equal((720, 576), (avc.Sequence.Width, avc.Sequence.Height));
        Assert.True(avc.Sequence.MayBeInterlaced);
        Assert.Equal(new SampleAspectRatio(16, 11), avc.Sequence.SampleAspectRatio);
        Assert.True(avc.Sequence.Colour!.Value.IsFullRange);
    }

    [Fact]
    public void Scaling_matrices_and_a_hypothetical_decoder_are_read_past()
    {
        Assert.True(AvcConfiguration.TryRead(CodecSamples.AvcBroadcast, out var avc, out _));

        Assert.Equal("avc1.7A000D", avc.CodecString);
        Assert.Equal((322, 182, 2), (avc.Sequence.Width, avc.Sequence.Height, avc.Sequence.ChromaFormat));
        Assert.Equal((10, 10), (avc.Sequence.BitDepthLuma, avc.Sequence.BitDepthChroma));
        Assert.Equal(new SampleAspectRatio(7, 5), avc.Sequence.SampleAspectRatio);
        Assert.Equal(24_000.0 / 1_001, avc.Sequence.FrameRate, 6);
        Assert.Equal((true, 2), (avc.Sequence.DeclaresReordering, avc.Sequence.MaxReorderFrames));
    }

    [Fact]
    public void Full_chroma_is_cropped_by_single_pixels()
    {
        Assert.True(AvcConfiguration.TryRead(CodecSamples.AvcFullChroma, out var avc, out _));
        Assert.Equal((322, 182, 3, 30.0), (avc.Sequence.Width, avc.Sequence.Height, avc.Sequence.ChromaFormat, avc.Sequence.FrameRate));
    }

    [Theory]
    [InlineData(66, 0, 31, 0, 3_600, 0)] // baseline has no B-frames
    [InlineData(100, 0, 31, 2, 3_600, 0)] // decoding order is output order
    [InlineData(100, 0x10, 31, 0, 3_600, 0)] // intra only
    [InlineData(77, 0, 31, 0, 3_600, 5)] // 18,000 macroblocks of memory at level 3.1
    [InlineData(100, 0, 40, 0, 8_160, 4)]
    [InlineData(100, 0, 52, 0, 99, 16)]
    [InlineData(100, 0, 0, 0, 8_160, 16)] // a level that nobody knows
    public void Where_reordering_is_not_said_the_level_bounds_it(
        byte profile, byte constraints, byte level, int orderType, int macroblocks, int expected) =>
        Assert.Equal(expected, AvcLevels.MaxReorderFrames(profile, constraints, level, orderType, macroblocks));

    [Fact]
    public void Building_from_the_sets_gives_the_record_back()
    {
        foreach (var bytes in CodecSamples.AllAvc)
        {
            Assert.True(AvcConfiguration.TryRead(bytes, out var avc, out _));
            Assert.True(AvcConfiguration.TryBuild(avc.SequenceParameterSets, avc.PictureParameterSets, out var built, out _));
            Assert.Equal(bytes, built.Bytes.ToArray());
        }
    }

    [Fact]
    public void Several_sets_are_all_kept()
    {
        Assert.True(AvcConfiguration.TryRead(CodecSamples.AvcHigh, out var avc, out _));
        Assert.True(AvcConfiguration.TryRead(CodecSamples.AvcBaseline, out var other, out _));

        Assert.True(AvcConfiguration.TryBuild(
            [avc.SequenceParameterSets[0], other.SequenceParameterSets[0]],
            [avc.PictureParameterSets[0], other.PictureParameterSets[0], avc.PictureParameterSets[0]],
            out var built,
            out _));

        Assert.Equal(2, built.SequenceParameterSets.Count);
        Assert.Equal(3, built.PictureParameterSets.Count);
        Assert.Equal(642, built.Sequence.Width);
    }

    [Fact]
    public void Every_cut_of_a_record_is_truncated_and_nothing_worse()
    {
        // The four bytes that high profiles append may be missing: many muxers leave them out.
        for (var length = 0; length < CodecSamples.AvcHigh.Length - 4; length++)
        {
            Assert.False(AvcConfiguration.TryRead(CodecSamples.AvcHigh.AsMemory(0, length), out _, out var fault));
            Assert.Equal(TrackFault.Truncated, fault);
        }
    }

    [Fact]
    public void Wrong_records_are_refused_with_their_reason()
    {
        var wrongVersion = CodecSamples.AvcHigh;
        wrongVersion[0] = 2;
        Assert.False(AvcConfiguration.TryRead(wrongVersion, out _, out var fault));
        Assert.Equal(TrackFault.Malformed, fault);

        var lengthsOfThree = CodecSamples.AvcHigh;
        lengthsOfThree[4] = 0xFE;
        Assert.False(AvcConfiguration.TryRead(lengthsOfThree, out _, out fault));
        Assert.Equal(TrackFault.Malformed, fault);

        Assert.False(AvcConfiguration.TryRead(Convert.FromHexString("0164001effe000"), out _, out fault));
        Assert.Equal(TrackFault.MissingParameterSets, fault);

        Assert.False(AvcConfiguration.TryRead(new byte[65 * 1024], out _, out fault));
        Assert.Equal(TrackFault.TooLarge, fault);
    }

    [Fact]
    public void A_frame_is_told_by_its_nal_units()
    {
        Assert.True(H264AccessUnit.TryInspect(Frame([0x09, 0xF0], [0x06, 0x06, 0x01, 0x24, 0x80], [0x41, 0x9A]), 4, out var unit));
        Assert.True(unit.HasPicture);
        Assert.False(unit.IsIdr);
        Assert.True(unit.HasAccessUnitDelimiter);
        Assert.Equal(3, unit.RecoveryFrames);
        Assert.False(unit.IsKeyframe);

        Assert.True(H264AccessUnit.TryInspect(Frame([0x06, 0x04, 0x01, 0xAA, 0x06, 0x01, 0xC4, 0x80], [0x41, 0x9A]), 4, out unit));
        Assert.Equal(0, unit.RecoveryFrames);
        Assert.True(unit.IsKeyframe);

        Assert.True(H264AccessUnit.TryInspect(Frame([0x67, 0x64], [0x68, 0xEB], [0x65, 0x88]), 4, out unit));
        Assert.True(unit is { IsIdr: true, IsKeyframe: true, HasParameterSets: true });

        Assert.True(H264AccessUnit.TryInspect(Frame([0x06, 0x05, 0x00], [0x0A]), 4, out unit));
        Assert.True(unit is { HasPicture: false, IsEndOfSequence: true, IsKeyframe: false });

        Assert.False(H264AccessUnit.TryInspect([0, 0, 0, 9, 0x65, 0x88], 4, out _));
    }

    [Fact]
    public void Delimiters_and_filler_are_left_out_of_a_copy()
    {
        var payload = Frame([0x09, 0xF0], [0x65, 0x88, 0x84], [0x0C, 0xFF, 0xFF, 0x80]);
        var copy = new byte[payload.Length];

        Assert.True(H264AccessUnit.TryCopyWithoutDelimiters(payload, 4, copy, out var written));

        Assert.Equal(Frame([0x65, 0x88, 0x84]), copy[..written]);
    }

    [Fact]
    public void Parameter_sets_in_a_frame_are_noticed_when_they_are_new()
    {
        Assert.True(AvcConfiguration.TryRead(CodecSamples.AvcHigh, out var avc, out _));
        Assert.True(AvcConfiguration.TryRead(CodecSamples.AvcBaseline, out var other, out _));
        var known = Frame(avc.SequenceParameterSets[0].ToArray(), avc.PictureParameterSets[0].ToArray(), [0x65, 0x88]);
        var changed = Frame(other.SequenceParameterSets[0].ToArray(), other.PictureParameterSets[0].ToArray(), [0x65, 0x88]);

        Assert.False(avc.TryUpdateFrom(known, out _));
        Assert.False(avc.TryUpdateFrom(changed.AsSpan(0, changed.Length - 1), out _));
        Assert.True(avc.TryUpdateFrom(changed, out var updated));

        Assert.Equal(CodecSamples.AvcBaseline, updated.Bytes.ToArray());
        Assert.False(updated.TryUpdateFrom(changed, out _));
    }

    [Fact]
    public void Looking_for_known_parameter_sets_costs_no_memory()
    {
        Assert.True(AvcConfiguration.TryRead(CodecSamples.AvcHigh, out var avc, out _));
        var known = Frame(avc.SequenceParameterSets[0].ToArray(), avc.PictureParameterSets[0].ToArray(), [0x65, 0x88]);
        avc.TryUpdateFrom(known, out _);

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 100; i++)
        {
            avc.TryUpdateFrom(known, out _);
            H264AccessUnit.TryInspect(known, 4, out _);
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    private static byte[] Frame(params byte[][] nalUnits) =>
        [.. nalUnits.SelectMany(unit => (byte[])[0, 0, (byte)(unit.Length >> 8), (byte)unit.Length, .. unit])];
}
