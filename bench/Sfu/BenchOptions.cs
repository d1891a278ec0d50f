using System.Globalization;

namespace Roomcast.Bench.Sfu;

/// <summary>What is measured, and for how long.</summary>
internal sealed record BenchOptions
{
    public const string Usage =
        """
        dotnet run -c Release --project bench/Sfu -- [options]
          --seconds S      seconds measured in each run (default 8)
          --warm-up S      seconds before that, for the JIT and the estimates (default 8)
          --rounds N       runs of each form, in turns (default 2)
          --rate N         packets per second that leave the server, about (default 100000)
          --only NAME      fanout, memory or join
        """;

    public TimeSpan Measured { get; private init; } = TimeSpan.FromSeconds(8);

    public TimeSpan WarmUp { get; private init; } = TimeSpan.FromSeconds(8);

    public int Rounds { get; private init; } = 2;

    public int Rate { get; private init; } = 100_000;

    public string? Only { get; private init; }

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
                "--seconds" when isNumber => options with { Measured = TimeSpan.FromSeconds(number) },
                "--warm-up" when isNumber => options with { WarmUp = TimeSpan.FromSeconds(number) },
                "--rounds" when isNumber => options with { Rounds = number },
                "--rate" when isNumber => options with { Rate = number },
                "--only" when value is "fanout" or "memory" or "join" => options with { Only = value },
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
