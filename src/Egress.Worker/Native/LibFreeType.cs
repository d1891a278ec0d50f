using System.Runtime.InteropServices;

namespace Roomcast.Egress.Worker.Native;

/// <summary>The functions of FreeType that labels need, and the leading parts of its structures, which are part of its interface.</summary>
internal static unsafe partial class LibFreeType
{
    /// <summary>FT_LOAD_RENDER | FT_LOAD_TARGET_LIGHT: rendered, with hinting that keeps the letters' widths.</summary>
    public const int RenderLight = 0x4 | (1 << 16);

    /// <summary>FT_GLYPH_FORMAT_BITMAP, the letters "bits".</summary>
    public const uint BitmapFormat = 0x62_69_74_73;

    /// <summary>FT_PIXEL_MODE_GRAY: a byte for each pixel.</summary>
    public const byte GreyMode = 2;

    [LibraryImport(CodecLibraries.FreeType)]
    public static partial int FT_Init_FreeType(out nint library);

    [LibraryImport(CodecLibraries.FreeType)]
    public static partial int FT_Done_FreeType(nint library);

    [LibraryImport(CodecLibraries.FreeType, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int FT_New_Face(nint library, string file, nint index, out nint face);

    [LibraryImport(CodecLibraries.FreeType)]
    public static partial int FT_Done_Face(nint face);

    [LibraryImport(CodecLibraries.FreeType)]
    public static partial int FT_Set_Pixel_Sizes(nint face, uint width, uint height);

    [LibraryImport(CodecLibraries.FreeType)]
    public static partial uint FT_Get_Char_Index(nint face, nuint character);

    [LibraryImport(CodecLibraries.FreeType)]
    public static partial int FT_Load_Glyph(nint face, uint glyph, int flags);

    [LibraryImport(CodecLibraries.FreeType)]
    public static partial int FT_Get_Kerning(nint face, uint left, uint right, uint mode, out Vector vector);

    /// <summary>FT_Vector; in 64ths of a pixel.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct Vector
    {
        public CLong X;
        public CLong Y;
    }

    /// <summary>FT_FaceRec up to the glyph slot.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct Face
    {
        public CLong FaceCount;
        public CLong FaceIndex;
        public CLong FaceFlags;
        public CLong StyleFlags;
        public CLong GlyphCount;
        public nint FamilyName;
        public nint StyleName;
        public int FixedSizeCount;
        public nint FixedSizes;
        public int CharacterMapCount;
        public nint CharacterMaps;
        public nint GenericData;
        public nint GenericFinalizer;
        public CLong BoxLeft;
        public CLong BoxBottom;
        public CLong BoxRight;
        public CLong BoxTop;
        public ushort UnitsPerEm;
        public short Ascender;
        public short Descender;
        public short Height;
        public short MaxAdvanceWidth;
        public short MaxAdvanceHeight;
        public short UnderlinePosition;
        public short UnderlineThickness;
        public GlyphSlot* Glyph;
    }

    /// <summary>FT_GlyphSlotRec up to the bitmap's place.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct GlyphSlot
    {
        public nint Library;
        public nint Face;
        public nint Next;
        public uint GlyphIndex;
        public nint GenericData;
        public nint GenericFinalizer;
        public CLong Width;
        public CLong Height;
        public CLong HorizontalBearingX;
        public CLong HorizontalBearingY;
        public CLong HorizontalAdvance;
        public CLong VerticalBearingX;
        public CLong VerticalBearingY;
        public CLong VerticalAdvance;
        public CLong LinearHorizontalAdvance;
        public CLong LinearVerticalAdvance;
        public Vector Advance;
        public uint Format;
        public Bitmap Bitmap;
        public int BitmapLeft;
        public int BitmapTop;
    }

    /// <summary>FT_Bitmap.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct Bitmap
    {
        public uint Rows;
        public uint Width;
        public int Pitch;
        public byte* Buffer;
        public ushort GreyCount;
        public byte PixelMode;
        public byte PaletteMode;
        public nint Palette;
    }
}
