using System.Buffers.Binary;

namespace Roomcast.Rtc.Rtcp;

/// <summary>What a receiver says of one source (RFC 3550 section 6.4.1).</summary>
/// <param name="Ssrc">The source.</param>
/// <param name="FractionLost">Share lost since the last report, in 1/256.</param>
/// <param name="CumulativeLost">Packets lost since the beginning; negative when duplicates outnumber losses.</param>
/// <param name="HighestSequenceNumber">The highest number received, with its wraps in the high half.</param>
/// <param name="Jitter">Spread of the transit times, in units of the codec's clock rate.</param>
/// <param name="LastSenderReport">Middle bits of the newest sender report's NTP time; 0 before the first.</param>
/// <param name="DelaySinceLastSenderReport">Time since it arrived, in 1/65536 s.</param>
public readonly record struct ReportBlock(
    uint Ssrc,
    byte FractionLost,
    int CumulativeLost,
    uint HighestSequenceNumber,
    uint Jitter,
    uint LastSenderReport,
    uint DelaySinceLastSenderReport)
{
    /* |                     SSRC:32                      |
       | fraction lost:8 |    cumulative number lost:24   |
       |       extended highest sequence number:32        |
       |            interarrival jitter:32                |
       |                 last SR:32                       |
       |            delay since last SR:32                |
    */

    /// <summary>Bytes of a block.</summary>
    public const int Length = 24;

    /// <summary>The time that a packet and its report took, without the time the receiver kept it; null before a sender report.</summary>
    /// <param name="now">The wall clock that our sender reports were made by.</param>
    public TimeSpan? RoundTripTime(NtpTime now)
    {
        if (LastSenderReport == 0)
        {
            return null;
        }

        // Clocks that round may make it a little less than nothing.
        var units = (int)(now.Middle - LastSenderReport - DelaySinceLastSenderReport);
        return TimeSpan.FromTicks(Math.Max(0, units * TimeSpan.TicksPerSecond / 65_536));
    }

    /// <summary>Reads a block.</summary>
    /// <param name="bytes">At least <see cref="Length"/>.</param>
    public static ReportBlock Read(ReadOnlySpan<byte> bytes) => new(
        BinaryPrimitives.ReadUInt32BigEndian(bytes),
        bytes[4],
        (BinaryPrimitives.ReadInt32BigEndian(bytes[4..]) << 8) >> 8,
        BinaryPrimitives.ReadUInt32BigEndian(bytes[8..]),
        BinaryPrimitives.ReadUInt32BigEndian(bytes[12..]),
        BinaryPrimitives.ReadUInt32BigEndian(bytes[16..]),
        BinaryPrimitives.ReadUInt32BigEndian(bytes[20..]));

    /// <summary>Writes the block.</summary>
    /// <param name="bytes">At least <see cref="Length"/>.</param>
    public void Write(Span<byte> bytes)
    {
        BinaryPrimitives.WriteUInt32BigEndian(bytes, Ssrc);
        var lost = Math.Clamp(CumulativeLost, -(1 << 23), (1 << 23) - 1);
        BinaryPrimitives.WriteUInt32BigEndian(bytes[4..], ((uint)FractionLost << 24) | ((uint)lost & 0x00FF_FFFF));
        BinaryPrimitives.WriteUInt32BigEndian(bytes[8..], HighestSequenceNumber);
        BinaryPrimitives.WriteUInt32BigEndian(bytes[12..], Jitter);
        BinaryPrimitives.WriteUInt32BigEndian(bytes[16..], LastSenderReport);
        BinaryPrimitives.WriteUInt32BigEndian(bytes[20..], DelaySinceLastSenderReport);
    }
}

/// <summary>The report blocks of a packet, lent from it.</summary>
public readonly ref struct ReportBlocks
{
    private readonly ReadOnlySpan<byte> _bytes;

    internal ReportBlocks(ReadOnlySpan<byte> bytes) => _bytes = bytes;

    /// <summary>How many there are: 0 to 31.</summary>
    public int Count => _bytes.Length / ReportBlock.Length;

    /// <summary>One of them.</summary>
    public ReportBlock this[int index] => ReportBlock.Read(_bytes[(index * ReportBlock.Length)..]);
}
