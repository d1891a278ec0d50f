using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using Roomcast.Media.Codecs.NalUnits;

namespace Roomcast.Media.Codecs.H264;

/// <summary>The AVCDecoderConfigurationRecord, body of an avcC box and of an FLV AVC sequence header.</summary>
/// <remarks>Source: ISO/IEC 14496-15 section 5.3.3.1. Immutable; the sets point into the bytes it was read from.</remarks>
public sealed class AvcConfiguration
{
    /* | version:8 = 1 | profile:8 | compatibility:8 | level:8 | 1:6 | length size - 1:2 |
       | 1:3 | SPS count:5 | { length:16, SPS } | PPS count:8 | { length:16, PPS } |
       then, for high profiles: | 1:6 | chroma format:2 | 1:5 | luma depth - 8:3 | 1:5 | chroma depth - 8:3 | SPS extensions | */
    private const int HeaderLength = 6;
    private const int MaxSequenceSets = 31;
    private const int MaxPictureSets = 255;

    private AvcConfiguration()
    {
    }

    /// <summary>The whole record.</summary>
    public required ReadOnlyMemory<byte> Bytes { get; init; }

    /// <summary>profile_idc of the record.</summary>
    public byte ProfileIdc => Bytes.Span[1];

    /// <summary>The constraint flags of the record.</summary>
    public byte ConstraintFlags => Bytes.Span[2];

    /// <summary>level_idc of the record.</summary>
    public byte LevelIdc => Bytes.Span[3];

    /// <summary>Bytes of the length in front of each NAL unit: 1, 2 or 4.</summary>
    public int NalLengthSize => (Bytes.Span[4] & 3) + 1;

    /// <summary>The SPS NAL units, 1 to 31.</summary>
    public required IReadOnlyList<ReadOnlyMemory<byte>> SequenceParameterSets { get; init; }

    /// <summary>The PPS NAL units, 1 to 255.</summary>
    public required IReadOnlyList<ReadOnlyMemory<byte>> PictureParameterSets { get; init; }

    /// <summary>The first SPS, read: the one that describes the picture.</summary>
    public required AvcSequenceParameterSet Sequence { get; init; }

    /// <summary>The codec as RFC 6381 section 3.3 writes it, for example <c>avc1.64001F</c>.</summary>
    public string CodecString => $"avc1.{ProfileIdc:X2}{ConstraintFlags:X2}{LevelIdc:X2}";

    /// <summary>Reads a record.</summary>
    /// <param name="bytes">The record; what follows it is ignored.</param>
    /// <param name="configuration">The record, when right.</param>
    /// <param name="fault">What is wrong, when it is not.</param>
    public static bool TryRead(
        ReadOnlyMemory<byte> bytes, [NotNullWhen(true)] out AvcConfiguration? configuration, out TrackFault fault)
    {
        configuration = null;
        var span = bytes.Span;
        if (span.Length > CodecLimits.MaxConfigurationLength)
        {
            fault = TrackFault.TooLarge;
            return false;
        }

        if (span.Length < HeaderLength + 1)
        {
            fault = TrackFault.Truncated;
            return false;
        }

        // Three bytes of length are forbidden by the record and understood by nobody.
        if (span[0] != 1 || (span[4] & 3) == 2)
        {
            fault = TrackFault.Malformed;
            return false;
        }

        var at = HeaderLength;
        fault = TryReadSets(bytes, ref at, span[5] & 0x1F, AvcNalUnitType.SequenceParameterSet, out var sequenceSets);
        if (fault != TrackFault.None)
        {
            return false;
        }

        if (at == span.Length)
        {
            fault = TrackFault.Truncated;
            return false;
        }

        var pictureCount = span[at++];
        fault = TryReadSets(bytes, ref at, pictureCount, AvcNalUnitType.PictureParameterSet, out var pictureSets);
        if (fault != TrackFault.None)
        {
            return false;
        }

        if (sequenceSets.Length == 0 || pictureSets.Length == 0)
        {
            fault = TrackFault.MissingParameterSets;
            return false;
        }

        if (!AvcSequenceParameterSet.TryRead(sequenceSets[0].Span, out var sequence, out fault))
        {
            return false;
        }

        configuration = new AvcConfiguration
        {
            Bytes = bytes,
            SequenceParameterSets = sequenceSets,
            PictureParameterSets = pictureSets,
            Sequence = sequence,
        };
        return true;
    }

    /// <summary>Makes a record of parameter sets, with lengths of four bytes.</summary>
    /// <param name="sequenceSets">SPS NAL units; the first describes the picture.</param>
    /// <param name="pictureSets">PPS NAL units.</param>
    /// <param name="configuration">The record, over memory of its own.</param>
    /// <param name="fault">What is wrong, when there is none.</param>
    public static bool TryBuild(
        IReadOnlyList<ReadOnlyMemory<byte>> sequenceSets,
        IReadOnlyList<ReadOnlyMemory<byte>> pictureSets,
        [NotNullWhen(true)] out AvcConfiguration? configuration,
        out TrackFault fault)
    {
        ArgumentNullException.ThrowIfNull(sequenceSets);
        ArgumentNullException.ThrowIfNull(pictureSets);
        return TryBuild(sequenceSets, pictureSets, nalLengthSize: 4, out configuration, out fault);
    }

    /// <summary>Notices parameter sets inside a frame that are not those of this record.</summary>
    /// <param name="payload">A frame with lengths of <see cref="NalLengthSize"/> bytes.</param>
    /// <param name="updated">
    /// A new record in which the frame's sets have replaced those with the same id, or joined the others; null when the
    /// frame brings nothing new. Later frames need it, and the same length size.
    /// </param>
    /// <returns>True when there is something new. A malformed frame or an unreadable set brings nothing.</returns>
    public bool TryUpdateFrom(ReadOnlySpan<byte> payload, [NotNullWhen(true)] out AvcConfiguration? updated)
    {
        updated = null;
        List<ReadOnlyMemory<byte>>? sequenceSets = null;
        List<ReadOnlyMemory<byte>>? pictureSets = null;
        var reader = new NalUnitReader(payload, NalLengthSize);
        while (reader.TryRead(out var nalUnit))
        {
            switch (AvcNalUnit.TypeOf(nalUnit))
            {
                case AvcNalUnitType.SequenceParameterSet when !Holds(sequenceSets ?? SequenceParameterSets, nalUnit):
                    sequenceSets ??= [.. SequenceParameterSets];
                    Replace(sequenceSets, nalUnit, headerLength: 4);
                    break;
                case AvcNalUnitType.PictureParameterSet when !Holds(pictureSets ?? PictureParameterSets, nalUnit):
                    pictureSets ??= [.. PictureParameterSets];
                    Replace(pictureSets, nalUnit, headerLength: 1);
                    break;
                default:
                    break;
            }
        }

        return !reader.IsMalformed
            && (sequenceSets is not null || pictureSets is not null)
            && TryBuild(sequenceSets ?? SequenceParameterSets, pictureSets ?? PictureParameterSets, NalLengthSize, out updated, out _);
    }

    private static bool TryBuild(
        IReadOnlyList<ReadOnlyMemory<byte>> sequenceSets,
        IReadOnlyList<ReadOnlyMemory<byte>> pictureSets,
        int nalLengthSize,
        [NotNullWhen(true)] out AvcConfiguration? configuration,
        out TrackFault fault)
    {
        configuration = null;
        if (sequenceSets.Count == 0 || pictureSets.Count == 0)
        {
            fault = TrackFault.MissingParameterSets;
            return false;
        }

        if (sequenceSets.Count > MaxSequenceSets || pictureSets.Count > MaxPictureSets
            || sequenceSets.Concat(pictureSets).Any(set => set.Length > CodecLimits.MaxParameterSetLength))
        {
            fault = TrackFault.TooLarge;
            return false;
        }

        if (!AvcSequenceParameterSet.TryRead(sequenceSets[0].Span, out var sequence, out fault))
        {
            return false;
        }

        var bytes = new List<byte>
        {
            1, sequence.ProfileIdc, sequence.ConstraintFlags, sequence.LevelIdc,
            (byte)(0xFC | (nalLengthSize - 1)), (byte)(0xE0 | sequenceSets.Count),
        };
        AppendSets(bytes, sequenceSets);
        bytes.Add((byte)pictureSets.Count);
        AppendSets(bytes, pictureSets);
        if (sequence.ProfileIdc is not (66 or 77 or 88))
        {
            bytes.Add((byte)(0xFC | sequence.ChromaFormat));
            bytes.Add((byte)(0xF8 | (sequence.BitDepthLuma - 8)));
            bytes.Add((byte)(0xF8 | (sequence.BitDepthChroma - 8)));
            bytes.Add(0); // no SPS extensions
        }

        return TryRead(bytes.ToArray(), out configuration, out fault);
    }

    private static TrackFault TryReadSets(
        ReadOnlyMemory<byte> bytes, ref int at, int count, AvcNalUnitType type, out ReadOnlyMemory<byte>[] sets)
    {
        var found = new List<ReadOnlyMemory<byte>>(Math.Min(count, 4));
        sets = [];
        for (var i = 0; i < count; i++)
        {
            if (bytes.Length - at < sizeof(ushort))
            {
                return TrackFault.Truncated;
            }

            var length = BinaryPrimitives.ReadUInt16BigEndian(bytes.Span[at..]);
            at += sizeof(ushort);
            if (length > bytes.Length - at)
            {
                return TrackFault.Truncated;
            }

            if (length > CodecLimits.MaxParameterSetLength)
            {
                return TrackFault.TooLarge;
            }

            var set = bytes.Slice(at, length);
            at += length;

            // Some muxers put other units (SEI, SPS extensions) among the sets: they describe nothing we need.
            if (AvcNalUnit.TypeOf(set.Span) == type)
            {
                found.Add(set);
            }
        }

        sets = [.. found];
        return TrackFault.None;
    }

    private static bool Holds(IReadOnlyList<ReadOnlyMemory<byte>> sets, ReadOnlySpan<byte> nalUnit)
    {
        // By index: enumerating an interface would cost memory at every keyframe that repeats its sets.
        for (var i = 0; i < sets.Count; i++)
        {
            if (sets[i].Span.SequenceEqual(nalUnit))
            {
                return true;
            }
        }

        return false;
    }

    private static void Replace(List<ReadOnlyMemory<byte>> sets, ReadOnlySpan<byte> nalUnit, int headerLength)
    {
        var id = ReadId(nalUnit, headerLength);
        var copy = nalUnit.ToArray();
        var index = sets.FindIndex(set => ReadId(set.Span, headerLength) == id);
        if (index >= 0)
        {
            sets[index] = copy;
        }
        else
        {
            sets.Add(copy);
        }
    }

    // The id is the first Exp-Golomb code after the fixed bytes. No emulation prevention byte can stand before its end:
    // profile and level are never both zero.
    private static uint ReadId(ReadOnlySpan<byte> nalUnit, int headerLength) =>
        nalUnit.Length <= headerLength ? uint.MaxValue : new Buffers.BitReader(nalUnit[headerLength..]).ReadExpGolomb();

    private static void AppendSets(List<byte> bytes, IReadOnlyList<ReadOnlyMemory<byte>> sets)
    {
        foreach (var set in sets)
        {
            bytes.Add((byte)(set.Length >> 8));
            bytes.Add((byte)set.Length);
            bytes.AddRange(set.Span);
        }
    }
}
