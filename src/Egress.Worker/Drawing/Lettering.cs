using System.Globalization;
using System.Text;
using Roomcast.Egress.Worker.Native;

namespace Roomcast.Egress.Worker.Drawing;

/// <summary>Draws text in DejaVu Sans, which has Latin, Greek, Cyrillic and more. Owned by one thread.</summary>
/// <remarks>
/// Letters stand one after the other from left to right; scripts that join or turn letters are drawn without that. What the font
/// does not have is drawn as its sign for that, and left out where it is a symbol, as those of faces and flags.
/// </remarks>
internal sealed class Lettering : IDisposable
{
    /// <summary>Characters of a text that are looked at; far more than any tile has room for.</summary>
    private const int MaxCharacters = 256;

    private const int Ellipsis = 0x2026;

    private static readonly string[] Files =
    [
        "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf",
        "/usr/share/fonts/dejavu-sans-fonts/DejaVuSans.ttf",
        "/usr/share/fonts/dejavu/DejaVuSans.ttf",
        "/usr/share/fonts/TTF/DejaVuSans.ttf",
    ];

    private readonly FontFace _face;

    /// <summary>Opens the font.</summary>
    /// <exception cref="CodecLibraryException">It is not installed, or cannot be used.</exception>
    public Lettering() => _face = FontFace.Open(Files.FirstOrDefault(File.Exists)
        ?? throw new CodecLibraryException("The font DejaVu Sans was not found; composing needs it for names. On Debian and Ubuntu: apt-get install fonts-dejavu-core."));

    /// <summary>From the line that letters stand on to the top of the tallest, in pixels.</summary>
    public double AscentOf(int size) => _face.Extent.Ascent * size;

    /// <summary>From there to the lowest, in pixels.</summary>
    public double DescentOf(int size) => _face.Extent.Descent * size;

    /// <summary>Whether anything of a text can be drawn.</summary>
    public bool HasLetters(string text) => Drawable(text).Count > 0;

    /// <summary>How wide a text is, in pixels; at most <paramref name="widest"/> as it is shortened to that.</summary>
    public int WidthOf(string text, int size, int widest) => Lay(text, size, widest).Width;

    /// <summary>Draws a text; one that is too wide ends with an ellipsis.</summary>
    /// <param name="raster">Where to.</param>
    /// <param name="text">What.</param>
    /// <param name="left">Where it begins, in pixels.</param>
    /// <param name="baseline">The row its letters stand on.</param>
    /// <param name="size">Height of the em, in pixels.</param>
    /// <param name="widest">Widest it may be, in pixels.</param>
    /// <param name="rgb">Its colour.</param>
    public void Draw(Raster raster, string text, int left, int baseline, int size, int widest, int rgb)
    {
        foreach (var (glyph, x) in Lay(text, size, widest).Glyphs)
        {
            DrawGlyph(raster, glyph, left + x, baseline, rgb);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _face.Dispose();

    private (List<(uint Glyph, int X)> Glyphs, int Width) Lay(string text, int size, int widest)
    {
        var glyphs = new List<(uint Glyph, int X)>();
        if (!_face.SetSize(size))
        {
            return (glyphs, 0);
        }

        var x = 0;
        var ellipsis = _face.GlyphOf(new Rune(Ellipsis));
        var ellipsisWidth = AdvanceOf(ellipsis);
        var fitting = (Count: 0, Width: 0);
        foreach (var glyph in Drawable(text))
        {
            x += glyphs.Count == 0 ? 0 : _face.KerningOf(glyphs[^1].Glyph, glyph);
            glyphs.Add((glyph, x));
            x += AdvanceOf(glyph);
            if (x + ellipsisWidth <= widest)
            {
                fitting = (glyphs.Count, x);
            }
        }

        if (x <= widest)
        {
            return (glyphs, x);
        }

        glyphs.RemoveRange(fitting.Count, glyphs.Count - fitting.Count);
        glyphs.Add((ellipsis, fitting.Width));
        return (glyphs, Math.Min(widest, fitting.Width + ellipsisWidth));
    }

    private List<uint> Drawable(string text)
    {
        var glyphs = new List<uint>();
        foreach (var character in text.EnumerateRunes())
        {
            // Half a surrogate pair comes as U+FFFD.
            var category = Rune.GetUnicodeCategory(character);
            if (glyphs.Count == MaxCharacters || category is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.PrivateUse)
            {
                continue;
            }

            var glyph = Rune.IsWhiteSpace(character) ? _face.GlyphOf(new Rune(' ')) : _face.GlyphOf(character);
            if (glyph != 0 || Rune.IsLetterOrDigit(character))
            {
                glyphs.Add(glyph);
            }
        }

        return glyphs;
    }

    private int AdvanceOf(uint glyph) => _face.AdvanceOf(glyph);

    private void DrawGlyph(Raster raster, uint glyph, int x, int baseline, int rgb)
    {
        var coverage = _face.Draw(glyph, out var left, out var top, out var width);
        for (var i = 0; i < coverage.Length; i++)
        {
            raster.Blend(x + left + (i % width), baseline - top + (i / width), rgb, coverage[i] / 255.0);
        }
    }
}
