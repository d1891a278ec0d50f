using System.Diagnostics.Metrics;
using System.Net;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Roomcast.Livestreams.Ingest;
using Roomcast.Transports.Tcp;

namespace Roomcast.Livestreams.Tests.Ingest;

/// <summary>The ingest on free loopback ports, plain and with TLS, before a gate of the test's.</summary>
internal sealed class IngestServer : IAsyncDisposable
{
    private readonly ServiceProvider _services;
    private readonly X509Certificate2 _certificate = MakeCertificate();

    public IngestServer(IngestOptions? options = null, TimeProvider? clock = null)
    {
        var services = new ServiceCollection();
        services.AddSingleton<IIngestGate>(Gate);
        services.AddSingleton(clock ?? TimeProvider.System);
        services.AddSingleton(Options.Create(options ?? new IngestOptions()));
        services.AddLogging(logging => logging.SetMinimumLevel(LogLevel.Debug).AddProvider(Log));
        services.AddRtmpIngest();
        _services = services.BuildServiceProvider();
        Ingest = _services.GetRequiredService<RtmpIngest>();
        Ingest.Listen(new ListenOptions { Address = new IPEndPoint(IPAddress.Loopback, 0), Setting = "test_port", Protocol = "rtmp" });
        Ingest.Listen(new ListenOptions
        {
            Address = new IPEndPoint(IPAddress.Loopback, 0),
            Setting = "test_tls_port",
            Protocol = "rtmps",
            Tls = name =>
            {
                ServerNames.Add(name);
                return new SslServerAuthenticationOptions { ServerCertificate = _certificate };
            },
        });
    }

    public FakeGate Gate { get; } = new();

    public RtmpIngest Ingest { get; }

    public IMeterFactory Meters => _services.GetRequiredService<IMeterFactory>();

    public RecordingLog Log { get; } = new();

    /// <summary>The server names that TLS clients asked for.</summary>
    public List<string?> ServerNames { get; } = [];

    public IPEndPoint EndPoint => Ingest.EndPoints[0];

    public string Address(string key, string app = "live") => $"rtmp://127.0.0.1:{EndPoint.Port}/{app}/{key}";

    public string TlsAddress(string key) => $"rtmps://localhost:{Ingest.EndPoints[1].Port}/live/{key}";

    public async ValueTask DisposeAsync()
    {
        await _services.DisposeAsync();
        _certificate.Dispose();
    }

    private static X509Certificate2 MakeCertificate()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256);
        var now = TimeProvider.System.GetUtcNow();
        using var certificate = request.CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
        return X509CertificateLoader.LoadPkcs12(certificate.Export(X509ContentType.Pkcs12), password: null);
    }
}

/// <summary>Keeps what is logged.</summary>
internal sealed class RecordingLog : ILoggerProvider, ILogger
{
    private readonly List<(LogLevel Level, int Id, string Text)> _entries = [];

    public IReadOnlyList<(LogLevel Level, int Id, string Text)> Entries
    {
        get
        {
            lock (_entries)
            {
                return [.. _entries];
            }
        }
    }

    public ILogger CreateLogger(string categoryName) => this;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        lock (_entries)
        {
            _entries.Add((logLevel, eventId.Id, formatter(state, exception) + exception));
        }
    }

    public void Dispose()
    {
    }
}
