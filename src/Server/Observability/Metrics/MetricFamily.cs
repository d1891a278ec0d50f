using System.Diagnostics.Metrics;
using System.Text;

namespace Roomcast.Server.Observability.Metrics;

/// <summary>What a family's numbers are, as its TYPE line says.</summary>
internal enum MetricKind
{
    /// <summary>Only grows.</summary>
    Counter,

    /// <summary>Goes up and down.</summary>
    Gauge,

    /// <summary>Counted into ranges.</summary>
    Histogram,
}

/// <summary>One instrument and its series, one for each set of tags. Recording into a known series allocates nothing and takes no lock.</summary>
/// <remarks>
/// At most <see cref="MaxSeries"/> sets of tags are kept; further ones share a series with the label <c>overflow="true"</c>, so
/// that a tag with too many values costs detail and not memory.
/// </remarks>
internal sealed class MetricFamily
{
    private const int MaxSeries = 1_000;

    private static readonly double[] SecondsBounds = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
    private static readonly double[] BytesBounds = [256, 1_024, 4_096, 16_384, 65_536, 262_144, 1_048_576, 4_194_304, 16_777_216];
    private static readonly double[] PlainBounds = [1, 2, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000];

    private readonly Lock _adding = new();
    private readonly bool _isAbsolute;
    private readonly double[] _bounds;
    private volatile Dictionary<int, Entry[]> _byHash = [];
    private MetricSeries? _untagged;
    private MetricSeries? _overflow;
    private int _count;

    public MetricFamily(Instrument instrument)
    {
        var form = instrument.GetType().GetGenericTypeDefinition();
        Kind = form == typeof(Histogram<>) ? MetricKind.Histogram
            : form == typeof(Counter<>) || form == typeof(ObservableCounter<>) ? MetricKind.Counter
            : MetricKind.Gauge;

        // Observed values and gauges tell what is; the others tell what was added.
        _isAbsolute = instrument.IsObservable || form == typeof(Gauge<>);
        _bounds = BoundsOf(instrument);
        Name = MetricName.Of(instrument.Name, instrument.Unit, Kind == MetricKind.Counter);
        Help = instrument.Description ?? instrument.Name;
    }

    public string Name { get; }

    public string Help { get; }

    public MetricKind Kind { get; }

    /// <summary>Takes in one measurement.</summary>
    public void Record(double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var series = tags.IsEmpty ? Volatile.Read(ref _untagged) : Find(tags);
        (series ?? Add(tags)).Record(value);
    }

    /// <summary>Forgets which observed values were told; those that are not told again are left out.</summary>
    public void ExpectObservations()
    {
        foreach (var series in AllSeries().OfType<LastSeries>())
        {
            series.IsFresh = false;
        }
    }

    /// <summary>Writes HELP, TYPE and every series; nothing when there is none.</summary>
    /// <param name="text">Where to.</param>
    /// <param name="isObservable">Whether values that were not told this time are left out.</param>
    public void WriteTo(StringBuilder text, bool isObservable)
    {
        var isFirst = true;
        foreach (var series in AllSeries())
        {
            if (isObservable && series is LastSeries { IsFresh: false })
            {
                continue;
            }

            if (isFirst)
            {
                isFirst = false;
                text.Append("# HELP ").Append(Name).Append(' ').Append(PrometheusText.Help(Help)).Append('\n');
                text.Append("# TYPE ").Append(Name).Append(' ').Append(Kind.ToString().ToLowerInvariant()).Append('\n');
            }

            series.WriteTo(text, Name);
        }
    }

    private static double[] BoundsOf(Instrument instrument)
    {
        IEnumerable<double>? advised = instrument switch
        {
            Histogram<double> histogram => histogram.Advice?.HistogramBucketBoundaries,
            Histogram<long> histogram => histogram.Advice?.HistogramBucketBoundaries?.Select(bound => (double)bound),
            Histogram<int> histogram => histogram.Advice?.HistogramBucketBoundaries?.Select(bound => (double)bound),
            _ => null,
        };
        return advised?.ToArray() ?? instrument.Unit switch
        {
            "s" => SecondsBounds,
            "ms" => [.. SecondsBounds.Select(bound => bound * 1_000)],
            "By" => BytesBounds,
            _ => PlainBounds,
        };
    }

    private static int HashOf(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var hash = default(HashCode);
        foreach (var tag in tags)
        {
            hash.Add(tag.Key, StringComparer.Ordinal);
            hash.Add(tag.Value);
        }

        return hash.ToHashCode();
    }

    private static string LabelsOf(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var labels = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var tag in tags)
        {
            labels[MetricName.Clean(tag.Key)] = PrometheusText.LabelValue(tag.Value);
        }

        return string.Join(',', labels.Select(label => $"{label.Key}=\"{label.Value}\""));
    }

    private MetricSeries? Find(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        if (_byHash.TryGetValue(HashOf(tags), out var entries))
        {
            foreach (var entry in entries)
            {
                if (entry.Has(tags))
                {
                    return entry.Series;
                }
            }
        }

        return null;
    }

    private MetricSeries Add(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        lock (_adding)
        {
            if (tags.IsEmpty)
            {
                return _untagged ??= Make("");
            }

            if (Find(tags) is { } found)
            {
                return found;
            }

            if (_count >= MaxSeries)
            {
                return _overflow ??= Make("overflow=\"true\"");
            }

            // The same labels in another order are the same series.
            var labels = LabelsOf(tags);
            var series = _byHash.Values.SelectMany(entries => entries).FirstOrDefault(entry => entry.Series.Labels == labels)?.Series ?? Make(labels);
            var hash = HashOf(tags);
            _byHash = new Dictionary<int, Entry[]>(_byHash)
            {
                [hash] = [.. _byHash.GetValueOrDefault(hash, []), new Entry(tags.ToArray(), series)],
            };
            _count++;
            return series;
        }
    }

    private MetricSeries Make(string labels) =>
        Kind == MetricKind.Histogram ? new HistogramSeries(labels, _bounds) : _isAbsolute ? new LastSeries(labels) : new SumSeries(labels);

    private IEnumerable<MetricSeries> AllSeries()
    {
        IEnumerable<MetricSeries?> ends = [Volatile.Read(ref _untagged), Volatile.Read(ref _overflow)];
        return _byHash.Values.SelectMany(entries => entries).Select(entry => entry.Series).Distinct().OrderBy(series => series.Labels, StringComparer.Ordinal)
            .Concat(ends.OfType<MetricSeries>());
    }

    private sealed record Entry(KeyValuePair<string, object?>[] Tags, MetricSeries Series)
    {
        public bool Has(ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            if (tags.Length != Tags.Length)
            {
                return false;
            }

            for (var i = 0; i < tags.Length; i++)
            {
                if (tags[i].Key != Tags[i].Key || !Equals(tags[i].Value, Tags[i].Value))
                {
                    return false;
                }
            }

            return true;
        }
    }
}
