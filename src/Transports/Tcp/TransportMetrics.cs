using System.Diagnostics.Metrics;

namespace Roomcast.Transports.Tcp;

/// <summary>Counts what the transports do. One for the process.</summary>
public sealed class TransportMetrics
{
    private readonly Counter<long> _refused;
    private readonly Counter<long> _tlsFailures;
    private readonly Lock _lock = new();
    private readonly List<ConnectionListener> _listeners = [];

    /// <summary>Makes the instruments.</summary>
    public TransportMetrics(IMeterFactory meters)
    {
        ArgumentNullException.ThrowIfNull(meters);
        var meter = meters.Create("Roomcast.Transports");
        _refused = meter.CreateCounter<long>(
            "roomcast.transports.tcp.refused", "{connection}", "Connections not taken, by protocol and reason.");
        _tlsFailures = meter.CreateCounter<long>(
            "roomcast.transports.tls.handshake_failures", "{handshake}", "TLS handshakes that failed, by protocol.");
        meter.CreateObservableUpDownCounter(
            "roomcast.transports.tcp.connections", () => Observe(static listener => listener.ConnectionCount), "{connection}", "Connections open, by protocol.");
        meter.CreateObservableCounter(
            "roomcast.transports.tcp.received", () => Observe(static listener => listener.BytesReceived), "By", "Bytes received, by protocol.");
        meter.CreateObservableCounter(
            "roomcast.transports.tcp.sent", () => Observe(static listener => listener.BytesSent), "By", "Bytes sent, by protocol.");
    }

    internal void Refused(string protocol, ConnectionRefusal refusal) =>
        _refused.Add(1, new KeyValuePair<string, object?>("protocol", protocol), new KeyValuePair<string, object?>("reason", refusal.ToString()));

    internal void TlsHandshakeFailed(string protocol) => _tlsFailures.Add(1, new KeyValuePair<string, object?>("protocol", protocol));

    internal void Add(ConnectionListener listener)
    {
        lock (_lock)
        {
            _listeners.Add(listener);
        }
    }

    internal void Remove(ConnectionListener listener)
    {
        lock (_lock)
        {
            _listeners.Remove(listener);
        }
    }

    private List<Measurement<long>> Observe(Func<ConnectionListener, long> read)
    {
        lock (_lock)
        {
            return [.. _listeners.Select(listener =>
                new Measurement<long>(read(listener), new KeyValuePair<string, object?>("protocol", listener.Protocol)))];
        }
    }
}
