using System.Diagnostics.Metrics;

namespace Roomcast.Transports.Rtc;

/// <summary>Tells what the WebRTC port does. One for the process.</summary>
public sealed class RtcMetrics
{
    private readonly Lock _lock = new();
    private readonly List<RtcHost> _hosts = [];

    /// <summary>Makes the instruments.</summary>
    public RtcMetrics(IMeterFactory meters)
    {
        ArgumentNullException.ThrowIfNull(meters);
        _ = meters.Create("Roomcast.Transports");
    }

    internal void Add(RtcHost host)
    {
        lock (_lock)
        {
            _hosts.Add(host);
        }
    }
}
