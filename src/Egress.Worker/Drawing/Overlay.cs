using Roomcast.Egress.Composition.Layouts;
using Roomcast.Egress.Worker.Native;

namespace Roomcast.Egress.Worker.Drawing;

/// <summary>Something drawn, ready to be laid over a picture in YUV 4:2:0. Immutable, and even in size.</summary>
internal sealed class Overlay
{
    private readonly byte[][] _planes;
    private readonly byte[] _alpha;
    private readonly byte[] _colourAlpha;

    private Overlay(int width, int height)
    {
        Width = width;
        Height = height;
        _planes = [new byte[width * height], new byte[width * height / 4], new byte[width * height / 4]];
        _alpha = new byte[width * height];
        _colourAlpha = new byte[width * height / 4];
    }

    public int Width { get; }

    public int Height { get; }

    /// <summary>Takes a drawing; an odd size is filled up with nothing.</summary>
    public static Overlay Of(Raster raster)
    {
        var overlay = new Overlay((raster.Width + 1) & ~1, (raster.Height + 1) & ~1);
        for (var y = 0; y < raster.Height; y++)
        {
            for (var x = 0; x < raster.Width; x++)
            {
                var (rgb, alpha) = raster[x, y];
                overlay._planes[0][(y * overlay.Width) + x] = Colours.ToYuv(rgb).Y;
                overlay._alpha[(y * overlay.Width) + x] = alpha;
            }
        }

        for (var y = 0; y < overlay.Height; y += 2)
        {
            for (var x = 0; x < overlay.Width; x += 2)
            {
                overlay.TakeColour(raster, x, y);
            }
        }

        return overlay;
    }

    /// <summary>Takes part of a picture, to be laid over another where <paramref name="alpha"/> says so.</summary>
    /// <param name="picture">In YUV 4:2:0.</param>
    /// <param name="area">Which part; even.</param>
    /// <param name="alpha">How much of it shows at a pixel of the area, 0 to 1.</param>
    public static Overlay Of(AvFrame picture, TileArea area, Func<int, int, double> alpha)
    {
        var overlay = new Overlay(area.Width, area.Height);
        for (var y = 0; y < area.Height; y++)
        {
            picture.Row(0, area.Top + y, area.Left, area.Width).CopyTo(overlay._planes[0].AsSpan(y * area.Width));
            for (var x = 0; x < area.Width; x++)
            {
                overlay._alpha[(y * area.Width) + x] = (byte)Math.Round(Math.Clamp(alpha(x, y), 0, 1) * 255);
            }
        }

        var half = area.Width / 2;
        for (var y = 0; y < area.Height / 2; y++)
        {
            for (var plane = 1; plane < 3; plane++)
            {
                picture.Row(plane, (area.Top / 2) + y, area.Left / 2, half).CopyTo(overlay._planes[plane].AsSpan(y * half));
            }

            for (var x = 0; x < half; x++)
            {
                overlay._colourAlpha[(y * half) + x] = overlay.MeanAlpha(x * 2, y * 2);
            }
        }

        return overlay;
    }

    /// <summary>Lays it over a picture.</summary>
    /// <param name="target">In YUV 4:2:0.</param>
    /// <param name="left">Where its left column goes; even.</param>
    /// <param name="top">Where its top row goes; even.</param>
    /// <param name="clip">Outside of this nothing is changed; even.</param>
    public void Draw(AvFrame target, int left, int top, TileArea clip)
    {
        var (firstX, lastX) = (Math.Max(left, clip.Left), Math.Min(left + Width, clip.Right));
        var (firstY, lastY) = (Math.Max(top, clip.Top), Math.Min(top + Height, clip.Bottom));
        if (firstX >= lastX || firstY >= lastY)
        {
            return;
        }

        for (var plane = 0; plane < 3; plane++)
        {
            var shift = plane == 0 ? 0 : 1;
            var alpha = plane == 0 ? _alpha : _colourAlpha;
            var count = (lastX - firstX) >> shift;
            for (var y = firstY >> shift; y < lastY >> shift; y++)
            {
                var at = ((y - (top >> shift)) * (Width >> shift)) + ((firstX - left) >> shift);
                Mix(target.Row(plane, y, firstX >> shift, count), _planes[plane].AsSpan(at, count), alpha.AsSpan(at, count));
            }
        }
    }

    private static void Mix(Span<byte> under, ReadOnlySpan<byte> over, ReadOnlySpan<byte> alpha)
    {
        for (var i = 0; i < under.Length && i < over.Length && i < alpha.Length; i++)
        {
            // The exact rounded quotient by 255, without a division.
            var sum = (under[i] * (255 - alpha[i])) + (over[i] * alpha[i]) + 128;
            under[i] = (byte)((sum + (sum >> 8)) >> 8);
        }
    }

    /// <summary>The colour of four pixels, each counting as much as it shows.</summary>
    private void TakeColour(Raster raster, int x, int y)
    {
        var (sumU, sumV, weight) = (0, 0, 0);
        for (var i = 0; i < 4; i++)
        {
            var (px, py) = (x + (i & 1), y + (i >> 1));
            if (px < raster.Width && py < raster.Height)
            {
                var (rgb, alpha) = raster[px, py];
                var (_, u, v) = Colours.ToYuv(rgb);
                sumU += u * alpha;
                sumV += v * alpha;
                weight += alpha;
            }
        }

        var at = (y / 2 * (Width / 2)) + (x / 2);
        _planes[1][at] = (byte)(weight == 0 ? 128 : sumU / weight);
        _planes[2][at] = (byte)(weight == 0 ? 128 : sumV / weight);
        _colourAlpha[at] = MeanAlpha(x, y);
    }

    private byte MeanAlpha(int x, int y)
    {
        var at = (y * Width) + x;
        return (byte)((_alpha[at] + _alpha[at + 1] + _alpha[at + Width] + _alpha[at + Width + 1] + 2) / 4);
    }
}
