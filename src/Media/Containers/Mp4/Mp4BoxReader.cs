using System.Buffers.Binary;
using System.Text;

namespace Roomcast.Media.Containers.Mp4;

/// <summary>A box as it was found.</summary>
public readonly ref struct Mp4Box
{
    /// <summary>The four letters.</summary>
    public required ReadOnlySpan<byte> Type { get; init; }

    /// <summary>What the box holds, for a full box with version and flags in front.</summary>
    public required ReadOnlySpan<byte> Body { get; init; }

    /// <summary>Where the box begins, counted from where the walk's bytes begin.</summary>
    public required int Offset { get; init; }

    /// <summary>Bytes of header and body.</summary>
    public required int Length { get; init; }

    /// <summary>Bytes of the header, 8 or 16.</summary>
    public int HeaderLength => Length - Body.Length;

    /// <summary>Whether it is a box of the given four letters.</summary>
    public bool Is(ReadOnlySpan<byte> type) => Type.SequenceEqual(type);
}

/// <summary>Walks boxes that follow one another (ISO/IEC 14496-12 section 4.2).</summary>
public ref struct Mp4BoxReader
{
    private const int HeaderLength = 8;
    private const int LongHeaderLength = 16;
    private const int SizeToEnd = 0;
    private const int SizeIsLong = 1;

    private readonly ReadOnlySpan<byte> _bytes;
    private int _position;

    /// <summary>Starts at the first box.</summary>
    /// <param name="bytes">A file, a segment, or the inside of a box that holds boxes.</param>
    public Mp4BoxReader(ReadOnlySpan<byte> bytes)
    {
        _bytes = bytes;
        _position = 0;
        Status = Mp4ReadStatus.Done;
    }

    /// <summary><c>Done</c>, or why the walk ended before the end of the bytes.</summary>
    public Mp4ReadStatus Status { get; private set; }

    /// <summary>Takes the next box.</summary>
    /// <returns>False at the end, and when <see cref="Status"/> says why not.</returns>
    public bool TryRead(out Mp4Box box)
    {
        box = default;
        var rest = _bytes[_position..];
        if (rest.IsEmpty)
        {
            return false;
        }

        if (rest.Length < HeaderLength)
        {
            return Fail(Mp4ReadStatus.Truncated);
        }

        long size = BinaryPrimitives.ReadUInt32BigEndian(rest);
        var headerLength = HeaderLength;
        if (size == SizeToEnd)
        {
            size = rest.Length;
        }
        else if (size == SizeIsLong)
        {
            headerLength = LongHeaderLength;
            if (rest.Length < headerLength)
            {
                return Fail(Mp4ReadStatus.Truncated);
            }

            size = (long)Math.Min(BinaryPrimitives.ReadUInt64BigEndian(rest[HeaderLength..]), long.MaxValue);
        }

        if (size < headerLength)
        {
            return Fail(Mp4ReadStatus.Malformed);
        }

        if (size > rest.Length)
        {
            return Fail(Mp4ReadStatus.Truncated);
        }

        box = new Mp4Box
        {
            Type = rest.Slice(4, 4),
            Body = rest[headerLength..(int)size],
            Offset = _position,
            Length = (int)size,
        };
        _position += (int)size;
        return true;
    }

    private bool Fail(Mp4ReadStatus status)
    {
        Status = status;
        _position = _bytes.Length;
        return false;
    }
}
