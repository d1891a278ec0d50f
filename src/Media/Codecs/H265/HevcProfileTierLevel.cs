using System.Globalization;
using System.Text;
using Roomcast.Media.Buffers;

namespace Roomcast.Media.Codecs.H265;

/// <summary>The general profile, tier and level of H.265 (ISO/IEC 23008-2 section 7.3.3).</summary>
/// <param name="ProfileSpace">0, or 1 to 3 for spaces A to C.</param>
/// <param name="IsHighTier">Whether the tier is High rather than Main.</param>
/// <param name="ProfileIdc">1 Main, 2 Main 10, 3 Main Still Picture, 4 range extensions.</param>
/// <param name="CompatibilityFlags">Flag j, for profile j, is bit 31 - j.</param>
/// <param name="ConstraintFlags">The 48 bits of constraint flags, the first in bit 47.</param>
/// <param name="LevelIdc">Thirty times the level, for example 93 for 3.1.</param>
public readonly record struct HevcProfileTierLevel(
    byte ProfileSpace, bool IsHighTier, byte ProfileIdc, uint CompatibilityFlags, ulong ConstraintFlags, byte LevelIdc)
{
    /// <summary>Bytes of the fields, as a hvcC record holds them after its version byte.</summary>
    internal const int Length = 12;

    /// <summary>Reads the general part; the sub-layers follow in an SPS.</summary>
    internal static HevcProfileTierLevel Read(ref BitReader bits) => new(
        (byte)bits.ReadBits(2),
        bits.ReadBit(),
        (byte)bits.ReadBits(5),
        bits.ReadBits(32),
        ((ulong)bits.ReadBits(16) << 32) | bits.ReadBits(32),
        (byte)bits.ReadBits(8));

    /// <summary>The parameters of a codec string after its sample entry (ISO/IEC 14496-15 section E.3), such as <c>1.6.L93.90</c>.</summary>
    public override string ToString()
    {
        var text = new StringBuilder();
        if (ProfileSpace > 0)
        {
            text.Append((char)('A' + ProfileSpace - 1));
        }

        text.Append(CultureInfo.InvariantCulture, $"{ProfileIdc}.{Reverse(CompatibilityFlags):X}.{(IsHighTier ? 'H' : 'L')}{LevelIdc}");

        // Each byte of constraints as hexadecimal, trailing zero bytes left out.
        for (var rest = ConstraintFlags; rest != 0; rest = (rest << 8) & 0xFFFF_FFFF_FFFF)
        {
            text.Append(CultureInfo.InvariantCulture, $".{rest >> 40:X}");
        }

        return text.ToString();
    }

    private static uint Reverse(uint value)
    {
        uint reversed = 0;
        for (var i = 0; i < 32; i++)
        {
            reversed = (reversed << 1) | ((value >> i) & 1);
        }

        return reversed;
    }
}
