using System.Diagnostics;
using System.Globalization;
using Roomcast.Egress.Composition.Layouts;

namespace Roomcast.Interop.Meetings;

/// <summary>Reads the name on a tile of a composed picture: which of some names, set by FFmpeg in the same face, looks most like it.</summary>
internal sealed class NameLabels
{
    private const string Face = "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf";

    private readonly Dictionary<(string Name, int Size), (int Width, int Height, byte[] Gray)> _drawn = [];
    private readonly IReadOnlyList<string> _names;

    private NameLabels(IReadOnlyList<string> names) => _names = names;

    /// <summary>Sets names in the sizes that tiles of 1280 by 720 have.</summary>
    public static async Task<NameLabels> DrawAsync(params IReadOnlyList<string> names)
    {
        var labels = new NameLabels(names);
        foreach (var name in names)
        {
            foreach (var size in (int[])[14, 22])
            {
                labels._drawn[(name, size)] = await DrawAsync(name, size);
            }
        }

        return labels;
    }

    /// <summary>Each name with how much the tile's label looks like it, -1 to 1; the one that looks most like it first.</summary>
    /// <param name="gray">The whole picture.</param>
    /// <param name="width">Its pixels in a row.</param>
    /// <param name="tile">The tile.</param>
    public IReadOnlyList<(string Name, double Likeness)> Read(byte[] gray, int width, TileArea tile)
    {
        // A label stands at the tile's left, below, and is not twice as high as its letters.
        var (left, right) = (tile.Left + 6, Math.Min(tile.Right, tile.Left + 150));
        var top = Math.Max(tile.Top, tile.Bottom - 56);
        return
        [
            .. _names
                .Select(name => (name, _drawn.Where(pair => pair.Key.Name == name).Max(pair => Best(pair.Value))))
                .OrderByDescending(pair => pair.Item2),
        ];

        double Best((int Width, int Height, byte[] Gray) letters)
        {
            var best = -1.0;
            for (var y = top; y + letters.Height <= tile.Bottom; y++)
            {
                for (var x = left; x + letters.Width <= right; x++)
                {
                    best = Math.Max(best, Likeness(gray, (y * width) + x, width, letters));
                }
            }

            return best;
        }
    }

    /// <summary>How much an area of a picture looks, where it does most, like a text of one line: -1 to 1.</summary>
    /// <param name="text">The text: letters and spaces.</param>
    /// <param name="size">Height of its em, in pixels.</param>
    /// <param name="gray">The whole picture.</param>
    /// <param name="width">Its pixels in a row.</param>
    /// <param name="area">Where to look.</param>
    public static async Task<double> LikenessAsync(string text, int size, byte[] gray, int width, TileArea area)
    {
        var letters = await DrawAsync(text, size, area.Width + 64, area.Height + 64);
        return
        (
            from y in Enumerable.Range(area.Top, Math.Max(1, area.Height - letters.Height))
            from x in Enumerable.Range(area.Left, Math.Max(1, area.Width - letters.Width))
            select Likeness(gray, (y * width) + x, width, letters)
        ).Max();
    }

    /// <summary>The correlation of two pictures of one size.</summary>
    private static double Likeness(byte[] gray, int start, int stride, (int Width, int Height, byte[] Gray) letters)
    {
        var (sumA, sumB, sumAA, sumBB, sumAB) = (0L, 0L, 0L, 0L, 0L);
        for (var y = 0; y < letters.Height; y++)
        {
            for (var x = 0; x < letters.Width; x++)
            {
                long a = gray[start + (y * stride) + x];
                long b = letters.Gray[(y * letters.Width) + x];
                (sumA, sumB, sumAA, sumBB, sumAB) = (sumA + a, sumB + b, sumAA + (a * a), sumBB + (b * b), sumAB + (a * b));
            }
        }

        double count = letters.Width * letters.Height;
        var spread = Math.Sqrt((sumAA - (sumA * sumA / count)) * (sumBB - (sumB * sumB / count)));
        return spread < 1 ? -1 : (sumAB - (sumA * sumB / count)) / spread;
    }

    /// <summary>The name in white on black, with two dark columns at each side: a name is not part of another.</summary>
    private static async Task<(int Width, int Height, byte[] Gray)> DrawAsync(string name, int size, int width = 256, int height = 64)
    {
        const int Side = 2;
        using var ffmpeg = Process.Start(new ProcessStartInfo("ffmpeg",
        [
            "-v", "error", "-nostdin", "-f", "lavfi", "-i", $"color=black:s={width}x{height}", "-vf",
            string.Create(CultureInfo.InvariantCulture, $"drawtext=fontfile={Face}:text={name}:fontsize={size}:fontcolor=white:x=16:y=16,format=gray"),
            "-frames:v", "1", "-f", "rawvideo", "pipe:1",
        ])
        {
            RedirectStandardOutput = true,
        })!;
        var pixels = new byte[width * height];
        await ffmpeg.StandardOutput.BaseStream.ReadExactlyAsync(pixels);
        await ffmpeg.WaitForExitAsync();
        var lit = Enumerable.Range(0, pixels.Length).Where(at => pixels[at] > 100).ToList();
        Assert.NotEmpty(lit);
        var (left, right) = (lit.Min(at => at % width) - Side, lit.Max(at => at % width) + Side);
        var (top, bottom) = (lit.Min(at => at / width), lit.Max(at => at / width));
        var cut = new byte[(right - left + 1) * (bottom - top + 1)];
        for (var y = top; y <= bottom; y++)
        {
            pixels.AsSpan((y * width) + left, right - left + 1).CopyTo(cut.AsSpan((y - top) * (right - left + 1)));
        }

        return (right - left + 1, bottom - top + 1, cut);
    }
}
