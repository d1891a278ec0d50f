using System.Globalization;
using System.Text;
using Roomcast.Egress.Worker.Native;

namespace Roomcast.Egress.Worker.Drawing;

/// <summary>Draws text in DejaVu Sans, which has Latin, Greek, Cyrillic and more, and in what else is installed for the rest. Owned by one thread.</summary>
/// <remarks>
/// Letters stand one after the other from left to right; scripts that join or turn letters are drawn without that. What no font
/// has is drawn as its sign for that, and left out where it is a symbol, as those of faces and flags.
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

    /// <summary>Fonts with the letters of East Asia, as Debian, Ubuntu and Fedora install them; used where they are.</summary>
    private static readonly string[] MoreFiles =
    [
        "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc",
        "/usr/share/fonts/google-noto-cjk/NotoSansCJK-Regular.ttc",
        "/usr/share/fonts/truetype/droid/DroidSansFallbackFull.ttf",
        "/usr/share/fonts/truetype/wqy/wqy-zenhei.ttc",
    ];

    private readonly FontFace[] _faces;

    /// <summary>Opens the font.</summary>
    /// <exception cref="CodecLibraryException">It is not installed, or cannot be used.</exception>
    public Lettering()
    {
        var file = Files.FirstOrDefault(File.Exists)
            ?? throw new CodecLibraryException("The font DejaVu Sans was not found; composing needs it for names. On Debian and Ubuntu: apt-get install fonts-dejavu-core.");
        _faces = [FontFace.Open(file), .. MoreFiles.Where(File.Exists).Take(1).Select(FontFace.TryOpen).OfType<FontFace>()];
    }

    /// <summary>From the line that letters stand on to the top of the tallest, in pixels.</summary>
    public double AscentOf(int size) => _faces[0].Extent.Ascent * size;

    /// <summary>From there to the lowest, in pixels.</summary>
    public double DescentOf(int size) => _faces[0].Extent.Descent * size;

    /// <summary>Whether anything of a text can be drawn.</summary>
    public bool HasLetters(string text) => Drawable(text).Count > 0;

    /// <summary>Whether a character can be drawn.</summary>
    public bool Has(Rune character) => GlyphOf(character).Glyph != 0;

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
        foreach (var (letter, x) in Lay(text, size, widest).Letters)
        {
            DrawLetter(raster, letter, left + x, baseline, rgb);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var face in _faces)
        {
            face.Dispose();
        }
    }

    private (List<(Letter Letter, int X)> Letters, int Width) Lay(string text, int size, int widest)
    {
        var letters = new List<(Letter Letter, int X)>();
        if (!_faces.All(face => face.SetSize(size)))
        {
            return (letters, 0);
        }

        var x = 0;
        var ellipsis = GlyphOf(new Rune(Ellipsis));
        var ellipsisWidth = ellipsis.Face.AdvanceOf(ellipsis.Glyph);
        var fitting = (Count: 0, Width: 0);
        foreach (var letter in Drawable(text))
        {
            x += letters.Count > 0 && letters[^1].Letter.Face == letter.Face ? letter.Face.KerningOf(letters[^1].Letter.Glyph, letter.Glyph) : 0;
            letters.Add((letter, x));
            x += letter.Face.AdvanceOf(letter.Glyph);
            if (x + ellipsisWidth <= widest)
            {
                fitting = (letters.Count, x);
            }
        }

        if (x <= widest)
        {
            return (letters, x);
        }

        letters.RemoveRange(fitting.Count, letters.Count - fitting.Count);
        letters.Add((ellipsis, fitting.Width));
        return (letters, Math.Min(widest, fitting.Width + ellipsisWidth));
    }

    private List<Letter> Drawable(string text)
    {
        var letters = new List<Letter>();
        foreach (var character in text.EnumerateRunes())
        {
            // Half a surrogate pair comes as U+FFFD.
            var category = Rune.GetUnicodeCategory(character);
            if (letters.Count == MaxCharacters || category is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.PrivateUse)
            {
                continue;
            }

            var letter = GlyphOf(Rune.IsWhiteSpace(character) ? new Rune(' ') : character);
            if (letter.Glyph != 0 || Rune.IsLetterOrDigit(character))
            {
                letters.Add(letter);
            }
        }

        return letters;
    }

    /// <summary>From the first font that has it; otherwise the first font's sign for what it does not have.</summary>
    private Letter GlyphOf(Rune character)
    {
        foreach (var face in _faces)
        {
            if (face.GlyphOf(character) is var glyph and not 0)
            {
                return new Letter(face, glyph);
            }
        }

        return new Letter(_faces[0], 0);
    }

    private static void DrawLetter(Raster raster, Letter letter, int x, int baseline, int rgb)
    {
        var coverage = letter.Face.Draw(letter.Glyph, out var left, out var top, out var width);
        for (var i = 0; i < coverage.Length; i++)
        {
            raster.Blend(x + left + (i % width), baseline - top + (i / width), rgb, coverage[i] / 255.0);
        }
    }

    private readonly record struct Letter(FontFace Face, uint Glyph);
}
