using System.Diagnostics.Metrics;
using Roomcast.RealtimeKit.Rest.Answers;

namespace Roomcast.RealtimeKit;

/// <summary>Meter <c>Roomcast.RealtimeKit</c>. Requests and their durations are the web server's own figures.</summary>
internal sealed class RealtimeKitMetrics
{
    private readonly Counter<long> _refusals;

    public RealtimeKitMetrics(IMeterFactory meters)
    {
        var meter = meters.Create("Roomcast.RealtimeKit");
        _refusals = meter.CreateCounter<long>(
            "roomcast.realtimekit.refusals", "{request}", "Requests refused, by error code.");
    }

    /// <summary>Counts one refusal.</summary>
    public void Refused(KitErrorCode code) => _refusals.Add(1, new KeyValuePair<string, object?>("code", (int)code));
}
