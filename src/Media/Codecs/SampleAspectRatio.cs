using Roomcast.Media.Buffers;

namespace Roomcast.Media.Codecs;

/// <summary>The shape of one pixel: its width to its height.</summary>
/// <param name="Width">Relative width, 1 or more.</param>
/// <param name="Height">Relative height, 1 or more.</param>
public readonly record struct SampleAspectRatio(int Width, int Height)
{
    private const int ExtendedSar = 255;

    // ITU-T H.264 table E-1 and H.265 table E.1: the same values for the same numbers.
    private static readonly (int Width, int Height)[] Known =
    [
        (1, 1), (1, 1), (12, 11), (10, 11), (16, 11), (40, 33), (24, 11), (20, 11), (32, 11),
        (80, 33), (18, 11), (15, 11), (64, 33), (160, 99), (4, 3), (3, 2), (2, 1),
    ];

    /// <summary>Pixels as wide as high.</summary>
    public static SampleAspectRatio Square => new(1, 1);

    /// <summary>Whether a pixel is as wide as high.</summary>
    public bool IsSquare => Width == Height;

    /// <summary>Reads the aspect_ratio_idc of a VUI; what is unknown or zero becomes square.</summary>
    internal static SampleAspectRatio Read(ref BitReader bits)
    {
        var index = (int)bits.ReadBits(8);
        if (index == ExtendedSar)
        {
            var width = (int)bits.ReadBits(16);
            var height = (int)bits.ReadBits(16);
            return width > 0 && height > 0 ? new SampleAspectRatio(width, height) : Square;
        }

        return index < Known.Length ? new SampleAspectRatio(Known[index].Width, Known[index].Height) : Square;
    }
}
