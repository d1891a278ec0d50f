using System.Diagnostics.Metrics;

namespace Roomcast.Relay;

/// <summary>Meter <c>Roomcast.Relay</c>.</summary>
internal sealed class RelayMetrics
{
    private readonly UpDownCounter<int> _connections;
    private readonly Counter<long> _requests;
    private readonly Counter<long> _refusals;
    private readonly Counter<long> _events;

    public RelayMetrics(IMeterFactory meters)
    {
        var meter = meters.Create("Roomcast.Relay");
        _connections = meter.CreateUpDownCounter<int>("roomcast.relay.connections", "{connection}", "Connections of controllers.");
        _requests = meter.CreateCounter<long>("roomcast.relay.requests", "{request}", "Requests of controllers.");
        _refusals = meter.CreateCounter<long>("roomcast.relay.refusals", "{request}", "Requests of controllers that were refused, by code.");
        _events = meter.CreateCounter<long>("roomcast.relay.events", "{event}", "Events told to controllers, each counted for each of them.");
    }

    public void Connected() => _connections.Add(1);

    public void Disconnected() => _connections.Add(-1);

    public void Requested() => _requests.Add(1);

    public void Refused(string code) => _refusals.Add(1, new KeyValuePair<string, object?>("code", code));

    public void Told() => _events.Add(1);
}
