using System.Buffers.Binary;

namespace Roomcast.Media.Codecs.NalUnits;

/// <summary>Converts frames between start codes (ISO/IEC 14496-10 and 23008-2 Annex B) and length prefixes (14496-15).</summary>
public static class AnnexB
{
    private const int StartCodeLength = 4;
    private const int LengthSize = 4;

    /// <summary>Bytes that <see cref="ToLengthPrefixed"/> will write.</summary>
    /// <param name="annexB">NAL units behind start codes.</param>
    public static int LengthPrefixedLength(ReadOnlySpan<byte> annexB)
    {
        var length = 0;
        var reader = new AnnexBReader(annexB);
        while (reader.TryRead(out var nalUnit))
        {
            length += LengthSize + nalUnit.Length;
        }

        return length;
    }

    /// <summary>Writes each NAL unit behind its length in four bytes.</summary>
    /// <param name="annexB">NAL units behind start codes.</param>
    /// <param name="destination">At least <see cref="LengthPrefixedLength"/> bytes.</param>
    /// <returns>Bytes written.</returns>
    public static int ToLengthPrefixed(ReadOnlySpan<byte> annexB, Span<byte> destination)
    {
        var written = 0;
        var reader = new AnnexBReader(annexB);
        while (reader.TryRead(out var nalUnit))
        {
            BinaryPrimitives.WriteInt32BigEndian(destination[written..], nalUnit.Length);
            nalUnit.CopyTo(destination[(written + LengthSize)..]);
            written += LengthSize + nalUnit.Length;
        }

        return written;
    }

    /// <summary>Bytes that <see cref="TryFromLengthPrefixed"/> will write; false when a length points past the end.</summary>
    /// <param name="payload">NAL units behind lengths.</param>
    /// <param name="lengthSize">Bytes of each length, 1 to 4.</param>
    /// <param name="length">Bytes with start codes of four bytes.</param>
    public static bool TryGetAnnexBLength(ReadOnlySpan<byte> payload, int lengthSize, out int length)
    {
        length = 0;
        var reader = new NalUnitReader(payload, lengthSize);
        while (reader.TryRead(out var nalUnit))
        {
            length += StartCodeLength + nalUnit.Length;
        }

        return !reader.IsMalformed;
    }

    /// <summary>Writes each NAL unit behind a start code of four bytes.</summary>
    /// <param name="payload">NAL units behind lengths.</param>
    /// <param name="lengthSize">Bytes of each length, 1 to 4.</param>
    /// <param name="destination">Where they go.</param>
    /// <param name="written">Bytes written.</param>
    /// <returns>False when a length points past the end of the payload, or the destination is too short.</returns>
    public static bool TryFromLengthPrefixed(ReadOnlySpan<byte> payload, int lengthSize, Span<byte> destination, out int written)
    {
        written = 0;
        var reader = new NalUnitReader(payload, lengthSize);
        while (reader.TryRead(out var nalUnit))
        {
            if (destination.Length - written < StartCodeLength + nalUnit.Length)
            {
                return false;
            }

            BinaryPrimitives.WriteInt32BigEndian(destination[written..], 1);
            nalUnit.CopyTo(destination[(written + StartCodeLength)..]);
            written += StartCodeLength + nalUnit.Length;
        }

        return !reader.IsMalformed;
    }
}
