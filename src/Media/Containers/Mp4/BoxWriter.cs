using System.Buffers.Binary;

namespace Roomcast.Media.Containers.Mp4;

/// <summary>Writes boxes into memory that is known to suffice.</summary>
internal ref struct BoxWriter(Span<byte> output)
{
    private readonly Span<byte> _output = output;

    /// <summary>Bytes written.</summary>
    public int Position { get; private set; }

    /// <summary>Begins a box; its size is filled in by <see cref="End"/>.</summary>
    /// <returns>Where it begins.</returns>
    public int Begin(ReadOnlySpan<byte> type)
    {
        var start = Position;
        UInt32(0);
        Bytes(type);
        return start;
    }

    /// <summary>Begins a box with version and flags.</summary>
    public int BeginFull(ReadOnlySpan<byte> type, byte version, uint flags)
    {
        var start = Begin(type);
        UInt32(((uint)version << 24) | flags);
        return start;
    }

    /// <summary>Ends a box that began at <paramref name="start"/>.</summary>
    public readonly void End(int start) => BinaryPrimitives.WriteInt32BigEndian(_output[start..], Position - start);

    public void UInt8(int value) => _output[Position++] = (byte)value;

    public void UInt16(int value)
    {
        BinaryPrimitives.WriteUInt16BigEndian(_output[Position..], (ushort)value);
        Position += sizeof(ushort);
    }

    public void UInt32(uint value)
    {
        BinaryPrimitives.WriteUInt32BigEndian(_output[Position..], value);
        Position += sizeof(uint);
    }

    public void Int32(int value) => UInt32(unchecked((uint)value));

    public void UInt64(ulong value)
    {
        BinaryPrimitives.WriteUInt64BigEndian(_output[Position..], value);
        Position += sizeof(ulong);
    }

    public void Bytes(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(_output[Position..]);
        Position += bytes.Length;
    }

    public void Zeros(int count) => Take(count).Clear();

    /// <summary>The next bytes, for the caller to fill.</summary>
    public Span<byte> Take(int count)
    {
        var taken = _output.Slice(Position, count);
        Position += count;
        return taken;
    }
}
