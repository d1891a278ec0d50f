using Roomcast.Media.Buffers;

namespace Roomcast.Media.Codecs.H264;

/// <summary>The video usability information of an SPS (ISO/IEC 14496-10 section E.1.1).</summary>
internal readonly record struct AvcUsability(
    SampleAspectRatio? SampleAspectRatio, ColourDescription? Colour, double FrameRate, int? MaxReorderFrames)
{
    private const int MaxDecodedPictures = 16;

    public static AvcUsability Read(ref BitReader bits)
    {
        SampleAspectRatio? aspect = bits.ReadBit() ? Codecs.SampleAspectRatio.Read(ref bits) : null;
        if (bits.ReadBit())
        {
            bits.Skip(1); // overscan_appropriate_flag
        }

        ColourDescription? colour = null;
        if (bits.ReadBit())
        {
            bits.Skip(3); // video_format
            var described = ColourDescription.Unspecified with { IsFullRange = bits.ReadBit() };
            if (bits.ReadBit())
            {
                described = new ColourDescription(
                    (byte)bits.ReadBits(8), (byte)bits.ReadBits(8), (byte)bits.ReadBits(8), described.IsFullRange);
            }

            colour = described == ColourDescription.Unspecified ? null : described;
        }

        if (bits.ReadBit())
        {
            bits.ReadExpGolomb(max: 5); // chroma_sample_loc_type_top_field
            bits.ReadExpGolomb(max: 5); // chroma_sample_loc_type_bottom_field
        }

        double frameRate = 0;
        if (bits.ReadBit())
        {
            // The unit is a field, so a frame lasts two (section E.2.1).
            var unitsInTick = bits.ReadBits(32);
            var timeScale = bits.ReadBits(32);
            frameRate = CodecLimits.FrameRate(timeScale, 2.0 * unitsInTick);
            bits.Skip(1); // fixed_frame_rate_flag
        }

        var hasNalHrd = bits.ReadBit();
        if (hasNalHrd)
        {
            SkipHrd(ref bits);
        }

        var hasVclHrd = bits.ReadBit();
        if (hasVclHrd)
        {
            SkipHrd(ref bits);
        }

        if (hasNalHrd || hasVclHrd)
        {
            bits.Skip(1); // low_delay_hrd_flag
        }

        bits.Skip(1); // pic_struct_present_flag
        int? maxReorder = null;
        if (bits.ReadBit())
        {
            bits.Skip(1); // motion_vectors_over_pic_boundaries_flag
            bits.ReadExpGolomb(); // max_bytes_per_pic_denom
            bits.ReadExpGolomb(); // max_bits_per_mb_denom
            bits.ReadExpGolomb(); // log2_max_mv_length_horizontal
            bits.ReadExpGolomb(); // log2_max_mv_length_vertical
            maxReorder = bits.ReadExpGolomb(MaxDecodedPictures);
            bits.ReadExpGolomb(MaxDecodedPictures); // max_dec_frame_buffering
        }

        return new AvcUsability(aspect, colour, frameRate, maxReorder);
    }

    private static void SkipHrd(ref BitReader bits)
    {
        var count = 1 + bits.ReadExpGolomb(max: 31); // cpb_cnt_minus1
        bits.Skip(8); // bit_rate_scale, cpb_size_scale
        for (var i = 0; i < count; i++)
        {
            bits.ReadExpGolomb(); // bit_rate_value_minus1
            bits.ReadExpGolomb(); // cpb_size_value_minus1
            bits.Skip(1); // cbr_flag
        }

        bits.Skip(20); // three delay lengths and time_offset_length
    }
}
