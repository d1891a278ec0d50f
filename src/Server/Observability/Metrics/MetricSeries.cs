using System.Text;

namespace Roomcast.Server.Observability.Metrics;

/// <summary>One line of a family: the numbers for one set of labels. Thread-safe; adding to it allocates nothing.</summary>
internal abstract class MetricSeries(string labels)
{
    /// <summary>The labels as they are written, without braces; empty when there are none.</summary>
    public string Labels { get; } = labels;

    /// <summary>Takes in one measurement.</summary>
    public abstract void Record(double value);

    /// <summary>Writes its lines.</summary>
    public abstract void WriteTo(StringBuilder text, string name);

    private protected static void AddTo(ref double target, double value)
    {
        var seen = Volatile.Read(ref target);
        while (true)
        {
            var before = Interlocked.CompareExchange(ref target, seen + value, seen);
            if (before.Equals(seen))
            {
                return;
            }

            seen = before;
        }
    }

    private protected static void WriteLine(StringBuilder text, string name, string labels, double value)
    {
        text.Append(name);
        if (labels.Length > 0)
        {
            text.Append('{').Append(labels).Append('}');
        }

        text.Append(' ').Append(PrometheusText.Number(value)).Append('\n');
    }
}

/// <summary>A number that measurements add to.</summary>
internal sealed class SumSeries(string labels) : MetricSeries(labels)
{
    private double _sum;

    public override void Record(double value) => AddTo(ref _sum, value);

    public override void WriteTo(StringBuilder text, string name) => WriteLine(text, name, Labels, Volatile.Read(ref _sum));
}

/// <summary>A number that each measurement replaces.</summary>
internal sealed class LastSeries(string labels) : MetricSeries(labels)
{
    private double _last;

    /// <summary>Whether it was measured since this was last set to false: an observed value that is no longer told vanishes.</summary>
    public bool IsFresh { get; set; }

    public override void Record(double value)
    {
        Volatile.Write(ref _last, value);
        IsFresh = true;
    }

    public override void WriteTo(StringBuilder text, string name) => WriteLine(text, name, Labels, Volatile.Read(ref _last));
}

/// <summary>How often measurements fell into each of fixed ranges.</summary>
internal sealed class HistogramSeries(string labels, double[] bounds) : MetricSeries(labels)
{
    // One more than bounds: the last is for what is above them all.
    private readonly long[] _counts = new long[bounds.Length + 1];
    private double _sum;

    public override void Record(double value)
    {
        var bucket = 0;
        while (bucket < bounds.Length && value > bounds[bucket])
        {
            bucket++;
        }

        Interlocked.Increment(ref _counts[bucket]);
        AddTo(ref _sum, value);
    }

    public override void WriteTo(StringBuilder text, string name)
    {
        var before = Labels.Length == 0 ? "" : Labels + ",";
        var total = 0L;
        for (var bucket = 0; bucket < _counts.Length; bucket++)
        {
            total += Volatile.Read(ref _counts[bucket]);
            var bound = bucket < bounds.Length ? PrometheusText.Number(bounds[bucket]) : "+Inf";
            WriteLine(text, name + "_bucket", $"{before}le=\"{bound}\"", total);
        }

        WriteLine(text, name + "_sum", Labels, Volatile.Read(ref _sum));

        // The count must equal the last bucket, so it is not counted apart from them.
        WriteLine(text, name + "_count", Labels, total);
    }
}
