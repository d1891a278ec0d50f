namespace Roomcast.Egress.Composition.Layouts;

/// <summary>A large tile with a strip of small ones at its right, or below it.</summary>
internal readonly record struct StripShape(TileArea Whole, int Gap, bool IsAtSide, int Width, int Height)
{
    /// <summary>Most small tiles that there is room for, 1 or more.</summary>
    public int Capacity => Math.Max(1, IsAtSide ? (Whole.Height - Gap) / (Height + Gap) : (Whole.Width - Gap) / (Width + Gap));

    public static StripShape Of(TileArea whole, int gap)
    {
        if (whole.Width > whole.Height)
        {
            var width = TileArea.Even(whole.Width / 5);
            return new StripShape(whole, gap, IsAtSide: true, width, Math.Min(TileArea.Even(width * 9 / 16), TileArea.Even(whole.Height - (2 * gap))));
        }

        // Square tiles below a portrait picture, 4:3 below a square one.
        var isPortrait = whole.Height * 5 > whole.Width * 6;
        var height = TileArea.Even(Math.Min(whole.Height, whole.Width * 3 / 2) / (isPortrait ? 6 : 5));
        return new StripShape(whole, gap, IsAtSide: false, isPortrait ? height : TileArea.Even(height * 4 / 3), height);
    }

    /// <summary>Where the large tile is: a screen has all the room, a camera not more width than 16:9.</summary>
    public TileArea Main(bool isScreen)
    {
        var room = IsAtSide
            ? new TileArea(Gap, Gap, Whole.Width - Width - (3 * Gap), TileArea.Even(Whole.Height - (2 * Gap)))
            : new TileArea(Gap, Gap, TileArea.Even(Whole.Width - (2 * Gap)), Whole.Height - Height - (3 * Gap));
        return !isScreen && room.Width * 9 > room.Height * 16 ? TileArea.Fit(room, 16, 9) : room;
    }

    /// <summary>Where a small tile is; together they stand in the middle of the strip.</summary>
    public TileArea Tile(int index, int count) => IsAtSide
        ? new TileArea(Whole.Width - Width - Gap, TileArea.Even((Whole.Height - (count * (Height + Gap)) + Gap) / 2) + (index * (Height + Gap)), Width, Height)
        : new TileArea(TileArea.Even((Whole.Width - (count * (Width + Gap)) + Gap) / 2) + (index * (Width + Gap)), Whole.Height - Height - Gap, Width, Height);
}
