using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using Roomcast.Media.Buffers;
using Roomcast.Media.Codecs.NalUnits;

namespace Roomcast.Media.Codecs.H265;

/// <summary>The HEVCDecoderConfigurationRecord, body of a hvcC box and of an Enhanced RTMP HEVC sequence start.</summary>
/// <remarks>Source: ISO/IEC 14496-15 section 8.3.3.1. Immutable; the sets point into the bytes it was read from.</remarks>
public sealed class HevcConfiguration
{
    /* | version:8 = 1 | space:2 | tier:1 | profile:5 | compatibility:32 | constraints:48 | level:8 |
       | 1:4 | min spatial segmentation:12 | 1:6 | parallelism:2 | 1:6 | chroma format:2 | 1:5 | luma depth - 8:3 |
       | 1:5 | chroma depth - 8:3 | average frame rate:16 | constant:2 | temporal layers:3 | nested:1 | length size - 1:2 |
       | arrays:8 | { complete:1 | 0:1 | type:6 | count:16 | { length:16, NAL unit } } */
    private const int LengthSizeAt = 21;
    private const int ArraysAt = 22;
    private const int HeaderLength = 23;
    private const int MaxArrays = 64;
    private const int MaxSets = 256;
    private const byte CompleteFlag = 0x80;

    private HevcConfiguration()
    {
    }

    /// <summary>The whole record.</summary>
    public required ReadOnlyMemory<byte> Bytes { get; init; }

    /// <summary>Profile, tier, level and constraints by the record's header.</summary>
    public required HevcProfileTierLevel ProfileTierLevel { get; init; }

    /// <summary>Bytes of the length in front of each NAL unit: 1, 2 or 4.</summary>
    public int NalLengthSize => (Bytes.Span[LengthSizeAt] & 3) + 1;

    /// <summary>The VPS NAL units; a decoder wants one, some encoders send none.</summary>
    public required IReadOnlyList<ReadOnlyMemory<byte>> VideoParameterSets { get; init; }

    /// <summary>The SPS NAL units, 1 or more.</summary>
    public required IReadOnlyList<ReadOnlyMemory<byte>> SequenceParameterSets { get; init; }

    /// <summary>The PPS NAL units, 1 or more.</summary>
    public required IReadOnlyList<ReadOnlyMemory<byte>> PictureParameterSets { get; init; }

    /// <summary>The first SPS, read: the one that describes the picture.</summary>
    public required HevcSequenceParameterSet Sequence { get; init; }

    /// <summary>The codec as ISO/IEC 14496-15 section E.3 writes it, for example <c>hvc1.1.6.L93.90</c>.</summary>
    public string CodecString => $"hvc1.{ProfileTierLevel}";

    /// <summary>Reads a record.</summary>
    /// <param name="bytes">The record; what follows it is ignored.</param>
    /// <param name="configuration">The record, when right.</param>
    /// <param name="fault">What is wrong, when it is not.</param>
    public static bool TryRead(
        ReadOnlyMemory<byte> bytes, [NotNullWhen(true)] out HevcConfiguration? configuration, out TrackFault fault)
    {
        configuration = null;
        var span = bytes.Span;
        if (span.Length > CodecLimits.MaxConfigurationLength)
        {
            fault = TrackFault.TooLarge;
            return false;
        }

        if (span.Length < HeaderLength)
        {
            fault = TrackFault.Truncated;
            return false;
        }

        // Version 0 was written by muxers from before the standard was final, with the same layout.
        if (span[0] > 1 || (span[LengthSizeAt] & 3) == 2)
        {
            fault = TrackFault.Malformed;
            return false;
        }

        var videoSets = new List<ReadOnlyMemory<byte>>();
        var sequenceSets = new List<ReadOnlyMemory<byte>>();
        var pictureSets = new List<ReadOnlyMemory<byte>>();
        fault = ReadArrays(bytes, videoSets, sequenceSets, pictureSets);
        if (fault != TrackFault.None)
        {
            return false;
        }

        if (sequenceSets.Count == 0 || pictureSets.Count == 0)
        {
            fault = TrackFault.MissingParameterSets;
            return false;
        }

        if (!HevcSequenceParameterSet.TryRead(sequenceSets[0].Span, out var sequence, out fault))
        {
            return false;
        }

        var bits = new BitReader(span[1..]);
        configuration = new HevcConfiguration
        {
            Bytes = bytes,
            ProfileTierLevel = HevcProfileTierLevel.Read(ref bits),
            VideoParameterSets = videoSets,
            SequenceParameterSets = sequenceSets,
            PictureParameterSets = pictureSets,
            Sequence = sequence,
        };
        return true;
    }

    /// <summary>Makes a record of parameter sets, with lengths of four bytes.</summary>
    /// <param name="videoSets">VPS NAL units.</param>
    /// <param name="sequenceSets">SPS NAL units; the first describes the picture.</param>
    /// <param name="pictureSets">PPS NAL units.</param>
    /// <param name="configuration">The record, over memory of its own.</param>
    /// <param name="fault">What is wrong, when there is none.</param>
    public static bool TryBuild(
        IReadOnlyList<ReadOnlyMemory<byte>> videoSets,
        IReadOnlyList<ReadOnlyMemory<byte>> sequenceSets,
        IReadOnlyList<ReadOnlyMemory<byte>> pictureSets,
        [NotNullWhen(true)] out HevcConfiguration? configuration,
        out TrackFault fault)
    {
        ArgumentNullException.ThrowIfNull(videoSets);
        ArgumentNullException.ThrowIfNull(sequenceSets);
        ArgumentNullException.ThrowIfNull(pictureSets);
        return TryBuild(videoSets, sequenceSets, pictureSets, nalLengthSize: 4, out configuration, out fault);
    }

    /// <summary>Notices parameter sets inside a frame that are not those of this record.</summary>
    /// <param name="payload">A frame with lengths of <see cref="NalLengthSize"/> bytes.</param>
    /// <param name="updated">
    /// A new record that holds the frame's sets of each kind in place of those here; null when the frame brings nothing new.
    /// </param>
    /// <returns>True when there is something new. A malformed frame or an unreadable set brings nothing.</returns>
    public bool TryUpdateFrom(ReadOnlySpan<byte> payload, [NotNullWhen(true)] out HevcConfiguration? updated)
    {
        updated = null;
        if (!HasNewSets(payload))
        {
            return false;
        }

        var videoSets = new List<ReadOnlyMemory<byte>>();
        var sequenceSets = new List<ReadOnlyMemory<byte>>();
        var pictureSets = new List<ReadOnlyMemory<byte>>();
        var reader = new NalUnitReader(payload, NalLengthSize);
        while (reader.TryRead(out var nalUnit))
        {
            if (HevcNalUnit.LayerOf(nalUnit) == 0)
            {
                ListFor(HevcNalUnit.TypeOf(nalUnit), videoSets, sequenceSets, pictureSets)?.Add(nalUnit.ToArray());
            }
        }

        return TryBuild(
            videoSets.Count > 0 ? videoSets : VideoParameterSets,
            sequenceSets.Count > 0 ? sequenceSets : SequenceParameterSets,
            pictureSets.Count > 0 ? pictureSets : PictureParameterSets,
            NalLengthSize,
            out updated,
            out _);
    }

    /// <summary>Copies a record and marks its arrays of parameter sets as complete, which hvc1 demands (section 8.4.1.1).</summary>
    /// <param name="record">A record that <see cref="TryRead"/> accepts.</param>
    /// <param name="destination">At least as long as the record.</param>
    internal static void CopyAsComplete(ReadOnlySpan<byte> record, Span<byte> destination)
    {
        record.CopyTo(destination);
        var at = HeaderLength;
        for (var array = 0; array < record[ArraysAt]; array++)
        {
            if ((HevcNalUnitType)(record[at] & 0x3F) is >= HevcNalUnitType.VideoParameterSet and <= HevcNalUnitType.PictureParameterSet)
            {
                destination[at] |= CompleteFlag;
            }

            var count = BinaryPrimitives.ReadUInt16BigEndian(record[(at + 1)..]);
            at += 3;
            for (var i = 0; i < count; i++)
            {
                at += sizeof(ushort) + BinaryPrimitives.ReadUInt16BigEndian(record[at..]);
            }
        }
    }

    private static bool TryBuild(
        IReadOnlyList<ReadOnlyMemory<byte>> videoSets,
        IReadOnlyList<ReadOnlyMemory<byte>> sequenceSets,
        IReadOnlyList<ReadOnlyMemory<byte>> pictureSets,
        int nalLengthSize,
        [NotNullWhen(true)] out HevcConfiguration? configuration,
        out TrackFault fault)
    {
        configuration = null;
        if (sequenceSets.Count == 0 || pictureSets.Count == 0)
        {
            fault = TrackFault.MissingParameterSets;
            return false;
        }

        var sets = videoSets.Concat(sequenceSets).Concat(pictureSets);
        if (videoSets.Count + sequenceSets.Count + pictureSets.Count > MaxSets
            || sets.Any(set => set.Length > CodecLimits.MaxParameterSetLength))
        {
            fault = TrackFault.TooLarge;
            return false;
        }

        if (!HevcSequenceParameterSet.TryRead(sequenceSets[0].Span, out var sequence, out fault))
        {
            return false;
        }

        var bytes = new List<byte>(new byte[HeaderLength]);
        WriteHeader(bytes, sequence, nalLengthSize);
        AppendArray(bytes, HevcNalUnitType.VideoParameterSet, videoSets);
        AppendArray(bytes, HevcNalUnitType.SequenceParameterSet, sequenceSets);
        AppendArray(bytes, HevcNalUnitType.PictureParameterSet, pictureSets);
        return TryRead(bytes.ToArray(), out configuration, out fault);
    }

    private static void WriteHeader(List<byte> bytes, HevcSequenceParameterSet sequence, int nalLengthSize)
    {
        var profile = sequence.ProfileTierLevel;
        bytes[0] = 1;
        bytes[1] = (byte)((profile.ProfileSpace << 6) | (profile.IsHighTier ? 0x20 : 0) | profile.ProfileIdc);
        for (var i = 0; i < 4; i++)
        {
            bytes[2 + i] = (byte)(profile.CompatibilityFlags >> (24 - (8 * i)));
        }

        for (var i = 0; i < 6; i++)
        {
            bytes[6 + i] = (byte)(profile.ConstraintFlags >> (40 - (8 * i)));
        }

        bytes[12] = profile.LevelIdc;
        bytes[13] = 0xF0; // min_spatial_segmentation_idc 0: nothing is promised
        bytes[15] = 0xFC; // parallelismType 0: unknown
        bytes[16] = (byte)(0xFC | sequence.ChromaFormat);
        bytes[17] = (byte)(0xF8 | (sequence.BitDepthLuma - 8));
        bytes[18] = (byte)(0xF8 | (sequence.BitDepthChroma - 8));
        bytes[LengthSizeAt] = (byte)((sequence.SubLayers << 3) | (sequence.IsTemporallyNested ? 4 : 0) | (nalLengthSize - 1));
    }

    private static TrackFault ReadArrays(
        ReadOnlyMemory<byte> bytes,
        List<ReadOnlyMemory<byte>> videoSets,
        List<ReadOnlyMemory<byte>> sequenceSets,
        List<ReadOnlyMemory<byte>> pictureSets)
    {
        var span = bytes.Span;
        var at = HeaderLength;
        var total = 0;
        if (span[ArraysAt] > MaxArrays)
        {
            return TrackFault.TooLarge;
        }

        for (var array = 0; array < span[ArraysAt]; array++)
        {
            if (span.Length - at < 3)
            {
                return TrackFault.Truncated;
            }

            var type = (HevcNalUnitType)(span[at] & 0x3F);
            var count = BinaryPrimitives.ReadUInt16BigEndian(span[(at + 1)..]);
            at += 3;
            total += count;
            if (total > MaxSets)
            {
                return TrackFault.TooLarge;
            }

            for (var i = 0; i < count; i++)
            {
                if (span.Length - at < sizeof(ushort))
                {
                    return TrackFault.Truncated;
                }

                var length = BinaryPrimitives.ReadUInt16BigEndian(span[at..]);
                at += sizeof(ushort);
                if (length > span.Length - at)
                {
                    return TrackFault.Truncated;
                }

                var set = bytes.Slice(at, length);
                at += length;
                if (HevcNalUnit.TypeOf(set.Span) != type || HevcNalUnit.LayerOf(set.Span) != 0)
                {
                    continue;
                }

                if (ListFor(type, videoSets, sequenceSets, pictureSets) is { } sets)
                {
                    if (length > CodecLimits.MaxParameterSetLength)
                    {
                        return TrackFault.TooLarge;
                    }

                    sets.Add(set);
                }
            }
        }

        return TrackFault.None;
    }

    private static List<ReadOnlyMemory<byte>>? ListFor(
        HevcNalUnitType type,
        List<ReadOnlyMemory<byte>> videoSets,
        List<ReadOnlyMemory<byte>> sequenceSets,
        List<ReadOnlyMemory<byte>> pictureSets) => type switch
        {
            HevcNalUnitType.VideoParameterSet => videoSets,
            HevcNalUnitType.SequenceParameterSet => sequenceSets,
            HevcNalUnitType.PictureParameterSet => pictureSets,
            _ => null,
        };

    // Encoders may repeat their sets with every keyframe: looking must cost no memory.
    private bool HasNewSets(ReadOnlySpan<byte> payload)
    {
        var isNew = false;
        var reader = new NalUnitReader(payload, NalLengthSize);
        while (reader.TryRead(out var nalUnit))
        {
            if (HevcNalUnit.LayerOf(nalUnit) != 0)
            {
                continue;
            }

            isNew |= HevcNalUnit.TypeOf(nalUnit) switch
            {
                HevcNalUnitType.VideoParameterSet => !Holds(VideoParameterSets, nalUnit),
                HevcNalUnitType.SequenceParameterSet => !Holds(SequenceParameterSets, nalUnit),
                HevcNalUnitType.PictureParameterSet => !Holds(PictureParameterSets, nalUnit),
                _ => false,
            };
        }

        return isNew && !reader.IsMalformed;
    }

    private static bool Holds(IReadOnlyList<ReadOnlyMemory<byte>> sets, ReadOnlySpan<byte> nalUnit)
    {
        for (var i = 0; i < sets.Count; i++)
        {
            if (sets[i].Span.SequenceEqual(nalUnit))
            {
                return true;
            }
        }

        return false;
    }

    private static void AppendArray(List<byte> bytes, HevcNalUnitType type, IReadOnlyList<ReadOnlyMemory<byte>> sets)
    {
        if (sets.Count == 0)
        {
            return;
        }

        bytes[ArraysAt]++;
        bytes.Add((byte)(CompleteFlag | (byte)type));
        bytes.Add((byte)(sets.Count >> 8));
        bytes.Add((byte)sets.Count);
        foreach (var set in sets)
        {
            bytes.Add((byte)(set.Length >> 8));
            bytes.Add((byte)set.Length);
            bytes.AddRange(set.Span);
        }
    }
}
