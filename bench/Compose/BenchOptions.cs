using System.Globalization;
using Roomcast.Egress.Worker.Composing;

namespace Roomcast.Bench.Compose;

/// <summary>What is measured, and for how long.</summary>
internal sealed record BenchOptions
{
    public const string Usage =
        """
        dotnet run -c Release --project bench/Compose -- [options]
          --participants N   4 or 9 alone (default both)
          --seconds S        seconds measured in each run (default 20)
          --warm-up S        seconds before that (default 6)
          --rounds N         runs of each way, in turns (default 2)
          --only NAME        roomcast, ffmpeg or chromium
          --preset NAME      x264's preset, for all ways (default veryfast)
        """;

    public IReadOnlyList<int> Participants { get; private init; } = [4, 9];

    public TimeSpan Measured { get; private init; } = TimeSpan.FromSeconds(20);

    public TimeSpan WarmUp { get; private init; } = TimeSpan.FromSeconds(6);

    public int Rounds { get; private init; } = 2;

    public string? Only { get; private init; }

    public string Preset { get; private init; } = "veryfast";

    public static bool TryParse(string[] args, out BenchOptions options, out string fault)
    {
        options = new BenchOptions();
        fault = "";
        for (var i = 0; i < args.Length; i += 2)
        {
            var value = i + 1 < args.Length ? args[i + 1] : "";
            var isNumber = int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number > 0;
            var parsed = args[i] switch
            {
                "--participants" when number is 4 or 9 => options with { Participants = [number] },
                "--seconds" when isNumber => options with { Measured = TimeSpan.FromSeconds(number) },
                "--warm-up" when isNumber => options with { WarmUp = TimeSpan.FromSeconds(number) },
                "--rounds" when isNumber => options with { Rounds = number },
                "--only" when value is "roomcast" or "ffmpeg" or "chromium" => options with { Only = value },
                "--preset" when ComposerOptions.Presets.Contains(value) => options with { Preset = value },
                _ => null,
            };
            if (parsed is null)
            {
                fault = $"'{args[i]} {value}' is not understood.";
                return false;
            }

            options = parsed;
        }

        return true;
    }
}
