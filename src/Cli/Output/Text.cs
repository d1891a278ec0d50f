using System.Globalization;

namespace Roomcast.Cli.Output;

/// <summary>Figures and times as people read them.</summary>
internal static class Text
{
    private static readonly string[] Units = ["B", "KiB", "MiB", "GiB", "TiB"];

    /// <summary>A time, to the second, in UTC.</summary>
    public static string Of(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture);

    /// <summary>A length of time: hours when there are any, minutes, seconds.</summary>
    public static string Of(TimeSpan time) => time.ToString(time.TotalHours >= 1 ? @"h\:mm\:ss" : @"m\:ss", CultureInfo.InvariantCulture);

    /// <summary>A number of bytes.</summary>
    public static string Bytes(double bytes)
    {
        var unit = 0;
        while (bytes >= 1024 && unit < Units.Length - 1)
        {
            bytes /= 1024;
            unit++;
        }

        return string.Create(CultureInfo.InvariantCulture, $"{Math.Round(bytes, unit == 0 ? 0 : 1)} {Units[unit]}");
    }

    /// <summary>A rate.</summary>
    public static string Rate(double bitsPerSecond) => bitsPerSecond >= 1_000_000
        ? string.Create(CultureInfo.InvariantCulture, $"{bitsPerSecond / 1_000_000:0.0} Mbit/s")
        : string.Create(CultureInfo.InvariantCulture, $"{bitsPerSecond / 1_000:0} kbit/s");

    /// <summary>A number with a few digits behind its point.</summary>
    public static string Number(double value, int digits = 0) => value.ToString(digits == 0 ? "0" : "0." + new string('0', digits), CultureInfo.InvariantCulture);

    /// <summary>Words from outside in one line: signs that a terminal would obey are left out, and what is too long is cut.</summary>
    public static string Plain(string text, int most = 500)
    {
        var plain = string.Concat(text.Take(most).Select(static sign => char.IsControl(sign) ? ' ' : sign)).Trim();
        return text.Length > most ? plain + "…" : plain;
    }

    /// <summary>A text of several lines without signs that a terminal would obey.</summary>
    public static string Lines(string text) =>
        string.Create(text.Length, text, static (signs, from) =>
        {
            for (var i = 0; i < signs.Length; i++)
            {
                signs[i] = char.IsControl(from[i]) && from[i] != '\n' ? ' ' : from[i];
            }
        });

    /// <summary>The value that so much of a list is not above; 0 of an empty list.</summary>
    public static double Percentile(IEnumerable<double> values, double share)
    {
        var sorted = values.Order().ToList();
        return sorted.Count == 0 ? 0 : sorted[Math.Clamp((int)Math.Ceiling(share * sorted.Count) - 1, 0, sorted.Count - 1)];
    }
}
