namespace Roomcast.Media.Codecs.NalUnits;

/// <summary>Takes the emulation prevention bytes out of a NAL unit (ISO/IEC 14496-10 section 7.4.1, 23008-2 section 7.4.2).</summary>
public static class EmulationPrevention
{
    /// <summary>Copies a NAL unit without the 3 in each 0, 0, 3.</summary>
    /// <param name="nalUnit">The NAL unit as it was sent.</param>
    /// <param name="rbsp">Where the result goes. When it is shorter than the result, the copy ends with it.</param>
    /// <returns>Bytes written, at most the length of either argument.</returns>
    public static int Remove(ReadOnlySpan<byte> nalUnit, Span<byte> rbsp)
    {
        var written = 0;
        var zeros = 0;
        foreach (var value in nalUnit)
        {
            if (zeros >= 2 && value == 3)
            {
                zeros = 0;
                continue;
            }

            if (written == rbsp.Length)
            {
                break;
            }

            rbsp[written++] = value;
            zeros = value == 0 ? zeros + 1 : 0;
        }

        return written;
    }
}
