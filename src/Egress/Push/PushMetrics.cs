using System.Collections.Concurrent;
using System.Diagnostics.Metrics;

namespace Roomcast.Egress.Push;

/// <summary>What the pushes come to, for <c>/metrics</c> and OTLP.</summary>
internal sealed class PushMetrics : IDisposable
{
    private static readonly PushState[] RunningStates = [PushState.Connecting, PushState.Publishing, PushState.Backoff, PushState.Wedged];

    private readonly Meter _meter;
    private readonly Counter<long> _failures;
    private readonly ConcurrentDictionary<PushJob, byte> _jobs = new();
    private readonly Lock _totals = new();
    private long _endedBytes;
    private TimeSpan _endedDropped;

    public PushMetrics(IMeterFactory meters)
    {
        _meter = meters.Create("Roomcast.Egress.Push");
        _failures = _meter.CreateCounter<long>("roomcast.push.failures", "{failure}", "Connections to targets that failed, by reason.");
        _meter.CreateObservableGauge("roomcast.push.targets", Targets, "{target}", "Pushes that are not over, by state.");
        _meter.CreateObservableCounter("roomcast.push.sent", () => Total().Bytes, "By", "Bytes sent to targets.");
        _meter.CreateObservableCounter("roomcast.push.dropped", () => Total().Dropped.TotalSeconds, "s", "Media that targets did not get, counted when they get later media or the push ends.");
    }

    public void Add(PushJob job) => _jobs.TryAdd(job, 0);

    /// <summary>A push is over: what it sent stays counted.</summary>
    public void Remove(PushJob job, long bytes, TimeSpan dropped)
    {
        lock (_totals)
        {
            if (_jobs.TryRemove(job, out _))
            {
                _endedBytes += bytes;
                _endedDropped += dropped;
            }
        }
    }

    public void Failed(PushReason reason) => _failures.Add(1, new KeyValuePair<string, object?>("reason", PushWords.Of(reason)));

    public void Dispose() => _meter.Dispose();

    private (long Bytes, TimeSpan Dropped) Total()
    {
        lock (_totals)
        {
            var (bytes, dropped) = (_endedBytes, _endedDropped);
            foreach (var job in _jobs.Keys)
            {
                bytes += job.Status.BytesSent;
                dropped += job.LostTime;
            }

            return (bytes, dropped);
        }
    }

    private IEnumerable<Measurement<long>> Targets()
    {
        var states = _jobs.Keys.Select(static job => job.Status.State).ToLookup(static state => state);
        return RunningStates.Select(state => new Measurement<long>(states[state].LongCount(), new KeyValuePair<string, object?>("state", PushWords.Of(state))));
    }
}
