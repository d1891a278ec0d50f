using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Roomcast.Accounts;

namespace Roomcast.Relay.Controllers;

/// <summary>The controllers of all apps: those connected, and for a while those that were. Thread-safe.</summary>
internal sealed class ControllerDirectory : IDisposable
{
    /// <summary>Most controllers of one app that are kept, connected or away.</summary>
    public const int MaxOfApp = 10_000;

    private static readonly TimeSpan SweepInterval = TimeSpan.FromSeconds(30);

    private readonly ConcurrentDictionary<AppId, ConcurrentDictionary<string, Controller>> _apps = new();
    private readonly ProtocolNames _names;
    private readonly RelayOptions _options;
    private readonly RelayMetrics _metrics;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly ITimer _sweep;

    public ControllerDirectory(
        ProtocolNames names, IOptions<RelayOptions> options, RelayMetrics metrics, TimeProvider time, ILogger<ControllerDirectory> logger)
    {
        _names = names;
        _options = options.Value;
        _metrics = metrics;
        _time = time;
        _logger = logger;
        _sweep = time.CreateTimer(_ => Sweep(), null, SweepInterval, SweepInterval);
    }

    /// <summary>Finds the controller that offers a name, or makes one.</summary>
    /// <param name="appId">Whose it is, proved.</param>
    /// <param name="protocol">The name it offers; null when it comes for the first time.</param>
    /// <returns>It, and whether it is known from before.</returns>
    public (Controller Controller, bool IsKnown) Open(AppId appId, string? protocol)
    {
        var controllers = _apps.GetOrAdd(appId, _ => new ConcurrentDictionary<string, Controller>(StringComparer.Ordinal));
        if (protocol is not null && controllers.TryGetValue(protocol, out var known))
        {
            return (known, true);
        }

        if (controllers.Count >= MaxOfApp)
        {
            // Who has been away for the longest.
            var oldest = controllers.Values.Where(each => each.AwaySince is not null).MinBy(each => each.AwaySince);
            if (oldest is not null)
            {
                controllers.TryRemove(new(oldest.Protocol, oldest));
            }
        }

        // One of an earlier life of this server: what it had subscribed to is not known, so it hears of everything.
        var isOfEarlierLife = protocol is not null && _names.IsOf(appId, protocol);
        var made = new Controller(
            isOfEarlierLife ? protocol! : _names.Make(appId), appId, isOfEarlierLife, _time.GetTimestamp(), _metrics, _logger);
        return (controllers.GetOrAdd(made.Protocol, made), false);
    }

    /// <summary>The app's signature, as controllers are told of it.</summary>
    public string SignatureOf(AppId appId) => _names.SignatureOf(appId);

    /// <summary>Tells every controller of the app that has subscribed to it.</summary>
    public void Tell(RelayEvent happened)
    {
        if (_apps.TryGetValue(happened.AppId, out var controllers))
        {
            foreach (var (_, controller) in controllers)
            {
                controller.Tell(happened);
            }
        }
    }

    /// <summary>A channel of the app is no more.</summary>
    public void Forget(AppId appId, string channel)
    {
        if (_apps.TryGetValue(appId, out var controllers))
        {
            foreach (var (_, controller) in controllers)
            {
                controller.Forget(channel);
            }
        }
    }

    public void Dispose() => _sweep.Dispose();

    private void Sweep()
    {
        foreach (var controllers in _apps.Values)
        {
            foreach (var (_, controller) in controllers)
            {
                if (controller.AwaySince is { } since && _time.GetElapsedTime(since) >= _options.ResumeFor)
                {
                    controllers.TryRemove(new(controller.Protocol, controller));
                }
            }
        }
    }
}
