using Roomcast.Egress.Worker.Native;

namespace Roomcast.Egress.Worker.Drawing;

/// <summary>A small picture with transparency on which labels, marks and avatars are drawn, once for each change.</summary>
internal sealed class Raster
{
    private readonly byte[] _bgra;

    public Raster(int width, int height)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 1);
        Width = width;
        Height = height;
        _bgra = new byte[width * height * 4];
    }

    public int Width { get; }

    public int Height { get; }

    /// <summary>Blue, green, red, alpha (not multiplied into the colours) of each pixel, row by row.</summary>
    public Span<byte> Bgra => _bgra;

    public (int Rgb, byte Alpha) this[int x, int y]
    {
        get
        {
            var at = ((y * Width) + x) * 4;
            return ((_bgra[at + 2] << 16) | (_bgra[at + 1] << 8) | _bgra[at], _bgra[at + 3]);
        }
    }

    /// <summary>The same picture at another size; null when the library cannot.</summary>
    public Raster? ScaledTo(int width, int height)
    {
        if ((width, height) == (Width, Height))
        {
            return this;
        }

        using var scaler = new Scaler();
        var scaled = new Raster(width, height);
        return scaler.ScaleBgra(_bgra, Width, Height, scaled._bgra, width, height) ? scaled : null;
    }

    /// <summary>Lays a colour over a pixel; outside of the picture nothing happens.</summary>
    public void Blend(int x, int y, int rgb, double alpha)
    {
        if ((uint)x >= (uint)Width || (uint)y >= (uint)Height || alpha <= 0)
        {
            return;
        }

        var pixel = _bgra.AsSpan(((y * Width) + x) * 4, 4);
        var over = Math.Min(1, alpha);
        var under = pixel[3] / 255.0 * (1 - over);
        var sum = over + under;
        for (var channel = 0; channel < 3; channel++)
        {
            var colour = (rgb >> (8 * channel)) & 0xFF;
            pixel[channel] = (byte)Math.Round(((colour * over) + (pixel[channel] * under)) / sum);
        }

        pixel[3] = (byte)Math.Round(sum * 255);
    }

    /// <summary>Fills a rectangle with round corners.</summary>
    public void FillRound(double left, double top, double width, double height, double radius, int rgb, double alpha = 1) =>
        Paint(left, top, left + width, top + height, rgb, alpha, (x, y) => RoundDistance(x, y, left, top, width, height, radius));

    /// <summary>Draws the outline of a rectangle with round corners; the line lies inside.</summary>
    public void DrawRound(double left, double top, double width, double height, double radius, double thickness, int rgb) =>
        Paint(left, top, left + width, top + height, rgb, 1, (x, y) =>
        {
            var distance = RoundDistance(x, y, left, top, width, height, radius);
            return Math.Max(distance, -distance - thickness);
        });

    /// <summary>Fills a circle.</summary>
    public void FillCircle(double centreX, double centreY, double radius, int rgb) =>
        FillRound(centreX - radius, centreY - radius, radius * 2, radius * 2, radius, rgb);

    /// <summary>Draws a line with round ends.</summary>
    public void DrawLine(double fromX, double fromY, double toX, double toY, double thickness, int rgb, double alpha = 1)
    {
        var (dx, dy) = (toX - fromX, toY - fromY);
        var squared = Math.Max(1e-9, (dx * dx) + (dy * dy));
        var half = thickness / 2;
        Paint(Math.Min(fromX, toX) - half, Math.Min(fromY, toY) - half, Math.Max(fromX, toX) + half, Math.Max(fromY, toY) + half, rgb, alpha, (x, y) =>
        {
            var along = Math.Clamp((((x - fromX) * dx) + ((y - fromY) * dy)) / squared, 0, 1);
            return double.Hypot(x - fromX - (along * dx), y - fromY - (along * dy)) - half;
        });
    }

    /// <summary>Draws the lower half of a circle's line, with round ends.</summary>
    public void DrawBow(double centreX, double centreY, double radius, double thickness, int rgb)
    {
        var half = thickness / 2;
        Paint(centreX - radius - half, centreY - half, centreX + radius + half, centreY + radius + half, rgb, 1, (x, y) => y >= centreY
            ? Math.Abs(double.Hypot(x - centreX, y - centreY) - radius) - half
            : double.Hypot(Math.Abs(x - centreX) - radius, y - centreY) - half);
    }

    /// <summary>Lays a picture over this one; a circle is cut out of it.</summary>
    public void DrawInCircle(Raster picture, double centreX, double centreY, double radius)
    {
        var (left, top) = ((int)Math.Round(centreX - (picture.Width / 2.0)), (int)Math.Round(centreY - (picture.Height / 2.0)));
        for (var y = 0; y < picture.Height; y++)
        {
            for (var x = 0; x < picture.Width; x++)
            {
                var (rgb, alpha) = picture[x, y];
                var inside = Coverage(double.Hypot(left + x + 0.5 - centreX, top + y + 0.5 - centreY) - radius);
                Blend(left + x, top + y, rgb, alpha / 255.0 * inside);
            }
        }
    }

    private static double RoundDistance(double x, double y, double left, double top, double width, double height, double radius)
    {
        var fromX = Math.Abs(x - left - (width / 2)) - (width / 2) + radius;
        var fromY = Math.Abs(y - top - (height / 2)) - (height / 2) + radius;
        return double.Hypot(Math.Max(fromX, 0), Math.Max(fromY, 0)) + Math.Min(Math.Max(fromX, fromY), 0) - radius;
    }

    /// <summary>How much of a pixel lies inside of an edge that is this far from its middle (inside is below zero).</summary>
    private static double Coverage(double distance) => Math.Clamp(0.5 - distance, 0, 1);

    private void Paint(double left, double top, double right, double bottom, int rgb, double alpha, Func<double, double, double> distance)
    {
        var lastRow = Math.Min(Height - 1, (int)Math.Ceiling(bottom));
        var lastColumn = Math.Min(Width - 1, (int)Math.Ceiling(right));
        for (var y = Math.Max(0, (int)top - 1); y <= lastRow; y++)
        {
            for (var x = Math.Max(0, (int)left - 1); x <= lastColumn; x++)
            {
                Blend(x, y, rgb, alpha * Coverage(distance(x + 0.5, y + 0.5)));
            }
        }
    }
}
