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

    private readonly SessionRuns<Run> _runs = new();
    private readonly ICompositions _compositions;
    private readonly PushJobs _jobs;
    private readonly PushOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;

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
        var asked = new SessionPush(Guid.NewGuid(), sessionId, address.Url, SessionPushState.Starting, null, null, null)
        {
            Covered = address.Covered, AskedAt = _time.GetUtcNow(),
        };
        var hasBegun = _runs.TryBegin(
            () => _runs.CountOf(sessionId) < MaxOfSession && _runs.UnfinishedOf(sessionId) < 2 * MaxOfSession,
            () => new Run(this, asked, address),
            RunAsync);
        return hasBegun ? asked : null;
    }

    /// <summary>Finds one that has not ended.</summary>
    public SessionPush? Find(Guid id) => _runs.Find(id)?.Push;

    /// <summary>Ends one. That it ended is told before this returns; its target is told in the background.</summary>
    /// <returns>False when there is none of this id that has not ended.</returns>
    public bool Stop(Guid id) => _runs.Stop(id);

    /// <summary>Ends all of a session, as <see cref="Stop"/> does.</summary>
    public void StopAll(Guid sessionId) => _runs.StopAll(sessionId);

    /// <summary>Ends all, as <see cref="Stop"/> does; no more are begun.</summary>
    public void StopAll() => _runs.StopAll();

    /// <inheritdoc/>
    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task StopAsync(CancellationToken cancellationToken) => _runs.StopAsync(cancellationToken);

    /// <inheritdoc/>
    public void Dispose() => _runs.StopAll();

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
    }

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
    private sealed class Run(SessionPushes owner, SessionPush push, PushAddress address) : ISessionRun
    {
        private readonly Lock _lock = new();
        private readonly CancellationTokenSource _ending = new();
        private SessionPush _push = push;
        private Task _cancelling = Task.CompletedTask;

        public Guid Id => Push.Id;

        public Guid SessionId => Push.SessionId;

        public PushAddress Address => address;

        public SessionPush Push => Volatile.Read(ref _push);

        public CancellationToken Ending => _ending.Token;

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
                owner._runs.Forget(_push.Id);
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
