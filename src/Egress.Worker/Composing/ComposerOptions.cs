namespace Roomcast.Egress.Worker.Composing;

/// <summary>How the composing is done, as far as it is not part of what comes out.</summary>
public sealed record ComposerOptions
{
    /// <summary>The names that x264 gives to its trades of quality for time, the quickest first.</summary>
    public static readonly IReadOnlyList<string> Presets =
        ["ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow", "slower", "veryslow"];

    /// <summary>One of <see cref="Presets"/>; default veryfast.</summary>
    public string Preset { get; init; } = "veryfast";

    /// <summary>Threads of the picture's encoder, 1 to 16; default 1.</summary>
    public int EncoderThreads { get; init; } = 1;

    /// <summary>
    /// Whether picture files are read on a thread of their own, so that no tick waits for one: until it is there, its place is as if
    /// there were none. Default false: they show with the scene that names them.
    /// </summary>
    public bool ReadsPicturesAside { get; init; }

    /// <summary>Looks whether everything is in its range.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Something is not; the message says what is allowed.</exception>
    public void Check()
    {
        if (!Presets.Contains(Preset))
        {
            throw new ArgumentOutOfRangeException(nameof(Preset), Preset, $"The preset must be one of {string.Join(", ", Presets)}.");
        }

        if (EncoderThreads is < 1 or > 16)
        {
            throw new ArgumentOutOfRangeException(nameof(EncoderThreads), EncoderThreads, "The encoder has 1 to 16 threads.");
        }
    }
}
