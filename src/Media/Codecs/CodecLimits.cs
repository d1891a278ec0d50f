namespace Roomcast.Media.Codecs;

/// <summary>Caps on what a peer's codec configuration may ask for.</summary>
internal static class CodecLimits
{
    /// <summary>Bytes of a whole decoder configuration.</summary>
    public const int MaxConfigurationLength = 64 * 1024;

    /// <summary>Bytes of one parameter set. Real ones stay below 200; the cap keeps the unescaped copy on the stack.</summary>
    public const int MaxParameterSetLength = 4 * 1024;

    /// <summary>Pixels of a side: H.264 level 6.2 and H.265 level 6.2 end at 16,888.</summary>
    public const int MaxPictureSide = 16_888;

    /// <summary>Frames per second above which a declared rate is taken for nonsense and left out.</summary>
    public const double MaxFrameRate = 1_000;

    /// <summary>The declared rate, or 0 when it cannot be true.</summary>
    public static double FrameRate(double timeScale, double unitsPerFrame)
    {
        if (timeScale <= 0 || unitsPerFrame <= 0)
        {
            return 0;
        }

        var rate = timeScale / unitsPerFrame;
        return rate <= MaxFrameRate ? rate : 0;
    }
}
