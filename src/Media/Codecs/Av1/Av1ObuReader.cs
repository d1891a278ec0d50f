namespace Roomcast.Media.Codecs.Av1;

/// <summary>Walks the open bitstream units of a frame in the low-overhead format (AV1 specification section 5.2).</summary>
/// <remarks>The last unit may lack its length and then takes what is left, as MP4 allows.</remarks>
public ref struct Av1ObuReader
{
    /* | 0:1 | type:4 | extension:1 | has size:1 | 0:1 | [ temporal:3 | spatial:2 | 0:3 ] [ size: leb128 ] | payload | */
    private const int MaxLeb128Length = 8;

    private ReadOnlySpan<byte> _rest;

    /// <summary>Starts at the first unit.</summary>
    /// <param name="units">One temporal unit, or the units of an av1C box.</param>
    public Av1ObuReader(ReadOnlySpan<byte> units)
    {
        _rest = units;
        IsMalformed = false;
    }

    /// <summary>Whether the walk ended at a unit that cannot be right.</summary>
    public bool IsMalformed { get; private set; }

    /// <summary>Takes the next unit.</summary>
    /// <returns>False at the end, and at a malformed unit.</returns>
    public bool TryRead(out Av1Obu obu)
    {
        obu = default;
        if (_rest.IsEmpty)
        {
            return false;
        }

        var header = _rest[0];
        var hasExtension = (header & 0x04) != 0;
        var hasSize = (header & 0x02) != 0;
        var at = hasExtension ? 2 : 1;
        var size = _rest.Length - (long)at;
        if ((header & 0x80) != 0 || size < 0 || (hasSize && !TryReadLeb128(_rest, ref at, out size)) || size > _rest.Length - at)
        {
            IsMalformed = true;
            _rest = default;
            return false;
        }

        obu = new Av1Obu
        {
            Type = (Av1ObuType)((header >> 3) & 0x0F),
            Whole = _rest[..(at + (int)size)],
            Payload = _rest.Slice(at, (int)size),
        };
        _rest = _rest[(at + (int)size)..];
        return true;
    }

    // Section 4.10.5: seven bits a byte, the lowest first; more than 32 bits is forbidden.
    private static bool TryReadLeb128(ReadOnlySpan<byte> bytes, ref int at, out long value)
    {
        value = 0;
        for (var i = 0; i < MaxLeb128Length && at < bytes.Length; i++)
        {
            var part = bytes[at++];
            value |= (long)(part & 0x7F) << (7 * i);
            if ((part & 0x80) == 0)
            {
                return value <= uint.MaxValue;
            }
        }

        return false;
    }
}
