using System.Buffers.Binary;

namespace Roomcast.Rtc.Rtcp;

/// <summary>RR: what a receiver got of each source (RFC 3550 section 6.4.2).</summary>
public readonly ref struct ReceiverReport
{
    /* | SSRC:32 | report blocks | */
    private const int FixedLength = 4;

    private ReceiverReport(ReadOnlySpan<byte> body, int blocks)
    {
        Ssrc = BinaryPrimitives.ReadUInt32BigEndian(body);
        Blocks = new ReportBlocks(body.Slice(FixedLength, blocks * ReportBlock.Length));
    }

    /// <summary>Who reports.</summary>
    public uint Ssrc { get; }

    /// <summary>What it received.</summary>
    public ReportBlocks Blocks { get; }

    /// <summary>Reads it.</summary>
    /// <returns>False when it is another kind or too short.</returns>
    public static bool TryRead(in RtcpPacket packet, out ReceiverReport report)
    {
        report = default;
        if (packet.Type is not RtcpType.ReceiverReport || packet.Body.Length < FixedLength + (packet.Count * ReportBlock.Length))
        {
            return false;
        }

        report = new ReceiverReport(packet.Body, packet.Count);
        return true;
    }

    /// <summary>Writes one.</summary>
    /// <returns>False, with nothing written, when there is no room.</returns>
    public static bool TryWrite(ref RtcpWriter writer, uint ssrc, scoped ReadOnlySpan<ReportBlock> blocks)
    {
        if (!writer.TryAdd(
            RtcpType.ReceiverReport, blocks.Length, FixedLength + (blocks.Length * ReportBlock.Length), out var body))
        {
            return false;
        }

        BinaryPrimitives.WriteUInt32BigEndian(body, ssrc);
        for (var i = 0; i < blocks.Length; i++)
        {
            blocks[i].Write(body[(FixedLength + (i * ReportBlock.Length))..]);
        }

        return true;
    }
}
