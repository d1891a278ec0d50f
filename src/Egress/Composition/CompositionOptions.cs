using Microsoft.Extensions.Options;

namespace Roomcast.Egress.Composition;

/// <summary>How sessions are composed.</summary>
public sealed class CompositionOptions
{
    /// <summary>The names that x264 gives to its trades of quality for time, the quickest first.</summary>
    public static readonly IReadOnlyList<string> Presets =
        ["ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow", "slower", "veryslow"];

    private const int LeastBitrateBps = 200_000;
    private const int MostBitrateBps = 20_000_000;

    /// <summary>One of <see cref="Presets"/>; default veryfast.</summary>
    public string Preset { get; set; } = "veryfast";

    /// <summary>Bits per second of a picture of 1280x720, 200,000 to 20,000,000; default 2,500,000. Other sizes get them by their pixels.</summary>
    public long BitrateBps { get; set; } = 2_500_000;

    /// <summary>Pictures per second, 10 to 60; default 30.</summary>
    public int FrameRate { get; set; } = 30;

    /// <summary>Threads of each picture's encoder, 1 to 16; default 1.</summary>
    public int EncoderThreads { get; set; } = 1;

    /// <summary>How modest workers are when others want the processor: 0 (as the server) to 19; default 5.</summary>
    public int Nice { get; set; } = 5;

    /// <summary>Most compositions at once, 0 to 1,000; default 16. With 0 nothing is composed.</summary>
    public int MaxCompositions { get; set; } = 16;

    /// <summary>Whether one more composition is refused when the machine has no room for it; default true. The first is never refused.</summary>
    public bool AdmitsByLoad { get; set; } = true;

    /// <summary>Percent of all processors that may be busy with one more composition, 10 to 100; default 90.</summary>
    public int MaxLoadPercent { get; set; } = 90;

    /// <summary>
    /// Processors that a composition of 1280x720 at 30 fps takes, as long as none was measured here: 0.05 to 16, default 0.7. Others
    /// count by their pixels per second.
    /// </summary>
    public double ExpectedCost { get; set; } = 0.7;

    /// <summary>Share of late pictures of a running composition above which no other is begun beside it: 0 to 1, default 0.05.</summary>
    public double MaxLateShare { get; set; } = 0.05;

    /// <summary>Longest from the start of a worker until it is ready, 1 to 60 s; default 15 s.</summary>
    public TimeSpan StartTimeout { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>A worker that gives no frame for so long is ended and another started, 1 to 60 s; default 3 s.</summary>
    public TimeSpan Silence { get; set; } = TimeSpan.FromSeconds(3);

    /// <summary>The worker's program: <c>Roomcast.Egress.Worker.dll</c> or an executable; null (the default) for the one beside the server.</summary>
    public string? WorkerPath { get; set; }

    /// <summary>A format of a size, with the bitrate and the frame rate of these options.</summary>
    /// <param name="width">In pixels, as <see cref="CompositionFormat.Width"/>.</param>
    /// <param name="height">In pixels, as <see cref="CompositionFormat.Height"/>.</param>
    public CompositionFormat FormatOf(int width = 1_280, int height = 720) => new()
    {
        Width = width,
        Height = height,
        FrameRate = FrameRate,
        VideoBitrateBps = (int)Math.Clamp(BitrateBps * width * height / (1_280 * 720), LeastBitrateBps, MostBitrateBps),
    };
}

/// <summary>Checks <see cref="CompositionOptions"/>.</summary>
public sealed class CompositionOptionsValidator : IValidateOptions<CompositionOptions>
{
    /// <inheritdoc/>
    public ValidateOptionsResult Validate(string? name, CompositionOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        var result = new ValidateOptionsResultBuilder();
        if (!CompositionOptions.Presets.Contains(options.Preset))
        {
            result.AddError($"'{options.Preset}' is not one of {string.Join(", ", CompositionOptions.Presets)}.", nameof(options.Preset));
        }

        Check(options.BitrateBps, 200_000L, 20_000_000L, nameof(options.BitrateBps));
        Check(options.FrameRate, 10, 60, nameof(options.FrameRate));
        Check(options.EncoderThreads, 1, 16, nameof(options.EncoderThreads));
        Check(options.Nice, 0, 19, nameof(options.Nice));
        Check(options.MaxCompositions, 0, 1_000, nameof(options.MaxCompositions));
        Check(options.MaxLoadPercent, 10, 100, nameof(options.MaxLoadPercent));
        Check(options.ExpectedCost, 0.05, 16, nameof(options.ExpectedCost));
        Check(options.MaxLateShare, 0, 1, nameof(options.MaxLateShare));
        Check(options.StartTimeout, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(60), nameof(options.StartTimeout));
        Check(options.Silence, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(60), nameof(options.Silence));
        return result.Build();

        void Check<T>(T value, T least, T most, string property)
            where T : IComparable<T>, IFormattable
        {
            if (!(value.CompareTo(least) >= 0 && value.CompareTo(most) <= 0))
            {
                result.AddError(FormattableString.Invariant($"{value} is outside {least} to {most}."), property);
            }
        }
    }
}
