using Roomcast.Media.Buffers;
using Roomcast.Media.Codecs.NalUnits;

namespace Roomcast.Media.Codecs.H264;

/// <summary>What a sequence parameter set of H.264 says about the picture (ISO/IEC 14496-10 section 7.3.2.1.1 and annex E).</summary>
public sealed record AvcSequenceParameterSet
{
    private const int MaxId = 31;
    private const int MaxPicturesInOrderCycle = 255;
    private const int MacroblockSide = 16;

    /// <summary>The profile, for example 66 baseline, 77 main, 100 high.</summary>
    public required byte ProfileIdc { get; init; }

    /// <summary>The six constraint flags and two zero bits that follow the profile.</summary>
    public required byte ConstraintFlags { get; init; }

    /// <summary>Ten times the level, for example 31 for 3.1.</summary>
    public required byte LevelIdc { get; init; }

    /// <summary>The number by which picture parameter sets refer to it, 0 to 31.</summary>
    public int Id { get; private init; }

    /// <summary>0 monochrome, 1 4:2:0, 2 4:2:2, 3 4:4:4.</summary>
    public int ChromaFormat { get; private init; } = 1;

    /// <summary>Bits of a luma sample, 8 to 14.</summary>
    public int BitDepthLuma { get; private init; } = 8;

    /// <summary>Bits of a chroma sample, 8 to 14.</summary>
    public int BitDepthChroma { get; private init; } = 8;

    /// <summary>Width after cropping, in pixels.</summary>
    public int Width { get; private init; }

    /// <summary>Height after cropping, in pixels.</summary>
    public int Height { get; private init; }

    /// <summary>Whether pictures may be coded as fields.</summary>
    public bool MayBeInterlaced { get; private init; }

    /// <summary>The shape of a pixel; square when not said.</summary>
    public SampleAspectRatio SampleAspectRatio { get; private init; } = SampleAspectRatio.Square;

    /// <summary>Frames per second by the VUI, 0 when it does not say.</summary>
    public double FrameRate { get; private init; }

    /// <summary>How to show the samples, null when not said.</summary>
    public ColourDescription? Colour { get; private init; }

    /// <summary>
    /// How many frames may come before a frame in decoding order and after it in output order: 0 means that presentation
    /// never lags decoding. Where the VUI does not say, the most that profile, order type and level permit.
    /// </summary>
    public int MaxReorderFrames { get; private init; }

    /// <summary>Whether <see cref="MaxReorderFrames"/> was said by the VUI rather than inferred.</summary>
    public bool DeclaresReordering { get; private init; }

    /// <summary>Reads one set.</summary>
    /// <param name="nalUnit">The NAL unit with its header byte, as it was sent (with emulation prevention).</param>
    /// <param name="set">The set, when right.</param>
    /// <param name="fault">What is wrong, when it is not.</param>
    public static bool TryRead(
        ReadOnlySpan<byte> nalUnit,
        [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out AvcSequenceParameterSet? set,
        out TrackFault fault)
    {
        set = null;
        if (AvcNalUnit.TypeOf(nalUnit) != AvcNalUnitType.SequenceParameterSet)
        {
            fault = nalUnit.IsEmpty ? TrackFault.Truncated : TrackFault.Malformed;
            return false;
        }

        if (nalUnit.Length > CodecLimits.MaxParameterSetLength)
        {
            fault = TrackFault.TooLarge;
            return false;
        }

        Span<byte> rbsp = stackalloc byte[CodecLimits.MaxParameterSetLength];
        var bits = new BitReader(rbsp[..EmulationPrevention.Remove(nalUnit[1..], rbsp)]);
        set = Read(ref bits, out fault);
        return set is not null;
    }

    private static AvcSequenceParameterSet? Read(ref BitReader bits, out TrackFault fault)
    {
        var profile = (byte)bits.ReadBits(8);
        var constraints = (byte)bits.ReadBits(8);
        var level = (byte)bits.ReadBits(8);
        var id = bits.ReadExpGolomb(MaxId);

        var chromaFormat = 1;
        var bitDepthLuma = 8;
        var bitDepthChroma = 8;
        var isSeparatePlanes = false;
        if (HasChromaFormat(profile))
        {
            chromaFormat = bits.ReadExpGolomb(max: 3);
            isSeparatePlanes = chromaFormat == 3 && bits.ReadBit();
            bitDepthLuma = 8 + bits.ReadExpGolomb(max: 6);
            bitDepthChroma = 8 + bits.ReadExpGolomb(max: 6);
            bits.Skip(1); // qpprime_y_zero_transform_bypass_flag
            if (bits.ReadBit())
            {
                SkipScalingLists(ref bits, chromaFormat == 3 ? 12 : 8);
            }
        }

        bits.ReadExpGolomb(max: 12); // log2_max_frame_num_minus4
        var orderType = bits.ReadExpGolomb(max: 2);
        SkipPictureOrder(ref bits, orderType);
        bits.ReadExpGolomb(max: 32); // max_num_ref_frames
        bits.Skip(1); // gaps_in_frame_num_value_allowed_flag

        var macroblocksWide = 1L + bits.ReadExpGolomb();
        var mapUnitsHigh = 1L + bits.ReadExpGolomb();
        var isFramesOnly = bits.ReadBit();
        if (!isFramesOnly)
        {
            bits.Skip(1); // mb_adaptive_frame_field_flag
        }

        bits.Skip(1); // direct_8x8_inference_flag
        long left = 0, right = 0, top = 0, bottom = 0;
        if (bits.ReadBit())
        {
            left = bits.ReadExpGolomb();
            right = bits.ReadExpGolomb();
            top = bits.ReadExpGolomb();
            bottom = bits.ReadExpGolomb();
        }

        var hasVui = bits.ReadBit();
        if (bits.HasFailed)
        {
            fault = bits.BitsLeft == 0 ? TrackFault.Truncated : TrackFault.Malformed;
            return null;
        }

        // Table 6-1: cropping counts chroma samples, and pairs of lines where fields may be.
        var isSubsampledAcross = chromaFormat is 1 or 2 && !isSeparatePlanes;
        var isSubsampledDown = chromaFormat == 1 && !isSeparatePlanes;
        var fieldFactor = isFramesOnly ? 1 : 2;
        var macroblocksHigh = mapUnitsHigh * fieldFactor;
        var codedWidth = macroblocksWide * MacroblockSide;
        var codedHeight = macroblocksHigh * MacroblockSide;
        if (codedWidth > CodecLimits.MaxPictureSide || codedHeight > CodecLimits.MaxPictureSide)
        {
            fault = TrackFault.TooLarge;
            return null;
        }

        var width = codedWidth - ((left + right) * (isSubsampledAcross ? 2 : 1));
        var height = codedHeight - ((top + bottom) * (isSubsampledDown ? 2 : 1) * fieldFactor);
        if (width <= 0 || height <= 0)
        {
            fault = TrackFault.Malformed;
            return null;
        }

        // A broken VUI is not worth refusing a picture for: what it said until it broke off is left out altogether.
        var vui = hasVui ? AvcUsability.Read(ref bits) : default;
        if (bits.HasFailed)
        {
            vui = default;
        }

        fault = TrackFault.None;
        return new AvcSequenceParameterSet
        {
            ProfileIdc = profile,
            ConstraintFlags = constraints,
            LevelIdc = level,
            Id = id,
            ChromaFormat = chromaFormat,
            BitDepthLuma = bitDepthLuma,
            BitDepthChroma = bitDepthChroma,
            Width = (int)width,
            Height = (int)height,
            MayBeInterlaced = !isFramesOnly,
            SampleAspectRatio = vui.SampleAspectRatio ?? SampleAspectRatio.Square,
            FrameRate = vui.FrameRate,
            Colour = vui.Colour,
            DeclaresReordering = vui.MaxReorderFrames is not null,
            MaxReorderFrames = vui.MaxReorderFrames
                ?? AvcLevels.MaxReorderFrames(profile, constraints, level, orderType, macroblocksWide * macroblocksHigh),
        };
    }

    // Section 7.3.2.1.1: the profiles whose sets carry chroma_format_idc.
    internal static bool HasChromaFormat(byte profile) =>
        profile is 100 or 110 or 122 or 244 or 44 or 83 or 86 or 118 or 128 or 138 or 139 or 134 or 135;

    private static void SkipPictureOrder(ref BitReader bits, int orderType)
    {
        if (orderType == 0)
        {
            bits.ReadExpGolomb(max: 12); // log2_max_pic_order_cnt_lsb_minus4
        }
        else if (orderType == 1)
        {
            bits.Skip(1); // delta_pic_order_always_zero_flag
            bits.ReadSignedExpGolomb(); // offset_for_non_ref_pic
            bits.ReadSignedExpGolomb(); // offset_for_top_to_bottom_field
            var count = bits.ReadExpGolomb(MaxPicturesInOrderCycle);
            for (var i = 0; i < count; i++)
            {
                bits.ReadSignedExpGolomb(); // offset_for_ref_frame
            }
        }
    }

    private static void SkipScalingLists(ref BitReader bits, int lists)
    {
        for (var list = 0; list < lists; list++)
        {
            if (!bits.ReadBit())
            {
                continue;
            }

            var last = 8;
            var next = 8;
            for (var i = 0; i < (list < 6 ? 16 : 64) && next != 0; i++)
            {
                next = (last + bits.ReadSignedExpGolomb()) & 0xFF;
                last = next == 0 ? last : next;
            }
        }
    }
}
