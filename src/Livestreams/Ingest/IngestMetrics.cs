using System.Diagnostics.Metrics;
using Roomcast.Rtmp.Connection;

namespace Roomcast.Livestreams.Ingest;

/// <summary>What ingest comes to, for <c>/metrics</c> and OTLP. One for the process.</summary>
internal sealed class IngestMetrics
{
    private readonly Counter<long> _admitted;
    private readonly Counter<long> _refused;
    private readonly Counter<long> _faults;
    private readonly Counter<long> _timeouts;
    private readonly Counter<long> _frames;
    private readonly Counter<long> _dropped;
    private readonly Counter<long> _jumps;

    public IngestMetrics(IMeterFactory meters)
    {
        var meter = meters.Create("Roomcast.Livestreams");
        _admitted = meter.CreateCounter<long>("roomcast.livestreams.ingest.admitted", "{publish}", "Publishes admitted, by protocol.");
        _refused = meter.CreateCounter<long>("roomcast.livestreams.ingest.refused", "{publish}", "Publishes refused, by protocol and reason.");
        _faults = meter.CreateCounter<long>("roomcast.livestreams.ingest.faults", "{connection}", "Connections ended for breaking the protocol, by fault.");
        _timeouts = meter.CreateCounter<long>("roomcast.livestreams.ingest.timeouts", "{connection}", "Connections ended for taking too long, by phase.");
        _frames = meter.CreateCounter<long>("roomcast.livestreams.ingest.frames", "{frame}", "Frames received and passed on.");
        _dropped = meter.CreateCounter<long>("roomcast.livestreams.ingest.dropped_frames", "{frame}", "Frames thrown away: damaged, or before a keyframe.");
        _jumps = meter.CreateCounter<long>("roomcast.livestreams.ingest.timestamp_jumps", "{jump}", "Jumps of encoders' clocks.");
    }

    public void Admitted(string protocol) => _admitted.Add(1, new KeyValuePair<string, object?>("protocol", protocol));

    public void Refused(string protocol, string reason) =>
        _refused.Add(1, new KeyValuePair<string, object?>("protocol", protocol), new KeyValuePair<string, object?>("reason", reason));

    public void Faulted(RtmpFault fault) => _faults.Add(1, new KeyValuePair<string, object?>("fault", fault.ToString()));

    public void TimedOut(string phase) => _timeouts.Add(1, new KeyValuePair<string, object?>("phase", phase));

    public void Received(long frames, long dropped, long jumps)
    {
        _frames.Add(frames);
        _dropped.Add(dropped);
        _jumps.Add(jumps);
    }
}
