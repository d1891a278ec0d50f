using System.Globalization;
using System.Text;
using Roomcast.Egress.Composition.Layouts;
using Roomcast.Egress.Worker.Drawing;

namespace Roomcast.Egress.Worker.Picture;

/// <summary>What a label says.</summary>
internal readonly record struct LabelText(string Name, bool IsMuted, bool IsScreen, int Size, int Widest);

/// <summary>What an avatar shows on a tile of a size: somebody's picture, else their initials.</summary>
internal readonly record struct AvatarText(string PeerId, string Name, Raster? Picture, int Width, int Height);

/// <summary>Draws what lies on tiles, and keeps it while it is in use.</summary>
internal sealed class TileLook : IDisposable
{
    /// <summary>The radius of an avatar as a share of its tile's shorter side.</summary>
    private const double AvatarRadius = 0.23;

    private readonly Lettering _lettering = new();
    private Dictionary<object, Overlay> _kept = [];
    private Dictionary<object, Overlay> _used = [];

    /// <summary>How many pixels wide and high somebody's picture is on the largest tile.</summary>
    public static int AvatarSide(int width, int height) => (int)Math.Ceiling(Math.Min(width, height) * AvatarRadius * 2);

    /// <summary>How large the letters on a tile are, in pixels.</summary>
    /// <param name="area">The tile.</param>
    /// <param name="pictureSide">The shorter side of the whole picture.</param>
    public static int LetterSize(TileArea area, int pictureSide)
    {
        // Of the tile, but neither smaller than can be read nor larger than a title.
        var smallest = Math.Clamp(pictureSide / 50, 10, 14);
        return Math.Clamp(Math.Min(area.Height / 14, area.Width / 16), smallest, Math.Max(smallest, pictureSide / 32));
    }

    /// <summary>What was not asked for since the last call is forgotten.</summary>
    public void Sweep()
    {
        (_kept, _used) = (_used, _kept);
        _used.Clear();
    }

    /// <summary>A label with a name and marks; null when there is nothing to say, or no room.</summary>
    public Overlay? Label(LabelText text)
    {
        var shows = text.IsMuted || text.IsScreen || _lettering.HasLetters(text.Name);
        return shows && text.Widest >= text.Size * 2 ? Keep(text, () => DrawLabel(text)) : null;
    }

    /// <summary>A circle with somebody's picture, or their initials, and where it goes on their tile.</summary>
    public (Overlay Overlay, int Left, int Top) Avatar(AvatarText text)
    {
        var (left, top, _) = CircleOf(text);
        return (Keep(text, () => DrawAvatar(text)), left, top);
    }

    /// <summary>What an empty stage says; null when that is nothing.</summary>
    public Overlay? Slate(string text, int width, int height) =>
        _lettering.HasLetters(text) ? Keep((text, width, height), () => DrawSlate(text, width, height)) : null;

    public void Dispose() => _lettering.Dispose();

    private Overlay Keep<TKey>(TKey key, Func<Raster> draw)
        where TKey : struct
    {
        if (!_used.TryGetValue(key, out var overlay))
        {
            overlay = _kept.TryGetValue(key, out var kept) ? kept : Overlay.Of(draw());
            _used[key] = overlay;
        }

        return overlay;
    }

    private Raster DrawLabel(LabelText text)
    {
        var size = text.Size;
        var padding = (int)Math.Round(size * 0.55);
        var mark = (int)Math.Round(size * 1.05);
        var marks = (text.IsMuted ? 1 : 0) + (text.IsScreen ? 1 : 0);
        var room = text.Widest - (2 * padding) - (marks * (mark + (padding / 2)));
        var hasName = _lettering.HasLetters(text.Name) && room >= size * 2;
        var nameWidth = hasName ? _lettering.WidthOf(text.Name, size, room) : 0;
        var width = (2 * padding) + (marks * mark) + (Math.Max(0, marks - 1 + (hasName ? 1 : 0)) * (padding / 2)) + nameWidth;
        var height = (int)Math.Round(size * 1.75);
        var raster = new Raster(width, height);
        raster.FillRound(0, 0, width, height, Math.Min(height / 2.0, size * 0.5), Colours.Label, 0.72);
        var left = padding;
        if (text.IsMuted)
        {
            DrawMuted(raster, left + (mark / 2.0), height / 2.0, mark);
            left += mark + (padding / 2);
        }

        if (text.IsScreen)
        {
            DrawScreen(raster, left + (mark / 2.0), height / 2.0, mark);
            left += mark + (padding / 2);
        }

        if (hasName)
        {
            // Capitals, which are 0.73 of the em high, stand in the middle.
            _lettering.Draw(raster, text.Name, left, (int)Math.Round((height + (size * 0.73)) / 2), size, room, Colours.Letters);
        }

        return raster;
    }

    /// <summary>A microphone, struck through.</summary>
    private static void DrawMuted(Raster raster, double x, double y, double size)
    {
        var line = Math.Max(1.2, size * 0.11);
        raster.DrawLine(x, y - (size * 0.26), x, y + (size * 0.02), size * 0.32, Colours.Muted);
        raster.DrawBow(x, y + (size * 0.02), size * 0.29, line, Colours.Muted);
        raster.DrawLine(x, y + (size * 0.31), x, y + (size * 0.46), line, Colours.Muted);
        raster.DrawLine(x - (size * 0.38), y - (size * 0.44), x + (size * 0.38), y + (size * 0.44), line * 2.4, Colours.Label);
        raster.DrawLine(x - (size * 0.38), y - (size * 0.44), x + (size * 0.38), y + (size * 0.44), line, Colours.Muted);
    }

    /// <summary>A screen on its foot.</summary>
    private static void DrawScreen(Raster raster, double x, double y, double size)
    {
        var line = Math.Max(1.2, size * 0.1);
        raster.DrawRound(x - (size * 0.48), y - (size * 0.4), size * 0.96, size * 0.64, size * 0.1, line, Colours.Letters);
        raster.DrawLine(x, y + (size * 0.24), x, y + (size * 0.38), line, Colours.Letters);
        raster.DrawLine(x - (size * 0.22), y + (size * 0.4), x + (size * 0.22), y + (size * 0.4), line, Colours.Letters);
    }

    /// <summary>The square around an avatar's circle, even in place and size: where on its tile, and how large.</summary>
    private static (int Left, int Top, int Side) CircleOf(AvatarText text)
    {
        var side = (AvatarSide(text.Width, text.Height) + 4) & ~1;
        return (((text.Width - side) / 2) & ~1, ((text.Height - side) / 2) & ~1, side);
    }

    private Raster DrawAvatar(AvatarText text)
    {
        var (left, top, around) = CircleOf(text);
        var raster = new Raster(around, around);
        var radius = Math.Min(text.Width, text.Height) * AvatarRadius;
        var (x, y) = ((text.Width / 2.0) - left, (text.Height / 2.0) - top);
        var side = AvatarSide(text.Width, text.Height);
        if (text.Picture?.ScaledTo(side, side) is { } picture)
        {
            raster.DrawInCircle(picture, x, y, radius);
            return raster;
        }

        raster.FillCircle(x, y, radius, Colours.OfAvatar(text.PeerId));
        var initials = InitialsOf(text.Name);
        if (_lettering.HasLetters(initials))
        {
            var size = Math.Max(8, (int)Math.Round(radius * 0.82));
            var width = _lettering.WidthOf(initials, size, side);
            _lettering.Draw(raster, initials, (int)Math.Round(x - (width / 2.0)), (int)Math.Round(y + (size * 0.365)), size, side, Colours.Letters);
        }

        return raster;
    }

    private Raster DrawSlate(string text, int width, int height)
    {
        var size = Math.Max(14, Math.Min(width, height) / 16);
        var widest = width - (2 * size);
        var textWidth = _lettering.WidthOf(text, size, widest);
        var raster = new Raster(Math.Max(2, textWidth + 2), (int)Math.Ceiling(_lettering.AscentOf(size) + _lettering.DescentOf(size)) + 2);
        _lettering.Draw(raster, text, 1, (int)Math.Ceiling(_lettering.AscentOf(size)), size, widest, Colours.Letters);
        return raster;
    }

    /// <summary>The first letter of the first word and of the last, as capitals, as far as they can be drawn.</summary>
    private string InitialsOf(string name)
    {
        var words = name.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)
            .Select(word => word.EnumerateRunes().Where(Rune.IsLetterOrDigit).Where(_lettering.Has).Take(1).Select(Rune.ToUpperInvariant).ToList())
            .Where(static letters => letters.Count > 0)
            .Select(static letters => letters[0].ToString())
            .ToList();
        return words.Count < 2 ? string.Concat(words) : string.Create(CultureInfo.InvariantCulture, $"{words[0]}{words[^1]}");
    }
}
