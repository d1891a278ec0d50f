namespace Roomcast.Egress.Worker.Drawing;

/// <summary>Colours in pictures: BT.601 with the range of video, which is what VP8 has (RFC 6386, section 9.2) and what we encode.</summary>
internal static class Colours
{
    /// <summary>Behind avatars, and beside screens that do not fill their tile.</summary>
    public const int Tile = 0x22_29_33;

    /// <summary>Around the tile of who speaks.</summary>
    public const int Speaker = 0x4C_9F_FF;

    /// <summary>Of names and initials.</summary>
    public const int Letters = 0xFF_FF_FF;

    /// <summary>Behind names.</summary>
    public const int Label = 0x0B_0F_14;

    /// <summary>Of the muted mark.</summary>
    public const int Muted = 0xFF_7A_70;

    private static readonly int[] Avatars =
        [0xC2_41_5B, 0xB4_53_09, 0x8A_6D_1B, 0x3F_7D_3A, 0x0F_76_6E, 0x0E_74_90, 0x25_63_C9, 0x4F_46_C5, 0x7C_3A_C8, 0xA2_3A_A8, 0x9D_4E_3B, 0x54_6A_7B];

    public static (byte Y, byte U, byte V) ToYuv(int rgb)
    {
        var (r, g, b) = ((rgb >> 16) & 0xFF, (rgb >> 8) & 0xFF, rgb & 0xFF);
        var y = 16 + (((66 * r) + (129 * g) + (25 * b) + 128) >> 8);
        var u = 128 + (((-38 * r) - (74 * g) + (112 * b) + 128) >> 8);
        var v = 128 + (((112 * r) - (94 * g) - (18 * b) + 128) >> 8);
        return ((byte)y, (byte)u, (byte)v);
    }

    /// <summary>The colour of somebody's initials' circle: always the same for the same id. White letters are legible on all of them.</summary>
    public static int OfAvatar(string id)
    {
        // FNV-1a: the framework's own hash of a string differs from run to run.
        var hash = 2_166_136_261u;
        foreach (var letter in id)
        {
            hash = unchecked((hash ^ letter) * 16_777_619u);
        }

        return Avatars[(int)(hash % (uint)Avatars.Length)];
    }
}
