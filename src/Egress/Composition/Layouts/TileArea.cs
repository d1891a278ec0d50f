namespace Roomcast.Egress.Composition.Layouts;

/// <summary>A rectangle of the composed picture, in pixels; all four are even, so that half-size colour planes are cut as exactly.</summary>
/// <param name="Left">From the picture's left.</param>
/// <param name="Top">From its top.</param>
/// <param name="Width">2 or more.</param>
/// <param name="Height">2 or more.</param>
public readonly record struct TileArea(int Left, int Top, int Width, int Height)
{
    /// <summary>First column right of it.</summary>
    public int Right => Left + Width;

    /// <summary>First row below it.</summary>
    public int Bottom => Top + Height;

    /// <summary>Whether they share a pixel.</summary>
    public bool Overlaps(TileArea other) => Left < other.Right && other.Left < Right && Top < other.Bottom && other.Top < Bottom;

    /// <summary>The largest even rectangle of given proportions in the middle of an area.</summary>
    /// <param name="area">The area.</param>
    /// <param name="width">Width of the proportions, 1 or more.</param>
    /// <param name="height">Height of the proportions, 1 or more.</param>
    public static TileArea Fit(TileArea area, int width, int height)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 1);
        var isWider = (long)width * area.Height >= (long)height * area.Width;
        var fittedWidth = Math.Clamp(isWider ? area.Width : Even((int)((long)area.Height * width / height)), 2, area.Width);
        var fittedHeight = Math.Clamp(isWider ? Even((int)((long)area.Width * height / width)) : area.Height, 2, area.Height);
        return new TileArea(
            area.Left + Even((area.Width - fittedWidth) / 2), area.Top + Even((area.Height - fittedHeight) / 2), fittedWidth, fittedHeight);
    }

    /// <summary>The even number at or below one.</summary>
    internal static int Even(int value) => value & ~1;
}
