using OpenTelemetry;
using OpenTelemetry.Exporter;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;
using Roomcast.Server.Configuration;
using Roomcast.Server.Observability.Metrics;

namespace Roomcast.Server.Observability;

/// <summary>Sends metrics and traces to an OpenTelemetry collector, when one is set. What is not sent yet is sent at the end.</summary>
internal sealed class Telemetry(SettingValues settings) : IHostedService, IDisposable
{
    private MeterProvider? _meters;
    private TracerProvider? _tracers;

    /// <inheritdoc/>
    public Task StartAsync(CancellationToken cancellationToken)
    {
        if (settings.Get(ServerSettings.OtlpEndpoint) is not { } endpoint)
        {
            return Task.CompletedTask;
        }

        var resource = ResourceBuilder.CreateDefault().AddService("roomcast", serviceVersion: BuildVersion.Current);
        _meters = Sdk.CreateMeterProviderBuilder()
            .SetResourceBuilder(resource)
            .AddMeter([.. MetricsPage.FrameworkMeters, MetricsPage.OwnMeters + "*"])
            .AddOtlpExporter(options => Address(options, endpoint, "v1/metrics"))
            .Build();
        _tracers = Sdk.CreateTracerProviderBuilder()
            .SetResourceBuilder(resource)
            .SetSampler(new RequestSampler())
            .AddProcessor(new PathCover())
            .AddSource("Microsoft.AspNetCore", MetricsPage.OwnMeters + "*")
            .AddOtlpExporter(options => Address(options, endpoint, "v1/traces"))
            .Build();
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task StopAsync(CancellationToken cancellationToken)
    {
        Dispose();
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _meters?.Dispose();
        _tracers?.Dispose();
        (_meters, _tracers) = (null, null);
    }

    private void Address(OtlpExporterOptions options, Uri endpoint, string path)
    {
        var isHttp = settings.Get(ServerSettings.OtlpProtocol) == OtlpProtocol.Http;
        options.Protocol = isHttp ? OtlpExportProtocol.HttpProtobuf : OtlpExportProtocol.Grpc;

        // Over HTTP each signal has its own path below the collector's address (OTLP 1.x, "OTLP/HTTP request").
        options.Endpoint = isHttp ? new Uri(endpoint.OriginalString.TrimEnd('/') + "/" + path) : endpoint;
    }
}
