using System.Globalization;

namespace Roomcast.Egress.Composition;

/// <summary>What a composition is encoded as. Fixed for its life: whoever joins later takes it as it is.</summary>
public sealed record CompositionFormat
{
    private const int LeastSide = 128;
    private const int MostSide = 1_920;

    /// <summary>Width of the picture in pixels, even, 128 to 1,920; default 1,280.</summary>
    public int Width { get; init; } = 1_280;

    /// <summary>Height of the picture in pixels, even, 128 to 1,920; default 720. Higher than wide is portrait.</summary>
    public int Height { get; init; } = 720;

    /// <summary>Pictures per second, 10 to 60; default 30. Every one is made, whatever the inputs do.</summary>
    public int FrameRate { get; init; } = 30;

    /// <summary>Bits per second of the picture, 200,000 to 20,000,000; default 2,500,000.</summary>
    public int VideoBitrateBps { get; init; } = 2_500_000;

    /// <summary>From one keyframe to the next; groups are closed. 1 to 10 s, default 2 s.</summary>
    public TimeSpan KeyframeInterval { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Bits per second of the sound, AAC-LC, stereo at 48 kHz, 32,000 to 320,000; default 128,000.</summary>
    public int AudioBitrateBps { get; init; } = 128_000;

    /// <summary>Id of the picture's track in the feed.</summary>
    public const int VideoTrackId = 0;

    /// <summary>Id of the sound's track in the feed.</summary>
    public const int AudioTrackId = 1;

    /// <summary>The nearest width or height there can be that is no smaller than what is asked for, or the largest.</summary>
    /// <param name="pixels">What is asked for.</param>
    public static int SideOf(int pixels) => Math.Clamp(Math.Min(pixels, MostSide) + (pixels & 1), LeastSide, MostSide);

    /// <summary>Looks whether everything is in its range.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Something is not; the message says what is allowed.</exception>
    public void Check()
    {
        Check(nameof(Width), Width, LeastSide, MostSide, isEven: true);
        Check(nameof(Height), Height, LeastSide, MostSide, isEven: true);
        Check(nameof(FrameRate), FrameRate, 10, 60);
        Check(nameof(VideoBitrateBps), VideoBitrateBps, 200_000, 20_000_000);
        Check(nameof(KeyframeInterval), KeyframeInterval.TotalSeconds, 1, 10);
        Check(nameof(AudioBitrateBps), AudioBitrateBps, 32_000, 320_000);
    }

    private static void Check(string name, double value, double least, double most, bool isEven = false)
    {
        if (!(value >= least && value <= most) || (isEven && value % 2 != 0))
        {
            var allowed = string.Create(CultureInfo.InvariantCulture, $"{name} is {least:0} to {most:0}{(isEven ? ", and even" : "")}.");
            throw new ArgumentOutOfRangeException(name, value, allowed);
        }
    }
}
