using Roomcast.Egress.Composition.Layouts;
using Roomcast.Egress.Worker.Drawing;
using Roomcast.Egress.Worker.Native;

namespace Roomcast.Egress.Worker.Picture;

/// <summary>The edges of a tile: round corners through which the background shows, and a line around who speaks.</summary>
internal static class TileFrame
{
    /// <summary>Draws the edges of a tile.</summary>
    /// <param name="background">What shows through the corners.</param>
    /// <param name="area">The tile.</param>
    /// <param name="hasLine">Whether there is a line around it.</param>
    /// <returns>What has to be laid over the tile, and where.</returns>
    public static IEnumerable<(Overlay Overlay, int Left, int Top)> Of(AvFrame background, TileArea area, bool hasLine)
    {
        var radius = Math.Clamp(Math.Min(area.Width, area.Height) / 20, 2, 14) & ~1;
        if (hasLine)
        {
            var thickness = Math.Clamp((Math.Min(area.Width, area.Height) / 70) & ~1, 2, 4);
            foreach (var side in Line(area, radius, thickness))
            {
                yield return side;
            }
        }

        for (var index = 0; index < 4; index++)
        {
            var (isRight, isLower) = ((index & 1) != 0, (index & 2) != 0);
            var corner = new TileArea(isRight ? area.Right - radius : area.Left, isLower ? area.Bottom - radius : area.Top, radius, radius);
            var overlay = Overlay.Of(background, corner, (x, y) =>
            {
                var fromX = isRight ? x + 0.5 : radius - x - 0.5;
                var fromY = isLower ? y + 0.5 : radius - y - 0.5;
                return double.Hypot(fromX, fromY) - radius + 0.5;
            });
            yield return (overlay, corner.Left, corner.Top);
        }
    }

    /// <summary>The line in four bands, which do not hold what lies between them.</summary>
    private static IEnumerable<(Overlay Overlay, int Left, int Top)> Line(TileArea area, int radius, int thickness)
    {
        var reach = Math.Max(radius, thickness) + 2;
        if (area.Width < reach * 2 || area.Height < reach * 2)
        {
            yield break;
        }

        TileArea[] bands =
        [
            new(0, 0, area.Width, reach),
            new(0, area.Height - reach, area.Width, reach),
            new(0, reach, thickness, area.Height - (2 * reach)),
            new(area.Width - thickness, reach, thickness, area.Height - (2 * reach)),
        ];
        foreach (var band in bands)
        {
            var raster = new Raster(band.Width, band.Height);
            raster.DrawRound(-band.Left, -band.Top, area.Width, area.Height, radius, thickness, Colours.Speaker);
            yield return (Overlay.Of(raster), area.Left + band.Left, area.Top + band.Top);
        }
    }
}
