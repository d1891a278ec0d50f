using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Roomcast.Rtc;
using Roomcast.Rtc.Ice;
using Roomcast.Transports.Udp;

namespace Roomcast.Transports.Rtc;

/// <summary>The WebRTC port: UDP and TCP of one number, and the workers behind it. One for the process.</summary>
/// <remarks>
/// Workers and their engines exist from the beginning, and work may be posted; sockets and threads come with
/// <see cref="Start"/>. Owners of engines close their sessions before <see cref="StopAsync"/>, so that goodbyes are sent.
/// </remarks>
public sealed class RtcHost : IAsyncDisposable
{
    private static readonly TimeSpan LongestEnd = TimeSpan.FromSeconds(5);

    private readonly RtcHostOptions _options;
    private readonly TimeProvider _clock;
    private readonly ILogger _logger;
    private readonly RtcMetrics _metrics;
    private readonly long _startedAt;
    private readonly RtcWorker[] _workers;
    private IReadOnlyList<IceCandidate> _candidates = [];
    private IReadOnlyList<IceCandidate> _localCandidates = [];
    private RtcSockets? _sockets;
    private int _stopped;

    /// <summary>Makes the workers and their engines.</summary>
    public RtcHost(
        IRtcEngineFactory engines, IOptions<RtcHostOptions> options, TimeProvider clock, RtcMetrics metrics, ILogger<RtcHost> logger)
    {
        ArgumentNullException.ThrowIfNull(engines);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(clock);
        ArgumentNullException.ThrowIfNull(metrics);
        _options = options.Value;
        _clock = clock;
        _logger = logger;
        _startedAt = clock.GetTimestamp();
        Tcp = new RtcTcpListener(Directory, _options, clock, metrics, logger);
        _workers = new RtcWorker[_options.WorkerCount];
        for (var i = 0; i < _workers.Length; i++)
        {
            _workers[i] = new RtcWorker(this, i, _options, engines, logger);
        }

        _metrics = metrics;
        metrics.Add(this);
    }

    /// <summary>The workers. Who owns sessions decides which worker gets which.</summary>
    public IReadOnlyList<RtcWorker> Workers => _workers;

    /// <summary>Monotonic time since the host was made: the time of engines and posted work.</summary>
    public TimeSpan Now => _clock.GetElapsedTime(_startedAt);

    /// <summary>Where peers reach us, for descriptions: UDP and passive TCP, best first. Empty before <see cref="Start"/>.</summary>
    public IReadOnlyList<IceCandidate> Candidates => Volatile.Read(ref _candidates);

    /// <summary>Where we are reached by UDP from this machine itself, whatever address others are told. Empty before <see cref="Start"/>.</summary>
    public IReadOnlyList<IceCandidate> LocalCandidates => Volatile.Read(ref _localCandidates);

    internal RtcDirectory Directory { get; } = new();

    internal RtcTcpListener Tcp { get; }

    /// <summary>Starts the threads on bound sockets, which the host owns from now on.</summary>
    /// <param name="sockets">Bound with the same options.</param>
    /// <param name="publicAddress">The address peers reach us at, when it is not one of this machine's; null for those the
    /// sockets are bound to.</param>
    /// <exception cref="SocketException">Another process has begun to listen there since the sockets were bound.</exception>
    public void Start(RtcSockets sockets, IPAddress? publicAddress)
    {
        ArgumentNullException.ThrowIfNull(sockets);
        _sockets = sockets;
        var here = ReachableAt(sockets.LocalEndPoint.Address);
        List<IPAddress> told = publicAddress is not null ? [publicAddress] : here;
        Volatile.Write(ref _candidates, MakeCandidates(told, sockets.LocalEndPoint.Port));
        Volatile.Write(ref _localCandidates, [.. MakeCandidates(here, sockets.LocalEndPoint.Port).Where(candidate => candidate.Protocol is RtcProtocol.Udp)]);
        Tcp.Start(sockets.Tcp);
        for (var i = 0; i < _workers.Length; i++)
        {
            _workers[i].Start(_options.IsBatched && OperatingSystem.IsLinux() ? new BatchedUdpSocket(sockets.Udp[i]) : new PortableUdpSocket(sockets.Udp[i]));
        }

        RtcLog.Started(
            _logger, sockets.LocalEndPoint.ToString(), _workers.Length, _options.IsBatched ? "batched" : "portable", string.Join(", ", told));
    }

    /// <summary>Takes no new connections, lets the workers do what was posted and send it, and ends them.</summary>
    public async Task StopAsync()
    {
        if (Interlocked.Exchange(ref _stopped, 1) == 1)
        {
            return;
        }

        await Tcp.StopAcceptingAsync();
        foreach (var worker in _workers)
        {
            worker.Stop();
        }

        await Task.Run(() =>
        {
            foreach (var worker in _workers)
            {
                if (!worker.Join(LongestEnd))
                {
                    RtcLog.WorkerDidNotEnd(_logger, worker.Index);
                }
            }
        });
        await Tcp.DisposeAsync();
        _sockets?.Dispose();
        _metrics.Remove(this);
    }

    /// <summary>Stops.</summary>
    public async ValueTask DisposeAsync() => await StopAsync();

    private static List<IceCandidate> MakeCandidates(List<IPAddress> addresses, int port)
    {
        var candidates = new List<IceCandidate>(2 * addresses.Count);
        foreach (var protocol in (ReadOnlySpan<RtcProtocol>)[RtcProtocol.Udp, RtcProtocol.Tcp])
        {
            for (var i = 0; i < addresses.Count; i++)
            {
                candidates.Add(IceCandidate.HostOf(RtcAddress.From(addresses[i], port, protocol), i));
            }
        }

        return candidates;
    }

    /// <summary>What a bound address means to others: itself, or for "any" the addresses of the interfaces.</summary>
    private static List<IPAddress> ReachableAt(IPAddress bound)
    {
        if (!bound.Equals(IPAddress.Any) && !bound.Equals(IPAddress.IPv6Any))
        {
            return [bound];
        }

        var isIPv6 = bound.Equals(IPAddress.IPv6Any);
        var all = NetworkInterface.GetAllNetworkInterfaces()
            .Where(nic => nic.OperationalStatus is OperationalStatus.Up or OperationalStatus.Unknown)
            .SelectMany(nic => nic.GetIPProperties().UnicastAddresses)
            .Select(unicast => unicast.Address)
            .Where(ip => ip.AddressFamily is AddressFamily.InterNetwork || (isIPv6 && !ip.IsIPv6LinkLocal))
            .Distinct()
            .ToList();
        var outer = all.Where(ip => !IPAddress.IsLoopback(ip)).OrderBy(ip => ip.AddressFamily).Take(MaxAddresses).ToList();
        return outer.Count > 0 ? outer : [isIPv6 ? IPAddress.IPv6Loopback : IPAddress.Loopback];
    }

    private const int MaxAddresses = 8;
}
