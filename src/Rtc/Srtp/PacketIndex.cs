namespace Roomcast.Rtc.Srtp;

/// <summary>Finds the 48-bit index of a packet of which only the low 16 bits are sent (RFC 3711 section 3.3.1).</summary>
internal static class PacketIndex
{
    /// <summary>The index nearest to the newest one that has these low bits.</summary>
    /// <param name="highest">The newest index so far, -1 before the first packet.</param>
    /// <param name="sequenceNumber">As on the wire.</param>
    /// <returns>Negative when the packet would lie before the first of the source, which is not a place.</returns>
    public static long Estimate(long highest, ushort sequenceNumber)
    {
        if (highest < 0)
        {
            return sequenceNumber;
        }

        var step = unchecked((short)(sequenceNumber - (ushort)highest));
        return highest + step;
    }
}
