using System.Buffers.Binary;

namespace Roomcast.Rtc.Rtcp;

/// <summary>SR: what a source has sent, and which of its timestamps belongs to which wall clock time (RFC 3550 section 6.4.1).</summary>
public readonly ref struct SenderReport
{
    /* |            SSRC:32            |
       |       NTP timestamp:64        |
       |       RTP timestamp:32        |
       | packet count:32 | octets:32   |
       |         report blocks         |
    */
    private const int FixedLength = 24;

    private SenderReport(ReadOnlySpan<byte> body, int blocks)
    {
        Ssrc = BinaryPrimitives.ReadUInt32BigEndian(body);
        Ntp = new NtpTime(BinaryPrimitives.ReadUInt64BigEndian(body[4..]));
        RtpTimestamp = BinaryPrimitives.ReadUInt32BigEndian(body[12..]);
        PacketCount = BinaryPrimitives.ReadUInt32BigEndian(body[16..]);
        OctetCount = BinaryPrimitives.ReadUInt32BigEndian(body[20..]);
        Blocks = new ReportBlocks(body.Slice(FixedLength, blocks * ReportBlock.Length));
    }

    /// <summary>The source.</summary>
    public uint Ssrc { get; }

    /// <summary>When the report was made, by the source's wall clock.</summary>
    public NtpTime Ntp { get; }

    /// <summary>The same moment on the source's media clock.</summary>
    public uint RtpTimestamp { get; }

    /// <summary>Packets sent.</summary>
    public uint PacketCount { get; }

    /// <summary>Bytes of payload sent.</summary>
    public uint OctetCount { get; }

    /// <summary>What the source received of others.</summary>
    public ReportBlocks Blocks { get; }

    /// <summary>Reads it.</summary>
    /// <returns>False when it is another kind or too short.</returns>
    public static bool TryRead(in RtcpPacket packet, out SenderReport report)
    {
        report = default;
        if (packet.Type is not RtcpType.SenderReport || packet.Body.Length < FixedLength + (packet.Count * ReportBlock.Length))
        {
            return false;
        }

        report = new SenderReport(packet.Body, packet.Count);
        return true;
    }

    /// <summary>Writes one.</summary>
    /// <returns>False, with nothing written, when there is no room.</returns>
    public static bool TryWrite(
        ref RtcpWriter writer,
        uint ssrc,
        NtpTime ntp,
        uint rtpTimestamp,
        uint packetCount,
        uint octetCount,
        scoped ReadOnlySpan<ReportBlock> blocks)
    {
        if (!writer.TryAdd(
            RtcpType.SenderReport, blocks.Length, FixedLength + (blocks.Length * ReportBlock.Length), out var body))
        {
            return false;
        }

        BinaryPrimitives.WriteUInt32BigEndian(body, ssrc);
        BinaryPrimitives.WriteUInt64BigEndian(body[4..], ntp.Value);
        BinaryPrimitives.WriteUInt32BigEndian(body[12..], rtpTimestamp);
        BinaryPrimitives.WriteUInt32BigEndian(body[16..], packetCount);
        BinaryPrimitives.WriteUInt32BigEndian(body[20..], octetCount);
        for (var i = 0; i < blocks.Length; i++)
        {
            blocks[i].Write(body[(FixedLength + (i * ReportBlock.Length))..]);
        }

        return true;
    }
}
