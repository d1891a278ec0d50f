using System.Diagnostics.Metrics;
using Roomcast.Meetings.Sessions.Rules;

namespace Roomcast.Meetings.Sessions;

/// <summary>Meter <c>Roomcast.Meetings.Sessions</c>.</summary>
internal sealed class SessionMetrics
{
    private readonly UpDownCounter<int> _sessions;
    private readonly UpDownCounter<int> _peers;
    private readonly Counter<long> _refusals;

    public SessionMetrics(IMeterFactory meters)
    {
        var meter = meters.Create("Roomcast.Meetings.Sessions");
        _sessions = meter.CreateUpDownCounter<int>("roomcast.meetings.sessions", "{session}", "Sessions under way.");
        _peers = meter.CreateUpDownCounter<int>("roomcast.meetings.peers", "{peer}", "Peers that have joined.");
        _refusals = meter.CreateCounter<long>("roomcast.meetings.refusals", "{act}", "Acts of peers that were refused, by reason.");
    }

    public void SessionBegan() => _sessions.Add(1);

    public void SessionEnded() => _sessions.Add(-1);

    public void PeerJoined() => _peers.Add(1);

    public void PeerLeft() => _peers.Add(-1);

    public void Refused(SessionFault fault) => _refusals.Add(1, new KeyValuePair<string, object?>("reason", fault.ToString()));
}
