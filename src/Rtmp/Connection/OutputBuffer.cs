using System.Buffers;

namespace Roomcast.Rtmp.Connection;

/// <summary>Bytes an engine wants sent, in order, until its owner has sent them.</summary>
/// <remarks>It grows to what one burst needs and keeps that memory; the owner empties it before it hands in more.</remarks>
internal sealed class OutputBuffer : IBufferWriter<byte>, IDisposable
{
    private const int FirstSize = 4_096;

    private byte[] _bytes = [];
    private int _start;
    private int _end;

    /// <summary>What is to be sent; valid until the next call of any other member.</summary>
    public ReadOnlyMemory<byte> Pending => _bytes.AsMemory(_start, _end - _start);

    /// <summary>Takes away what was sent.</summary>
    public void Consume(int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, _end - _start);
        _start += count;
        if (_start == _end)
        {
            _start = _end = 0;
        }
    }

    public void Advance(int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, _bytes.Length - _end);
        _end += count;
    }

    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        Reserve(sizeHint);
        return _bytes.AsMemory(_end);
    }

    public Span<byte> GetSpan(int sizeHint = 0)
    {
        Reserve(sizeHint);
        return _bytes.AsSpan(_end);
    }

    public void Dispose()
    {
        var bytes = _bytes;
        _bytes = [];
        _start = _end = 0;
        if (bytes.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(bytes);
        }
    }

    private void Reserve(int wanted)
    {
        wanted = Math.Max(wanted, 1);
        if (_bytes.Length - _end >= wanted)
        {
            return;
        }

        var pending = _end - _start;
        if (_start > 0 && _bytes.Length - pending >= wanted && _start >= pending)
        {
            // More than half of it has been sent, so moving the rest down is cheap.
            _bytes.AsSpan(_start, pending).CopyTo(_bytes);
        }
        else
        {
            var larger = ArrayPool<byte>.Shared.Rent(Math.Max(FirstSize, Math.Max(pending * 2, pending + wanted)));
            _bytes.AsSpan(_start, pending).CopyTo(larger);
            if (_bytes.Length > 0)
            {
                ArrayPool<byte>.Shared.Return(_bytes);
            }

            _bytes = larger;
        }

        _start = 0;
        _end = pending;
    }
}
