namespace Roomcast.TestKit.Video;

/// <summary>What one picture of the clock says.</summary>
/// <param name="Counter">Frames since the source began.</param>
/// <param name="WallMs">The wall clock when the picture was made: milliseconds since 1970, modulo 2^32.</param>
public readonly record struct PictureStamp(uint Counter, uint WallMs)
{
    /// <summary>The wall clock as it stands in stamps.</summary>
    public static uint WallNow(TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(time);
        return unchecked((uint)time.GetUtcNow().ToUnixTimeMilliseconds());
    }

    /// <summary>Milliseconds from this stamp to another moment of the wall clock.</summary>
    public int AgeMs(uint wallMs) => unchecked((int)(wallMs - WallMs));
}

/// <summary>
/// A clock burned into pictures as black and white blocks, which live through any codec: a row with the wall clock, a row
/// with a frame counter, a flash in the lower half at whole multiples of <see cref="FlashEvery"/>, and something that moves.
/// </summary>
/// <remarks>
/// Each row holds 32 bits, the highest first, and 8 bits of checksum, in <see cref="Columns"/> blocks over the whole width;
/// a block is <see cref="Rows"/> to the height. The browser tests read the same with a canvas (picture-clock.mjs).
/// </remarks>
public static class PictureClock
{
    /// <summary>Blocks in a row.</summary>
    public const int Columns = 40;

    /// <summary>Blocks that would fill the height.</summary>
    public const int Rows = 20;

    /// <summary>Media time between two flashes.</summary>
    public static readonly TimeSpan FlashEvery = TimeSpan.FromSeconds(2);

    private const byte Black = 16;
    private const byte White = 235;
    private const int Threshold = 126;
    private const int FlashFrames = 2;

    /// <summary>Draws one gray picture. Width is to be a multiple of <see cref="Columns"/> and height of <see cref="Rows"/>.</summary>
    public static void Draw(Span<byte> gray, int width, int height, PictureStamp stamp, bool isFlash)
    {
        for (var y = 0; y < height; y++)
        {
            var line = gray.Slice(y * width, width);
            if (y >= height / 2)
            {
                line.Fill(isFlash ? White : (byte)(40 + (((y >> 3) + (int)stamp.Counter) & 31)));
            }
            else
            {
                for (var x = 0; x < width; x++)
                {
                    line[x] = (byte)(40 + (((x + y + (3 * (int)stamp.Counter)) >> 2) & 63));
                }
            }
        }

        DrawRow(gray, width, height, 0, stamp.WallMs);
        DrawRow(gray, width, height, 1, stamp.Counter);
    }

    /// <summary>Draws the pictures of counters from 0 on, one after the other: 8 bits of gray for each pixel, and 0 for the wall clock.</summary>
    public static async Task DrawAllAsync(Stream output, int width, int height, int count, int framesPerSecond)
    {
        ArgumentNullException.ThrowIfNull(output);
        var gray = new byte[width * height];
        for (var counter = 0u; counter < count; counter++)
        {
            Draw(gray, width, height, new PictureStamp(counter, 0), IsFlash(counter, framesPerSecond));
            await output.WriteAsync(gray);
        }
    }

    /// <summary>Whether the frame of a counter flashes, at a whole number of frames per second.</summary>
    public static bool IsFlash(uint counter, int framesPerSecond) =>
        counter % (uint)(framesPerSecond * FlashEvery.TotalSeconds) < FlashFrames;

    /// <summary>Reads a gray picture of any size; false when the blocks make no sense.</summary>
    public static bool TryRead(ReadOnlySpan<byte> gray, int width, int height, out PictureStamp stamp)
    {
        var isRead = TryReadRow(gray, width, height, 0, out var wallMs) & TryReadRow(gray, width, height, 1, out var counter);
        stamp = new PictureStamp(counter, wallMs);
        return isRead;
    }

    /// <summary>Whether a gray picture flashes.</summary>
    public static bool ReadsFlash(ReadOnlySpan<byte> gray, int width, int height)
    {
        long sum = 0;
        var lower = gray[(width * (height * 3 / 4))..];
        foreach (var each in lower)
        {
            sum += each;
        }

        return sum / lower.Length > 170;
    }

    private static byte ChecksumOf(uint value) => (byte)(0xA5 ^ value ^ (value >> 8) ^ (value >> 16) ^ (value >> 24));

    private static void DrawRow(Span<byte> gray, int width, int height, int row, uint value)
    {
        var bits = ((ulong)value << 8) | ChecksumOf(value);
        var (blockWidth, blockHeight) = (width / Columns, height / Rows);
        for (var column = 0; column < Columns; column++)
        {
            var shade = ((bits >> (Columns - 1 - column)) & 1) == 1 ? White : Black;
            for (var y = row * blockHeight; y < (row + 1) * blockHeight; y++)
            {
                gray.Slice((y * width) + (column * blockWidth), blockWidth).Fill(shade);
            }
        }
    }

    private static bool TryReadRow(ReadOnlySpan<byte> gray, int width, int height, int row, out uint value)
    {
        ulong bits = 0;
        var (blockWidth, blockHeight) = ((double)width / Columns, (double)height / Rows);
        for (var column = 0; column < Columns; column++)
        {
            var sum = 0;
            var count = 0;
            for (var y = (int)((row + 0.3) * blockHeight); y < (int)((row + 0.7) * blockHeight); y++)
            {
                for (var x = (int)((column + 0.3) * blockWidth); x < (int)((column + 0.7) * blockWidth); x++)
                {
                    sum += gray[(y * width) + x];
                    count++;
                }
            }

            bits = (bits << 1) | (sum > Threshold * count ? 1UL : 0UL);
        }

        value = (uint)(bits >> 8);
        return (byte)bits == ChecksumOf(value);
    }
}
