using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Roomcast.Feeds;

namespace Roomcast.Egress.Push;

/// <summary>Starts pushes, for whatever has a feed and an address: outputs of livestreams, recordings, relays.</summary>
public sealed class PushJobs
{
    private readonly IPushDialer _dialer;
    private readonly PushAddressGuard _guard;
    private readonly PushOptions _options;
    private readonly TimeProvider _time;
    private readonly PushMetrics _metrics;
    private readonly ILogger _logger;

    internal PushJobs(
        IPushDialer dialer, PushAddressGuard guard, IOptions<PushOptions> options, TimeProvider time, PushMetrics metrics, ILogger<PushJobs> logger)
    {
        _dialer = dialer;
        _guard = guard;
        _options = options.Value;
        _time = time;
        _metrics = metrics;
        _logger = logger;
    }

    /// <summary>Whether an address may be pushed to as far as it tells: a name is looked up when it is connected to, and judged again.</summary>
    public bool MayPushTo(PushAddress address)
    {
        ArgumentNullException.ThrowIfNull(address);
        return _guard.MayAllow(address.Target.Host);
    }

    /// <summary>Starts a push. It runs until its feed ends, its target rejects it, or it is stopped; the caller disposes of it.</summary>
    /// <param name="label">What is pushed, for the log.</param>
    /// <param name="feed">The feed.</param>
    /// <param name="address">Where to.</param>
    public PushJob Start(string label, Feed feed, PushAddress address)
    {
        ArgumentException.ThrowIfNullOrEmpty(label);
        ArgumentNullException.ThrowIfNull(feed);
        ArgumentNullException.ThrowIfNull(address);
        return new PushJob(label, address, feed, _dialer, _options, _time, _metrics, _logger);
    }
}
