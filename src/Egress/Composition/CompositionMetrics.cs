using System.Diagnostics.Metrics;
using Roomcast.Egress.Composition.Wire;

namespace Roomcast.Egress.Composition;

/// <summary>What compositions come to, for <c>/metrics</c> and OTLP.</summary>
internal sealed class CompositionMetrics : IDisposable
{
    private readonly Meter _meter;
    private readonly Counter<long> _deaths;
    private readonly Counter<long> _refusals;
    private readonly Counter<long> _frames;
    private readonly Counter<long> _lateTicks;
    private readonly Counter<long> _skippedTicks;
    private readonly Counter<long> _dropped;
    private readonly Counter<long> _lost;
    private readonly Counter<long> _concealed;
    private readonly Histogram<double> _delay;
    private readonly Histogram<double> _roundTrip;
    private Func<IEnumerable<WireFigures>> _running = () => [];

    public CompositionMetrics(IMeterFactory meters)
    {
        _meter = meters.Create("Roomcast.Egress");
        _deaths = _meter.CreateCounter<long>("roomcast.egress.composition.worker_deaths", "{worker}", "Composing workers that died or were ended because they hung.");
        _refusals = _meter.CreateCounter<long>("roomcast.egress.composition.refusals", "{composition}", "Compositions that were refused, by reason.");
        _frames = _meter.CreateCounter<long>("roomcast.egress.composition.frames", "{frame}", "Composed frames, by track.");
        _lateTicks = _meter.CreateCounter<long>("roomcast.egress.composition.late_pictures", "{picture}", "Pictures composed later than one picture after their time.");
        _skippedTicks = _meter.CreateCounter<long>("roomcast.egress.composition.skipped_pictures", "{picture}", "Pictures left out because a worker was held up for more than two seconds.");
        _dropped = _meter.CreateCounter<long>("roomcast.egress.composition.dropped_packets", "{packet}", "Packets that workers were too slow for.");
        _lost = _meter.CreateCounter<long>("roomcast.egress.composition.lost_packets", "{packet}", "Packets of tracks that did not come in time to be composed.");
        _concealed = _meter.CreateCounter<long>("roomcast.egress.composition.concealed", "{loss}", "Packets of sound made up, and gaps in pictures.");
        var seconds = new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.005, 0.01, 0.02, 0.033, 0.05, 0.1, 0.25, 0.5, 1] };
        _delay = _meter.CreateHistogram("roomcast.egress.composition.picture_delay", "s", "From a picture's time until it was encoded: the longest of each second.", advice: seconds);
        _roundTrip = _meter.CreateHistogram("roomcast.egress.composition.round_trip", "s", "To a worker's composing thread and back.", advice: seconds);
        _meter.CreateObservableGauge("roomcast.egress.composition.running", () => _running().Count(), "{composition}", "Compositions under way.");
        _meter.CreateObservableGauge("roomcast.egress.composition.cpu", () => _running().Sum(figures => figures.Cpu), "{processor}", "Processors that workers use.");
        _meter.CreateObservableGauge("roomcast.egress.composition.memory", () => _running().Sum(figures => figures.MemoryBytes), "By", "Resident memory of workers.");
    }

    /// <summary>Says where the newest figures of each running worker are to be found.</summary>
    public void Observe(Func<IEnumerable<WireFigures>> running) => _running = running;

    public void WorkerDied() => _deaths.Add(1);

    public void Refused(CompositionRefusal refusal) => _refusals.Add(1, new KeyValuePair<string, object?>("reason", refusal.ToString()));

    public void Composed(int trackId) =>
        _frames.Add(1, new KeyValuePair<string, object?>("track", trackId == CompositionFormat.VideoTrackId ? "picture" : "sound"));

    public void Dropped(long packets) => _dropped.Add(packets);

    public void RoundTrip(TimeSpan time) => _roundTrip.Record(time.TotalSeconds);

    /// <summary>A worker told its figures.</summary>
    public void Told(WireFigures before, WireFigures now)
    {
        _lateTicks.Add(Math.Max(0, now.LateTicks - before.LateTicks));
        _skippedTicks.Add(Math.Max(0, now.SkippedTicks - before.SkippedTicks));
        _lost.Add(RiseOf(before, now, track => track.Lost));
        _concealed.Add(RiseOf(before, now, track => track.Concealed));
        _delay.Record(now.TickDelayMs / 1_000);
    }

    public void Dispose() => _meter.Dispose();

    private static long RiseOf(WireFigures before, WireFigures now, Func<WireTrackFigures, long> count) =>
        now.Tracks.Sum(track => Math.Max(0, count(track) - before.Tracks.Where(other => other.Ssrc == track.Ssrc).Select(count).FirstOrDefault()));
}
