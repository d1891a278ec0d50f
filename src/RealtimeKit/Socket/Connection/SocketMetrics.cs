using System.Diagnostics.Metrics;

namespace Roomcast.RealtimeKit.Socket.Connection;

/// <summary>Meter <c>Roomcast.RealtimeKit.Socket</c>.</summary>
internal sealed class SocketMetrics
{
    private readonly UpDownCounter<int> _sockets;
    private readonly Counter<long> _requests;
    private readonly Counter<long> _refusals;
    private readonly Counter<long> _slow;

    public SocketMetrics(IMeterFactory meters)
    {
        var meter = meters.Create("Roomcast.RealtimeKit.Socket");
        _sockets = meter.CreateUpDownCounter<int>("roomcast.realtimekit.sockets", "{socket}", "Open sockets of web clients.");
        _requests = meter.CreateCounter<long>("roomcast.realtimekit.socket.requests", "{request}", "Requests over sockets that could be read.");
        _refusals = meter.CreateCounter<long>(
            "roomcast.realtimekit.socket.refusals", "{request}", "Requests over sockets that were answered with an error, by reason.");
        _slow = meter.CreateCounter<long>(
            "roomcast.realtimekit.socket.slow", "{socket}", "Sockets given up because their client did not keep up.");
    }

    public void Connected() => _sockets.Add(1);

    public void Disconnected() => _sockets.Add(-1);

    public void Requested() => _requests.Add(1);

    public void Refused(string reason) => _refusals.Add(1, new KeyValuePair<string, object?>("reason", reason));

    public void Slow() => _slow.Add(1);
}
