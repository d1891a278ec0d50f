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

    /// <summary>Of these, how many are kept that are away, when more come.</summary>
    public const int MaxAwayOfApp = 1_000;

    /// <summary>Most bytes of events that the controllers of one app keep together.</summary>
    public const long MaxKeptBytesOfApp = 128 << 20;

    /// <summary>Most names of controllers of one app that are remembered when they were away for too long.</summary>
    public const int MaxRetiredOfApp = 10_000;

    private static readonly TimeSpan SweepInterval = TimeSpan.FromSeconds(30);

    private readonly ConcurrentDictionary<AppId, ConcurrentDictionary<string, Controller>> _apps = new();
    private readonly ConcurrentDictionary<AppId, KeptBytes> _kept = new();
    private readonly ConcurrentDictionary<AppId, RetiredNames> _retired = new();
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
        while (protocol is not null && controllers.TryGetValue(protocol, out var known))
        {
            if (known.TryTake())
            {
                return (known, true);
            }

            Forget(controllers, known); // It was retired a moment ago.
        }

        if (controllers.Count >= MaxAwayOfApp)
        {
            MakeRoom(controllers);
        }

        // One of an earlier life of this server, or one that was retired: what it had subscribed to is not known, so it hears of everything.
        var isBack = protocol is not null && _names.IsOf(appId, protocol);
        var heardUntil = isBack && _retired.TryGetValue(appId, out var retired) ? retired.Find(protocol!) : null;
        while (true)
        {
            var made = new Controller(
                isBack ? protocol! : _names.Make(appId),
                appId,
                isBack,
                _time.GetTimestamp(),
                _kept.GetOrAdd(appId, _ => new KeptBytes(MaxKeptBytesOfApp)),
                _metrics,
                _logger)
            {
                HeardUntil = heardUntil,
            };
            made.TryTake();
            var there = controllers.GetOrAdd(made.Protocol, made);
            if (there == made || there.TryTake())
            {
                return (there, false);
            }

            Forget(controllers, there);
        }
    }

    /// <summary>How many of an app are kept, connected or away.</summary>
    public int CountOf(AppId appId) => _apps.TryGetValue(appId, out var controllers) ? controllers.Count : 0;

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

    // Who has subscribed to nothing goes first, then who has been away for the longest.
    private void MakeRoom(ConcurrentDictionary<string, Controller> controllers)
    {
        var away = new List<(Controller Controller, long Since)>();
        foreach (var controller in controllers.Values)
        {
            if (controller.AwaySince is { } since)
            {
                away.Add((controller, since));
            }
        }

        if (away.Count >= MaxAwayOfApp || (away.Count > 0 && controllers.Count >= MaxOfApp))
        {
            var (first, since) = away.OrderBy(each => each.Controller.HasSubscriptions).ThenBy(each => each.Since).First();
            Retire(controllers, first, since);
        }
    }

    private void Retire(ConcurrentDictionary<string, Controller> controllers, Controller controller, long since)
    {
        if (controller.TryRetire(since, _time.GetUtcNow() - _time.GetElapsedTime(since)))
        {
            Forget(controllers, controller);
        }
    }

    // What it had heard of is remembered before its name is free for another. Who has subscribed to nothing has heard of no room.
    private void Forget(ConcurrentDictionary<string, Controller> controllers, Controller retired)
    {
        if (retired.HasSubscriptions)
        {
            _retired.GetOrAdd(retired.AppId, _ => new RetiredNames(MaxRetiredOfApp)).Add(retired.Protocol, retired.RetiredAt);
        }

        controllers.TryRemove(new(retired.Protocol, retired));
    }

    private void Sweep()
    {
        foreach (var controllers in _apps.Values)
        {
            foreach (var (_, controller) in controllers)
            {
                if (controller.AwaySince is { } since && _time.GetElapsedTime(since) >= _options.ResumeFor)
                {
                    Retire(controllers, controller, since);
                }
            }
        }
    }
}
