using System.Globalization;

namespace Roomcast.Bench.Ingest;

/// <summary>What is measured, and for how long.</summary>
internal sealed record BenchOptions
{
    public const string Usage =
        """
        dotnet run -c Release --project bench/Ingest -- [options]
          --publishers N   publishers at once (default 20)
          --seconds S      seconds measured in each run (default 60)
          --warm-up S      seconds before that, for the JIT and the buffers (default 30)
          --rounds N       runs of each server, in turns (default 2)
          --only NAME      roomcast, ingest (Roomcast's ingest without HLS) or nginx
        """;

    public int Publishers { get; private init; } = 20;

    public TimeSpan Measured { get; private init; } = TimeSpan.FromSeconds(60);

    public TimeSpan WarmUp { get; private init; } = TimeSpan.FromSeconds(30);

    public int Rounds { get; private init; } = 2;

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
                "--publishers" when isNumber => options with { Publishers = number },
                "--seconds" when isNumber => options with { Measured = TimeSpan.FromSeconds(number) },
                "--warm-up" when isNumber => options with { WarmUp = TimeSpan.FromSeconds(number) },
                "--rounds" when isNumber => options with { Rounds = number },
                "--only" when value is "roomcast" or "ingest" or "nginx" => options with { Only = value },
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
