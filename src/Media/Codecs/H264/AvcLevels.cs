namespace Roomcast.Media.Codecs.H264;

/// <summary>What a level of H.264 permits (ISO/IEC 14496-10 table A-1).</summary>
internal static class AvcLevels
{
    private const int MaxFrames = 16;
    private const int Baseline = 66;
    private const int DecodingOrderIsOutputOrder = 2;
    private const byte ConstraintSet3 = 0x10;

    /// <summary>How many frames may be out of order where the VUI is silent (section E.2.1, max_num_reorder_frames).</summary>
    /// <param name="profile">profile_idc.</param>
    /// <param name="constraints">The byte after the profile.</param>
    /// <param name="level">level_idc.</param>
    /// <param name="orderType">pic_order_cnt_type.</param>
    /// <param name="macroblocks">Macroblocks of a frame, 1 or more.</param>
    public static int MaxReorderFrames(byte profile, byte constraints, byte level, int orderType, long macroblocks)
    {
        var isIntraOnly = profile is 44 or 86 or 100 or 110 or 122 or 244 && (constraints & ConstraintSet3) != 0;
        if (isIntraOnly || orderType == DecodingOrderIsOutputOrder || profile == Baseline)
        {
            return 0;
        }

        return (int)Math.Min(MaxDecodedMacroblocks(level, constraints) / macroblocks, MaxFrames);
    }

    // MaxDpbMbs. Level 1b is written as 11 with constraint_set3_flag; an unknown level gets the largest.
    private static int MaxDecodedMacroblocks(byte level, byte constraints) => level switch
    {
        9 or 10 => 396,
        11 when (constraints & ConstraintSet3) != 0 => 396,
        11 => 900,
        12 or 13 or 20 => 2_376,
        21 => 4_752,
        22 or 30 => 8_100,
        31 => 18_000,
        32 => 20_480,
        40 or 41 => 32_768,
        42 => 34_816,
        50 => 110_400,
        51 or 52 => 184_320,
        _ => 696_320,
    };
}
