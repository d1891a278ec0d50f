using Roomcast.Media.Codecs;
using Roomcast.Media.Codecs.Av1;
using Roomcast.Media.Codecs.Vp9;
using Roomcast.TestKit;

namespace Roomcast.Media.Tests.Codecs;

public sealed class Av1AndVp9Tests
{
    private static readonly byte[] SequenceHeader = CodecSamples.Av1Main[4..];

    [Fact]
    public void An_AV1_record_tells_profile_and_size()
    {
        Assert.True(Av1Configuration.TryRead(CodecSamples.Av1Main, out var av1, out var fault), fault.ToString());

        Assert.Equal("av01.0.00M.08", av1.CodecString);
        Assert.Equal((320, 180, 8), (av1.Sequence.Width, av1.Sequence.Height, av1.Sequence.BitDepth));
    }

    [Fact]
    public void Colours_that_a_player_would_not_assume_are_in_the_codec_string()
    {
        Assert.True(Av1Configuration.TryRead(CodecSamples.Av1HighDynamicRange, out var av1, out _));
        Assert.Equal((1_280, 720, 10), (av1.Sequence.Width, av1.Sequence.Height, av1.Sequence.BitDepth));
        Assert.Equal(new ColourDescription(9, 16, 9, false), av1.Sequence.Colour);
        Assert.Equal("av01.0.05M.10.0.110.09.16.09.0", av1.CodecString);

        Assert.True(Av1Configuration.TryBuild(CodecSamples.Av1FullChromaHeader, out av1, out _));
        Assert.Equal((320, 180), (av1.Sequence.Width, av1.Sequence.Height));
        Assert.False(av1.Sequence.IsSubsampledAcross);
        Assert.StartsWith("av01.1.00M.08.0.000.", av1.CodecString, StringComparison.Ordinal);
    }

    [Fact]
    public void Timing_and_operating_points_are_read_past()
    {
        var bits = new BitWriter()
            .Bits(0, 3).Bits(0, 1).Bits(0, 1) // Main, moving, whole header
            .Bits(1, 1).Bits(1_001, 32).Bits(60_000, 32).Bits(1, 1).Golomb(1) // two ticks a frame
            .Bits(1, 1).Bits(9, 5).Bits(1, 32).Bits(3, 5).Bits(4, 5) // decoder model with delays of ten bits
            .Bits(1, 1).Bits(1, 5) // display delays, two operating points
            .Bits(0x103, 12).Bits(13, 5).Bits(1, 1).Bits(1, 1).Bits(0x2AA, 10).Bits(0x155, 10).Bits(0, 1).Bits(1, 1).Bits(7, 4)
            .Bits(0x101, 12).Bits(4, 5).Bits(0, 1).Bits(0, 1)
            .Bits(11, 4).Bits(11, 4).Bits(3_839, 12).Bits(2_159, 12)
            .Bits(1, 1).Bits(0x5A, 7).Bits(7, 3) // frame ids
            .Bits(15, 4).Bits(1, 1).Bits(3, 2).Bits(0, 1).Bits(1, 1).Bits(0, 1).Bits(1, 1).Bits(6, 3)
            .Bits(7, 3)
            .Bits(0, 1).Bits(0, 1).Bits(1, 1).Bits(1, 8).Bits(1, 8).Bits(1, 8).Bits(0, 1).Bits(2, 2).Bits(0, 1).Bits(0, 1)
            .Bits(1, 1);

        Assert.True(Av1SequenceHeader.TryRead(bits.ToBytes(), out var header, out var fault), fault.ToString());

        Assert.Equal((3_840, 2_160, 13, true), (header.Width, header.Height, header.LevelIndex, header.IsHighTier));
        Assert.Equal(30_000.0 / 1_001, header.FrameRate, 6);
        Assert.Equal((2, new ColourDescription(1, 1, 1, false)), (header.ChromaSamplePosition, header.Colour));
    }

    [Fact]
    public void A_record_is_built_of_a_sequence_header()
    {
        Assert.True(Av1Configuration.TryBuild(SequenceHeader, out var built, out _));
        Assert.Equal(CodecSamples.Av1Main, built.Bytes.ToArray());

        // A last OBU may lack its size.
        byte[] withoutSize = [0x08, .. SequenceHeader[2..]];
        Assert.True(Av1Configuration.TryBuild(withoutSize, out built, out _));
        Assert.Equal(CodecSamples.Av1Main, built.Bytes.ToArray());
    }

    [Fact]
    public void Every_cut_of_a_record_is_refused()
    {
        // The last bytes of a sequence header hold trailing bits, so the shortest good record is a little shorter.
        for (var length = 0; length < CodecSamples.Av1Main.Length - 1; length++)
        {
            Assert.False(Av1Configuration.TryRead(CodecSamples.Av1Main.AsMemory(0, length), out _, out var fault));
            Assert.True(fault is TrackFault.Truncated or TrackFault.MissingParameterSets);
        }
    }

    [Fact]
    public void Keyframes_and_delimiters_are_told_and_delimiters_left_out()
    {
        byte[] delimiter = [0x12, 0x00];
        byte[] keyframe = [0x32, 0x02, 0x10, 0x00];
        byte[] interframe = [0x32, 0x02, 0x30, 0x00];
        byte[] unit = [.. delimiter, .. SequenceHeader, .. keyframe];

        Assert.True(Av1TemporalUnit.TryInspect(unit, out var found));
        Assert.Equal(new Av1TemporalUnit(true, true, true, true), found);

        var copy = new byte[unit.Length];
        Assert.True(Av1TemporalUnit.TryCopyWithoutDelimiters(unit, copy, out var written));
        Assert.Equal([.. SequenceHeader, .. keyframe], copy[..written]);

        Assert.True(Av1TemporalUnit.TryInspect(interframe, out found));
        Assert.Equal(new Av1TemporalUnit(true, false, false, false), found);

        Assert.False(Av1TemporalUnit.TryInspect(unit.AsSpan(0, unit.Length - 1), out _));
    }

    [Fact]
    public void A_new_sequence_header_in_a_frame_is_noticed()
    {
        Assert.True(Av1Configuration.TryRead(CodecSamples.Av1Main, out var av1, out _));
        byte[] same = [0x12, 0x00, .. SequenceHeader, 0x32, 0x02, 0x10, 0x00];
        Assert.False(av1.TryUpdateFrom(same, out _));

        var other = (byte[])same.Clone();
        other[9] ^= 0x01;
        Assert.True(av1.TryUpdateFrom(other, out var updated));
        Assert.NotEqual(av1.Bytes.ToArray(), updated.Bytes.ToArray());
    }

    [Fact]
    public void A_VP9_record_is_read_with_and_without_version()
    {
        Assert.True(Vp9Configuration.TryRead(CodecSamples.Vp9, out var vp9, out _));
        Assert.Equal("vp09.00.11.08", vp9.CodecString);

        byte[] full = [1, 0, 0, 0, .. CodecSamples.Vp9];
        Assert.True(Vp9Configuration.TryRead(full, out var same, out _));
        Assert.Equal(vp9.Bytes.ToArray(), same.Bytes.ToArray());

        byte[] wide = [2, 0x29, 0xA3, 9, 16, 9, 0, 0];
        Assert.True(Vp9Configuration.TryRead(wide, out var hdr, out _));
        Assert.Equal("vp09.02.41.10.01.09.16.09.01", hdr.CodecString);
    }

    [Fact]
    public void A_VP9_keyframe_tells_its_size()
    {
        // Marker 2, profile 0, key, shown; sync code; colour space 2, studio range; 320 x 180.
        byte[] keyframe = [0x82, 0x49, 0x83, 0x42, 0x40, 0x13, 0xF0, 0x0B, 0x30];
        Assert.True(Vp9FrameHeader.TryRead(keyframe, out var header));
        Assert.Equal(new Vp9FrameHeader(true, 320, 180), header);

        Assert.True(TrackFactory.TryCreateVp9(3, CodecSamples.Vp9, keyframe, out var track, out _));
        Assert.Equal((3, 320, 180), (track.Id, track.Width, track.Height));

        Assert.True(Vp9FrameHeader.TryRead([0x86, 0x00], out header));
        Assert.False(header.IsKeyframe);
        Assert.False(Vp9FrameHeader.TryRead([0x49, 0x83], out _));
    }
}
