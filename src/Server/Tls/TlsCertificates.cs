using System.Net.Security;

namespace Roomcast.Server.Tls;

/// <summary>The certificate that every TLS listener serves. It changes while the server runs; connections keep the one they began with.</summary>
internal sealed class TlsCertificates : BackgroundService
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(5);

    private readonly CertificateSource _source;
    private readonly TimeProvider _time;
    private readonly ILogger<TlsCertificates> _logger;
    private readonly SemaphoreSlim _oneLook = new(1, 1);
    private volatile ServedCertificate _current;
    private string _lastFault = "";

    /// <summary>Loads the first certificate.</summary>
    /// <exception cref="FirstStart.StartFailure">There is none that a client could accept.</exception>
    public TlsCertificates(CertificateSource source, TimeProvider time, ILogger<TlsCertificates> logger)
    {
        (_source, _time, _logger) = (source, time, logger);
        _current = source.Load(time.GetUtcNow());
    }

    /// <summary>What is served now.</summary>
    public ServedCertificate Current => _current;

    /// <summary>What a new TLS connection is served with.</summary>
    public SslStreamCertificateContext Context => _current.Context;

    /// <summary>Looks now for a newer certificate.</summary>
    public async Task RefreshAsync(CancellationToken cancellationToken)
    {
        await _oneLook.WaitAsync(cancellationToken);
        try
        {
            if (_source.Refresh(_current, _time.GetUtcNow()) is { } fresh)
            {
                // The old one is left to the garbage collector: connections that began with it may still use it.
                _current = fresh;
                TlsLog.CertificateReplaced(_logger, fresh.Certificate.Subject, fresh.Certificate.NotAfter.ToUniversalTime());
            }

            _lastFault = "";
        }
        catch (FirstStart.StartFailure fault)
        {
            // Serving the old certificate is better than none. The same fault is told once.
            if (fault.Message != _lastFault)
            {
                _lastFault = fault.Message;
                TlsLog.CertificateKept(_logger, fault.Message);
            }
        }
        finally
        {
            _oneLook.Release();
        }
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        _oneLook.Dispose();
        base.Dispose();
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(LookEvery, _time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            await RefreshAsync(stoppingToken);
        }
    }
}
