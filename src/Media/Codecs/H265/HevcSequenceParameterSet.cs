using System.Diagnostics.CodeAnalysis;
using Roomcast.Media.Buffers;
using Roomcast.Media.Codecs.NalUnits;

namespace Roomcast.Media.Codecs.H265;

/// <summary>What a sequence parameter set of H.265 says about the picture (ISO/IEC 23008-2 section 7.3.2.2).</summary>
public sealed record HevcSequenceParameterSet
{
    private const int MaxId = 15;
    private const int MaxSubLayers = 7;
    private const int MaxDecodedPictures = 16;
    private const int MaxReferenceSets = 64;
    private const int MaxLongTermReferences = 32;

    /// <summary>Profile, tier, level and constraints.</summary>
    public required HevcProfileTierLevel ProfileTierLevel { get; init; }

    /// <summary>The number by which picture parameter sets refer to it, 0 to 15.</summary>
    public int Id { get; private init; }

    /// <summary>0 monochrome, 1 4:2:0, 2 4:2:2, 3 4:4:4.</summary>
    public int ChromaFormat { get; private init; }

    /// <summary>Bits of a luma sample, 8 to 16.</summary>
    public int BitDepthLuma { get; private init; }

    /// <summary>Bits of a chroma sample, 8 to 16.</summary>
    public int BitDepthChroma { get; private init; }

    /// <summary>Width inside the conformance window, in pixels.</summary>
    public int Width { get; private init; }

    /// <summary>Height inside the conformance window, in pixels.</summary>
    public int Height { get; private init; }

    /// <summary>The shape of a pixel; square when not said.</summary>
    public SampleAspectRatio SampleAspectRatio { get; private init; } = SampleAspectRatio.Square;

    /// <summary>Frames per second by the VUI, 0 when it does not say.</summary>
    public double FrameRate { get; private init; }

    /// <summary>How to show the samples, null when not said.</summary>
    public ColourDescription? Colour { get; private init; }

    /// <summary>Temporal sub-layers, 1 to 7.</summary>
    public int SubLayers { get; private init; }

    /// <summary>Whether one may switch up to a higher temporal sub-layer at any picture.</summary>
    public bool IsTemporallyNested { get; private init; }

    /// <summary>How many frames may come before a frame in decoding order and after it in output order.</summary>
    public int MaxReorderFrames { get; private init; }

    /// <summary>Reads one set.</summary>
    /// <param name="nalUnit">The NAL unit with its header, as it was sent (with emulation prevention).</param>
    /// <param name="set">The set, when right.</param>
    /// <param name="fault">What is wrong, when it is not.</param>
    public static bool TryRead(
        ReadOnlySpan<byte> nalUnit, [NotNullWhen(true)] out HevcSequenceParameterSet? set, out TrackFault fault)
    {
        set = null;
        if (nalUnit.Length < HevcNalUnit.HeaderLength)
        {
            fault = TrackFault.Truncated;
            return false;
        }

        if (HevcNalUnit.TypeOf(nalUnit) != HevcNalUnitType.SequenceParameterSet)
        {
            fault = TrackFault.Malformed;
            return false;
        }

        if (nalUnit.Length > CodecLimits.MaxParameterSetLength)
        {
            fault = TrackFault.TooLarge;
            return false;
        }

        Span<byte> rbsp = stackalloc byte[CodecLimits.MaxParameterSetLength];
        var bits = new BitReader(rbsp[..EmulationPrevention.Remove(nalUnit[HevcNalUnit.HeaderLength..], rbsp)]);
        set = Read(ref bits, out fault);
        return set is not null;
    }

    private static HevcSequenceParameterSet? Read(ref BitReader bits, out TrackFault fault)
    {
        bits.Skip(4); // sps_video_parameter_set_id
        var maxSubLayer = (int)bits.ReadBits(3);
        var isNested = bits.ReadBit();
        var profile = HevcProfileTierLevel.Read(ref bits);
        SkipSubLayerProfiles(ref bits, maxSubLayer);

        var id = bits.ReadExpGolomb(MaxId);
        var chromaFormat = bits.ReadExpGolomb(max: 3);
        var isSeparatePlanes = chromaFormat == 3 && bits.ReadBit();
        long codedWidth = bits.ReadExpGolomb();
        long codedHeight = bits.ReadExpGolomb();
        long left = 0, right = 0, top = 0, bottom = 0;
        if (bits.ReadBit())
        {
            left = bits.ReadExpGolomb();
            right = bits.ReadExpGolomb();
            top = bits.ReadExpGolomb();
            bottom = bits.ReadExpGolomb();
        }

        var bitDepthLuma = 8 + bits.ReadExpGolomb(max: 8);
        var bitDepthChroma = 8 + bits.ReadExpGolomb(max: 8);
        var orderBits = 4 + bits.ReadExpGolomb(max: 12);
        var maxReorder = 0;
        var saysAllSubLayers = bits.ReadBit();
        for (var layer = saysAllSubLayers ? 0 : maxSubLayer; layer <= maxSubLayer; layer++)
        {
            bits.ReadExpGolomb(max: MaxDecodedPictures); // sps_max_dec_pic_buffering_minus1
            maxReorder = bits.ReadExpGolomb(max: MaxDecodedPictures);
            bits.ReadExpGolomb(); // sps_max_latency_increase_plus1
        }

        if (bits.HasFailed || maxSubLayer >= MaxSubLayers)
        {
            fault = bits is { HasFailed: true, BitsLeft: 0 } ? TrackFault.Truncated : TrackFault.Malformed;
            return null;
        }

        if (codedWidth > CodecLimits.MaxPictureSide || codedHeight > CodecLimits.MaxPictureSide)
        {
            fault = TrackFault.TooLarge;
            return null;
        }

        var width = codedWidth - ((left + right) * (chromaFormat is 1 or 2 && !isSeparatePlanes ? 2 : 1));
        var height = codedHeight - ((top + bottom) * (chromaFormat == 1 && !isSeparatePlanes ? 2 : 1));
        if (width <= 0 || height <= 0)
        {
            fault = TrackFault.Malformed;
            return null;
        }

        // What follows decides only how the picture is shown: a fault in it leaves that unsaid.
        var vui = ReadUsability(ref bits, orderBits);
        if (bits.HasFailed)
        {
            vui = default;
        }

        fault = TrackFault.None;
        return new HevcSequenceParameterSet
        {
            ProfileTierLevel = profile,
            Id = id,
            ChromaFormat = chromaFormat,
            BitDepthLuma = bitDepthLuma,
            BitDepthChroma = bitDepthChroma,
            Width = (int)width,
            Height = (int)height,
            SampleAspectRatio = vui.SampleAspectRatio ?? SampleAspectRatio.Square,
            FrameRate = vui.FrameRate,
            Colour = vui.Colour,
            SubLayers = maxSubLayer + 1,
            IsTemporallyNested = isNested,
            MaxReorderFrames = maxReorder,
        };
    }

    private static void SkipSubLayerProfiles(ref BitReader bits, int maxSubLayer)
    {
        if (maxSubLayer == 0)
        {
            return;
        }

        Span<bool> hasProfile = stackalloc bool[MaxSubLayers];
        Span<bool> hasLevel = stackalloc bool[MaxSubLayers];
        for (var layer = 0; layer < maxSubLayer; layer++)
        {
            hasProfile[layer] = bits.ReadBit();
            hasLevel[layer] = bits.ReadBit();
        }

        bits.Skip(2 * (8 - maxSubLayer)); // reserved_zero_2bits
        for (var layer = 0; layer < maxSubLayer; layer++)
        {
            bits.Skip((hasProfile[layer] ? 88 : 0) + (hasLevel[layer] ? 8 : 0));
        }
    }

    private static HevcUsability ReadUsability(ref BitReader bits, int orderBits)
    {
        for (var i = 0; i < 6; i++)
        {
            bits.ReadExpGolomb(); // sizes of coding and transform blocks, transform depths
        }

        if (bits.ReadBit() && bits.ReadBit())
        {
            SkipScalingLists(ref bits);
        }

        bits.Skip(2); // amp_enabled_flag, sample_adaptive_offset_enabled_flag
        if (bits.ReadBit())
        {
            bits.Skip(8); // pcm sample bit depths
            bits.ReadExpGolomb();
            bits.ReadExpGolomb();
            bits.Skip(1); // pcm_loop_filter_disabled_flag
        }

        SkipReferenceSets(ref bits);
        if (bits.ReadBit())
        {
            var count = bits.ReadExpGolomb(MaxLongTermReferences);
            bits.Skip((long)count * (orderBits + 1));
        }

        bits.Skip(2); // sps_temporal_mvp_enabled_flag, strong_intra_smoothing_enabled_flag
        return bits.ReadBit() ? HevcUsability.Read(ref bits) : default;
    }

    // Section 7.3.4.
    private static void SkipScalingLists(ref BitReader bits)
    {
        for (var size = 0; size < 4; size++)
        {
            for (var matrix = 0; matrix < 6; matrix += size == 3 ? 3 : 1)
            {
                if (!bits.ReadBit())
                {
                    bits.ReadExpGolomb(); // scaling_list_pred_matrix_id_delta
                    continue;
                }

                var coefficients = Math.Min(64, 1 << (4 + (size << 1)));
                for (var i = size > 1 ? -1 : 0; i < coefficients; i++)
                {
                    bits.ReadSignedExpGolomb();
                }
            }
        }
    }

    // Section 7.3.7. A set may be predicted from the one before it, so the number of its pictures must be kept.
    private static void SkipReferenceSets(ref BitReader bits)
    {
        var sets = bits.ReadExpGolomb(MaxReferenceSets);
        var pictures = 0;
        for (var set = 0; set < sets && !bits.HasFailed; set++)
        {
            if (set > 0 && bits.ReadBit())
            {
                bits.Skip(1); // delta_rps_sign
                bits.ReadExpGolomb(); // abs_delta_rps_minus1
                var kept = 0;
                for (var i = 0; i <= pictures; i++)
                {
                    // used_by_curr_pic_flag, and only when that is 0, use_delta_flag.
                    kept += bits.ReadBit() || bits.ReadBit() ? 1 : 0;
                }

                pictures = Math.Min(kept, MaxDecodedPictures);
                continue;
            }

            var negative = bits.ReadExpGolomb(MaxDecodedPictures);
            var positive = bits.ReadExpGolomb(MaxDecodedPictures);
            pictures = negative + positive;
            for (var i = 0; i < pictures; i++)
            {
                bits.ReadExpGolomb(); // delta_poc_minus1
                bits.Skip(1); // used_by_curr_pic_flag
            }
        }
    }
}
