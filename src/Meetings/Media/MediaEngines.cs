using Microsoft.Extensions.Logging;
using Roomcast.Rtc.Dtls;
using Roomcast.Rtc.Ice;
using Roomcast.Transports.Rtc;

namespace Roomcast.Meetings.Media;

/// <summary>Makes the engine of each worker of the WebRTC port. One certificate serves them all.</summary>
internal sealed class MediaEngines : IRtcEngineFactory, IDisposable
{
    private readonly List<MediaEngine> _engines = [];
    private readonly DtlsIdentity _identity;
    private readonly MediaMetrics _metrics;
    private readonly ILogger _logger;

    public MediaEngines(TimeProvider clock, MediaMetrics metrics, ILogger<MediaEngines> logger)
    {
        _identity = DtlsIdentity.Create(clock.GetUtcNow(), TimeSpan.FromDays(3_650));
        _metrics = metrics;
        _logger = logger;
    }

    /// <summary>The engines made so far; complete once the port exists.</summary>
    public IReadOnlyList<MediaEngine> All => _engines;

    /// <summary>Where the port is reached; it exists only after its engines.</summary>
    public Func<IReadOnlyList<IceCandidate>> Candidates { get; set; } = static () => [];

    /// <summary>Where it is reached from this machine.</summary>
    public Func<IReadOnlyList<IceCandidate>> LocalCandidates { get; set; } = static () => [];

    /// <inheritdoc/>
    public IRtcEngine Create(RtcWorker worker)
    {
        var engine = new MediaEngine(new PortWorker(worker, this), _identity, _metrics, _logger);
        _engines.Add(engine);
        return engine;
    }

    /// <inheritdoc/>
    public void Dispose() => _identity.Dispose();
}
