using System.Diagnostics.Metrics;
using Roomcast.Server.Observability.Health;
using Roomcast.Server.Tls;

namespace Roomcast.Server.Observability;

/// <summary>What the host itself measures.</summary>
internal sealed class ServerMeter : IHostedService, IDisposable
{
    private readonly Meter _meter = new("Roomcast.Server");

    public ServerMeter(TlsCertificates certificates, Readiness readiness, TimeProvider time)
    {
        var startedAt = time.GetTimestamp();
        _meter.CreateObservableGauge(
            "roomcast.server.build", () => new Measurement<int>(1, new KeyValuePair<string, object?>("version", BuildVersion.Current)),
            description: "Always 1; the label tells the version.");
        _meter.CreateObservableGauge(
            "roomcast.server.uptime", () => time.GetElapsedTime(startedAt).TotalSeconds, "s", "Time since the start.");
        _meter.CreateObservableGauge(
            "roomcast.server.disk.free", () => MeasureFreeDisk(readiness), "By", "Free space in the data folder.");
        _meter.CreateObservableGauge(
            "roomcast.server.certificate.remaining",
            () => (certificates.Current.Certificate.NotAfter.ToUniversalTime() - time.GetUtcNow().UtcDateTime).TotalSeconds,
            "s",
            "Time until the TLS certificate expires; negative afterwards.");
    }

    /// <inheritdoc/>
    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private static IEnumerable<Measurement<long>> MeasureFreeDisk(Readiness readiness)
    {
        try
        {
            return [new Measurement<long>(readiness.FreeDisk)];
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            // /readyz says what is wrong with the disk.
            return [];
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _meter.Dispose();
}
