namespace Roomcast.Client.Codecs;

/// <summary>A decoded picture in I420: brightness, then blue and red at half the width and height, each row behind the other.</summary>
public sealed class I420Picture
{
    private readonly byte[] _bytes;

    internal I420Picture(int width, int height, int rotationDegrees, TimeSpan time, byte[] bytes)
    {
        (Width, Height, RotationDegrees, Time, _bytes) = (width, height, rotationDegrees, time, bytes);
    }

    /// <summary>Pixels across.</summary>
    public int Width { get; }

    /// <summary>Pixels down.</summary>
    public int Height { get; }

    /// <summary>By how much it is to be turned clockwise to be upright, as its frame says: 0, 90, 180 or 270. It is not turned here.</summary>
    public int RotationDegrees { get; }

    /// <summary>When it is shown, as its frame says.</summary>
    public TimeSpan Time { get; }

    /// <summary>All three planes, one behind the other without gaps.</summary>
    public ReadOnlyMemory<byte> Bytes => _bytes;

    /// <summary>Brightness: a byte for each pixel.</summary>
    public ReadOnlyMemory<byte> Y => _bytes.AsMemory(0, Width * Height);

    /// <summary>Blue: a byte for each four pixels.</summary>
    public ReadOnlyMemory<byte> U => _bytes.AsMemory(Width * Height, ColourLength);

    /// <summary>Red: a byte for each four pixels.</summary>
    public ReadOnlyMemory<byte> V => _bytes.AsMemory((Width * Height) + ColourLength, ColourLength);

    private int ColourLength => LengthOfColour(Width, Height);

    internal static int LengthOfColour(int width, int height) => (width + 1) / 2 * ((height + 1) / 2);
}
