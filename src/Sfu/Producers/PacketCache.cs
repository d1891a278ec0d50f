namespace Roomcast.Sfu.Producers;

/// <summary>The newest packets of one stream, for receivers that missed one.</summary>
/// <remarks>
/// A ring over the sequence numbers. Each slot keeps its memory for the next packet that falls on it, so that nothing is
/// allocated once the ring has gone round. Not thread-safe.
/// </remarks>
internal sealed class PacketCache(int capacity)
{
    private const int Granularity = 256;

    private readonly Slot[] _slots = new Slot[capacity];

    /// <summary>Keeps a copy.</summary>
    /// <param name="number">The sequence number, without wraps.</param>
    /// <param name="packet">The packet in the clear.</param>
    public void Add(long number, ReadOnlySpan<byte> packet)
    {
        ref var slot = ref _slots[IndexOf(number)];
        if (slot.Bytes is null || slot.Bytes.Length < packet.Length)
        {
            slot.Bytes = new byte[(packet.Length + Granularity - 1) / Granularity * Granularity];
        }

        packet.CopyTo(slot.Bytes);
        slot.Number = number;
        slot.Length = packet.Length;
    }

    /// <summary>Finds a packet. Its bytes are lent until the next one is added.</summary>
    public bool TryGet(long number, out ReadOnlySpan<byte> packet)
    {
        ref var slot = ref _slots[IndexOf(number)];
        if (slot.Bytes is null || slot.Number != number)
        {
            packet = default;
            return false;
        }

        packet = slot.Bytes.AsSpan(0, slot.Length);
        return true;
    }

    private int IndexOf(long number)
    {
        // Numbers may fall below zero just after the start of a stream.
        var index = (int)(number % _slots.Length);
        return index < 0 ? index + _slots.Length : index;
    }

    private struct Slot
    {
        public byte[]? Bytes;
        public long Number;
        public int Length;
    }
}
