using System.Buffers;
using System.Numerics;

namespace Roomcast.Media.Containers.WebM;

/// <summary>What stands in front of every element of EBML: its id and its length (RFC 8794, sections 4 to 6).</summary>
internal static class EbmlElement
{
    private const int MaxIdLength = 4;
    private const int MaxLengthLength = 8;

    /// <summary>Reads an id and a length.</summary>
    /// <param name="bytes">From the id on; twelve bytes are enough for every head.</param>
    /// <param name="id">The id, with the bits that say how long it is.</param>
    /// <param name="length">Bytes of the body; null when that is not known.</param>
    /// <param name="headLength">Bytes of both.</param>
    public static OperationStatus TryReadHead(ReadOnlySpan<byte> bytes, out uint id, out ulong? length, out int headLength)
    {
        id = 0;
        length = null;
        headLength = 0;
        if (bytes.IsEmpty)
        {
            return OperationStatus.NeedMoreData;
        }

        var idLength = BitOperations.LeadingZeroCount((uint)bytes[0]) - 23;
        if (idLength > MaxIdLength)
        {
            return OperationStatus.InvalidData;
        }

        if (bytes.Length <= idLength)
        {
            return OperationStatus.NeedMoreData;
        }

        if (bytes[idLength] == 0)
        {
            return OperationStatus.InvalidData;
        }

        for (var i = 0; i < idLength; i++)
        {
            id = (id << 8) | bytes[i];
        }

        if (!TryReadLength(bytes[idLength..], out length, out var lengthLength))
        {
            return OperationStatus.NeedMoreData;
        }

        headLength = idLength + lengthLength;
        return OperationStatus.Done;
    }

    /// <summary>Reads a length, or a number that is written like one.</summary>
    /// <param name="bytes">From it on.</param>
    /// <param name="length">The length; null when all its bits are set, which means that it is not known.</param>
    /// <param name="used">Its own bytes.</param>
    /// <returns>False when it is cut off, or longer than eight bytes.</returns>
    public static bool TryReadLength(ReadOnlySpan<byte> bytes, out ulong? length, out int used)
    {
        length = null;
        used = 0;
        if (bytes.IsEmpty || bytes[0] == 0)
        {
            return false;
        }

        var count = BitOperations.LeadingZeroCount((uint)bytes[0]) - 23;
        if (count > MaxLengthLength || bytes.Length < count)
        {
            return false;
        }

        ulong value = bytes[0] & (0xFFUL >> count);
        for (var i = 1; i < count; i++)
        {
            value = (value << 8) | bytes[i];
        }

        used = count;
        length = value == (1UL << (7 * count)) - 1 ? null : value;
        return true;
    }

    /// <summary>A number of up to eight bytes; 0 when there are none, and of more only the last eight count.</summary>
    public static ulong UIntOf(ReadOnlySpan<byte> bytes)
    {
        ulong value = 0;
        foreach (var one in bytes)
        {
            value = (value << 8) | one;
        }

        return value;
    }
}

/// <summary>Walks the elements in an element that is there as a whole.</summary>
internal ref struct EbmlElements(ReadOnlySpan<byte> body)
{
    private ReadOnlySpan<byte> _rest = body;

    /// <summary>Whether all that was walked lay inside.</summary>
    public bool IsWhole { get; private set; } = true;

    /// <summary>Reads the next element.</summary>
    public bool TryRead(out uint id, out ReadOnlySpan<byte> value)
    {
        id = 0;
        value = default;
        if (_rest.IsEmpty)
        {
            return false;
        }

        if (EbmlElement.TryReadHead(_rest, out id, out var length, out var head) is not OperationStatus.Done
            || length is not { } known || known > (ulong)(_rest.Length - head))
        {
            IsWhole = false;
            _rest = default;
            return false;
        }

        value = _rest.Slice(head, (int)known);
        _rest = _rest[(head + (int)known)..];
        return true;
    }
}
