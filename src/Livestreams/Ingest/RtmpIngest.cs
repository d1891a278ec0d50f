using System.Diagnostics.Metrics;
using System.Net;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Roomcast.Transports.Tcp;

namespace Roomcast.Livestreams.Ingest;

/// <summary>Takes streams in over RTMP and RTMPS. One for the process.</summary>
public sealed class RtmpIngest : IAsyncDisposable
{
    private readonly RtmpIngestSettings _settings;
    private readonly ConnectionQuota _quota;
    private readonly TransportMetrics _transportMetrics;
    private readonly CancellationTokenSource _stopping = new();
    private readonly List<ConnectionListener> _listeners = [];

    /// <summary>Makes an ingest that listens nowhere yet.</summary>
    /// <param name="gate">Decides who may publish.</param>
    /// <param name="options">Limits.</param>
    /// <param name="clock">Measures them.</param>
    /// <param name="meters">Makes the instruments.</param>
    /// <param name="transportMetrics">Counts connections and bytes.</param>
    /// <param name="logger">Logs.</param>
    public RtmpIngest(
        IIngestGate gate,
        IOptions<IngestOptions> options,
        TimeProvider clock,
        IMeterFactory meters,
        TransportMetrics transportMetrics,
        ILogger<RtmpIngest> logger)
    {
        ArgumentNullException.ThrowIfNull(options);
        var limits = options.Value;
        _settings = new RtmpIngestSettings(gate, limits, clock, new IngestMetrics(meters), logger, _stopping.Token);
        _quota = new ConnectionQuota(limits.MaxConnections, limits.MaxConnectionsPerAddress, limits.MaxPendingPerAddress);
        _transportMetrics = transportMetrics;
    }

    /// <summary>The addresses listened on.</summary>
    public IReadOnlyList<IPEndPoint> EndPoints => [.. _listeners.Select(static listener => listener.LocalEndPoint)];

    /// <summary>Connections now, publishing or not.</summary>
    public int ConnectionCount => _quota.Count;

    /// <summary>Begins to listen on one address; to be called for each, before encoders are told of it.</summary>
    /// <param name="listen">Where; with TLS options for RTMPS. How often it fetches is taken from the options of the ingest.</param>
    /// <exception cref="ListenException">The address is taken, not ours, or not allowed.</exception>
    public void Listen(ListenOptions listen)
    {
        ArgumentNullException.ThrowIfNull(listen);
        listen = listen with { ReceiveInterval = _settings.Options.ReceiveInterval };
        _listeners.Add(ConnectionListener.Start(listen, ServeAsync, _quota, _settings.Clock, _transportMetrics, _settings.Logger));

        async Task ServeAsync(TcpConnection tcp)
        {
            using var connection = new RtmpIngestConnection(tcp, listen.Protocol, _settings);
            await connection.RunAsync();
        }
    }

    /// <summary>Takes no more connections and ends those there are, telling each encoder why.</summary>
    /// <param name="cancellationToken">When cancelled, connections still open are broken off.</param>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await Task.WhenAll(_listeners.Select(static listener => listener.StopAcceptingAsync()));
        await _stopping.CancelAsync();
        await Task.WhenAll(_listeners.Select(listener => listener.DrainAsync(cancellationToken)));
    }

    /// <summary>Stops at once.</summary>
    public async ValueTask DisposeAsync()
    {
        await StopAsync(new CancellationToken(canceled: true));
        foreach (var listener in _listeners)
        {
            await listener.DisposeAsync();
        }

        _listeners.Clear();
        _stopping.Dispose();
    }
}
