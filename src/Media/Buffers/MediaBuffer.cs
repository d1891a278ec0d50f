using System.Buffers;
using System.Collections.Concurrent;
using System.Diagnostics;

namespace Roomcast.Media.Buffers;

/// <summary>A block of pooled memory with a count of owners: it goes back to the pool when the last one lets go.</summary>
/// <remarks>
/// Bytes from a socket are copied into a buffer once; frames, queues and subscribers then share it. Counting is
/// thread-safe, writing is not: only the one who rented it writes, before handing it on.
/// </remarks>
public sealed class MediaBuffer
{
    private const int MaxSpareObjects = 4096;

    private static readonly ConcurrentQueue<MediaBuffer> SpareObjects = new();
    private static int _spareCount;
    private static long _outstanding;

    private byte[] _bytes = [];
    private int _length;
    private int _owners;

    private MediaBuffer()
    {
    }

    /// <summary>Buffers rented and not yet given back, in this process: a leak shows here.</summary>
    public static long Outstanding => Interlocked.Read(ref _outstanding);

    /// <summary>Bytes asked for when the buffer was rented.</summary>
    public int Length => _length;

    /// <summary>The bytes, <see cref="Length"/> of them.</summary>
    public Span<byte> Span
    {
        get
        {
            Debug.Assert(Volatile.Read(ref _owners) > 0, "A buffer was read after its last owner let go.");
            return _bytes.AsSpan(0, _length);
        }
    }

    /// <summary>The bytes, <see cref="Length"/> of them.</summary>
    public Memory<byte> Memory
    {
        get
        {
            Debug.Assert(Volatile.Read(ref _owners) > 0, "A buffer was read after its last owner let go.");
            return _bytes.AsMemory(0, _length);
        }
    }

    /// <summary>Takes a buffer from the pool. The caller is its first owner. The bytes are not cleared.</summary>
    /// <param name="length">Bytes wanted, 0 or more; the caller has checked it against its cap.</param>
    public static MediaBuffer Rent(int length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);

        if (SpareObjects.TryDequeue(out var buffer))
        {
            Interlocked.Decrement(ref _spareCount);
        }
        else
        {
            buffer = new MediaBuffer();
        }

        buffer._bytes = length == 0 ? [] : ArrayPool<byte>.Shared.Rent(length);
        buffer._length = length;
        Volatile.Write(ref buffer._owners, 1);
        Interlocked.Increment(ref _outstanding);
        return buffer;
    }

    /// <summary>Adds an owner, who must call <see cref="Release"/> once.</summary>
    public void Retain()
    {
        var owners = Interlocked.Increment(ref _owners);
        Debug.Assert(owners > 1, "A buffer was retained after its last owner let go.");
    }

    /// <summary>Takes one owner away; the last one gives the memory back.</summary>
    public void Release()
    {
        var owners = Interlocked.Decrement(ref _owners);
        Debug.Assert(owners >= 0, "A buffer was released more often than it was retained.");
        if (owners != 0)
        {
            return;
        }

        var bytes = _bytes;
        _bytes = [];
        _length = 0;
        if (bytes.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(bytes);
        }

        Interlocked.Decrement(ref _outstanding);
        if (Interlocked.Increment(ref _spareCount) <= MaxSpareObjects)
        {
            SpareObjects.Enqueue(this);
        }
        else
        {
            Interlocked.Decrement(ref _spareCount);
        }
    }
}
