namespace Roomcast.Rtc.Connection;

/// <summary>Datagrams of our own making (STUN, DTLS) that wait to be taken by the owner of the socket.</summary>
/// <remarks>
/// One block of memory that is reused once it has been emptied, which the owner does after each input. When it is
/// full the newest datagram is dropped: both protocols send again. Not thread-safe.
/// </remarks>
internal sealed class DatagramQueue
{
    private const int KeptBytes = 2048;
    private const int MaxBytes = 64 * 1024;
    private const int MaxDatagrams = 64;

    private byte[] _bytes = [];
    private Entry[] _entries = new Entry[4];
    private int _written;
    private int _count;
    private int _taken;

    /// <summary>Whether nothing waits.</summary>
    public bool IsEmpty => _taken == _count;

    /// <summary>Datagrams dropped because the queue was full.</summary>
    public long Dropped { get; private set; }

    /// <summary>Room for the next datagram, to be filled and then committed; empty when the queue is full.</summary>
    /// <param name="length">Bytes wanted.</param>
    public Span<byte> Reserve(int length)
    {
        if (IsEmpty)
        {
            Reset();
        }

        if (_count == MaxDatagrams || _written + length > MaxBytes)
        {
            Dropped++;
            return default;
        }

        if (_bytes.Length < _written + length)
        {
            Array.Resize(ref _bytes, Math.Max(KeptBytes, Math.Max(_written + length, 2 * _bytes.Length)));
        }

        return _bytes.AsSpan(_written, length);
    }

    /// <summary>Queues what was written to the last reserved room.</summary>
    /// <param name="length">Bytes written; the rest of the room is given back.</param>
    /// <param name="to">Where it goes.</param>
    public void Commit(int length, RtcAddress to)
    {
        if (_count == _entries.Length)
        {
            Array.Resize(ref _entries, 2 * _entries.Length);
        }

        _entries[_count++] = new Entry(_written, length, to);
        _written += length;
    }

    /// <summary>Queues a copy.</summary>
    public void Add(ReadOnlySpan<byte> datagram, RtcAddress to)
    {
        var room = Reserve(datagram.Length);
        if (room.Length == datagram.Length)
        {
            datagram.CopyTo(room);
            Commit(datagram.Length, to);
        }
    }

    /// <summary>Takes the oldest datagram. Its bytes are lent until the next call on the queue.</summary>
    public bool TryTake(out RtcAddress to, out ReadOnlySpan<byte> datagram)
    {
        if (IsEmpty)
        {
            to = default;
            datagram = default;
            return false;
        }

        var entry = _entries[_taken++];
        to = entry.To;
        datagram = _bytes.AsSpan(entry.Start, entry.Length);
        return true;
    }

    private void Reset()
    {
        _written = 0;
        _count = 0;
        _taken = 0;
        if (_bytes.Length > KeptBytes)
        {
            _bytes = []; // A handshake needs more than the checks that follow for hours.
        }
    }

    private readonly record struct Entry(int Start, int Length, RtcAddress To);
}
