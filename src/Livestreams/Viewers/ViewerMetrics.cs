using System.Diagnostics.Metrics;

namespace Roomcast.Livestreams.Viewers;

/// <summary>What the viewer calls come to.</summary>
internal sealed class ViewerMetrics
{
    private readonly Counter<long> _calls;
    private readonly Histogram<double> _latency;

    public ViewerMetrics(IMeterFactory meters)
    {
        ArgumentNullException.ThrowIfNull(meters);
        var meter = meters.Create("Roomcast.Livestreams");
        _calls = meter.CreateCounter<long>(
            "roomcast.livestreams.viewer_calls", "{call}", "Viewer calls (new, heartbeat, leave) by outcome.");
        _latency = meter.CreateHistogram<double>(
            "roomcast.livestreams.viewer_latency",
            "s",
            "Distance from the live edge as players report it.",
            advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.5, 1, 1.5, 2, 2.5, 3, 4, 6, 10, 20, 60] });
    }

    /// <summary>One call was answered.</summary>
    public void Answered(string call, int status) =>
        _calls.Add(1, new KeyValuePair<string, object?>("call", call), new KeyValuePair<string, object?>("status", status));

    /// <summary>A playing viewer told its latency.</summary>
    public void Latency(double latencyMs) => _latency.Record(latencyMs / 1_000);
}
