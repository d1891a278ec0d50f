using System.Globalization;
using Roomcast.Transports.Rtc;

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
          --rate N         packets per second that leave the server, about (default 150000)
          --receivers N    fan-out to this many only (default: 16 and 100)
          --form NAME      portable or batched only (default: both in turns)
          --estimate       receivers report on each packet, so that the server estimates their bandwidth; smaller pictures, more rooms
          --cut            the receivers' system cuts runs of packets up, and the server is charged with it
          --only NAME      fanout, memory or join
        """;

    public TimeSpan Measured { get; private init; } = TimeSpan.FromSeconds(8);

    public TimeSpan WarmUp { get; private init; } = TimeSpan.FromSeconds(8);

    public int Rounds { get; init; } = 2;

    public int Rate { get; init; } = 150_000;

    public bool Cut { get; private init; }

    public int? Receivers { get; private init; }

    public UdpForm? Form { get; init; }

    public bool Estimate { get; init; }

    public string? Only { get; private init; }

    public static bool TryParse(string[] args, out BenchOptions options, out string fault)
    {
        options = new BenchOptions();
        fault = "";
        for (var i = 0; i < args.Length; i += 2)
        {
            if (args[i] is "--estimate" or "--cut")
            {
                options = args[i] is "--cut" ? options with { Cut = true } : options with { Estimate = true };
                i--;
                continue;
            }

            var value = i + 1 < args.Length ? args[i + 1] : "";
            var isNumber = int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number > 0;
            var parsed = args[i] switch
            {
                "--seconds" when isNumber => options with { Measured = TimeSpan.FromSeconds(number) },
                "--warm-up" when isNumber => options with { WarmUp = TimeSpan.FromSeconds(number) },
                "--rounds" when isNumber => options with { Rounds = number },
                "--rate" when isNumber => options with { Rate = number },
                "--receivers" when isNumber => options with { Receivers = number },
                "--form" when value is "portable" or "batched" => options with { Form = value is "batched" ? UdpForm.Batched : UdpForm.Portable },
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
