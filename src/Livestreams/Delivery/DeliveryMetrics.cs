using System.Diagnostics.Metrics;
using Roomcast.Hls;

namespace Roomcast.Livestreams.Delivery;

/// <summary>What delivery comes to, for <c>/metrics</c> and OTLP.</summary>
internal sealed class DeliveryMetrics : IDisposable
{
    private readonly Meter _meter;
    private readonly Histogram<double> _partLatency;
    private readonly Counter<long> _renders;
    private readonly Counter<long> _bytes;
    private readonly Counter<long> _refusals;
    private readonly Counter<long> _shortened;
    private readonly Counter<long> _spillFailures;

    public DeliveryMetrics(IMeterFactory meters)
    {
        _meter = meters.Create("Roomcast.Livestreams");
        _partLatency = _meter.CreateHistogram(
            "roomcast.livestreams.part_latency",
            "s",
            "From the arrival of a part's last frame until the part is published.",
            advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5] });
        _renders = _meter.CreateCounter<long>(
            "roomcast.livestreams.playlist_renders", "{playlist}", "Media playlists rendered: one for all who wait for the same.");
        _bytes = _meter.CreateCounter<long>("roomcast.livestreams.bytes_served", "By", "Bytes of playlists and media sent to viewers.");
        _refusals = _meter.CreateCounter<long>("roomcast.livestreams.delivery_refusals", "{request}", "Requests of viewers answered by 4xx or 5xx.");
        _shortened = _meter.CreateCounter<long>(
            "roomcast.livestreams.window_shortened", "{segment}", "Segments dropped before their time because memory was full.");
        _spillFailures = _meter.CreateCounter<long>(
            "roomcast.livestreams.segment_write_failures", "{segment}", "Segments that could not be written to disk.");
    }

    /// <summary>Says where the number of held requests is to be read.</summary>
    public void ObserveHeld(Func<int> held) =>
        _meter.CreateObservableGauge("roomcast.livestreams.waiters", held, "{request}", "Requests that are held for the next part.");

    public void PartPublished(TimeSpan latency) => _partLatency.Record(latency.TotalSeconds);

    public void PlaylistRendered(bool isDelta) => _renders.Add(1, new KeyValuePair<string, object?>("kind", isDelta ? "delta" : "full"));

    public void Served(long bytes, string what) => _bytes.Add(bytes, new KeyValuePair<string, object?>("kind", what));

    public void Refused(int status) => _refusals.Add(1, new KeyValuePair<string, object?>("status", status));

    public void WindowShortened(int segments) => _shortened.Add(segments);

    public void SegmentWriteFailed() => _spillFailures.Add(1);

    public void Dispose() => _meter.Dispose();

    /// <summary>What one stream tells, measured by the clock that its frames are pushed with.</summary>
    internal sealed class StreamObserver(DeliveryMetrics metrics, TimeProvider time, Action<int>? shortened) : IHlsObserver
    {
        public void PartPublished(in PartReport part) =>
            metrics.PartPublished(time.GetElapsedTime(0, time.GetTimestamp()) - part.LastFrameArrivedAt);

        public void PlaylistRendered(int bytes, bool isDelta) => metrics.PlaylistRendered(isDelta);

        public void WindowShortened(int segments)
        {
            metrics.WindowShortened(segments);
            shortened?.Invoke(segments);
        }
    }
}
