using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;

namespace Roomcast.Cli.Commands;

/// <summary>Options that are numbers or times within bounds, and arguments that must be told. What cannot be read is a fault of the command line, as what is out of bounds is.</summary>
internal static class CheckedOptions
{
    private const double LongestSeconds = 604_800;

    private static readonly (string Unit, double Seconds)[] Units = [("ms", 0.001), ("s", 1), ("m", 60), ("h", 3_600), ("d", 86_400)];

    /// <summary>A length of time: in seconds, or with a unit as in the server's settings.</summary>
    public static Option<TimeSpan?> Time(string name, string description) => new(name)
    {
        Description = description,
        HelpName = "TIME",
        CustomParser = result => TryReadTime(TextOf(result), out var time)
            ? time
            : Fault<TimeSpan?>(result, $"{name} is to be a time of more than 0 and at most a week, such as 30 (seconds), 30s, 5m or 1h."),
    };

    /// <summary>A whole number from 0.</summary>
    public static Option<int> Whole(string name, string description, int most) => new(name)
    {
        Description = description,
        HelpName = "NUMBER",
        CustomParser = result => int.TryParse(TextOf(result), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) && number >= 0 && number <= most
            ? number
            : Fault<int>(result, string.Create(CultureInfo.InvariantCulture, $"{name} is to be a whole number, 0 to {most}.")),
    };

    /// <summary>A number.</summary>
    public static Option<double> Number(string name, string description, double least, double most, double otherwise) => new(name)
    {
        Description = description,
        HelpName = "NUMBER",
        DefaultValueFactory = _ => otherwise,
        CustomParser = result => TryReadNumber(TextOf(result), out var number) && number >= least && number <= most
            ? number
            : Fault<double>(result, string.Create(CultureInfo.InvariantCulture, $"{name} is to be a number, {least} to {most}.")),
    };

    /// <summary>An id or an address. An empty one comes from a script whose variable was never set.</summary>
    public static Argument<string> Id(string name, string description) => new(name)
    {
        Description = description,
        CustomParser = result => TextOf(result) is var text && !string.IsNullOrWhiteSpace(text) ? text : Fault<string>(result, $"{name} is empty."),
    };

    private static bool TryReadTime(string text, out TimeSpan? time)
    {
        var unit = Array.Find(Units, unit => text.EndsWith(unit.Unit, StringComparison.Ordinal));
        var isTime = TryReadNumber(text[..^(unit.Unit?.Length ?? 0)], out var number);
        var seconds = number * (unit.Unit is null ? 1 : unit.Seconds);
        isTime = isTime && seconds is > 0 and <= LongestSeconds;
        time = isTime ? TimeSpan.FromSeconds(seconds) : null;
        return isTime;
    }

    private static bool TryReadNumber(string text, out double number) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out number) && double.IsFinite(number);

    private static string TextOf(ArgumentResult result) => result.Tokens is [var token] ? token.Value : "";

    private static T? Fault<T>(ArgumentResult result, string message)
    {
        result.AddError(message);
        return default;
    }
}
