using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Roomcast.Egress.Composition.Wire;
using Roomcast.Feeds;

namespace Roomcast.Egress.Composition;

/// <summary>The compositions under way, one for each session that somebody holds a lease of.</summary>
internal sealed class Compositions : ICompositions, IAsyncDisposable
{
    private readonly Lock _lock = new();
    private readonly Dictionary<Guid, Entry> _entries = [];
    private readonly HashSet<Task> _ending = [];
    private readonly CompositionParts _parts;
    private bool _isDisposed;

    public Compositions(
        ICompositionSource source,
        IWorkerLauncher launcher,
        IMachineLoad load,
        IOptions<CompositionOptions> options,
        CompositionMetrics metrics,
        ILogger<Compositions> logger,
        TimeProvider time)
    {
        _parts = new CompositionParts(source, launcher, options.Value, load, metrics, logger, time);
        metrics.Observe(() => Running().Select(session => session.Figures ?? new WireFigures()));
    }

    /// <inheritdoc/>
    public CompositionFormat FormatOf(int width = 1_280, int height = 720) => _parts.Options.FormatOf(width, height);

    /// <inheritdoc/>
    public async ValueTask<ICompositionLease> AcquireAsync(Guid sessionId, CompositionFormat format, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(format);
        format.Check();
        var lease = Join(sessionId, format);
        try
        {
            await lease.Session.Started.WaitAsync(cancellationToken);
            return lease;
        }
        catch (CompositionException refused)
        {
            _parts.Metrics.Refused(refused.Refusal);
            CompositionLog.Refused(_parts.Logger, sessionId, refused.Message);
            await lease.DisposeAsync();
            throw;
        }
        catch
        {
            await lease.DisposeAsync();
            throw;
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        Task[] running;
        lock (_lock)
        {
            _isDisposed = true;
            foreach (var entry in _entries.Values)
            {
                entry.Session.Stop();
            }

            running = [.. _entries.Values.Select(entry => entry.Running), .. _ending];
            _entries.Clear();
        }

        await Task.WhenAll(running);
    }

    private Lease Join(Guid sessionId, CompositionFormat format)
    {
        string refusal;
        lock (_lock)
        {
            if (_isDisposed)
            {
                throw new CompositionException(CompositionRefusal.Stopping, "The server stops.");
            }

            if (_entries.TryGetValue(sessionId, out var entry))
            {
                entry.Leases++;
                return new Lease(this, entry.Session);
            }

            _parts.Load.Sample();
            var running = _entries.Values.Select(each => each.Session.Running).ToList();
            if (CompositionAdmission.Judge(format, running, _parts.Load.Busy, _parts.Load.Processors, _parts.Options) is not { } full)
            {
                var session = new ComposedSession(sessionId, format, _parts);
                _entries.Add(sessionId, new Entry(session) { Leases = 1 });
                _entries[sessionId].Running = RunAsync(session);
                return new Lease(this, session);
            }

            refusal = full;
        }

        _parts.Metrics.Refused(CompositionRefusal.Overloaded);
        CompositionLog.Refused(_parts.Logger, sessionId, refusal);
        throw new CompositionException(CompositionRefusal.Overloaded, refusal);
    }

    private async Task RunAsync(ComposedSession session)
    {
        await Task.Yield(); // Never under the lock.
        await session.RunAsync();
        lock (_lock)
        {
            // Whoever comes from now on begins another.
            if (_entries.TryGetValue(session.SessionId, out var entry) && entry.Session == session)
            {
                _entries.Remove(session.SessionId);
            }
        }

        session.Dispose();
    }

    private Task LeaveAsync(ComposedSession session)
    {
        lock (_lock)
        {
            if (!_entries.TryGetValue(session.SessionId, out var entry) || entry.Session != session || --entry.Leases > 0)
            {
                return Task.CompletedTask;
            }

            _entries.Remove(session.SessionId);
            session.Stop();
            var running = entry.Running;
            _ending.Add(running);
            _ = ForgetAsync(running);
            return running;
        }
    }

    private async Task ForgetAsync(Task running)
    {
        await running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ForceYielding);
        lock (_lock)
        {
            _ending.Remove(running);
        }
    }

    private List<ComposedSession> Running()
    {
        lock (_lock)
        {
            return [.. _entries.Values.Select(entry => entry.Session)];
        }
    }

    private sealed class Entry(ComposedSession session)
    {
        public ComposedSession Session => session;

        public int Leases { get; set; }

        public Task Running { get; set; } = Task.CompletedTask;
    }

    private sealed class Lease(Compositions owner, ComposedSession session) : ICompositionLease
    {
        private int _isLeft;

        public ComposedSession Session => session;

        public Feed Feed => session.Feed;

        public CompositionFormat Format => session.Format;

        public CompositionException? Failure => session.Failure;

        public ValueTask DisposeAsync() =>
            Interlocked.Exchange(ref _isLeft, 1) == 0 ? new ValueTask(owner.LeaveAsync(session)) : ValueTask.CompletedTask;
    }
}
