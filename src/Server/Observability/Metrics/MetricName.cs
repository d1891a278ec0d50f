using System.Text;

namespace Roomcast.Server.Observability.Metrics;

/// <summary>Turns an instrument's dotted name and unit into a name of the Prometheus text format.</summary>
internal static class MetricName
{
    private static readonly Dictionary<string, string> Units = new(StringComparer.Ordinal)
    {
        ["s"] = "seconds",
        ["ms"] = "milliseconds",
        ["us"] = "microseconds",
        ["ns"] = "nanoseconds",
        ["By"] = "bytes",
        ["KiBy"] = "kibibytes",
        ["MiBy"] = "mebibytes",
        ["bit"] = "bits",
        ["%"] = "percent",
        ["Hz"] = "hertz",
    };

    /// <summary>The family's name: dots as underscores, the unit at the end, and <c>_total</c> for what only grows.</summary>
    /// <param name="name">The instrument's name.</param>
    /// <param name="unit">Its unit in UCUM, or null. What stands in braces is a remark and left out.</param>
    /// <param name="isCounter">Whether it only grows.</param>
    public static string Of(string name, string? unit, bool isCounter)
    {
        var text = Clean(name);
        var suffix = SuffixOf(unit);
        if (suffix.Length > 0 && !text.EndsWith("_" + suffix, StringComparison.Ordinal))
        {
            text += "_" + suffix;
        }

        return isCounter && !text.EndsWith("_total", StringComparison.Ordinal) ? text + "_total" : text;
    }

    /// <summary>A name of letters, digits and underscores that does not begin with a digit.</summary>
    public static string Clean(string name)
    {
        var text = new StringBuilder(name.Length + 1);
        if (name.Length == 0 || char.IsAsciiDigit(name[0]))
        {
            text.Append('_');
        }

        foreach (var letter in name)
        {
            text.Append(char.IsAsciiLetterOrDigit(letter) ? letter : '_');
        }

        return text.ToString();
    }

    private static string SuffixOf(string? unit)
    {
        if (string.IsNullOrEmpty(unit) || unit == "1" || unit[0] == '{')
        {
            return "";
        }

        var parts = unit.Split('/', 2);
        var amount = Units.GetValueOrDefault(parts[0], Clean(parts[0]));
        return parts.Length == 1 ? amount : $"{amount}_per_{(parts[1] == "s" ? "second" : Clean(parts[1]))}";
    }
}
