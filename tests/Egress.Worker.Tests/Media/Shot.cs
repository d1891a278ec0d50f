using Roomcast.Egress.Composition.Layouts;
using Roomcast.Egress.Worker.Drawing;
using Roomcast.Egress.Worker.Native;

namespace Roomcast.Egress.Worker.Tests.Media;

/// <summary>A decoded picture in YUV 4:2:0.</summary>
internal sealed record Shot(int Width, int Height, byte[] Y, byte[] U, byte[] V)
{
    public static Shot Of(AvFrame frame)
    {
        byte[] Plane(int plane, int shift) =>
            [.. Enumerable.Range(0, frame.Height >> shift).SelectMany(row => frame.Row(plane, row, 0, frame.Width >> shift).ToArray())];
        return new Shot(frame.Width, frame.Height, Plane(0, 0), Plane(1, 1), Plane(2, 1));
    }

    /// <summary>Whether a pixel and those around it have a colour, as nearly as encoding leaves it.</summary>
    public bool IsAt(int x, int y, int rgb, int tolerance = 14)
    {
        var (wantedY, wantedU, wantedV) = Colours.ToYuv(rgb);
        var (u, v) = (U[(y / 2 * (Width / 2)) + (x / 2)], V[(y / 2 * (Width / 2)) + (x / 2)]);
        return Math.Abs(Y[(y * Width) + x] - wantedY) <= tolerance && Math.Abs(u - wantedU) <= tolerance && Math.Abs(v - wantedV) <= tolerance;
    }

    /// <summary>Fails unless a pixel has a colour.</summary>
    public void Expect(int x, int y, int rgb)
    {
        var at = (y / 2 * (Width / 2)) + (x / 2);
        Assert.True(IsAt(x, y, rgb), $"At {x}, {y} there is Y {Y[(y * Width) + x]}, U {U[at]}, V {V[at]} and not {Colours.ToYuv(rgb)} ({rgb:X6}).");
    }

    /// <summary>Fails unless the middle of an area has a colour.</summary>
    public void Expect(TileArea area, int rgb) => Expect(area.Left + (area.Width / 2), area.Top + (area.Height / 2), rgb);

    /// <summary>Pixels of an area that are as light as letters.</summary>
    public int CountLight(TileArea area) => Count(area, static (y, _, _) => y > 190);

    /// <summary>Pixels of an area that have the muted mark's red.</summary>
    public int CountMuted(TileArea area)
    {
        var (_, wantedU, wantedV) = Colours.ToYuv(Colours.Muted);
        return Count(area, (y, u, v) => y > 90 && Math.Abs(u - wantedU) < 18 && v > wantedV - 22);
    }

    private int Count(TileArea area, Func<int, int, int, bool> matches)
    {
        var count = 0;
        for (var y = area.Top; y < area.Bottom; y++)
        {
            for (var x = area.Left; x < area.Right; x++)
            {
                var at = (y / 2 * (Width / 2)) + (x / 2);
                count += matches(Y[(y * Width) + x], U[at], V[at]) ? 1 : 0;
            }
        }

        return count;
    }
}
