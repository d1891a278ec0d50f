using System.Collections.Concurrent;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Roomcast.Egress.Composition;

namespace Roomcast.Egress.Push;

/// <summary>
/// Pushes of sessions to RTMP(S) addresses, each one run: from its start until it is stopped, its target fails or the session ends.
/// All pushes of a session share its one composition. Thread-safe.
/// </summary>
public sealed class SessionPushes : IHostedService, IDisposable
{
    /// <summary>How long a target is tried until it takes the first picture.</summary>
    public static readonly TimeSpan FirstPatience = TimeSpan.FromSeconds(15);

    private static readonly TimeSpan LookAround = TimeSpan.FromMilliseconds(250);

    private readonly ConcurrentDictionary<Guid, Run> _runs = new();

    // Those too that have ended and still say goodbye to their target.
    private readonly ConcurrentDictionary<Guid, Run> _unfinished = new();
    private readonly Lock _starting = new();
    private readonly ICompositions _compositions;
    private readonly PushJobs _jobs;
    private readonly PushOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private bool _isStopping;

    internal SessionPushes(
        ICompositions compositions, PushJobs jobs, IOptions<PushOptions> options, TimeProvider time, ILogger<SessionPushes> logger)
    {
        _compositions = compositions;
        _jobs = jobs;
        _options = options.Value;
        _time = time;
        _logger = logger;
    }

    /// <summary>Called, from any thread, once when a push runs and once when it has ended, in this order; it must not block.</summary>
    public event Action<SessionPush>? Changed;

    /// <summary>Most pushes of one session at once.</summary>
    public int MaxOfSession => _options.MaxOutputs;

    /// <summary>Whether an address may be pushed to; see <see cref="PushJobs.MayPushTo"/>.</summary>
    public bool MayPushTo(PushAddress address) => _jobs.MayPushTo(address);

    /// <summary>Begins to push; returns at once.</summary>
    /// <param name="sessionId">The session; that the caller has it is known.</param>
    /// <param name="address">Where to.</param>
    /// <returns>The push as it stands; null when the session has <see cref="MaxOfSession"/>, or as many more that still say goodbye to
    /// their targets, or the server stops.</returns>
    public SessionPush? Start(Guid sessionId, PushAddress address)
    {
        ArgumentNullException.ThrowIfNull(address);
        Run run;
        lock (_starting)
        {
            if (_isStopping || CountOf(_runs, sessionId) >= MaxOfSession || CountOf(_unfinished, sessionId) >= 2 * MaxOfSession)
            {
                return null;
            }

            var asking = new SessionPush(Guid.NewGuid(), sessionId, address.Url, SessionPushState.Starting, null, null, null)
            {
                Covered = address.Covered, AskedAt = _time.GetUtcNow(),
            };
            run = new Run(this, asking, address);
            _unfinished[run.Push.Id] = run;
            _runs[run.Push.Id] = run;
        }

        var asked = run.Push;
        run.Running = Task.Run(() => RunAsync(run));
        return asked;
    }

    /// <summary>Finds one that has not ended.</summary>
    public SessionPush? Find(Guid id) => _runs.TryGetValue(id, out var run) ? run.Push : null;

    /// <summary>Ends one. That it ended is told before this returns; its target is told in the background.</summary>
    /// <returns>False when there is none of this id that has not ended.</returns>
    public bool Stop(Guid id)
    {
        if (!_runs.TryGetValue(id, out var run))
        {
            return false;
        }

        run.End(error: null);
        return true;
    }

    /// <summary>Ends all of a session, as <see cref="Stop"/> does.</summary>
    public void StopAll(Guid sessionId)
    {
        foreach (var run in _runs.Values.Where(run => run.Push.SessionId == sessionId).ToArray())
        {
            run.End(error: null);
        }
    }

    /// <summary>Ends all, as <see cref="Stop"/> does; no more are begun.</summary>
    public void StopAll()
    {
        lock (_starting)
        {
            _isStopping = true;
        }

        foreach (var run in _runs.Values)
        {
            run.End(error: null);
        }
    }

    /// <inheritdoc/>
    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task StopAsync(CancellationToken cancellationToken)
    {
        var running = _unfinished.Values.Select(run => run.Running).ToArray();
        StopAll();
        return Task.WhenAll(running).WaitAsync(cancellationToken);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var run in _runs.Values)
        {
            run.End(error: null);
        }
    }

    private async Task RunAsync(Run run)
    {
        try
        {
            await PushAsync(run);
        }
        catch (CompositionException refused)
        {
            run.End(refused.Told);
        }
        catch (OperationCanceledException) when (run.Ending.IsCancellationRequested)
        {
            // It was stopped before its composition had begun.
        }
        catch (Exception fault)
        {
            PushLog.SessionPushFailed(_logger, fault, run.Push.SessionId, run.Address.Covered);
            run.End("a fault of the server");
        }
        finally
        {
            _unfinished.TryRemove(run.Push.Id, out _);
            await run.DisposeAsync();
        }
    }

    private static int CountOf(ConcurrentDictionary<Guid, Run> runs, Guid sessionId) => runs.Values.Count(run => run.Push.SessionId == sessionId);

    private async Task PushAsync(Run run)
    {
        await using var lease = await _compositions.AcquireAsync(run.Push.SessionId, _compositions.FormatOf(), run.Ending);
        await using var job = _jobs.Start($"session {run.Push.SessionId}", lease.Feed, run.Address);
        var began = _time.GetTimestamp();
        long? lostAt = null;
        (int Attempt, DateTimeOffset? Since)? taken = null;
        while (!run.Ending.IsCancellationRequested)
        {
            var status = job.Status;
            if (job.Completion.IsCompleted)
            {
                run.End(lease.Failure?.Told ?? ErrorOf(status));
            }
            else if (run.Push.State is SessionPushState.Starting)
            {
                // Some say yes and close at once. What took a picture and is there at the next look has begun.
                (int Attempt, DateTimeOffset? Since)? now =
                    status is { State: PushState.Publishing, HasSentPicture: true } ? (status.Attempt, status.Since) : null;
                if (now is not null && now == taken)
                {
                    run.Begin(status.Since);
                }
                else if (_time.GetElapsedTime(began) >= FirstPatience)
                {
                    run.End(ErrorOf(status));
                }

                taken = now;
            }
            else
            {
                lostAt = status.State is PushState.Publishing or PushState.Wedged ? null : lostAt ?? _time.GetTimestamp();
                if (lostAt is { } since && _time.GetElapsedTime(since) >= _options.SessionReconnect)
                {
                    run.End(ErrorOf(status));
                }
            }

            await Task.WhenAny(job.Completion, Task.Delay(LookAround, _time, run.Ending));
        }

        await job.StopAsync();
    }

    private static string ErrorOf(PushStatus status)
    {
        var reason = PushWords.Of(status.Reason is PushReason.None ? PushReason.PublishTimedOut : status.Reason);
        return status.Detail is { } detail ? $"{reason}: {detail}" : reason;
    }

    /// <summary>One push. Its state moves forward under its lock, in which it is told, so that nothing is told out of order.</summary>
    private sealed class Run(SessionPushes owner, SessionPush push, PushAddress address) : IAsyncDisposable
    {
        private readonly Lock _lock = new();
        private readonly CancellationTokenSource _ending = new();
        private SessionPush _push = push;
        private Task _cancelling = Task.CompletedTask;

        public PushAddress Address => address;

        public SessionPush Push => Volatile.Read(ref _push);

        public CancellationToken Ending => _ending.Token;

        public Task Running { get; set; } = Task.CompletedTask;

        public void Begin(DateTimeOffset? at)
        {
            lock (_lock)
            {
                if (_push.State is SessionPushState.Starting)
                {
                    _push = _push with { State = SessionPushState.Running, StartedAt = at };
                    owner.Changed?.Invoke(_push);
                }
            }
        }

        public void End(string? error)
        {
            lock (_lock)
            {
                if (_push.State is SessionPushState.Ended)
                {
                    return;
                }

                _push = _push with { State = SessionPushState.Ended, EndedAt = owner._time.GetUtcNow(), Error = error };
                owner._runs.TryRemove(_push.Id, out _);
                owner.Changed?.Invoke(_push);
                _cancelling = _ending.CancelAsync();
            }
        }

        /// <summary>Called when it has ended.</summary>
        public async ValueTask DisposeAsync()
        {
            await _cancelling;
            _ending.Dispose();
        }
    }
}
