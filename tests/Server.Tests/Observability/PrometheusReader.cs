using System.Globalization;
using System.Text;

namespace Roomcast.Server.Tests.Observability;

/// <summary>One family of the Prometheus text format.</summary>
internal sealed record PrometheusFamily(string Name, string Help, string Type)
{
    public List<PrometheusSample> Samples { get; } = [];
}

/// <summary>One line of numbers.</summary>
internal sealed record PrometheusSample(string Name, SortedDictionary<string, string> Labels, double Value);

/// <summary>Reads the Prometheus text format 0.0.4 strictly: what a lenient reader would forgive is an error here.</summary>
internal sealed class PrometheusReader
{
    private readonly string _line;
    private int _at;

    private PrometheusReader(string line) => _line = line;

    /// <summary>Reads a whole page. Each family must have HELP, TYPE and samples, in this order and all together.</summary>
    public static Dictionary<string, PrometheusFamily> Read(string text)
    {
        Check(text.EndsWith('\n'), "The last line ends with a line feed.", text.Length < 80 ? text : text[^80..]);
        Check(!text.Contains('\r', StringComparison.Ordinal), "Lines end with a line feed alone.", "");
        var families = new Dictionary<string, PrometheusFamily>(StringComparer.Ordinal);
        var seen = new HashSet<string>(StringComparer.Ordinal);
        PrometheusFamily? family = null;
        string? helpName = null, help = null;
        foreach (var line in text[..^1].Split('\n'))
        {
            if (line.StartsWith("# HELP ", StringComparison.Ordinal))
            {
                var parts = line["# HELP ".Length..].Split(' ', 2);
                (helpName, help) = (parts[0], Unescape(parts[1], isLabel: false));
            }
            else if (line.StartsWith("# TYPE ", StringComparison.Ordinal))
            {
                var parts = line["# TYPE ".Length..].Split(' ');
                Check(parts.Length == 2 && parts[0] == helpName && parts[1] is "counter" or "gauge" or "histogram", "TYPE follows its HELP.", line);
                family = new PrometheusFamily(parts[0], help!, parts[1]);
                Check(families.TryAdd(family.Name, family), "A family comes once.", line);
            }
            else
            {
                var sample = new PrometheusReader(line).ReadSample();
                Check(family is not null && BelongsTo(sample.Name, family), "A sample stands below its TYPE.", line);
                Check(seen.Add(sample.Name + "{" + string.Join(',', sample.Labels) + "}"), "A series comes once.", line);
                family!.Samples.Add(sample);
            }
        }

        foreach (var each in families.Values)
        {
            Check(each.Samples.Count > 0, "A family has samples.", each.Name);
            Check(each.Type != "counter" || each.Name.EndsWith("_total", StringComparison.Ordinal), "A counter's name ends with _total.", each.Name);
            Check(each.Type != "counter" || each.Samples.All(sample => sample.Value >= 0), "A counter is not negative.", each.Name);
            CheckHistogram(each);
        }

        return families;
    }

    private static bool BelongsTo(string name, PrometheusFamily family) =>
        family.Type == "histogram" ? name[family.Name.Length..] is "_bucket" or "_sum" or "_count" && name.StartsWith(family.Name, StringComparison.Ordinal) : name == family.Name;

    private static void CheckHistogram(PrometheusFamily family)
    {
        if (family.Type != "histogram")
        {
            return;
        }

        string KeyOf(PrometheusSample sample) => string.Join(',', sample.Labels.Where(label => label.Key != "le"));
        foreach (var series in family.Samples.GroupBy(KeyOf))
        {
            var buckets = series.Where(sample => sample.Name.EndsWith("_bucket", StringComparison.Ordinal)).ToList();
            var bounds = buckets.Select(bucket => ParseNumber(bucket.Labels["le"])).ToList();
            var count = series.Single(sample => sample.Name.EndsWith("_count", StringComparison.Ordinal)).Value;
            _ = series.Single(sample => sample.Name.EndsWith("_sum", StringComparison.Ordinal));
            Check(bounds.SequenceEqual(bounds.Order()) && bounds.Distinct().Count() == bounds.Count, "Bounds rise.", family.Name);
            Check(double.IsPositiveInfinity(bounds[^1]), "The last bound is +Inf.", family.Name);
            Check(buckets.Select(bucket => bucket.Value).SequenceEqual(buckets.Select(bucket => bucket.Value).Order()), "Buckets add up.", family.Name);
            Check(buckets[^1].Value.Equals(count), "The last bucket is the count.", family.Name);
        }
    }

    private static double ParseNumber(string text) => text switch
    {
        "+Inf" => double.PositiveInfinity,
        "-Inf" => double.NegativeInfinity,
        "NaN" => double.NaN,
        _ => double.Parse(text, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent, CultureInfo.InvariantCulture),
    };

    private static string Unescape(string text, bool isLabel)
    {
        var result = new StringBuilder();
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] != '\\')
            {
                result.Append(text[i]);
                continue;
            }

            i++;
            Check(i < text.Length && (text[i] is '\\' or 'n' || (isLabel && text[i] == '"')), "Only known letters are escaped.", text);
            result.Append(text[i] == 'n' ? '\n' : text[i]);
        }

        return result.ToString();
    }

    private static void Check(bool holds, string rule, string where) => Assert.True(holds, $"{rule} Not so at: {where}");

    private PrometheusSample ReadSample()
    {
        var name = ReadName();
        var labels = new SortedDictionary<string, string>(StringComparer.Ordinal);
        if (Peek() == '{')
        {
            do
            {
                _at++;
                var label = ReadName();
                Expect('=');
                labels.Add(label, ReadQuoted());
            }
            while (Peek() == ',');
            Expect('}');
        }

        Expect(' ');
        var value = ParseNumber(_line[_at..]);
        return new PrometheusSample(name, labels, value);
    }

    private string ReadName()
    {
        var start = _at;
        while (_at < _line.Length && (char.IsAsciiLetter(_line[_at]) || _line[_at] == '_' || (_at > start && char.IsAsciiDigit(_line[_at]))))
        {
            _at++;
        }

        Check(_at > start, "A name has letters, digits and underscores and begins with no digit.", _line);
        return _line[start.._at];
    }

    private string ReadQuoted()
    {
        Expect('"');
        var start = _at;
        while (Peek() != '"')
        {
            _at += Peek() == '\\' ? 2 : 1;
        }

        Expect('"');
        return Unescape(_line[start..(_at - 1)], isLabel: true);
    }

    private char Peek() => _at < _line.Length ? _line[_at] : '\n';

    private void Expect(char letter)
    {
        Check(Peek() == letter, $"'{letter}' is expected at column {_at}.", _line);
        _at++;
    }
}
