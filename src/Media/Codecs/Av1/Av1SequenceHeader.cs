using System.Diagnostics.CodeAnalysis;
using Roomcast.Media.Buffers;

namespace Roomcast.Media.Codecs.Av1;

/// <summary>The sequence header of AV1 (AV1 specification section 5.5).</summary>
public sealed record Av1SequenceHeader
{
    private const int SelectScreenContentTools = 2;

    /// <summary>seq_profile: 0 Main, 1 High, 2 Professional.</summary>
    public required int Profile { get; init; }

    /// <summary>seq_level_idx of the first operating point: 0 is 2.0, 4 is 3.0, 8 is 4.0, 31 is unbounded.</summary>
    public required int LevelIndex { get; init; }

    /// <summary>Whether the first operating point is of the High tier.</summary>
    public required bool IsHighTier { get; init; }

    /// <summary>Bits of a sample: 8, 10 or 12.</summary>
    public required int BitDepth { get; init; }

    /// <summary>Whether there is no chroma.</summary>
    public required bool IsMonochrome { get; init; }

    /// <summary>Whether chroma is halved across.</summary>
    public required bool IsSubsampledAcross { get; init; }

    /// <summary>Whether chroma is halved down.</summary>
    public required bool IsSubsampledDown { get; init; }

    /// <summary>0 unknown, 1 vertical, 2 colocated.</summary>
    public required int ChromaSamplePosition { get; init; }

    /// <summary>How to show the samples.</summary>
    public required ColourDescription Colour { get; init; }

    /// <summary>Largest width of a frame, in pixels.</summary>
    public required int Width { get; init; }

    /// <summary>Largest height of a frame, in pixels.</summary>
    public required int Height { get; init; }

    /// <summary>Frames per second, 0 when the header does not say.</summary>
    public required double FrameRate { get; init; }

    /// <summary>Reads the payload of a sequence header OBU.</summary>
    /// <param name="payload">The payload, without OBU header.</param>
    /// <param name="header">The header, when right.</param>
    /// <param name="fault">What is wrong, when it is not.</param>
    public static bool TryRead(ReadOnlySpan<byte> payload, [NotNullWhen(true)] out Av1SequenceHeader? header, out TrackFault fault)
    {
        var bits = new BitReader(payload);
        var read = Read(ref bits);
        header = null;
        if (bits.HasFailed)
        {
            fault = TrackFault.Truncated;
        }
        else if (read.Profile > 2)
        {
            fault = TrackFault.Malformed;
        }
        else if (read.Width > CodecLimits.MaxPictureSide || read.Height > CodecLimits.MaxPictureSide)
        {
            fault = TrackFault.TooLarge;
        }
        else
        {
            fault = TrackFault.None;
            header = read;
        }

        return header is not null;
    }

    private static Av1SequenceHeader Read(ref BitReader bits)
    {
        var profile = (int)bits.ReadBits(3);
        bits.Skip(1); // still_picture
        var isReduced = bits.ReadBit();
        var (level, isHighTier, frameRate) = isReduced
            ? ((int)bits.ReadBits(5), false, 0)
            : ReadOperatingPoints(ref bits);

        var widthBits = 1 + (int)bits.ReadBits(4);
        var heightBits = 1 + (int)bits.ReadBits(4);
        var width = 1 + (int)bits.ReadBits(widthBits);
        var height = 1 + (int)bits.ReadBits(heightBits);
        if (!isReduced && bits.ReadBit())
        {
            bits.Skip(7); // lengths of frame ids
        }

        bits.Skip(3); // use_128x128_superblock, enable_filter_intra, enable_intra_edge_filter
        if (!isReduced)
        {
            SkipTools(ref bits);
        }

        bits.Skip(3); // enable_superres, enable_cdef, enable_restoration
        return ReadColour(ref bits, profile) with
        {
            LevelIndex = level,
            IsHighTier = isHighTier,
            FrameRate = frameRate,
            Width = width,
            Height = height,
        };
    }

    private static (int Level, bool IsHighTier, double FrameRate) ReadOperatingPoints(ref BitReader bits)
    {
        double frameRate = 0;
        var hasDecoderModel = false;
        var delayBits = 0;
        if (bits.ReadBit())
        {
            var unitsInTick = bits.ReadBits(32);
            var timeScale = bits.ReadBits(32);
            if (bits.ReadBit())
            {
                frameRate = CodecLimits.FrameRate(timeScale, unitsInTick * (1.0 + bits.ReadExpGolomb()));
            }

            hasDecoderModel = bits.ReadBit();
            if (hasDecoderModel)
            {
                delayBits = 1 + (int)bits.ReadBits(5);
                bits.Skip(32 + 5 + 5);
            }
        }

        var hasDisplayDelay = bits.ReadBit();
        var points = 1 + (int)bits.ReadBits(5);
        var first = (Level: 0, IsHighTier: false);
        for (var point = 0; point < points; point++)
        {
            bits.Skip(12); // operating_point_idc
            var level = (int)bits.ReadBits(5);
            var isHighTier = level > 7 && bits.ReadBit();
            first = point == 0 ? (level, isHighTier) : first;
            if (hasDecoderModel && bits.ReadBit())
            {
                bits.Skip((2 * delayBits) + 1);
            }

            if (hasDisplayDelay && bits.ReadBit())
            {
                bits.Skip(4);
            }
        }

        return (first.Level, first.IsHighTier, frameRate);
    }

    private static void SkipTools(ref BitReader bits)
    {
        bits.Skip(4); // interintra, masked compound, warped motion, dual filter
        var hasOrderHint = bits.ReadBit();
        if (hasOrderHint)
        {
            bits.Skip(2); // enable_jnt_comp, enable_ref_frame_mvs
        }

        var screenContent = bits.ReadBit() ? SelectScreenContentTools : (int)bits.ReadBits(1);
        if (screenContent > 0 && !bits.ReadBit())
        {
            bits.Skip(1); // seq_force_integer_mv
        }

        if (hasOrderHint)
        {
            bits.Skip(3); // order_hint_bits_minus_1
        }
    }

    // Section 5.5.2.
    private static Av1SequenceHeader ReadColour(ref BitReader bits, int profile)
    {
        var isHighBitDepth = bits.ReadBit();
        var isTwelveBit = profile == 2 && isHighBitDepth && bits.ReadBit();
        var isMonochrome = profile != 1 && bits.ReadBit();
        var colour = ColourDescription.Unspecified;
        if (bits.ReadBit())
        {
            colour = new ColourDescription((byte)bits.ReadBits(8), (byte)bits.ReadBits(8), (byte)bits.ReadBits(8), false);
        }

        var across = true;
        var down = true;
        var position = 0;
        var isSrgb = colour is { Primaries: 1, Transfer: 13, Matrix: 0 };
        if (isMonochrome)
        {
            colour = colour with { IsFullRange = bits.ReadBit() };
        }
        else if (isSrgb)
        {
            colour = colour with { IsFullRange = true };
            (across, down) = (false, false);
        }
        else
        {
            colour = colour with { IsFullRange = bits.ReadBit() };
            if (profile == 1)
            {
                (across, down) = (false, false);
            }
            else if (profile == 2)
            {
                across = !isTwelveBit || bits.ReadBit();
                down = isTwelveBit && across && bits.ReadBit();
            }

            position = across && down ? (int)bits.ReadBits(2) : 0;
        }

        return new Av1SequenceHeader
        {
            Profile = profile,
            LevelIndex = 0,
            IsHighTier = false,
            BitDepth = isTwelveBit ? 12 : isHighBitDepth ? 10 : 8,
            IsMonochrome = isMonochrome,
            IsSubsampledAcross = across,
            IsSubsampledDown = down,
            ChromaSamplePosition = position,
            Colour = colour,
            Width = 0,
            Height = 0,
            FrameRate = 0,
        };
    }
}
