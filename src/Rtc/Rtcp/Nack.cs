using System.Buffers.Binary;
using System.Numerics;

namespace Roomcast.Rtc.Rtcp;

/// <summary>Generic NACK: packets that a receiver misses (RFC 4585 section 6.2.1).</summary>
/// <remarks>Walks over the numbers without unpacking them into memory.</remarks>
public ref struct Nack
{
    /* per item: | packet id:16 | bitmask of the 16 that follow it:16 | */
    private const int ItemLength = 4;

    private readonly ReadOnlySpan<byte> _items;
    private int _at;
    private ushort _base;
    private uint _bits;

    private Nack(ReadOnlySpan<byte> body)
    {
        SenderSsrc = Feedback.SenderOf(body);
        MediaSsrc = Feedback.MediaOf(body);
        _items = body[Feedback.FixedLength..];
    }

    /// <summary>Who misses them.</summary>
    public uint SenderSsrc { get; }

    /// <summary>Whose they are.</summary>
    public uint MediaSsrc { get; }

    /// <summary>Begins the walk.</summary>
    /// <returns>False when it is another kind or has no item.</returns>
    public static bool TryRead(in RtcpPacket packet, out Nack nack)
    {
        nack = default;
        if (!Feedback.Is(packet, RtcpType.TransportFeedback, Feedback.Nack, ItemLength))
        {
            return false;
        }

        nack = new Nack(packet.Body);
        return true;
    }

    /// <summary>Reads the next missing number.</summary>
    public bool TryReadNumber(out ushort sequenceNumber)
    {
        if (_bits == 0)
        {
            if (_items.Length - _at < ItemLength)
            {
                sequenceNumber = 0;
                return false;
            }

            // The named packet is bit 0, the mask's bits follow.
            _base = BinaryPrimitives.ReadUInt16BigEndian(_items[_at..]);
            _bits = ((uint)BinaryPrimitives.ReadUInt16BigEndian(_items[(_at + 2)..]) << 1) | 1;
            _at += ItemLength;
        }

        var offset = BitOperations.TrailingZeroCount(_bits);
        _bits &= _bits - 1;
        sequenceNumber = (ushort)(_base + offset);
        return true;
    }

    /// <summary>Writes one.</summary>
    /// <param name="writer">The compound.</param>
    /// <param name="senderSsrc">Who misses them.</param>
    /// <param name="mediaSsrc">Whose they are.</param>
    /// <param name="missing">The numbers, oldest first; those that lie within 16 of each other share an item.</param>
    /// <returns>How many of the numbers found room; 0 when nothing was written.</returns>
    public static int Write(ref RtcpWriter writer, uint senderSsrc, uint mediaSsrc, scoped ReadOnlySpan<ushort> missing)
    {
        var maxItems = (writer.Room - Feedback.FixedLength) / ItemLength;
        var items = 0;
        var taken = 0;
        while (taken < missing.Length && items < maxItems)
        {
            taken += CountTogether(missing[taken..], out _);
            items++;
        }

        if (items == 0 || !writer.TryAdd(
            RtcpType.TransportFeedback, Feedback.Nack, Feedback.FixedLength + (items * ItemLength), out var body))
        {
            return 0;
        }

        Feedback.WriteHead(body, senderSsrc, mediaSsrc);
        var left = missing[..taken];
        for (var at = Feedback.FixedLength; !left.IsEmpty; at += ItemLength)
        {
            var together = CountTogether(left, out var mask);
            BinaryPrimitives.WriteUInt16BigEndian(body[at..], left[0]);
            BinaryPrimitives.WriteUInt16BigEndian(body[(at + 2)..], mask);
            left = left[together..];
        }

        return taken;
    }

    private static int CountTogether(scoped ReadOnlySpan<ushort> missing, out ushort mask)
    {
        mask = 0;
        var count = 1;
        while (count < missing.Length && (ushort)(missing[count] - missing[0]) is > 0 and <= 16 and var step)
        {
            mask |= (ushort)(1 << (step - 1));
            count++;
        }

        return count;
    }
}
