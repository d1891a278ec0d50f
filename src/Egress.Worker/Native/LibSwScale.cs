using System.Runtime.InteropServices;

namespace Roomcast.Egress.Worker.Native;

/// <summary>The functions of libswscale that composing needs.</summary>
internal static unsafe partial class LibSwScale
{
    /// <summary>SWS_FAST_BILINEAR: for moving pictures.</summary>
    public const int FastBilinear = 1;

    /// <summary>SWS_BILINEAR.</summary>
    public const int Bilinear = 2;

    /// <summary>SWS_BICUBIC: for pictures that stand still, and text.</summary>
    public const int Bicubic = 4;

    /// <summary>SWS_AREA: for much smaller pictures.</summary>
    public const int Area = 32;

    [LibraryImport(CodecLibraries.SwScale)]
    public static partial nint sws_getCachedContext(
        nint context,
        int sourceWidth,
        int sourceHeight,
        int sourceFormat,
        int width,
        int height,
        int format,
        int flags,
        nint sourceFilter,
        nint filter,
        double* parameters);

    [LibraryImport(CodecLibraries.SwScale)]
    public static partial int sws_scale(
        nint context, byte** source, int* sourceStrides, int firstRow, int rows, byte** destination, int* strides);

    [LibraryImport(CodecLibraries.SwScale)]
    public static partial void sws_freeContext(nint context);
}
