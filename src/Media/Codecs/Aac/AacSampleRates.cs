namespace Roomcast.Media.Codecs.Aac;

/// <summary>The sampling frequency index (ISO/IEC 14496-3 table 1.18).</summary>
internal static class AacSampleRates
{
    /// <summary>The index that is followed by the rate itself in 24 bits.</summary>
    public const int Escape = 15;

    private static readonly int[] Hz =
        [96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000, 7_350];

    /// <summary>The rate of an index, 0 for the reserved ones.</summary>
    public static int Of(int index) => index < Hz.Length ? Hz[index] : 0;

    /// <summary>The index of a rate, <see cref="Escape"/> when it has none.</summary>
    public static int IndexOf(int rateHz)
    {
        var index = Array.IndexOf(Hz, rateHz);
        return index < 0 ? Escape : index;
    }
}
