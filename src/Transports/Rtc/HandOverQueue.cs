using Roomcast.Rtc;
using Roomcast.Transports.Udp;

namespace Roomcast.Transports.Rtc;

/// <summary>Datagrams for a worker that came in elsewhere. Any thread adds; the worker takes. Bounded: the newest is dropped.</summary>
internal sealed class HandOverQueue(int capacity)
{
    private readonly Lock _lock = new();
    private readonly byte[] _bytes = GC.AllocateUninitializedArray<byte>(capacity * UdpLimits.BufferLength, pinned: true);
    private readonly (int Length, RtcAddress From)[] _entries = new (int, RtcAddress)[capacity];
    private int _first;
    private int _count;
    private long _dropped;

    /// <summary>Datagrams that wait.</summary>
    public int Count => Volatile.Read(ref _count);

    /// <summary>Datagrams dropped so far because the queue was full.</summary>
    public long Dropped => Volatile.Read(ref _dropped);

    /// <summary>Adds a copy.</summary>
    /// <returns>False when it was dropped.</returns>
    public bool TryAdd(ReadOnlySpan<byte> datagram, in RtcAddress from)
    {
        lock (_lock)
        {
            if (_count == capacity)
            {
                _dropped++;
                return false;
            }

            var index = (_first + _count) % capacity;
            datagram.CopyTo(_bytes.AsSpan(index * UdpLimits.BufferLength));
            _entries[index] = (datagram.Length, from);
            _count++;
            return true;
        }
    }

    /// <summary>The oldest datagram, which stays where it is until it is removed. For the worker.</summary>
    public bool TryPeek(out Span<byte> datagram, out RtcAddress from)
    {
        lock (_lock)
        {
            if (_count == 0)
            {
                datagram = default;
                from = default;
                return false;
            }

            (var length, from) = _entries[_first];
            datagram = _bytes.AsSpan(_first * UdpLimits.BufferLength, length);
            return true;
        }
    }

    /// <summary>Removes it.</summary>
    public void Remove()
    {
        lock (_lock)
        {
            _first = (_first + 1) % capacity;
            _count--;
        }
    }
}
