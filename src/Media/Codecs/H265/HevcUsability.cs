using Roomcast.Media.Buffers;

namespace Roomcast.Media.Codecs.H265;

/// <summary>The video usability information of an SPS up to its timing (ISO/IEC 23008-2 section E.2.1).</summary>
internal readonly record struct HevcUsability(SampleAspectRatio? SampleAspectRatio, ColourDescription? Colour, double FrameRate)
{
    public static HevcUsability Read(ref BitReader bits)
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

        bits.Skip(3); // neutral_chroma_indication_flag, field_seq_flag, frame_field_info_present_flag
        if (bits.ReadBit())
        {
            // The default display window is a hint that decoders leave alone, and so do we.
            for (var i = 0; i < 4; i++)
            {
                bits.ReadExpGolomb();
            }
        }

        double frameRate = 0;
        if (bits.ReadBit())
        {
            var unitsInTick = bits.ReadBits(32);
            var timeScale = bits.ReadBits(32);
            frameRate = CodecLimits.FrameRate(timeScale, unitsInTick);
        }

        return new HevcUsability(aspect, colour, frameRate);
    }
}
