using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging.Abstractions;
using Roomcast.Server.Observability.Metrics;

namespace Roomcast.Server.Tests.Observability;

public sealed class MetricsPageTests : IDisposable
{
    // A name of its own for each test, since meters are seen across the whole process.
    private readonly string _name = $"roomcast.test.n{Guid.NewGuid():N}";
    private readonly Meter _meter = new("Roomcast.Test");
    private readonly MetricsPage _page = new(NullLogger<MetricsPage>.Instance);

    private string Prefix => _name.Replace('.', '_');

    public void Dispose()
    {
        _page.Dispose();
        _meter.Dispose();
    }

    [Fact]
    public void A_counter_adds_up_for_each_set_of_tags()
    {
        var counter = _meter.CreateCounter<long>(_name, "By", "Bytes that came.");
        counter.Add(3);
        counter.Add(4, new KeyValuePair<string, object?>("protocol", "rtmp"), new KeyValuePair<string, object?>("ok", true));
        counter.Add(5, new KeyValuePair<string, object?>("ok", true), new KeyValuePair<string, object?>("protocol", "rtmp"));

        var family = Read(Prefix + "_bytes_total");
        Assert.Equal(("counter", "Bytes that came."), (family.Type, family.Help));
        Assert.Equal(3, family.Samples.Single(sample => sample.Labels.Count == 0).Value);
        var tagged = family.Samples.Single(sample => sample.Labels.Count > 0);
        Assert.Equal(9, tagged.Value);
        Assert.Equal("rtmp", tagged.Labels["protocol"]);
        Assert.Equal("true", tagged.Labels["ok"]);
    }

    [Fact]
    public void A_figure_that_cannot_be_measured_is_missing_alone()
    {
        _meter.CreateObservableGauge(_name + ".first", Fail);
        _meter.CreateObservableGauge(_name + ".second", () => 7);
        Assert.Equal(7, Assert.Single(Read(Prefix + "_second").Samples).Value);
        Assert.DoesNotContain(Prefix + "_first ", _page.Write(), StringComparison.Ordinal);

        static int Fail() => throw new IOException("The disk is gone.");
    }

    [Fact]
    public void A_gauge_goes_up_and_down()
    {
        var viewers = _meter.CreateUpDownCounter<int>(_name, "{viewer}");
        viewers.Add(5);
        viewers.Add(-2);

        var family = Read(Prefix);
        Assert.Equal("gauge", family.Type);
        Assert.Equal(3, Assert.Single(family.Samples).Value);
    }

    [Fact]
    public void A_value_that_is_observed_no_more_vanishes()
    {
        var values = new List<Measurement<double>> { new(1.5, new KeyValuePair<string, object?>("id", "a")), new(2.5, new KeyValuePair<string, object?>("id", "b")) };
        _meter.CreateObservableGauge(_name, () => values);
        Assert.Equal([1.5, 2.5], Read(Prefix).Samples.Select(sample => sample.Value));

        values.RemoveAt(0);
        var left = Assert.Single(Read(Prefix).Samples);
        Assert.Equal("b", left.Labels["id"]);

        values.Clear();
        Assert.DoesNotContain(Prefix, _page.Write(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_histogram_counts_into_the_bounds_it_is_advised()
    {
        var histogram = _meter.CreateHistogram(
            _name, "s", "How long.", tags: null, new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.1, 1] });
        foreach (var value in new[] { 0.05, 0.1, 0.5, 7 })
        {
            histogram.Record(value);
        }

        var samples = Read(Prefix + "_seconds").Samples;
        Assert.Equal([2, 3, 4], samples.Where(sample => sample.Labels.ContainsKey("le")).Select(sample => sample.Value));
        Assert.Equal(7.65, samples.Single(sample => sample.Name.EndsWith("_sum", StringComparison.Ordinal)).Value, precision: 9);
        Assert.Equal(4, samples.Single(sample => sample.Name.EndsWith("_count", StringComparison.Ordinal)).Value);
    }

    [Theory]
    [InlineData("plain")]
    [InlineData("back\\slash")]
    [InlineData("\"quoted\"")]
    [InlineData("two\nlines")]
    [InlineData("\\n is no line feed")]
    [InlineData("ünï, {x}=1")]
    [InlineData("")]
    public void Any_label_value_and_help_text_survives(string text)
    {
        _meter.CreateCounter<int>(_name, unit: null, description: text.Length == 0 ? "x" : text).Add(1, new KeyValuePair<string, object?>("odd.name-1", text));

        var family = Read(Prefix + "_total");
        Assert.Equal(text, Assert.Single(family.Samples).Labels["odd_name_1"]);
        Assert.Equal(text.Length == 0 ? "x" : text, family.Help);
    }

    [Fact]
    public void Too_many_sets_of_tags_share_one_series()
    {
        var counter = _meter.CreateCounter<int>(_name);
        for (var i = 0; i < 1_500; i++)
        {
            counter.Add(1, new KeyValuePair<string, object?>("id", i));
        }

        var samples = Read(Prefix + "_total").Samples;
        Assert.Equal(1_001, samples.Count);
        Assert.Equal(500, samples.Single(sample => sample.Labels.ContainsKey("overflow")).Value);
    }

    [Fact]
    public void Recording_into_a_known_series_allocates_nothing()
    {
        var counter = _meter.CreateCounter<long>(_name + ".c");
        var histogram = _meter.CreateHistogram<double>(_name + ".h", "s");
        var tag = new KeyValuePair<string, object?>("protocol", "rtmp");
        void RecordAll()
        {
            counter.Add(1);
            counter.Add(1, tag);
            histogram.Record(0.2, tag);
        }

        for (var i = 0; i < 1_000; i++)
        {
            RecordAll();
        }

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1_000; i++)
        {
            RecordAll();
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Fact]
    public async Task Numbers_recorded_at_once_are_all_counted()
    {
        var counter = _meter.CreateCounter<double>(_name);
        var histogram = _meter.CreateHistogram<double>(_name + ".h");
        await Task.WhenAll(Enumerable.Range(0, 4).Select(worker => Task.Run(() =>
        {
            for (var i = 0; i < 5_000; i++)
            {
                counter.Add(0.5, new KeyValuePair<string, object?>("worker", worker % 2));
                histogram.Record(i);
            }
        })));

        Assert.Equal(10_000, Read(Prefix + "_total").Samples.Sum(sample => sample.Value));
        Assert.Equal(20_000, Read(Prefix + "_h").Samples.Single(sample => sample.Name.EndsWith("_count", StringComparison.Ordinal)).Value);
    }

    [Theory]
    [InlineData("a.b", "s", false, "a_b_seconds")]
    [InlineData("a.seconds", "s", false, "a_seconds")]
    [InlineData("a.b", "{viewer}", true, "a_b_total")]
    [InlineData("a.b", "bit/s", false, "a_b_bits_per_second")]
    [InlineData("1a", null, false, "_1a")]
    [InlineData("a.total", "1", true, "a_total")]
    public void A_name_is_made_of_name_unit_and_kind(string name, string? unit, bool isCounter, string expected) =>
        Assert.Equal(expected, MetricName.Of(name, unit, isCounter));

    [Fact]
    public void Meters_of_others_are_left_out()
    {
        using var other = new Meter("Somebody.Else");
        other.CreateCounter<int>(_name).Add(1);

        Assert.DoesNotContain(Prefix, _page.Write(), StringComparison.Ordinal);
    }

    private PrometheusFamily Read(string name) => PrometheusReader.Read(_page.Write())[name];
}
