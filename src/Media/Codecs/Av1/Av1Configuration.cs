using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Roomcast.Media.Codecs.Av1;

/// <summary>The AV1CodecConfigurationRecord, body of an av1C box and of an Enhanced RTMP AV1 sequence start.</summary>
/// <remarks>Source: AV1 Codec ISO Media File Format Binding section 2.3. Immutable.</remarks>
public sealed class Av1Configuration
{
    /* | 1:1 | version:7 = 1 | profile:3 | level:5 | tier:1 | high depth:1 | twelve:1 | mono:1 | across:1 | down:1 | position:2 |
       | 0:3 | has delay:1 | delay:4 | OBUs: a sequence header, perhaps metadata | */
    private const int HeaderLength = 4;
    private const byte MarkerAndVersion = 0x81;

    private Av1Configuration()
    {
    }

    /// <summary>The whole record.</summary>
    public required ReadOnlyMemory<byte> Bytes { get; init; }

    /// <summary>The sequence header in the record.</summary>
    public required Av1SequenceHeader Sequence { get; init; }

    /// <summary>
    /// The codec as the AV1 binding section 5 writes it, for example <c>av01.0.04M.08</c>, with the colours behind it where
    /// they differ from what a player assumes.
    /// </summary>
    public string CodecString
    {
        get
        {
            var text = string.Create(
                CultureInfo.InvariantCulture,
                $"av01.{Sequence.Profile}.{Sequence.LevelIndex:00}{(Sequence.IsHighTier ? 'H' : 'M')}.{Sequence.BitDepth:00}");
            var colour = Sequence.Colour;
            var isPlain = !Sequence.IsMonochrome && Sequence.IsSubsampledAcross && Sequence.IsSubsampledDown
                && colour is { Primaries: 1 or 2, Transfer: 1 or 2, Matrix: 1 or 2, IsFullRange: false };
            var across = Sequence.IsSubsampledAcross ? 1 : 0;
            var down = Sequence.IsSubsampledDown ? 1 : 0;
            var position = across == 1 && down == 1 ? Sequence.ChromaSamplePosition : 0;
            return isPlain
                ? text
                : string.Create(
                    CultureInfo.InvariantCulture,
                    $"{text}.{(Sequence.IsMonochrome ? 1 : 0)}.{across}{down}{position}.{colour.Primaries:00}.{colour.Transfer:00}.{colour.Matrix:00}.{(colour.IsFullRange ? 1 : 0)}");
        }
    }

    /// <summary>Reads a record.</summary>
    /// <param name="bytes">The record.</param>
    /// <param name="configuration">The record, when right.</param>
    /// <param name="fault">What is wrong, when it is not.</param>
    public static bool TryRead(
        ReadOnlyMemory<byte> bytes, [NotNullWhen(true)] out Av1Configuration? configuration, out TrackFault fault)
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

        if (span[0] != MarkerAndVersion)
        {
            fault = TrackFault.Malformed;
            return false;
        }

        if (!TryFindSequenceHeader(span[HeaderLength..], out var sequence, out fault))
        {
            return false;
        }

        configuration = new Av1Configuration { Bytes = bytes, Sequence = sequence };
        return true;
    }

    /// <summary>Makes a record of the first sequence header among some OBUs.</summary>
    /// <param name="units">A keyframe, or a sequence header alone.</param>
    /// <param name="configuration">The record, over memory of its own.</param>
    /// <param name="fault">What is wrong, when there is none.</param>
    public static bool TryBuild(
        ReadOnlySpan<byte> units, [NotNullWhen(true)] out Av1Configuration? configuration, out TrackFault fault)
    {
        configuration = null;
        var reader = new Av1ObuReader(units);
        while (reader.TryRead(out var obu))
        {
            if (obu.Type != Av1ObuType.SequenceHeader)
            {
                continue;
            }

            if (obu.Whole.Length > CodecLimits.MaxParameterSetLength)
            {
                fault = TrackFault.TooLarge;
                return false;
            }

            if (!Av1SequenceHeader.TryRead(obu.Payload, out var sequence, out fault))
            {
                return false;
            }

            configuration = new Av1Configuration { Bytes = Write(sequence, obu.Payload), Sequence = sequence };
            return true;
        }

        fault = reader.IsMalformed ? TrackFault.Malformed : TrackFault.MissingParameterSets;
        return false;
    }

    /// <summary>Notices a sequence header inside a frame that is not the one of this record.</summary>
    /// <param name="payload">A frame in the low-overhead format.</param>
    /// <param name="updated">The record of the new header; null when the frame brings nothing new.</param>
    /// <returns>True when there is something new. A malformed frame or an unreadable header brings nothing.</returns>
    public bool TryUpdateFrom(ReadOnlySpan<byte> payload, [NotNullWhen(true)] out Av1Configuration? updated)
    {
        updated = null;
        if (!TryFindPayload(payload, out var incoming) || !TryFindPayload(Bytes.Span[HeaderLength..], out var known))
        {
            return false;
        }

        return !incoming.SequenceEqual(known) && TryBuild(payload, out updated, out _);
    }

    private static bool TryFindPayload(ReadOnlySpan<byte> units, out ReadOnlySpan<byte> payload)
    {
        var reader = new Av1ObuReader(units);
        while (reader.TryRead(out var obu))
        {
            if (obu.Type == Av1ObuType.SequenceHeader)
            {
                payload = obu.Payload;
                return true;
            }
        }

        payload = default;
        return false;
    }

    private static bool TryFindSequenceHeader(
        ReadOnlySpan<byte> units, [NotNullWhen(true)] out Av1SequenceHeader? sequence, out TrackFault fault)
    {
        var reader = new Av1ObuReader(units);
        while (reader.TryRead(out var obu))
        {
            if (obu.Type == Av1ObuType.SequenceHeader)
            {
                return Av1SequenceHeader.TryRead(obu.Payload, out sequence, out fault);
            }
        }

        sequence = null;
        fault = reader.IsMalformed ? TrackFault.Truncated : TrackFault.MissingParameterSets;
        return false;
    }

    private static byte[] Write(Av1SequenceHeader sequence, ReadOnlySpan<byte> payload)
    {
        // The OBU is written anew with its size, which a header at the end of a unit may lack.
        var sizeLength = payload.Length < 0x80 ? 1 : 2;
        var bytes = new byte[HeaderLength + 1 + sizeLength + payload.Length];
        bytes[0] = MarkerAndVersion;
        bytes[1] = (byte)((sequence.Profile << 5) | sequence.LevelIndex);
        bytes[2] = (byte)((sequence.IsHighTier ? 0x80 : 0)
            | (sequence.BitDepth > 8 ? 0x40 : 0)
            | (sequence.BitDepth == 12 ? 0x20 : 0)
            | (sequence.IsMonochrome ? 0x10 : 0)
            | (sequence.IsSubsampledAcross ? 0x08 : 0)
            | (sequence.IsSubsampledDown ? 0x04 : 0)
            | sequence.ChromaSamplePosition);
        bytes[HeaderLength] = ((int)Av1ObuType.SequenceHeader << 3) | 0x02;
        bytes[HeaderLength + 1] = (byte)(sizeLength == 1 ? payload.Length : 0x80 | (payload.Length & 0x7F));
        if (sizeLength == 2)
        {
            bytes[HeaderLength + 2] = (byte)(payload.Length >> 7);
        }

        payload.CopyTo(bytes.AsSpan(HeaderLength + 1 + sizeLength));
        return bytes;
    }
}
