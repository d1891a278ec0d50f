using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Roomcast.Media.Buffers;

namespace Roomcast.Media.Codecs.Aac;

/// <summary>The AudioSpecificConfig, which MP4 keeps in an esds box and FLV sends as AAC sequence header.</summary>
/// <remarks>Source: ISO/IEC 14496-3 section 1.6.2.1. Immutable.</remarks>
public sealed class AacConfiguration
{
    /// <summary>AAC Low Complexity, the object type that everything plays.</summary>
    public const int LowComplexity = 2;

    private const int SpectralBandReplication = 5;
    private const int ParametricStereo = 29;
    private const int ErrorResilientScalable = 20;
    private const int LowDelay = 23;
    private const int EnhancedLowDelay = 39;
    private const int ObjectTypeEscape = 31;
    private const uint SbrSync = 0x2B7;
    private const uint PsSync = 0x548;
    private const int MinSampleRateHz = 7_350;
    private const int MaxSampleRateHz = 192_000;

    private AacConfiguration()
    {
    }

    /// <summary>The whole AudioSpecificConfig.</summary>
    public required ReadOnlyMemory<byte> Bytes { get; init; }

    /// <summary>The object type of the core, for example 2 for AAC-LC; never that of an extension (5, 29).</summary>
    public required int ObjectType { get; init; }

    /// <summary>Whether spectral band replication is signalled (HE-AAC). Unsignalled, implicit SBR cannot be seen here.</summary>
    public required bool HasSbr { get; init; }

    /// <summary>Whether parametric stereo is signalled (HE-AAC v2).</summary>
    public required bool HasParametricStereo { get; init; }

    /// <summary>Samples per second of the core.</summary>
    public required int CoreSampleRateHz { get; init; }

    /// <summary>Samples per second that a decoder puts out: with SBR usually twice those of the core.</summary>
    public required int SampleRateHz { get; init; }

    /// <summary>Channels that a decoder puts out.</summary>
    public required int Channels { get; init; }

    /// <summary>Samples in one frame of the core: 1,024 or 960, for low delay 512 or 480.</summary>
    public required int CoreSamplesPerFrame { get; init; }

    /// <summary>Samples in one frame as a decoder puts it out, at <see cref="SampleRateHz"/>.</summary>
    public int SamplesPerFrame => (int)((long)CoreSamplesPerFrame * SampleRateHz / CoreSampleRateHz);

    /// <summary>The codec as RFC 6381 section 3.3 writes it: <c>mp4a.40.2</c>, <c>mp4a.40.5</c> with SBR, <c>mp4a.40.29</c> with PS.</summary>
    public string CodecString
    {
        get
        {
            var type = HasParametricStereo ? ParametricStereo : HasSbr ? SpectralBandReplication : ObjectType;
            return string.Create(CultureInfo.InvariantCulture, $"mp4a.40.{type}");
        }
    }

    /// <summary>Reads an AudioSpecificConfig.</summary>
    /// <param name="bytes">The configuration; what follows it is ignored.</param>
    /// <param name="configuration">The configuration, when right.</param>
    /// <param name="fault">What is wrong, when it is not.</param>
    public static bool TryRead(
        ReadOnlyMemory<byte> bytes, [NotNullWhen(true)] out AacConfiguration? configuration, out TrackFault fault)
    {
        configuration = null;
        if (bytes.Length > CodecLimits.MaxConfigurationLength)
        {
            fault = TrackFault.TooLarge;
            return false;
        }

        var bits = new BitReader(bytes.Span);
        fault = Read(ref bits, bytes, out var read);
        if (fault == TrackFault.None)
        {
            configuration = read;
        }

        return configuration is not null;
    }

    /// <summary>Makes the configuration of AAC-LC with frames of 1,024 samples.</summary>
    /// <param name="sampleRateHz">Samples per second, 7,350 to 192,000.</param>
    /// <param name="channels">1 to 6, or 8.</param>
    public static AacConfiguration BuildLowComplexity(int sampleRateHz, int channels)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(sampleRateHz, MinSampleRateHz);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(sampleRateHz, MaxSampleRateHz);
        if (channels is not ((>= 1 and <= 6) or 8))
        {
            throw new ArgumentOutOfRangeException(nameof(channels), channels, "AAC names 1 to 6 or 8 channels.");
        }

        return Build(LowComplexity, sampleRateHz, channelConfiguration: channels == 8 ? 7 : channels);
    }

    internal static AacConfiguration Build(int objectType, int sampleRateHz, int channelConfiguration)
    {
        var index = AacSampleRates.IndexOf(sampleRateHz);
        ulong value = ((ulong)objectType << 4) | (uint)index;
        var length = 9;
        if (index == AacSampleRates.Escape)
        {
            value = (value << 24) | (uint)sampleRateHz;
            length += 24;
        }

        // Channels, then the three flags of a GASpecificConfig, all 0: 1,024 samples, no core coder, no extension.
        value = (((value << 4) | (uint)channelConfiguration) << 3) << (-(length + 7) & 7);
        var bytes = new byte[(length + 7 + 7) / 8];
        for (var i = 0; i < bytes.Length; i++)
        {
            bytes[i] = (byte)(value >> (8 * (bytes.Length - 1 - i)));
        }

        return new AacConfiguration
        {
            Bytes = bytes,
            ObjectType = objectType,
            HasSbr = false,
            HasParametricStereo = false,
            CoreSampleRateHz = sampleRateHz,
            SampleRateHz = sampleRateHz,
            Channels = ChannelsOf(channelConfiguration),
            CoreSamplesPerFrame = 1_024,
        };
    }

    private static TrackFault Read(ref BitReader bits, ReadOnlyMemory<byte> bytes, out AacConfiguration? configuration)
    {
        configuration = null;
        var type = ReadObjectType(ref bits);
        var coreRate = ReadSampleRate(ref bits);
        var channelConfiguration = (int)bits.ReadBits(4);
        var outputRate = coreRate;
        var hasParametricStereo = type == ParametricStereo;
        var isExplicit = type is SpectralBandReplication or ParametricStereo;
        if (isExplicit)
        {
            outputRate = ReadSampleRate(ref bits);
            type = ReadObjectType(ref bits);
        }

        if (bits.HasFailed)
        {
            return TrackFault.Truncated;
        }

        // Main, LC, SSR, LTP, error resilient LC, LD, ELD: what decoders in the field know.
        if (type is not (1 or LowComplexity or 3 or 4 or 17 or LowDelay or EnhancedLowDelay))
        {
            return TrackFault.Unsupported;
        }

        var isShort = bits.ReadBit(); // frameLengthFlag
        var channels = ChannelsOf(channelConfiguration);
        if (type == EnhancedLowDelay)
        {
            bits.Skip(3); // three resilience flags
            outputRate = bits.ReadBit() && bits.ReadBit() ? 2 * coreRate : coreRate;
        }
        else
        {
            bits.Skip(bits.ReadBit() ? 14 : 0); // coreCoderDelay
            var hasExtension = bits.ReadBit();
            if (channelConfiguration == 0)
            {
                channels = ReadProgramChannels(ref bits);
            }

            bits.Skip(hasExtension ? type is 17 or ErrorResilientScalable or LowDelay ? 4 : 1 : 0);
            bits.Skip(type is 17 or LowDelay ? 2 : 0); // epConfig
        }

        if (bits.HasFailed)
        {
            return TrackFault.Truncated;
        }

        var hasSbr = isExplicit;
        if (!isExplicit && type != EnhancedLowDelay)
        {
            (hasSbr, hasParametricStereo, outputRate) = ReadTrailingExtension(ref bits, coreRate);
        }

        if (channels == 0 || coreRate is < MinSampleRateHz or > MaxSampleRateHz || outputRate > MaxSampleRateHz
            || (outputRate != coreRate && outputRate != 2 * coreRate))
        {
            return TrackFault.Malformed;
        }

        var isLowDelay = type is LowDelay or EnhancedLowDelay;
        configuration = new AacConfiguration
        {
            Bytes = bytes,
            ObjectType = type,
            HasSbr = hasSbr,
            HasParametricStereo = hasParametricStereo,
            CoreSampleRateHz = coreRate,
            SampleRateHz = outputRate,
            Channels = hasParametricStereo && channels == 1 ? 2 : channels,
            CoreSamplesPerFrame = isLowDelay ? (isShort ? 480 : 512) : isShort ? 960 : 1_024,
        };
        return TrackFault.None;
    }

    private static int ReadObjectType(ref BitReader bits)
    {
        var type = (int)bits.ReadBits(5);
        return type == ObjectTypeEscape ? 32 + (int)bits.ReadBits(6) : type;
    }

    private static int ReadSampleRate(ref BitReader bits)
    {
        var index = (int)bits.ReadBits(4);
        return index == AacSampleRates.Escape ? (int)bits.ReadBits(24) : AacSampleRates.Of(index);
    }

    // Table 1.19; 0 for the reserved ones and for a program config element.
    private static int ChannelsOf(int configuration) => configuration switch
    {
        >= 1 and <= 6 => configuration,
        7 or 12 or 14 => 8,
        11 => 7,
        13 => 24,
        _ => 0,
    };

    // Section 1.6.5: SBR and PS said behind the core's configuration, where older decoders do not look.
    private static (bool HasSbr, bool HasParametricStereo, int OutputRate) ReadTrailingExtension(ref BitReader bits, int coreRate)
    {
        if (bits.BitsLeft < 16 || bits.ReadBits(11) != SbrSync
            || ReadObjectType(ref bits) != SpectralBandReplication || !bits.ReadBit())
        {
            return (false, false, coreRate);
        }

        var outputRate = ReadSampleRate(ref bits);
        var hasParametricStereo = bits.BitsLeft >= 12 && bits.ReadBits(11) == PsSync && bits.ReadBit();
        return bits.HasFailed ? (false, false, coreRate) : (true, hasParametricStereo, outputRate);
    }

    // Section 4.5.2.1, program_config_element: elements in front, at the side, behind, and of low frequency.
    private static int ReadProgramChannels(ref BitReader bits)
    {
        bits.Skip(4 + 2 + 4); // tag, object type, sampling frequency index
        var elements = (int)(bits.ReadBits(4) + bits.ReadBits(4) + bits.ReadBits(4));
        var lowFrequency = (int)bits.ReadBits(2);
        var associated = bits.ReadBits(3);
        var coupling = bits.ReadBits(4);
        bits.Skip(bits.ReadBit() ? 4 : 0); // mono mixdown
        bits.Skip(bits.ReadBit() ? 4 : 0); // stereo mixdown
        bits.Skip(bits.ReadBit() ? 3 : 0); // matrix mixdown
        var channels = lowFrequency;
        for (var i = 0; i < elements; i++)
        {
            channels += bits.ReadBit() ? 2 : 1;
            bits.Skip(4);
        }

        bits.Skip((4 * lowFrequency) + (4 * associated) + (5 * coupling));
        bits.AlignToByte();
        bits.Skip(8 * bits.ReadBits(8)); // comment
        return channels;
    }
}
