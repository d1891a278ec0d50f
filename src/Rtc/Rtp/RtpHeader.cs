using System.Buffers.Binary;

namespace Roomcast.Rtc.Rtp;

/// <summary>The header of one RTP packet, and where its parts lie.</summary>
/// <remarks>A plain value; the bytes stay where they are. Source: RFC 3550 section 5.1.</remarks>
public readonly record struct RtpHeader
{
    /* RFC 3550 section 5.1

        |V=2|P|X| CC:4 |M|  PT:7  |    sequence number:16     |
        |                    timestamp:32                     |
        |                      SSRC:32                        |
        |              CSRC list: CC times 32                 |
        |    profile:16   |  length in words:16 | extensions  |   if X
    */

    /// <summary>Bytes of the part that every packet has.</summary>
    public const int FixedLength = 12;

    private const int MaxLength = ushort.MaxValue;

    /// <summary>The marker: for video the last packet of a frame, for audio the first after silence.</summary>
    public bool Marker { get; private init; }

    /// <summary>0 to 127.</summary>
    public byte PayloadType { get; private init; }

    /// <summary>Rises by one with each packet of the source, modulo 2^16.</summary>
    public ushort SequenceNumber { get; private init; }

    /// <summary>When the content was sampled, in units of the codec's clock rate, modulo 2^32.</summary>
    public uint Timestamp { get; private init; }

    /// <summary>The source.</summary>
    public uint Ssrc { get; private init; }

    /// <summary>What kind of extensions follow (<see cref="RtpExtensionReader"/>); 0 without.</summary>
    public ushort ExtensionProfile { get; private init; }

    /// <summary>Where the extensions' elements begin; 0 without.</summary>
    public int ExtensionStart { get; private init; }

    /// <summary>Bytes of the extensions' elements.</summary>
    public int ExtensionLength { get; private init; }

    /// <summary>Bytes in front of the payload.</summary>
    public int HeaderLength { get; private init; }

    /// <summary>Bytes of payload, without padding; 0 in packets that probe the bandwidth.</summary>
    public int PayloadLength { get; private init; }

    /// <summary>Bytes of padding behind the payload.</summary>
    public int PaddingLength { get; private init; }

    /// <summary>Reads a packet's header.</summary>
    /// <returns>False when it is no RTP of version 2, or a length in it runs over the end.</returns>
    public static bool TryRead(ReadOnlySpan<byte> packet, out RtpHeader header)
    {
        header = default;
        if (packet.Length > MaxLength || !TryReadOutline(packet, out var headerLength, out var sequenceNumber, out var ssrc))
        {
            return false;
        }

        var padding = 0;
        if ((packet[0] & 0x20) != 0)
        {
            padding = packet[^1];
            if (padding == 0 || padding > packet.Length - headerLength)
            {
                return false;
            }
        }

        var hasExtensions = (packet[0] & 0x10) != 0;
        var profileAt = FixedLength + (4 * (packet[0] & 0x0F));
        header = new RtpHeader
        {
            Marker = (packet[1] & 0x80) != 0,
            PayloadType = (byte)(packet[1] & 0x7F),
            SequenceNumber = sequenceNumber,
            Timestamp = BinaryPrimitives.ReadUInt32BigEndian(packet[4..]),
            Ssrc = ssrc,
            ExtensionProfile = hasExtensions ? BinaryPrimitives.ReadUInt16BigEndian(packet[profileAt..]) : (ushort)0,
            ExtensionStart = hasExtensions ? profileAt + 4 : 0,
            ExtensionLength = hasExtensions ? headerLength - profileAt - 4 : 0,
            HeaderLength = headerLength,
            PayloadLength = packet.Length - headerLength - padding,
            PaddingLength = padding,
        };
        return true;
    }

    /// <summary>The extensions of the packet that this header was read from.</summary>
    public RtpExtensionReader ExtensionsOf(ReadOnlySpan<byte> packet) =>
        new(ExtensionProfile, packet.Slice(ExtensionStart, ExtensionLength));

    /// <summary>The payload, without padding, of the packet that this header was read from.</summary>
    public ReadOnlySpan<byte> PayloadOf(ReadOnlySpan<byte> packet) => packet.Slice(HeaderLength, PayloadLength);

    /// <summary>Reads no more than encryption needs; the padding may still be encrypted.</summary>
    internal static bool TryReadOutline(ReadOnlySpan<byte> packet, out int headerLength, out ushort sequenceNumber, out uint ssrc)
    {
        headerLength = 0;
        sequenceNumber = 0;
        ssrc = 0;
        if (packet.Length < FixedLength || packet[0] >> 6 != 2)
        {
            return false;
        }

        var length = FixedLength + (4 * (packet[0] & 0x0F));
        if ((packet[0] & 0x10) != 0)
        {
            if (packet.Length < length + 4)
            {
                return false;
            }

            length += 4 + (4 * BinaryPrimitives.ReadUInt16BigEndian(packet[(length + 2)..]));
        }

        if (packet.Length < length)
        {
            return false;
        }

        headerLength = length;
        sequenceNumber = BinaryPrimitives.ReadUInt16BigEndian(packet[2..]);
        ssrc = BinaryPrimitives.ReadUInt32BigEndian(packet[8..]);
        return true;
    }
}
