using System.Runtime.InteropServices;
using Roomcast.Egress.Composition.Layouts;

namespace Roomcast.Egress.Worker.Native;

/// <summary>Owns an SwsContext, which is made anew whenever sizes or formats change. Owned by one thread.</summary>
internal sealed unsafe class Scaler : SafeHandle
{
    public Scaler()
        : base(0, ownsHandle: true)
    {
    }

    public override bool IsInvalid => handle == 0;

    /// <summary>Scales part of a YUV 4:2:0 picture into the whole of another.</summary>
    /// <param name="source">The picture.</param>
    /// <param name="crop">What of it; even in place.</param>
    /// <param name="target">Where to, in YUV 4:2:0.</param>
    /// <param name="flags">A method of <see cref="LibSwScale"/>.</param>
    /// <returns>False when the library cannot.</returns>
    public bool Scale(AvFrame source, TileArea crop, AvFrame target, int flags)
    {
        if (!Prepare(crop.Width, crop.Height, source.Format, target.Width, target.Height, LibAvUtil.Yuv420, flags))
        {
            return false;
        }

        var from = stackalloc byte*[4];
        for (var plane = 0; plane < 3; plane++)
        {
            var shift = plane == 0 ? 0 : 1;
            from[plane] = source.Planes[plane] + ((long)(crop.Top >> shift) * source.Strides[plane]) + (crop.Left >> shift);
        }

        from[3] = null;
        return LibSwScale.sws_scale(handle, from, source.Strides, 0, crop.Height, target.Planes, target.Strides) > 0;
    }

    /// <summary>Scales a whole picture of any format into memory.</summary>
    /// <param name="source">The picture.</param>
    /// <param name="bgra">Four bytes for each pixel: blue, green, red, alpha.</param>
    /// <param name="width">Pixels in a row.</param>
    /// <param name="height">Rows.</param>
    /// <returns>False when the library cannot.</returns>
    public bool ScaleToBgra(AvFrame source, Span<byte> bgra, int width, int height)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(bgra.Length, width * height * 4);
        var flags = width * 2 < source.Width ? LibSwScale.Area : LibSwScale.Bicubic;
        if (!Prepare(source.Width, source.Height, source.Format, width, height, LibAvUtil.Bgra, flags))
        {
            return false;
        }

        fixed (byte* start = bgra)
        {
            var to = stackalloc byte*[4] { start, null, null, null };
            var strides = stackalloc int[4] { width * 4, 0, 0, 0 };
            return LibSwScale.sws_scale(handle, source.Planes, source.Strides, 0, source.Height, to, strides) > 0;
        }
    }

    /// <summary>Scales a picture from memory into memory, both of four bytes for each pixel: blue, green, red, alpha.</summary>
    /// <param name="from">The picture.</param>
    /// <param name="fromWidth">Pixels in its row.</param>
    /// <param name="fromHeight">Its rows.</param>
    /// <param name="bgra">Where to.</param>
    /// <param name="width">Pixels in a row there.</param>
    /// <param name="height">Rows there.</param>
    /// <returns>False when the library cannot.</returns>
    public bool ScaleBgra(ReadOnlySpan<byte> from, int fromWidth, int fromHeight, Span<byte> bgra, int width, int height)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(from.Length, fromWidth * fromHeight * 4);
        ArgumentOutOfRangeException.ThrowIfLessThan(bgra.Length, width * height * 4);
        var flags = width * 2 < fromWidth ? LibSwScale.Area : LibSwScale.Bicubic;
        if (!Prepare(fromWidth, fromHeight, LibAvUtil.Bgra, width, height, LibAvUtil.Bgra, flags))
        {
            return false;
        }

        fixed (byte* source = from)
        fixed (byte* target = bgra)
        {
            var sources = stackalloc byte*[4] { source, null, null, null };
            var targets = stackalloc byte*[4] { target, null, null, null };
            var sourceStrides = stackalloc int[4] { fromWidth * 4, 0, 0, 0 };
            var targetStrides = stackalloc int[4] { width * 4, 0, 0, 0 };
            return LibSwScale.sws_scale(handle, sources, sourceStrides, 0, fromHeight, targets, targetStrides) > 0;
        }
    }

    protected override bool ReleaseHandle()
    {
        LibSwScale.sws_freeContext(handle);
        return true;
    }

    private bool Prepare(int sourceWidth, int sourceHeight, int sourceFormat, int width, int height, int format, int flags)
    {
        // The library frees the one given when it makes another.
        handle = LibSwScale.sws_getCachedContext(handle, sourceWidth, sourceHeight, sourceFormat, width, height, format, flags, 0, 0, null);
        return handle != 0;
    }
}
