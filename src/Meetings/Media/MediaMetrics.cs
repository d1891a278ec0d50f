using System.Diagnostics.Metrics;

namespace Roomcast.Meetings.Media;

/// <summary>Measures media of meetings. One for the process.</summary>
public sealed class MediaMetrics
{
    private readonly Counter<long> _connections;
    private readonly Counter<long> _failedRooms;
    private readonly Counter<long> _failedRequests;
    private readonly Histogram<double> _connectTime;
    private readonly Lock _lock = new();
    private readonly List<MediaEngine> _engines = [];

    /// <summary>Makes the instruments.</summary>
    public MediaMetrics(IMeterFactory meters)
    {
        ArgumentNullException.ThrowIfNull(meters);
        var meter = meters.Create("Roomcast.Meetings.Media");
        _connections = meter.CreateCounter<long>(
            "roomcast.media.transports", "{transport}", "Transports that connected or were lost, by outcome.");
        _failedRooms = meter.CreateCounter<long>("roomcast.media.rooms.failed", "{room}", "Rooms that ended after a fault of ours.");
        _failedRequests = meter.CreateCounter<long>(
            "roomcast.media.requests.failed", "{request}", "Requests of peers that met a fault of ours.");
        _connectTime = meter.CreateHistogram<double>(
            "roomcast.media.transports.connect_time", "s", "Time from a transport's offer until media can flow.");
        meter.CreateObservableUpDownCounter("roomcast.media.rooms", () => Sum(static totals => totals.Rooms), "{room}", "Rooms open.");
        meter.CreateObservableUpDownCounter("roomcast.media.peers", () => Sum(static totals => totals.Peers), "{peer}", "Peers in rooms.");
        meter.CreateObservableUpDownCounter(
            "roomcast.media.producers", () => Sum(static totals => totals.Producers), "{track}", "Tracks that arrive.");
        meter.CreateObservableUpDownCounter(
            "roomcast.media.consumers", () => Sum(static totals => totals.Consumers), "{track}", "Tracks that leave.");
        meter.CreateObservableUpDownCounter(
            "roomcast.media.transports.open",
            () => Of("state", ("connecting", totals => totals.Connecting), ("connected", totals => totals.Connected)),
            "{transport}",
            "Transports open, by state.");
        meter.CreateObservableCounter(
            "roomcast.media.packets",
            () => Of("direction", ("in", totals => totals.Received), ("out", totals => totals.Sent)),
            "{packet}",
            "RTP packets, by direction.");
        meter.CreateObservableCounter(
            "roomcast.media.refused",
            () => Of(
                "reason",
                ("stranger", totals => totals.Strangers),
                ("malformed", totals => totals.Malformed),
                ("unknown_address", totals => totals.FromUnknownAddress),
                ("before_keys", totals => totals.BeforeKeys),
                ("forged", totals => totals.Forged),
                ("replayed", totals => totals.Replayed),
                ("refused", totals => totals.Refused),
                ("unauthenticated_check", totals => totals.UnauthenticatedChecks),
                ("unknown_source", totals => totals.UnknownSource),
                ("wrong_payload_type", totals => totals.WrongPayloadType),
                ("too_long", totals => totals.TooLong)),
            "{packet}",
            "Datagrams and packets that were not taken, by reason.");
        meter.CreateObservableCounter(
            "roomcast.media.unsent",
            () => Of("reason", ("no_room", totals => totals.NoRoom), ("unprotected", totals => totals.Unprotected)),
            "{packet}",
            "Packets that could not be sent, by reason.");
        meter.CreateObservableCounter(
            "roomcast.media.nacks",
            () => Of("direction", ("in", totals => totals.Nacked), ("out", totals => totals.NacksSent)),
            "{packet}",
            "Packets asked for again: of us (in) and by us (out).");
        meter.CreateObservableCounter(
            "roomcast.media.keyframe_requests",
            () => Of("direction", ("in", totals => totals.KeyframesWanted), ("out", totals => totals.KeyframeRequestsSent)),
            "{request}",
            "Keyframes asked for: of us (in) and by us (out).");
    }

    internal void Add(MediaEngine engine)
    {
        lock (_lock)
        {
            _engines.Add(engine);
        }
    }

    internal void Connected(TimeSpan after)
    {
        _connections.Add(1, new KeyValuePair<string, object?>("outcome", "connected"));
        _connectTime.Record(after.TotalSeconds);
    }

    internal void Lost(TransportLossReason reason) => _connections.Add(1, new KeyValuePair<string, object?>("outcome", reason.ToString()));

    internal void RoomFailed() => _failedRooms.Add(1);

    internal void RequestFailed() => _failedRequests.Add(1);

    private long Sum(Func<MediaTotals, long> read)
    {
        lock (_lock)
        {
            return _engines.Sum(engine => read(engine.Totals));
        }
    }

    private IEnumerable<Measurement<long>> Of(string tag, params (string Value, Func<MediaTotals, long> Read)[] parts) =>
        parts.Select(part => new Measurement<long>(Sum(part.Read), new KeyValuePair<string, object?>(tag, part.Value)));
}
