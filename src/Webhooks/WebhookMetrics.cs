using System.Diagnostics.Metrics;

namespace Roomcast.Webhooks;

/// <summary>Meter <c>Roomcast.Webhooks</c>.</summary>
internal sealed class WebhookMetrics
{
    private readonly Counter<long> _attempts;
    private readonly Histogram<double> _duration;
    private readonly Histogram<double> _lag;

    public WebhookMetrics(IMeterFactory meters)
    {
        var meter = meters.Create("Roomcast.Webhooks");
        _attempts = meter.CreateCounter<long>(
            "roomcast.webhooks.attempts", "{attempt}", "Attempts to deliver; tag outcome: delivered, retried, failed.");
        _duration = meter.CreateHistogram<double>("roomcast.webhooks.attempt.duration", "s", "How long attempts take.");
        _lag = meter.CreateHistogram<double>(
            "roomcast.webhooks.lag", "s", "Time from what happened until the receiver had taken its delivery.");
        meter.CreateObservableGauge(
            "roomcast.webhooks.lanes", () => Lanes?.Invoke() ?? 0, "{lane}", "Lanes in which deliveries wait, as far as they are held in memory.");
        meter.CreateObservableGauge(
            "roomcast.webhooks.resting", () => Resting?.Invoke() ?? 0, "{webhook}", "Webhooks that failed so often that they are tried now and then only.");
    }

    /// <summary>Counts lanes when asked.</summary>
    public Func<int>? Lanes { get; set; }

    /// <summary>Counts webhooks that rest when asked.</summary>
    public Func<int>? Resting { get; set; }

    public void Attempted(string outcome, TimeSpan duration)
    {
        _attempts.Add(1, new KeyValuePair<string, object?>("outcome", outcome));
        _duration.Record(duration.TotalSeconds);
    }

    public void Arrived(TimeSpan lag) => _lag.Record(lag.TotalSeconds);
}
