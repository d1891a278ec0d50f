using System.Runtime.InteropServices;
using System.Text;

namespace Roomcast.Egress.Worker.Native;

/// <summary>A font, opened for drawing. Owned by one thread.</summary>
internal sealed unsafe class FontFace : SafeHandle
{
    private const int MaxSide = 4_096;

    private readonly nint _face;

    private FontFace(nint library, nint face)
        : base(0, ownsHandle: true)
    {
        SetHandle(library);
        _face = face;
    }

    public override bool IsInvalid => handle == 0;

    /// <summary>From the font's tallest letters to the line they stand on, and from there to its lowest, both over the size; about 0.93 and 0.24.</summary>
    public (double Ascent, double Descent) Extent
    {
        get
        {
            var face = (LibFreeType.Face*)_face;
            return ((double)face->Ascender / face->UnitsPerEm, -(double)face->Descender / face->UnitsPerEm);
        }
    }

    /// <summary>Opens a font file.</summary>
    /// <exception cref="CodecLibraryException">The file is no font, or the library is laid out differently than expected.</exception>
    public static FontFace Open(string file)
    {
        if (LibFreeType.FT_Init_FreeType(out var library) != 0)
        {
            throw new CodecLibraryException("FreeType could not be initialised.");
        }

        if (LibFreeType.FT_New_Face(library, file, 0, out var face) != 0)
        {
            _ = LibFreeType.FT_Done_FreeType(library);
            throw new CodecLibraryException($"{file} is no font that FreeType can read.");
        }

        var font = new FontFace(library, face);
        try
        {
            font.Probe();
            return font;
        }
        catch
        {
            font.Dispose();
            throw;
        }
    }

    /// <summary>Opens a font file; null when it is no font that can be used.</summary>
    public static FontFace? TryOpen(string file)
    {
        try
        {
            return Open(file);
        }
        catch (CodecLibraryException)
        {
            return null;
        }
    }

    /// <summary>Sets how large glyphs are drawn: the height of the em in pixels.</summary>
    /// <returns>False when the font has no such size.</returns>
    public bool SetSize(int pixels) => LibFreeType.FT_Set_Pixel_Sizes(_face, 0, (uint)pixels) == 0;

    /// <summary>The font's number for a character; 0 when it has none.</summary>
    public uint GlyphOf(Rune character) => LibFreeType.FT_Get_Char_Index(_face, (nuint)(uint)character.Value);

    /// <summary>From where a glyph begins to where the next does, in pixels of the size that was set.</summary>
    public int AdvanceOf(uint glyph)
    {
        var slot = Load(glyph);
        return slot is null ? 0 : ((int)slot->Advance.X.Value + 32) >> 6;
    }

    /// <summary>Draws a glyph of the size that was set.</summary>
    /// <param name="glyph">Its number in the font.</param>
    /// <param name="left">Columns from where it begins to the drawing's first.</param>
    /// <param name="top">Rows from the line it stands on up to the drawing's first.</param>
    /// <param name="width">Columns of the drawing.</param>
    /// <returns>How much of each pixel it covers, 0 to 255, row by row; empty when there is nothing to see.</returns>
    public byte[] Draw(uint glyph, out int left, out int top, out int width)
    {
        var slot = Load(glyph);
        if (slot is null || slot->Bitmap.PixelMode != LibFreeType.GreyMode || slot->Bitmap.Rows > MaxSide || slot->Bitmap.Width > MaxSide)
        {
            (left, top, width) = (0, 0, 0);
            return [];
        }

        (left, top, width) = (slot->BitmapLeft, slot->BitmapTop, (int)slot->Bitmap.Width);
        var coverage = new byte[slot->Bitmap.Rows * slot->Bitmap.Width];
        for (var row = 0; row < slot->Bitmap.Rows; row++)
        {
            new ReadOnlySpan<byte>(slot->Bitmap.Buffer + ((long)row * slot->Bitmap.Pitch), width).CopyTo(coverage.AsSpan(row * width));
        }

        return coverage;
    }

    /// <summary>By how many pixels two glyphs stand closer together (below zero) than each by itself would have it.</summary>
    public int KerningOf(uint left, uint right) =>
        LibFreeType.FT_Get_Kerning(_face, left, right, 0, out var vector) == 0 ? (int)vector.X.Value >> 6 : 0;

    protected override bool ReleaseHandle()
    {
        _ = LibFreeType.FT_Done_Face(_face);
        return LibFreeType.FT_Done_FreeType(handle) == 0;
    }

    /// <summary>Draws a letter, and looks whether every field that is used says what it must.</summary>
    private void Probe()
    {
        var face = (LibFreeType.Face*)_face;
        var glyph = GlyphOf(new Rune('H'));
        if (!SetSize(32) || face->UnitsPerEm is < 16 or > 16_384 || face->Ascender <= 0 || face->Descender > 0 || glyph == 0 || face->Glyph is null)
        {
            throw NotAsExpected();
        }

        var slot = Load(glyph);
        var isRight = slot is not null && slot->Library == handle && slot->Face == _face && slot->Format == LibFreeType.BitmapFormat
            && slot->Bitmap.PixelMode == LibFreeType.GreyMode && slot->Bitmap.Rows is > 12 and < 32 && slot->Bitmap.Width is > 8 and < 40
            && slot->BitmapTop is > 12 and < 32 && slot->Advance.X.Value is > 8 << 6 and < 40 << 6;
        if (!isRight)
        {
            throw NotAsExpected();
        }
    }

    /// <summary>What it gives is valid until the next call; null when the glyph cannot be drawn.</summary>
    private LibFreeType.GlyphSlot* Load(uint glyph) =>
        LibFreeType.FT_Load_Glyph(_face, glyph, LibFreeType.RenderLight) == 0 ? ((LibFreeType.Face*)_face)->Glyph : null;

    private static CodecLibraryException NotAsExpected() => new("FreeType does not answer as expected; names cannot be drawn.");
}
