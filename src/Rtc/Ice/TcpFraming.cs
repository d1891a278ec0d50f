using System.Buffers;
using System.Buffers.Binary;

namespace Roomcast.Rtc.Ice;

/// <summary>Datagrams on a TCP connection: each behind its length (RFC 4571 section 2, RFC 6544 section 3).</summary>
public static class TcpFraming
{
    /* RFC 4571, figure 1

        | length:16 | datagram: length bytes |
    */

    /// <summary>Bytes in front of each datagram.</summary>
    public const int HeaderLength = 2;

    /// <summary>Longest datagram taken from a peer, in bytes: STUN, DTLS and RTP all keep within a network's MTU.</summary>
    public const int MaxDatagramLength = 4096;

    /// <summary>Reads one datagram; consumes it when done, nothing otherwise.</summary>
    /// <param name="input">What the connection has delivered.</param>
    /// <param name="datagram">The datagram, lent from the input. Frames of length zero are passed over: they keep a connection alive.</param>
    /// <returns><c>NeedMoreData</c> to be called again with more; <c>InvalidData</c> when the length is above
    /// <see cref="MaxDatagramLength"/>: there is no way to resume.</returns>
    public static OperationStatus TryRead(ref SequenceReader<byte> input, out ReadOnlySequence<byte> datagram)
    {
        datagram = default;
        var ahead = input;
        while (ahead.TryReadBigEndian(out short signed))
        {
            var length = (ushort)signed;
            if (length == 0)
            {
                input = ahead;
                continue;
            }

            if (length > MaxDatagramLength)
            {
                return OperationStatus.InvalidData;
            }

            if (!ahead.TryReadExact(length, out datagram))
            {
                return OperationStatus.NeedMoreData;
            }

            input = ahead;
            return OperationStatus.Done;
        }

        return OperationStatus.NeedMoreData;
    }

    /// <summary>Writes the header of a datagram.</summary>
    /// <param name="destination">Two bytes or more.</param>
    /// <param name="length">The datagram's length, 1 to 65535 bytes.</param>
    public static void WriteHeader(Span<byte> destination, int length) =>
        BinaryPrimitives.WriteUInt16BigEndian(destination, checked((ushort)length));
}
