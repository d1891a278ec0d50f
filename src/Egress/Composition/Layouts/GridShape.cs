namespace Roomcast.Egress.Composition.Layouts;

/// <summary>Columns and rows of equal tiles.</summary>
internal readonly record struct GridShape(int Columns, int Rows, int Width, int Height)
{
    /// <summary>The shape whose tiles cover most. Tiles keep to proportions that cut little of a camera's picture.</summary>
    public static GridShape Best(TileArea whole, int gap, int count)
    {
        var best = Of(whole, gap, count, 1);
        for (var columns = 2; columns <= count; columns++)
        {
            var shape = Of(whole, gap, count, columns);
            if ((long)shape.Width * shape.Height > (long)best.Width * best.Height)
            {
                best = shape;
            }
        }

        return best;
    }

    private static GridShape Of(TileArea whole, int gap, int count, int columns)
    {
        var rows = (count + columns - 1) / columns;
        var width = Math.Max(2, TileArea.Even((whole.Width - (gap * (columns + 1))) / columns));
        var height = Math.Max(2, TileArea.Even((whole.Height - (gap * (rows + 1))) / rows));

        // From 4:3 to 16:9 in a wide picture; in a portrait one from 3:4, as phones send, to 4:3.
        var isPortrait = whole.Height > whole.Width;
        var (narrowest, widest) = isPortrait ? (3.0 / 4, 4.0 / 3) : (4.0 / 3, 16.0 / 9);
        var proportion = (double)width / height;
        if (proportion > widest)
        {
            width = Math.Max(2, TileArea.Even((int)(height * widest)));
        }
        else if (proportion < narrowest)
        {
            height = Math.Max(2, TileArea.Even((int)(width / narrowest)));
        }

        return new GridShape(columns, rows, width, height);
    }
}
