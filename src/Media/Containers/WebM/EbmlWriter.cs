using System.Buffers;
using System.Buffers.Binary;

namespace Roomcast.Media.Containers.WebM;

/// <summary>Writes elements of EBML (RFC 8794, sections 4 to 6).</summary>
internal static class EbmlWriter
{
    /// <summary>Writes an element with its body.</summary>
    public static void Element(ArrayBufferWriter<byte> output, uint id, ReadOnlySpan<byte> body)
    {
        Id(output, id);
        Length(output, body.Length);
        output.Write(body);
    }

    /// <summary>Writes an element that is a number, in as few bytes as it takes.</summary>
    public static void UInt(ArrayBufferWriter<byte> output, uint id, ulong value)
    {
        Span<byte> bytes = stackalloc byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64BigEndian(bytes, value);
        var first = 0;
        while (first < 7 && bytes[first] == 0)
        {
            first++;
        }

        Element(output, id, bytes[first..]);
    }

    /// <summary>Writes an id as it is: its first byte says how long it is.</summary>
    public static void Id(ArrayBufferWriter<byte> output, uint id)
    {
        var length = id > 0xFF_FFFF ? 4 : id > 0xFFFF ? 3 : id > 0xFF ? 2 : 1;
        var bytes = output.GetSpan(length);
        for (var i = 0; i < length; i++)
        {
            bytes[i] = (byte)(id >> (8 * (length - 1 - i)));
        }

        output.Advance(length);
    }

    /// <summary>Writes a length, always in four bytes: simple, and up to 256 MiB.</summary>
    public static void Length(ArrayBufferWriter<byte> output, int length)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, 0x0FFF_FFFE);
        BinaryPrimitives.WriteUInt32BigEndian(output.GetSpan(sizeof(uint)), 0x1000_0000u | (uint)length);
        output.Advance(sizeof(uint));
    }
}
