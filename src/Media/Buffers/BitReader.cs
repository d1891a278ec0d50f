namespace Roomcast.Media.Buffers;

/// <summary>Reads bits from the most significant end, as the codec specifications write their headers.</summary>
/// <remarks>
/// Never throws on what it reads: past the end every read gives zero and <see cref="HasFailed"/> stays set, so that a
/// parser can read a whole header and look once. Loops whose count comes from the bits must be capped by the parser.
/// </remarks>
public ref struct BitReader
{
    private readonly ReadOnlySpan<byte> _bytes;
    private long _position;

    /// <summary>Starts at the first bit.</summary>
    /// <param name="bytes">What to read; for H.264 and H.265 without emulation prevention bytes.</param>
    public BitReader(ReadOnlySpan<byte> bytes)
    {
        _bytes = bytes;
        _position = 0;
        HasFailed = false;
    }

    /// <summary>Whether a read went past the end or met an Exp-Golomb code above 32 bits. Never goes back to false.</summary>
    public bool HasFailed { get; private set; }

    /// <summary>Bits read so far.</summary>
    public readonly long Position => _position;

    /// <summary>Bits not read yet.</summary>
    public readonly long BitsLeft => (8L * _bytes.Length) - _position;

    /// <summary>Reads an unsigned number.</summary>
    /// <param name="count">Its length, 0 to 32 bits.</param>
    /// <returns>The number, or 0 past the end.</returns>
    public uint ReadBits(int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, 32);
        if (!TryTake(count))
        {
            return 0;
        }

        var end = _position;
        var at = end - count;
        ulong value = 0;
        for (var index = (int)(at >> 3); index < (int)((end + 7) >> 3); index++)
        {
            value = (value << 8) | _bytes[index];
        }

        value >>= (int)(-end & 7);
        return count == 0 ? 0 : (uint)(value & (ulong.MaxValue >> (64 - count)));
    }

    /// <summary>Reads a flag.</summary>
    public bool ReadBit() => ReadBits(1) != 0;

    /// <summary>Passes over bits.</summary>
    /// <param name="count">How many, 0 or more.</param>
    public void Skip(long count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        TryTake(count);
    }

    /// <summary>Goes on to the next whole byte.</summary>
    public void AlignToByte() => TryTake(-_position & 7);

    /// <summary>Reads an unsigned Exp-Golomb code, <c>ue(v)</c> of H.264 section 9.1 and <c>uvlc()</c> of AV1.</summary>
    /// <returns>The value; 0 when the code is cut off or longer than 32 leading zeros allow.</returns>
    public uint ReadExpGolomb()
    {
        var zeros = 0;
        while (!ReadBit())
        {
            if (HasFailed || ++zeros > 31)
            {
                HasFailed = true;
                return 0;
            }
        }

        return ((1u << zeros) - 1) + ReadBits(zeros);
    }

    /// <summary>Reads a signed Exp-Golomb code, <c>se(v)</c> of H.264 section 9.1.1.</summary>
    public int ReadSignedExpGolomb()
    {
        var code = ReadExpGolomb();
        var magnitude = (int)((code >> 1) + (code & 1));
        return (code & 1) != 0 ? magnitude : -magnitude;
    }

    /// <summary>Reads an Exp-Golomb code that may not exceed a limit; above it the reader has failed.</summary>
    /// <param name="max">The largest value that the specification allows.</param>
    public int ReadExpGolomb(int max)
    {
        var value = ReadExpGolomb();
        if (value > (uint)max)
        {
            HasFailed = true;
            return 0;
        }

        return (int)value;
    }

    private bool TryTake(long count)
    {
        if (HasFailed || count > BitsLeft)
        {
            HasFailed = true;
            _position = 8L * _bytes.Length;
            return false;
        }

        _position += count;
        return true;
    }
}
