using Roomcast.Egress.Worker.Native;

namespace Roomcast.Egress.Worker.Drawing;

/// <summary>Reads pictures from files: PNG and JPEG.</summary>
internal static class PictureFile
{
    /// <summary>Longest file that is read: 20 MB.</summary>
    public const long MaxBytes = 20_000_000;

    /// <summary>Most pixels in width and in height.</summary>
    public const int MaxSide = 4_096;

    private static ReadOnlySpan<byte> PngSignature => [0x89, (byte)'P', (byte)'N', (byte)'G'];

    private static ReadOnlySpan<byte> JpegSignature => [0xFF, 0xD8, 0xFF];

    /// <summary>Reads a picture.</summary>
    /// <param name="file">Its path.</param>
    /// <returns>The picture as it is stored; null when it cannot be had, is too large, or is of another kind. Dispose of it.</returns>
    public static AvFrame? Read(string file)
    {
        byte[] bytes;
        try
        {
            using var stream = File.OpenRead(file);
            if (stream.Length is 0 or > MaxBytes)
            {
                return null;
            }

            bytes = new byte[stream.Length];
            stream.ReadExactly(bytes);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            return null;
        }

        return Decode(bytes);
    }

    /// <summary>Reads a picture that fills a size: its middle, as much as has those proportions.</summary>
    public static Raster? ReadToFill(string file, int width, int height)
    {
        using var picture = Read(file);
        if (picture is null)
        {
            return null;
        }

        // The whole is scaled so that it covers the size, and what sticks out is left off.
        var factor = Math.Max((double)width / picture.Width, (double)height / picture.Height);
        var scaled = Scale(picture, Math.Max(width, (int)Math.Round(picture.Width * factor)), Math.Max(height, (int)Math.Round(picture.Height * factor)));
        return scaled is null ? null : Cut(scaled, width, height);
    }

    /// <summary>Reads a picture at a size; a side of 0 follows from the other, and both from the picture.</summary>
    /// <param name="file">Its path.</param>
    /// <param name="width">Pixels, or 0.</param>
    /// <param name="height">Pixels, or 0.</param>
    /// <param name="widest">Most pixels in width; what is larger is made smaller as a whole.</param>
    /// <param name="highest">Most pixels in height.</param>
    public static Raster? ReadAt(string file, int width, int height, int widest, int highest)
    {
        using var picture = Read(file);
        if (picture is null)
        {
            return null;
        }

        (double w, double h) = (width, height) switch
        {
            (0, 0) => ((double)picture.Width, (double)picture.Height),
            (0, _) => ((double)height * picture.Width / picture.Height, (double)height),
            (_, 0) => ((double)width, (double)width * picture.Height / picture.Width),
            _ => ((double)width, (double)height),
        };
        var factor = Math.Min(1, Math.Min(widest / w, highest / h));
        return Scale(picture, Math.Max(1, (int)Math.Round(w * factor)), Math.Max(1, (int)Math.Round(h * factor)));
    }

    private static AvFrame? Decode(byte[] bytes)
    {
        var isPng = bytes.AsSpan().StartsWith(PngSignature);
        if (!isPng && !bytes.AsSpan().StartsWith(JpegSignature))
        {
            return null;
        }

        using var decoder = AvCodecContext.OpenDecoder(isPng ? "png" : "mjpeg", [("threads", "1"), ("max_pixels", $"{MaxSide * MaxSide}")]);
        using var packet = new AvPacket();
        packet.Fill(bytes);
        var frame = new AvFrame();
        if (decoder.Send(packet) >= 0 && decoder.SendEnd(isEncoder: false) >= 0 && decoder.Receive(frame) >= 0
            && frame.Width is > 0 and <= MaxSide && frame.Height is > 0 and <= MaxSide)
        {
            return frame;
        }

        frame.Dispose();
        return null;
    }

    private static Raster? Scale(AvFrame picture, int width, int height)
    {
        if (width > MaxSide || height > MaxSide)
        {
            return null;
        }

        using var scaler = new Scaler();
        var raster = new Raster(width, height);
        return scaler.ScaleToBgra(picture, raster.Bgra, width, height) ? raster : null;
    }

    private static Raster Cut(Raster whole, int width, int height)
    {
        var (left, top) = ((whole.Width - width) / 2, (whole.Height - height) / 2);
        var cut = new Raster(width, height);
        for (var y = 0; y < height; y++)
        {
            whole.Bgra.Slice((((top + y) * whole.Width) + left) * 4, width * 4).CopyTo(cut.Bgra[(y * width * 4)..]);
        }

        return cut;
    }
}
