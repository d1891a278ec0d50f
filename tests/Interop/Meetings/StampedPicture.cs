using System.Diagnostics;
using Roomcast.Egress.Composition.Layouts;

namespace Roomcast.Interop.Meetings;

/// <summary>Reads pictures of a <see cref="StampedSource"/> out of a composed picture in YUV 4:2:0.</summary>
internal static class StampedPicture
{
    /// <summary>Stamps are milliseconds of the wall clock modulo this.</summary>
    public const int Modulus = 1 << 24;

    private const int Bits = 16;
    private const double FirstRow = 0.20;
    private const double RowHeight = 0.15;
    private const double ColourRow = 0.70;
    private const int Threshold = 126;
    private const int Near = 45;

    /// <summary>Where the two rows of a stamp are, as shares of the composed picture: left, top, width and height.</summary>
    public static double[] RowsOf(StampedPlace place, int width, int height)
    {
        var shown = place.Shown;
        return
        [
            shown.Left / width, (shown.Top + (FirstRow * shown.Height)) / height, shown.Width / width, 2 * RowHeight * shown.Height / height,
        ];
    }

    /// <summary>Reads the picture at a place.</summary>
    /// <param name="yuv">The three planes one behind the other.</param>
    /// <param name="width">Pixels, even.</param>
    /// <param name="height">Pixels, even.</param>
    /// <param name="place">Where to look, in pixels of this picture.</param>
    /// <param name="participant">Whose colour it must have.</param>
    /// <returns>The stamp; null when the place shows something else.</returns>
    public static int? Read(ReadOnlySpan<byte> yuv, int width, int height, StampedPlace place, int participant)
    {
        var shown = place.Shown;
        var (x, y) = ((int)(shown.Left + (shown.Width * 0.5)), (int)(shown.Top + (shown.Height * ColourRow)));
        var chroma = ((y / 2) * (width / 2)) + (x / 2);
        var (_, blue, red, _, _, _) = CodedPicture.Colours[participant];
        if (Math.Abs(yuv[(width * height) + chroma] - blue) > Near || Math.Abs(yuv[(width * height * 5 / 4) + chroma] - red) > Near)
        {
            return null;
        }

        var rows = (First: ReadRow(yuv, width, shown, 0), Second: ReadRow(yuv, width, shown, 1));
        var value = (rows.First << 8) | (rows.Second >> 8);
        return (rows.Second & 255) == (0xA5 ^ (value & 255) ^ ((value >> 8) & 255) ^ (value >> 16)) ? value : null;
    }

    /// <summary>Decodes each picture of a file or an address, as it is and once, and reads it.</summary>
    /// <param name="address">Where it is.</param>
    /// <param name="width">Pixels that pictures are scaled to.</param>
    /// <param name="height">Pixels likewise.</param>
    /// <param name="read">Reads one in YUV 4:2:0.</param>
    /// <param name="how">More arguments of FFmpeg, for what it writes.</param>
    public static async Task<IReadOnlyList<T>> DecodeAsync<T>(
        string address, int width, int height, Func<ReadOnlySpan<byte>, T> read, params IEnumerable<string> how)
    {
        using var ffmpeg = Process.Start(new ProcessStartInfo("ffmpeg",
        [
            "-hide_banner", "-nostats", "-nostdin", "-loglevel", "fatal", "-i", address, .. how,
            "-map", "0:v:0", "-fps_mode", "passthrough", "-vf", $"scale={width}:{height}:flags=area", "-f", "rawvideo", "-pix_fmt", "yuv420p", "pipe:1",
        ])
        {
            RedirectStandardOutput = true,
        })!;
        var pictures = new List<T>();
        var picture = new byte[width * height * 3 / 2];
        while (await ffmpeg.StandardOutput.BaseStream.ReadAtLeastAsync(picture, picture.Length, throwOnEndOfStream: false) == picture.Length)
        {
            pictures.Add(read(picture));
        }

        await ffmpeg.WaitForExitAsync();
        return pictures;
    }

    /// <summary>The stamps of a camera's own file, picture by picture; null where one cannot be read.</summary>
    public static Task<IReadOnlyList<int?>> ReadCameraAsync(string file, int participant)
    {
        var whole = new StampedPlace((0, 0, StampedSource.Width, StampedSource.Height), IsScreen: false);
        return DecodeAsync(file, StampedSource.Width, StampedSource.Height, yuv => Read(yuv, StampedSource.Width, StampedSource.Height, whole, participant));
    }

    /// <summary>The stamp of a picture that is drawn at a moment.</summary>
    public static int StampOf(DateTimeOffset moment) => (int)(moment.ToUnixTimeMilliseconds() % Modulus);

    /// <summary>Milliseconds from one stamp to another, less than half the modulus apart.</summary>
    public static int Between(int earlier, int later)
    {
        var step = (later - earlier) & (Modulus - 1);
        return step >= Modulus / 2 ? step - Modulus : step;
    }

    private static int ReadRow(ReadOnlySpan<byte> luma, int width, (double Left, double Top, double Width, double Height) shown, int row)
    {
        var y = (int)(shown.Top + (shown.Height * (FirstRow + ((row + 0.5) * RowHeight))));
        var value = 0;
        for (var bit = 0; bit < Bits; bit++)
        {
            var x = (int)(shown.Left + (shown.Width * (bit + 0.5) / Bits));
            var sum = luma[(y * width) + x] + luma[(y * width) + x - 1] + luma[((y - 1) * width) + x] + luma[((y + 1) * width) + x];
            value = (value << 1) | (sum > 4 * Threshold ? 1 : 0);
        }

        return value;
    }
}

/// <summary>A place in a composed picture at which a camera, cut to fill it, or a screen, fitted whole, is to be seen.</summary>
/// <param name="Area">Where, in pixels of the picture that is read.</param>
/// <param name="IsScreen">Whether it is a screen.</param>
internal sealed record StampedPlace((double Left, double Top, double Width, double Height) Area, bool IsScreen)
{
    /// <summary>Where the whole of the source's picture would be: outside of the place, where it is cut.</summary>
    public (double Left, double Top, double Width, double Height) Shown
    {
        get
        {
            var (sourceWidth, sourceHeight) = IsScreen ? (16.0, 9.0) : (4.0, 3.0);
            var (across, down) = (Area.Width / sourceWidth, Area.Height / sourceHeight);
            var scale = IsScreen ? Math.Min(across, down) : Math.Max(across, down);
            var (width, height) = (sourceWidth * scale, sourceHeight * scale);
            return (Area.Left + ((Area.Width - width) / 2), Area.Top + ((Area.Height - height) / 2), width, height);
        }
    }

    /// <summary>The place of a tile of a composition of 1280 by 720, in a picture of another width.</summary>
    public static StampedPlace Of(SceneTile tile, int width)
    {
        var scale = width / 1_280.0;
        return new StampedPlace(
            (tile.Area.Left * scale, tile.Area.Top * scale, tile.Area.Width * scale, tile.Area.Height * scale), tile.IsScreen);
    }
}
