namespace Roomcast.Rtc.Stun;

/// <summary>The CRC of ITU V.42 that STUN's FINGERPRINT is made of.</summary>
internal static class Crc32
{
    private static readonly uint[] Table = MakeTable();

    /// <summary>The checksum of the two pieces, one behind the other.</summary>
    public static uint Of(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second = default) =>
        ~Add(Add(uint.MaxValue, first), second);

    private static uint Add(uint state, ReadOnlySpan<byte> bytes)
    {
        foreach (var value in bytes)
        {
            state = (state >> 8) ^ Table[(byte)(state ^ value)];
        }

        return state;
    }

    private static uint[] MakeTable()
    {
        var table = new uint[256];
        for (var i = 0u; i < table.Length; i++)
        {
            var value = i;
            for (var bit = 0; bit < 8; bit++)
            {
                value = (value >> 1) ^ ((value & 1) == 0 ? 0 : 0xEDB8_8320);
            }

            table[i] = value;
        }

        return table;
    }
}
