using System.Collections.Concurrent;
using Microsoft.Extensions.Hosting;
using Roomcast.Accounts;
using Roomcast.Livestreams.Ingest;
using Roomcast.Livestreams.Records;
using Roomcast.Storage;

namespace Roomcast.Livestreams.Lifecycle;

/// <summary>All livestreams that somebody publishes to or that players can still fetch: the gate for ingest, the shelf for delivery.</summary>
/// <remarks>Also stores the figures of all sessions on air, together, every <see cref="LivestreamOptions.FigureInterval"/>.</remarks>
internal sealed class OnAirLivestreams : BackgroundService, IHostedLifecycleService, IIngestGate
{
    // A player plays about three parts behind the end; in this time it has asked for the rest of what there is.
    private static readonly TimeSpan LastFetch = TimeSpan.FromSeconds(2);

    private readonly ConcurrentDictionary<LivestreamId, OnAirLivestream> _livestreams = new();
    private readonly LivestreamStore _store;
    private readonly AppStore _apps;
    private readonly LivestreamSessionStore _sessions;
    private readonly OnAirSettings _settings;
    private volatile bool _isStopping;

    public OnAirLivestreams(
        LivestreamStore store, AppStore apps, LivestreamSessionStore sessions, OnAirSettings settings, LivestreamMetrics metrics)
    {
        _store = store;
        _apps = apps;
        _sessions = sessions;
        _settings = settings;
        metrics.Observe(() => _livestreams.Values);
    }

    /// <summary>The livestream if it is on air, starting or lingering after its end.</summary>
    public OnAirLivestream? Find(LivestreamId id) => _livestreams.GetValueOrDefault(id);

    /// <summary>Whether the server stops, so that livestreams end that go on after the next start.</summary>
    public bool IsStopping => _isStopping;

    public async ValueTask<IngestAdmission> AdmitAsync(IngestRequest request, CancellationToken cancellationToken)
    {
        if (_isStopping)
        {
            return Refuse(IngestRefusal.Unavailable);
        }

        return await AdmitAsync(request, () => _store.FindByStreamKeyAsync(request.StreamKey, cancellationToken), cancellationToken);
    }

    /// <summary>Admits a publisher of the server's own, which needs no stream key.</summary>
    public ValueTask<IngestAdmission> AdmitAsync(LivestreamId id, IngestRequest request, CancellationToken cancellationToken) =>
        _isStopping
            ? new(Refuse(IngestRefusal.Unavailable))
            : AdmitAsync(request, () => _store.FindAsync(id, cancellationToken), cancellationToken);

    private async ValueTask<IngestAdmission> AdmitAsync(
        IngestRequest request, Func<Task<Livestream?>> find, CancellationToken cancellationToken)
    {
        var livestream = await find();
        if (livestream is null)
        {
            return Refuse(IngestRefusal.UnknownKey);
        }

        if (livestream.IsDisabled)
        {
            return Refuse(IngestRefusal.Disabled);
        }

        var app = await _apps.FindAsync(livestream.AppId, cancellationToken);
        if (app is null)
        {
            return Refuse(IngestRefusal.UnknownKey);
        }

        while (true)
        {
            // Counted without a lock: a burst may pass the bound by the handful that ask in the same instant.
            var isKnown = _livestreams.TryGetValue(livestream.Id, out var onAir);
            if (onAir?.Publisher is null && _livestreams.Count(other => other.Value.Publisher is not null) >= _settings.Options.MaxPublishers)
            {
                return Refuse(IngestRefusal.Unavailable);
            }

            if (!isKnown || onAir is null)
            {
                onAir = Start(livestream, app.Playback);
                if (_isStopping)
                {
                    await onAir.StopAsync(IngestEndReason.ServerStopping, cancellationToken);
                }
            }

            if (await onAir.TryAdmitAsync(request, cancellationToken) is { } admission)
            {
                return admission.Publisher is { } publisher ? await CheckAgainAsync(onAir, publisher, find, cancellationToken) : admission;
            }

            // It was retired between the look-up and the question.
            _livestreams.TryRemove(new(livestream.Id, onAir));
        }
    }

    // What was read before the admission may have changed meanwhile: the livestream disabled or deleted, its key rotated, its
    // app closed to the public. Whoever changed it found nothing on air to end; here it is noticed.
    private async ValueTask<IngestAdmission> CheckAgainAsync(
        OnAirLivestream onAir, IngestPublisher publisher, Func<Task<Livestream?>> find, CancellationToken cancellationToken)
    {
        var livestream = await find();
        var app = livestream is null ? null : await _apps.FindAsync(livestream.AppId, cancellationToken);
        if (livestream is null || app is null || livestream.IsDisabled)
        {
            publisher.Close(IngestEndReason.Stopped);
            return Refuse(livestream is { IsDisabled: true } ? IngestRefusal.Disabled : IngestRefusal.UnknownKey);
        }

        onAir.Name = livestream.Name;
        onAir.Access = app.Playback;
        return new IngestAdmission(publisher, null);
    }

    /// <summary>Ends a livestream that may be on air; does nothing otherwise.</summary>
    public Task StopAsync(LivestreamId id, IngestEndReason reason, CancellationToken cancellationToken) =>
        Find(id) is { } onAir ? onAir.StopAsync(reason, cancellationToken) : Task.CompletedTask;

    /// <summary>Ends one that is on air because of a fault; does nothing otherwise.</summary>
    public Task FailAsync(LivestreamId id, string error, CancellationToken cancellationToken) =>
        Find(id) is { } onAir ? onAir.FailAsync(error, cancellationToken) : Task.CompletedTask;

    /// <summary>Ends all of them, because the server stops: sessions are closed and viewers read the end.</summary>
    public async Task StopAllAsync(CancellationToken cancellationToken)
    {
        _isStopping = true;
        await Task.WhenAll(_livestreams.Values.Select(onAir => onAir.StopAsync(IngestEndReason.ServerStopping, cancellationToken)));
    }

    /// <summary>
    /// Stores the figures of an app's sessions on air now, so that a query over the store sees them. Where it cannot, the query
    /// sees those of a few seconds ago.
    /// </summary>
    public async Task TryStoreFiguresAsync(AppId appId, CancellationToken cancellationToken)
    {
        var figures = FiguresOf(_livestreams.Values.Where(onAir => onAir.AppId == appId));
        try
        {
            await StoreAsync(figures, cancellationToken);
        }
        catch (StorageException fault)
        {
            LivestreamLog.FiguresFailed(_settings.Logger, fault, figures.Length);
        }
    }

    /// <summary>Lets players of an app's livestreams in, or not, from the next request on.</summary>
    public void ApplyPlaybackAccess(AppId appId, PlaybackAccess access)
    {
        foreach (var onAir in _livestreams.Values.Where(onAir => onAir.AppId == appId))
        {
            onAir.Access = access;
        }
    }

    Task IHostedLifecycleService.StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    Task IHostedLifecycleService.StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Ends the livestreams while everything else still runs, so that players can read the end and fetch what is left.</summary>
    async Task IHostedLifecycleService.StoppingAsync(CancellationToken cancellationToken)
    {
        var hadViewers = _livestreams.Values.Any(onAir => onAir.Airing?.Viewers.Concurrent > 0);
        await StopAllAsync(cancellationToken);
        if (hadViewers)
        {
            await Task.Delay(LastFetch, _settings.Time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    Task IHostedLifecycleService.StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        var orphans = await _sessions.CloseOrphansAsync(cancellationToken);
        if (orphans.Count > 0)
        {
            LivestreamLog.OrphansClosed(_settings.Logger, orphans.Count);
        }

        await base.StartAsync(cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(_settings.Options.FigureInterval, _settings.Time);
        while (await WaitAsync(timer, stoppingToken))
        {
            var figures = FiguresOf(_livestreams.Values);
            try
            {
                await StoreAsync(figures, stoppingToken);
            }
            catch (StorageException fault)
            {
                LivestreamLog.FiguresFailed(_settings.Logger, fault, figures.Length);
            }
            catch (OperationCanceledException)
            {
                // Each session stores its last figures when it is closed.
                return;
            }
        }
    }

    private static LivestreamFigures[] FiguresOf(IEnumerable<OnAirLivestream> livestreams) =>
        [.. livestreams.SelectMany(onAir => onAir.FiguresToStore())];

    private Task StoreAsync(LivestreamFigures[] figures, CancellationToken cancellationToken) =>
        figures.Length == 0 ? Task.CompletedTask : _sessions.StoreFiguresAsync(figures, cancellationToken);

    private static async Task<bool> WaitAsync(PeriodicTimer timer, CancellationToken stoppingToken)
    {
        try
        {
            return await timer.WaitForNextTickAsync(stoppingToken);
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    private static IngestAdmission Refuse(IngestRefusal refusal) => new(null, refusal);

    private OnAirLivestream Start(Livestream livestream, PlaybackAccess access)
    {
        var made = new OnAirLivestream(livestream, access, _settings);
        var onAir = _livestreams.GetOrAdd(livestream.Id, made);
        if (onAir == made)
        {
            _ = RunAsync(made);
        }

        return onAir;
    }

    private async Task RunAsync(OnAirLivestream onAir)
    {
        try
        {
            await onAir.RunAsync();
        }
        catch (Exception fault)
        {
            // Ours, and it ends this livestream only: the next publish starts it afresh.
            LivestreamLog.LoopFailed(_settings.Logger, fault, onAir.Id);
            await onAir.AbandonAsync();
        }
        finally
        {
            _livestreams.TryRemove(new(onAir.Id, onAir));
        }
    }
}
