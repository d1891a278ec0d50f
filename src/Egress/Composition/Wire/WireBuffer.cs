using System.Buffers;

namespace Roomcast.Egress.Composition.Wire;

/// <summary>Bytes of messages that come in pieces of any size. Grows to the largest message and no further. Not thread-safe.</summary>
public sealed class WireBuffer
{
    private const int LeastRoom = 16 * 1024;
    private const int MaxLength = WireMessage.HeaderLength + WireMessage.MaxBodyLength + LeastRoom;

    private byte[] _bytes = new byte[4 * LeastRoom];
    private int _start;
    private int _end;

    /// <summary>Room for more bytes, 16 KiB at least once all whole messages are read. Asking for it ends what was lent before.</summary>
    public Memory<byte> Room
    {
        get
        {
            if (_bytes.Length - _end < LeastRoom)
            {
                var kept = _end - _start;
                var target = kept + LeastRoom > _bytes.Length ? new byte[Math.Min(MaxLength, Math.Max(2 * _bytes.Length, kept + LeastRoom))] : _bytes;
                _bytes.AsSpan(_start, kept).CopyTo(target);
                (_bytes, _start, _end) = (target, 0, kept);
            }

            return _bytes.AsMemory(_end);
        }
    }

    /// <summary>Says how many bytes were put into <see cref="Room"/>.</summary>
    public void Added(int count)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, _bytes.Length - _end);
        _end += count;
    }

    /// <summary>Reads the next message; as <see cref="WireMessage.TryRead"/>.</summary>
    /// <param name="kind">What kind it is.</param>
    /// <param name="body">Its body, lent until more room is asked for.</param>
    public OperationStatus TryRead(out WireKind kind, out ReadOnlySpan<byte> body)
    {
        var status = WireMessage.TryRead(_bytes.AsSpan(_start, _end - _start), out kind, out body, out var consumed);
        _start += consumed;
        if (_start == _end && status is not OperationStatus.Done)
        {
            _start = _end = 0;
        }

        return status;
    }
}
