using System.Buffers.Binary;

namespace Roomcast.Rtc.Rtp;

/// <summary>Retransmissions in a source of their own (RFC 4588 section 4): the payload begins with the lost packet's number.</summary>
public static class RtxPacket
{
    /// <summary>Bytes in front of the original payload.</summary>
    public const int PrefixLength = 2;

    /// <summary>Takes a retransmission apart.</summary>
    /// <param name="payload">The payload, without padding.</param>
    /// <param name="originalSequenceNumber">The number of the packet that is repeated.</param>
    /// <param name="originalPayload">Its payload, lent.</param>
    /// <returns>False when there is nothing in it: then it probes the bandwidth.</returns>
    public static bool TryRead(ReadOnlySpan<byte> payload, out ushort originalSequenceNumber, out ReadOnlySpan<byte> originalPayload)
    {
        originalSequenceNumber = 0;
        originalPayload = default;
        if (payload.Length < PrefixLength)
        {
            return false;
        }

        originalSequenceNumber = BinaryPrimitives.ReadUInt16BigEndian(payload);
        originalPayload = payload[PrefixLength..];
        return true;
    }

    /// <summary>Writes the payload of a retransmission.</summary>
    /// <param name="destination">Behind the header of the retransmission.</param>
    /// <param name="originalSequenceNumber">The number of the packet that is repeated.</param>
    /// <param name="originalPayload">Its payload.</param>
    /// <returns>Bytes written.</returns>
    public static int Write(Span<byte> destination, ushort originalSequenceNumber, ReadOnlySpan<byte> originalPayload)
    {
        BinaryPrimitives.WriteUInt16BigEndian(destination, originalSequenceNumber);
        originalPayload.CopyTo(destination[PrefixLength..]);
        return PrefixLength + originalPayload.Length;
    }
}
