namespace Roomcast.Egress.Composition;

/// <summary>Checks what a composition is to be encoded as.</summary>
internal static class CompositionFormatCheck
{
    /// <summary>Does nothing when every value is within the range that <see cref="CompositionFormat"/> gives.</summary>
    /// <exception cref="ArgumentOutOfRangeException">One is not; the message says which, and what is allowed.</exception>
    public static void ThrowIfOutside(CompositionFormat format)
    {
        Side(format.Width, nameof(format.Width));
        Side(format.Height, nameof(format.Height));
        Range(format.FrameRate, 10, 60, nameof(format.FrameRate));
        Range(format.VideoBitrateBps, 200_000, 20_000_000, nameof(format.VideoBitrateBps));
        Range(format.KeyframeInterval, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(10), nameof(format.KeyframeInterval));
        Range(format.AudioBitrateBps, 16_000, 512_000, nameof(format.AudioBitrateBps));
    }

    private static void Side(int value, string name)
    {
        Range(value, 128, 1_920, name);
        if ((value & 1) != 0)
        {
            throw new ArgumentOutOfRangeException(name, value, "Only an even number of pixels can be encoded.");
        }
    }

    private static void Range<T>(T value, T least, T most, string name)
        where T : IComparable<T>, IFormattable
    {
        if (value.CompareTo(least) < 0 || value.CompareTo(most) > 0)
        {
            throw new ArgumentOutOfRangeException(name, value, FormattableString.Invariant($"{least} to {most} is allowed."));
        }
    }
}
