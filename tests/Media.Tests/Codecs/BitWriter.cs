using System.Numerics;

namespace Roomcast.Media.Tests.Codecs;

/// <summary>Puts headers together bit by bit, as a specification lists them.</summary>
internal sealed class BitWriter
{
    private readonly List<bool> _bits = [];

    /// <summary>Appends the low bits of a number.</summary>
    public BitWriter Bits(uint value, int length)
    {
        for (var i = length - 1; i >= 0; i--)
        {
            _bits.Add(((value >> i) & 1) != 0);
        }

        return this;
    }

    /// <summary>Appends an unsigned Exp-Golomb code; the largest is 2^32 - 2.</summary>
    public BitWriter Golomb(uint value)
    {
        var length = 1 + BitOperations.Log2(value + 1);
        _bits.AddRange(new bool[length - 1]);
        return Bits(value + 1, length);
    }

    /// <summary>How many bits there are.</summary>
    public int Length => _bits.Count;

    /// <summary>The bits, filled up with zeros to whole bytes.</summary>
    public byte[] ToBytes()
    {
        var bytes = new byte[(_bits.Count + 7) / 8];
        for (var i = 0; i < _bits.Count; i++)
        {
            bytes[i / 8] |= (byte)(_bits[i] ? 0x80 >> (i % 8) : 0);
        }

        return bytes;
    }

    /// <summary>A NAL unit of a header and the bits with their stop bit, emulation prevented.</summary>
    public byte[] ToNalUnit(params byte[] header)
    {
        Bits(1, 1);
        var nalUnit = new List<byte>(header);
        var zeros = 0;
        foreach (var value in ToBytes())
        {
            if (zeros == 2 && value <= 3)
            {
                nalUnit.Add(3);
                zeros = 0;
            }

            nalUnit.Add(value);
            zeros = value == 0 ? zeros + 1 : 0;
        }

        return [.. nalUnit];
    }
}
