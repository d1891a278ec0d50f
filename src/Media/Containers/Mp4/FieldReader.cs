using System.Buffers.Binary;

namespace Roomcast.Media.Containers.Mp4;

/// <summary>Reads the fields of a box one after the other; past the end it gives zeros and stays failed.</summary>
internal ref struct FieldReader(ReadOnlySpan<byte> body)
{
    private ReadOnlySpan<byte> _rest = body;

    /// <summary>Whether a read went past the end.</summary>
    public bool HasFailed { get; private set; }

    public byte UInt8() => Take(1) is { IsEmpty: false } bytes ? bytes[0] : (byte)0;

    public int UInt16() => Take(sizeof(ushort)) is { IsEmpty: false } bytes ? BinaryPrimitives.ReadUInt16BigEndian(bytes) : 0;

    public uint UInt32() => Take(sizeof(uint)) is { IsEmpty: false } bytes ? BinaryPrimitives.ReadUInt32BigEndian(bytes) : 0;

    public int Int32() => unchecked((int)UInt32());

    /// <summary>An unsigned 64-bit field as a signed number; above what that holds the reader has failed.</summary>
    public long Int64()
    {
        var value = Take(sizeof(long)) is { IsEmpty: false } bytes ? BinaryPrimitives.ReadInt64BigEndian(bytes) : 0;
        HasFailed |= value < 0;
        return value;
    }

    public void Skip(int count) => Take(count);

    /// <summary>The next bytes; empty when there are too few.</summary>
    public ReadOnlySpan<byte> Take(int count)
    {
        if (count > _rest.Length)
        {
            HasFailed = true;
            _rest = default;
            return default;
        }

        var taken = _rest[..count];
        _rest = _rest[count..];
        return taken;
    }

    /// <summary>Everything not read yet.</summary>
    public readonly ReadOnlySpan<byte> Rest => _rest;
}
