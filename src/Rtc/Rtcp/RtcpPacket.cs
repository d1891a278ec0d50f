using System.Buffers.Binary;

namespace Roomcast.Rtc.Rtcp;

/// <summary>The kinds of RTCP packet (RFC 3550 section 12.1, RFC 4585 section 6.1, RFC 3611 section 2).</summary>
public enum RtcpType : byte
{
    /// <summary>What a sender has sent, by which clock, and what it received.</summary>
    SenderReport = 200,

    /// <summary>What a receiver received.</summary>
    ReceiverReport = 201,

    /// <summary>Names of sources.</summary>
    SourceDescription = 202,

    /// <summary>Sources that end.</summary>
    Goodbye = 203,

    /// <summary>An application's own.</summary>
    Application = 204,

    /// <summary>Feedback on packets: NACK, transport-wide congestion control.</summary>
    TransportFeedback = 205,

    /// <summary>Feedback on pictures: PLI, FIR, REMB.</summary>
    PayloadFeedback = 206,

    /// <summary>Extended reports; tolerated.</summary>
    ExtendedReport = 207,
}

/// <summary>One packet out of a compound, its header read. The body is lent.</summary>
public readonly ref struct RtcpPacket
{
    /* RFC 3550 section 6.4.1

        |V=2|P| count or format:5 | type:8 | length in words - 1:16 | body |
    */

    /// <summary>Bytes in front of the body.</summary>
    public const int HeaderLength = 4;

    internal RtcpPacket(RtcpType type, byte count, ReadOnlySpan<byte> body)
    {
        Type = type;
        Count = count;
        Body = body;
    }

    /// <summary>What kind it is.</summary>
    public RtcpType Type { get; }

    /// <summary>How many blocks follow, or which format a feedback has: 0 to 31.</summary>
    public byte Count { get; }

    /// <summary>What follows the header, without padding.</summary>
    public ReadOnlySpan<byte> Body { get; }
}

/// <summary>Takes a compound packet apart (RFC 3550 section 6.1; RFC 5506 lets any packet come first).</summary>
public ref struct RtcpReader
{
    private ReadOnlySpan<byte> _rest;

    /// <summary>Begins at the first packet.</summary>
    /// <param name="compound">What was decrypted, lent.</param>
    public RtcpReader(ReadOnlySpan<byte> compound) => _rest = compound;

    /// <summary>Whether something was met that is no RTCP, so that the rest was not read.</summary>
    public bool IsMalformed { get; private set; }

    /// <summary>Reads the next packet.</summary>
    /// <returns>False at the end, or where the rest is no RTCP.</returns>
    public bool TryRead(out RtcpPacket packet)
    {
        packet = default;
        if (_rest.IsEmpty || IsMalformed)
        {
            return false;
        }

        if (_rest.Length < RtcpPacket.HeaderLength || _rest[0] >> 6 != 2)
        {
            IsMalformed = true;
            return false;
        }

        var length = RtcpPacket.HeaderLength + (4 * BinaryPrimitives.ReadUInt16BigEndian(_rest[2..]));
        if (length > _rest.Length)
        {
            IsMalformed = true;
            return false;
        }

        var body = _rest[RtcpPacket.HeaderLength..length];
        if ((_rest[0] & 0x20) != 0)
        {
            var padding = body.IsEmpty ? 0 : body[^1];
            if (padding == 0 || padding > body.Length)
            {
                IsMalformed = true;
                return false;
            }

            body = body[..^padding];
        }

        packet = new RtcpPacket((RtcpType)_rest[1], (byte)(_rest[0] & 0x1F), body);
        _rest = _rest[length..];
        return true;
    }
}

/// <summary>Puts a compound packet together in the caller's memory.</summary>
public ref struct RtcpWriter
{
    private readonly Span<byte> _bytes;

    /// <summary>Begins an empty compound.</summary>
    /// <param name="destination">Where it goes; leave room for SRTCP's tag and index behind it.</param>
    public RtcpWriter(Span<byte> destination) => _bytes = destination;

    /// <summary>Bytes written.</summary>
    public int Length { get; private set; }

    /// <summary>Bytes that the next packet's body may have.</summary>
    public readonly int Room => Math.Max(0, _bytes.Length - Length - RtcpPacket.HeaderLength);

    /// <summary>Adds a packet's header.</summary>
    /// <param name="type">What kind it is.</param>
    /// <param name="count">How many blocks follow, or the format: 0 to 31.</param>
    /// <param name="bodyLength">Bytes of the body: a multiple of four.</param>
    /// <param name="body">The body, cleared, to be filled.</param>
    /// <returns>False, with nothing written, when there is no room.</returns>
    public bool TryAdd(RtcpType type, int count, int bodyLength, out Span<byte> body)
    {
        if ((bodyLength & 3) != 0 || count is < 0 or > 31)
        {
            throw new ArgumentException($"A body of {bodyLength} bytes or a count of {count} cannot be written.");
        }

        if (bodyLength > _bytes.Length - Length - RtcpPacket.HeaderLength)
        {
            body = default;
            return false;
        }

        var packet = _bytes[Length..];
        packet[0] = (byte)(0x80 | count);
        packet[1] = (byte)type;
        BinaryPrimitives.WriteUInt16BigEndian(packet[2..], (ushort)(bodyLength / 4));
        body = packet.Slice(RtcpPacket.HeaderLength, bodyLength);
        body.Clear();
        Length += RtcpPacket.HeaderLength + bodyLength;
        return true;
    }
}
