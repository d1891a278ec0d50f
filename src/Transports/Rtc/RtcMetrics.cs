using System.Diagnostics.Metrics;
using Roomcast.Transports.Tcp;

namespace Roomcast.Transports.Rtc;

/// <summary>Tells what the WebRTC port does. One for the process.</summary>
/// <remarks>Workers count in plain fields of their own; they are added up when somebody asks.</remarks>
public sealed class RtcMetrics
{
    private readonly Counter<long> _tcpRefused;
    private readonly Counter<long> _tcpEnded;
    private readonly Lock _lock = new();
    private readonly List<RtcHost> _hosts = [];

    /// <summary>Makes the instruments.</summary>
    public RtcMetrics(IMeterFactory meters)
    {
        ArgumentNullException.ThrowIfNull(meters);
        var meter = meters.Create("Roomcast.Transports");
        _tcpRefused = meter.CreateCounter<long>(
            "roomcast.transports.rtc.tcp.refused", "{connection}", "WebRTC connections over TCP not taken, by reason.");
        _tcpEnded = meter.CreateCounter<long>(
            "roomcast.transports.rtc.tcp.ended", "{connection}", "WebRTC connections over TCP that ended, by reason.");
        meter.CreateObservableUpDownCounter(
            "roomcast.transports.rtc.tcp.connections", () => Sum(static host => host.Tcp.ConnectionCount), "{connection}", "WebRTC connections over TCP.");
        meter.CreateObservableCounter(
            "roomcast.transports.rtc.received", () => ByProtocol(Received), "By", "Bytes received for WebRTC, by protocol.");
        meter.CreateObservableCounter(
            "roomcast.transports.rtc.sent", () => ByProtocol(Sent), "By", "Bytes sent for WebRTC, by protocol.");
        meter.CreateObservableCounter(
            "roomcast.transports.rtc.datagrams.received", () => Sum(host => OfUdp(host, static udp => udp.Received)), "{datagram}", "UDP datagrams received for WebRTC.");
        meter.CreateObservableCounter(
            "roomcast.transports.rtc.datagrams.sent", () => Sum(host => OfUdp(host, static udp => udp.Sent)), "{datagram}", "UDP datagrams sent for WebRTC.");
        meter.CreateObservableCounter(
            "roomcast.transports.rtc.send_calls", () => Sum(host => OfUdp(host, static udp => udp.SendCalls)), "{call}", "System calls that sent them.");
        meter.CreateObservableCounter(
            "roomcast.transports.rtc.datagrams.dropped", Dropped, "{datagram}", "Datagrams dropped for WebRTC, by reason.");
        meter.CreateObservableCounter(
            "roomcast.transports.rtc.datagrams.handed_over", () => Sum(host => OfWorkers(host, static worker => worker.Counters.HandedOver)), "{datagram}", "Datagrams that arrived at another worker's socket than their owner's.");
        meter.CreateObservableCounter(
            "roomcast.transports.rtc.faults", () => Sum(host => OfWorkers(host, static worker => worker.Counters.Faults)), "{fault}", "Faults of ours while WebRTC packets were handled.");
    }

    internal void TcpRefused(ConnectionRefusal refusal) => _tcpRefused.Add(1, new KeyValuePair<string, object?>("reason", refusal.ToString()));

    internal void TcpEnded(RtcTcpEnd reason) => _tcpEnded.Add(1, new KeyValuePair<string, object?>("reason", reason.ToString()));

    internal void Add(RtcHost host)
    {
        lock (_lock)
        {
            _hosts.Add(host);
        }
    }

    internal void Remove(RtcHost host)
    {
        lock (_lock)
        {
            _hosts.Remove(host);
        }
    }

    private static long OfWorkers(RtcHost host, Func<RtcWorker, long> read) => host.Workers.Sum(read);

    private static long OfUdp(RtcHost host, Func<Udp.UdpCounters, long> read) =>
        host.Workers.Sum(worker => worker.UdpCounters is { } udp ? read(udp) : 0);

    private static (long Udp, long Tcp) Received(RtcHost host) => (OfUdp(host, static udp => udp.ReceivedBytes), host.Tcp.BytesReceived);

    private static (long Udp, long Tcp) Sent(RtcHost host) => (OfUdp(host, static udp => udp.SentBytes), host.Tcp.BytesSent);

    private long Sum(Func<RtcHost, long> read)
    {
        lock (_lock)
        {
            return _hosts.Sum(read);
        }
    }

    private Measurement<long>[] ByProtocol(Func<RtcHost, (long Udp, long Tcp)> read) =>
    [
        new(Sum(host => read(host).Udp), new KeyValuePair<string, object?>("protocol", "udp")),
        new(Sum(host => read(host).Tcp), new KeyValuePair<string, object?>("protocol", "tcp")),
    ];

    private Measurement<long>[] Dropped() =>
    [
        Reason("UnknownSender", host => OfWorkers(host, static worker => worker.Counters.UnknownSender)),
        Reason("UnknownUfrag", host => OfWorkers(host, static worker => worker.Counters.UnknownUfrag)),
        Reason("TooManyChecks", host => OfWorkers(host, static worker => worker.Counters.TooManyChecks)),
        Reason("BadLength", host => OfUdp(host, static udp => udp.BadLength)),
        Reason("HandOverFull", host => OfWorkers(host, static worker => worker.HandOversDropped)),
        Reason("SendQueueFull", host => OfWorkers(host, static worker => worker.Counters.SendQueueFull)),
        Reason("Unsendable", host => OfUdp(host, static udp => udp.Unsendable)),
        Reason("TcpUnsendable", host => OfWorkers(host, static worker => worker.Counters.TcpUnsendable)),
    ];

    private Measurement<long> Reason(string reason, Func<RtcHost, long> read) =>
        new(Sum(read), new KeyValuePair<string, object?>("reason", reason));
}
