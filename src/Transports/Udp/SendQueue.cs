using Roomcast.Rtc;

namespace Roomcast.Transports.Udp;

/// <summary>Datagrams that wait for a socket, in one block of pinned memory. Belongs to one worker's thread.</summary>
/// <remarks>
/// Sent datagrams are marked and passed over, as a socket may send them in another order than they came (that of one
/// destination is kept). The block is used again from its start once nothing waits. When it is full, the newest is dropped.
/// </remarks>
internal sealed class SendQueue
{
    private readonly byte[] _bytes;
    private readonly Entry[] _entries;
    private int _written;
    private int _first;
    private int _end;

    public SendQueue(int maxBytes, int maxDatagrams)
    {
        _bytes = GC.AllocateArray<byte>(maxBytes, pinned: true);
        _entries = new Entry[maxDatagrams];
    }

    /// <summary>Whether nothing waits.</summary>
    public bool IsEmpty => _first == _end;

    /// <summary>Datagrams between the oldest that waits and the newest, sent ones among them.</summary>
    public int Count => _end - _first;

    /// <summary>Bytes written since the queue was last empty.</summary>
    public int WrittenBytes => _written;

    /// <summary>The block, pinned.</summary>
    public byte[] Bytes => _bytes;

    /// <summary>The datagrams from the oldest that waits to the newest. Those of length 0 were sent already.</summary>
    public Span<Entry> Entries => _entries.AsSpan(_first, _end - _first);

    /// <summary>Whether a datagram of this length fits.</summary>
    public bool HasRoom(int length) => _end < _entries.Length && _written + length <= _bytes.Length;

    /// <summary>Room behind the newest datagram; empty when it does not fit.</summary>
    public Span<byte> Reserve(int length)
    {
        if (!HasRoom(length))
        {
            Compact();
        }

        return HasRoom(length) ? _bytes.AsSpan(_written, length) : default;
    }

    /// <summary>What was written to the room given last.</summary>
    public ReadOnlySpan<byte> Reserved(int length) => _bytes.AsSpan(_written, length);

    /// <summary>Queues it.</summary>
    public void Commit(int length, in RtcAddress to)
    {
        _entries[_end++] = new Entry { Start = _written, Length = length, To = to };
        _written += length;
    }

    /// <summary>Takes the datagrams at the front out that were sent.</summary>
    public void RemoveSent()
    {
        while (_first < _end && _entries[_first].Length == 0)
        {
            _first++;
        }

        if (_first == _end)
        {
            Clear();
        }
    }

    /// <summary>Takes all out.</summary>
    public void Clear()
    {
        _first = 0;
        _end = 0;
        _written = 0;
    }

    // A socket that takes little at a time may never let the queue become empty.
    private void Compact()
    {
        if (_first == 0)
        {
            return;
        }

        var (count, written) = (0, 0);
        for (var i = _first; i < _end; i++)
        {
            ref var entry = ref _entries[i];
            if (entry.Length == 0)
            {
                continue;
            }

            _bytes.AsSpan(entry.Start, entry.Length).CopyTo(_bytes.AsSpan(written));
            _entries[count++] = entry with { Start = written };
            written += entry.Length;
        }

        (_first, _end, _written) = (0, count, written);
    }

    /// <summary>One datagram.</summary>
    internal record struct Entry
    {
        public int Start;
        public int Length;
        public RtcAddress To;
    }
}
