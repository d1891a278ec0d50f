using System.Diagnostics.Metrics;

namespace Roomcast.Livestreams.Lifecycle;

/// <summary>What the livestreams on air come to, for <c>/metrics</c> and OTLP.</summary>
internal sealed class LivestreamMetrics : IDisposable
{
    private readonly Meter _meter;
    private long _retiredDropped;
    private Func<IEnumerable<OnAirLivestream>> _livestreams = () => [];

    public LivestreamMetrics(IMeterFactory meters)
    {
        _meter = meters.Create("Roomcast.Livestreams");
        _meter.CreateObservableGauge(
            "roomcast.livestreams.on_air", () => _livestreams().Count(IsOnAir), "{livestream}", "Livestreams that a player can play.");
        _meter.CreateObservableGauge(
            "roomcast.livestreams.publishers",
            () => _livestreams().Count(livestream => livestream.Publisher is not null),
            "{publisher}",
            "Publishers that feed a livestream.");
        _meter.CreateObservableGauge(
            "roomcast.livestreams.ingest_bitrate",
            () => _livestreams().Sum(livestream => livestream.Publisher?.Describe().BitrateBps ?? 0),
            "bit/s",
            "Media received from all publishers, over the last five seconds.");
        _meter.CreateObservableGauge(
            "roomcast.livestreams.viewers",
            () => _livestreams().Sum(livestream => livestream.Airing?.Viewers.Concurrent ?? 0),
            "{viewer}",
            "Viewers of all livestreams.");
        _meter.CreateObservableGauge(
            "roomcast.livestreams.packager_queue",
            () => _livestreams().Sum(livestream => livestream.Airing?.PackagerQueue ?? 0),
            "{frame}",
            "Frames that wait to be packaged.");
        _meter.CreateObservableCounter(
            "roomcast.livestreams.packager_dropped",
            () => Interlocked.Read(ref _retiredDropped) + _livestreams().Sum(livestream => livestream.Airing?.PackagerDropped ?? 0),
            "{frame}",
            "Frames that the packager was too slow for.");
    }

    /// <summary>Says where the livestreams on air are to be found.</summary>
    public void Observe(Func<IEnumerable<OnAirLivestream>> livestreams) => _livestreams = livestreams;

    /// <summary>A time on air is over: what it dropped stays counted when it is observed no more.</summary>
    /// <param name="dropped">Frames that its packager was too slow for.</param>
    public void Retire(long dropped) => Interlocked.Add(ref _retiredDropped, dropped);

    public void Dispose() => _meter.Dispose();

    private static bool IsOnAir(OnAirLivestream livestream) =>
        livestream.State is LivestreamState.OnAir or LivestreamState.Interrupted;
}
