using Roomcast.Egress.Composition.Layouts;
using Roomcast.Egress.Worker.Drawing;
using Roomcast.Egress.Worker.Native;

namespace Roomcast.Egress.Worker.Picture;

/// <summary>Puts pictures into their places, scaled and turned upright.</summary>
internal sealed class TilePainter : IDisposable
{
    private readonly Dictionary<(int Width, int Height), AvFrame> _scaled = [];

    /// <summary>Draws a track's picture into a tile.</summary>
    /// <returns>False when it cannot be scaled; the tile is then as it was.</returns>
    public bool Paint(AvFrame canvas, PlacedTile tile, VideoTrack track)
    {
        var picture = track.Shown!;
        var isSideways = track.Rotation is 90 or 270;
        var (width, height) = isSideways ? (picture.Height, picture.Width) : (picture.Width, picture.Height);
        var isWhole = tile.IsFitted || IsTooHighFor(tile.Area, width, height);
        var area = isWhole ? TileArea.Fit(tile.Area, width, height) : tile.Area;
        var upright = isWhole ? new TileArea(0, 0, width, height) : CutTo(width, height, area);
        var crop = isSideways ? new TileArea(upright.Top, upright.Left, upright.Height, upright.Width) : upright;
        if (area != tile.Area)
        {
            Fill(canvas, tile.Area, Colours.Tile);
        }

        // The library writes in steps of its vectors, beyond the width it is asked for: never straight into the canvas, where the
        // next tile begins. Letters on a screen want the better method; faces do not, and cameras bring many more pictures.
        var scaled = isSideways ? ScaledOf(area.Height, area.Width) : ScaledOf(area.Width, area.Height);
        var flags = tile.IsFitted ? LibSwScale.Bicubic : LibSwScale.Bilinear;
        if (!track.Scaler.Scale(picture, crop, scaled, flags))
        {
            return false;
        }

        for (var plane = 0; plane < 3; plane++)
        {
            Put(scaled, canvas, plane, area, track.Rotation);
        }

        return true;
    }

    /// <summary>Fills part of a picture with a colour.</summary>
    public static void Fill(AvFrame canvas, TileArea area, int rgb)
    {
        var (y, u, v) = Colours.ToYuv(rgb);
        for (var plane = 0; plane < 3; plane++)
        {
            var shift = plane == 0 ? 0 : 1;
            for (var row = area.Top >> shift; row < area.Bottom >> shift; row++)
            {
                canvas.Row(plane, row, area.Left >> shift, area.Width >> shift).Fill(plane == 0 ? y : plane == 1 ? u : v);
            }
        }
    }

    /// <summary>Copies a whole picture onto another of its size.</summary>
    public static void Copy(AvFrame source, AvFrame target)
    {
        for (var plane = 0; plane < 3; plane++)
        {
            var shift = plane == 0 ? 0 : 1;
            for (var row = 0; row < source.Height >> shift; row++)
            {
                source.Row(plane, row, 0, source.Width >> shift).CopyTo(target.Row(plane, row, 0, source.Width >> shift));
            }
        }
    }

    public void Dispose()
    {
        foreach (var picture in _scaled.Values)
        {
            picture.Dispose();
        }
    }

    /// <summary>Whether more than half of a picture's height would be cut away, and with it the head of who holds a phone upright.</summary>
    private static bool IsTooHighFor(TileArea area, int width, int height) => (long)height * area.Width > 2L * width * area.Height;

    /// <summary>The middle of a picture, as much of it as has the area's proportions.</summary>
    private static TileArea CutTo(int width, int height, TileArea area)
    {
        // Pictures of odd size have a last column or row that is half as fine in colour; it is left off.
        var whole = new TileArea(0, 0, Math.Max(2, width & ~1), Math.Max(2, height & ~1));
        return width < 2 || height < 2 ? new TileArea(0, 0, width, height) : TileArea.Fit(whole, area.Width, area.Height);
    }

    private static void Put(AvFrame source, AvFrame target, int plane, TileArea area, int rotation)
    {
        var shift = plane == 0 ? 0 : 1;
        var (width, height) = (area.Width >> shift, area.Height >> shift);
        for (var y = 0; y < height; y++)
        {
            var row = target.Row(plane, (area.Top >> shift) + y, area.Left >> shift, width);
            switch (rotation)
            {
                case 90 or 270:
                    for (var x = 0; x < width; x++)
                    {
                        row[x] = rotation == 90 ? source.Row(plane, width - 1 - x, y, 1)[0] : source.Row(plane, x, height - 1 - y, 1)[0];
                    }

                    break;
                case 180:
                    source.Row(plane, height - 1 - y, 0, width).CopyTo(row);
                    row.Reverse();
                    break;
                default:
                    source.Row(plane, y, 0, width).CopyTo(row);
                    break;
            }
        }
    }

    private AvFrame ScaledOf(int width, int height)
    {
        if (!_scaled.TryGetValue((width, height), out var picture))
        {
            // A few sizes are in use at a time; those of layouts long gone are not kept.
            if (_scaled.Count == SceneArrangement.MaxTiles)
            {
                Dispose();
                _scaled.Clear();
            }

            picture = AvFrame.OfPicture(width, height);
            _scaled.Add((width, height), picture);
        }

        return picture;
    }
}
