using System.Buffers;

namespace Roomcast.Hls.Packaging;

/// <summary>The memory in which one segment grows part by part, so that parts and the whole share the same bytes.</summary>
/// <remarks>
/// What is asked for at once is contiguous, so a part never lies across two pieces. Readers see a part only after it is
/// written, and nothing written is ever changed.
/// </remarks>
/// <param name="expectedLength">How long the segment will probably be, in bytes; 0 when nobody knows.</param>
internal sealed class SegmentMemory(int expectedLength) : IBufferWriter<byte>
{
    private readonly List<ReadOnlyMemory<byte>> _full = [];
    private byte[] _block = [];
    private int _blockStart;
    private int _used;

    /// <summary>Bytes taken from the heap.</summary>
    public long Reserved { get; private set; }

    /// <summary>Bytes written.</summary>
    public long Length { get; private set; }

    /// <inheritdoc/>
    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        if (_block.Length - _used < Math.Max(1, sizeHint))
        {
            CloseBlock();

            // The first block takes the whole segment when it is like the one before; further blocks take what more there is.
            var wanted = Reserved == 0 ? expectedLength : expectedLength / 4;
            _block = GC.AllocateUninitializedArray<byte>(Math.Max(Math.Max(1, sizeHint), wanted));
            _blockStart = 0;
            _used = 0;
            Reserved += _block.Length;
        }

        return _block.AsMemory(_used);
    }

    /// <inheritdoc/>
    public Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;

    /// <inheritdoc/>
    public void Advance(int count)
    {
        _used += count;
        Length += count;
    }

    /// <summary>The bytes written last.</summary>
    /// <param name="length">How many; they were asked for at once.</param>
    public ReadOnlyMemory<byte> Last(int length) => _block.AsMemory(_used - length, length);

    /// <summary>The whole, in as few pieces as it lies in.</summary>
    public ReadOnlyMemory<byte>[] ToPieces()
    {
        CloseBlock();
        return [.. _full];
    }

    private void CloseBlock()
    {
        if (_used > _blockStart)
        {
            _full.Add(_block.AsMemory(_blockStart, _used - _blockStart));
            _blockStart = _used;
        }
    }
}
