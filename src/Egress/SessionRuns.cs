using System.Collections.Concurrent;

namespace Roomcast.Egress;

/// <summary>Something that goes on for a session under an id of its own. Disposed of when it has finished.</summary>
internal interface ISessionRun : IAsyncDisposable
{
    /// <summary>Its id.</summary>
    Guid Id { get; }

    /// <summary>The session.</summary>
    Guid SessionId { get; }

    /// <summary>Ends it, once; that it ended is told before this returns, and <see cref="SessionRuns{TRun}.Forget"/> is called.</summary>
    /// <param name="error">Why, where nobody asked for it.</param>
    void End(string? error);
}

/// <summary>What goes on for sessions: that which has not ended, and that which has and still finishes. Thread-safe.</summary>
internal sealed class SessionRuns<TRun>
    where TRun : class, ISessionRun
{
    private readonly ConcurrentDictionary<Guid, TRun> _active = new();

    // Those too that have ended and still finish, each with the task that does.
    private readonly ConcurrentDictionary<Guid, (TRun Run, Task Running)> _unfinished = new();
    private readonly Lock _starting = new();
    private bool _isStopping;

    /// <summary>How many have not finished.</summary>
    public int Unfinished => _unfinished.Count;

    /// <summary>How many of a session have not ended.</summary>
    public int CountOf(Guid sessionId) => _active.Values.Count(run => run.SessionId == sessionId);

    /// <summary>How many of a session have not finished.</summary>
    public int UnfinishedOf(Guid sessionId) => _unfinished.Values.Count(each => each.Run.SessionId == sessionId);

    /// <summary>Begins one.</summary>
    /// <param name="hasRoom">Whether there is room for it; no other begins meanwhile.</param>
    /// <param name="make">Makes it.</param>
    /// <param name="runAsync">What it does, until it has finished. Does not fail.</param>
    /// <returns>False when there is no room, or all were stopped.</returns>
    public bool TryBegin(Func<bool> hasRoom, Func<TRun> make, Func<TRun, Task> runAsync)
    {
        lock (_starting)
        {
            if (_isStopping || !hasRoom())
            {
                return false;
            }

            var run = make();
            _active[run.Id] = run;

            // Its task is known before anybody can stop it, so that whoever stops all of them waits for this one too.
            var begin = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _unfinished[run.Id] = (run, FinishAsync(run, begin.Task, runAsync));
            begin.SetResult();
            return true;
        }
    }

    /// <summary>Finds one that has not ended; null when there is none of this id.</summary>
    public TRun? Find(Guid id) => _active.GetValueOrDefault(id);

    /// <summary>One has ended.</summary>
    public void Forget(Guid id) => _active.TryRemove(id, out _);

    /// <summary>Ends one.</summary>
    /// <returns>False when there is none of this id that has not ended.</returns>
    public bool Stop(Guid id)
    {
        if (!_active.TryGetValue(id, out var run))
        {
            return false;
        }

        run.End(error: null);
        return true;
    }

    /// <summary>Ends all of a session.</summary>
    public void StopAll(Guid sessionId)
    {
        foreach (var run in _active.Values.Where(run => run.SessionId == sessionId).ToArray())
        {
            run.End(error: null);
        }
    }

    /// <summary>Ends all; no more are begun.</summary>
    public void StopAll()
    {
        lock (_starting)
        {
            _isStopping = true;
        }

        foreach (var run in _active.Values)
        {
            run.End(error: null);
        }
    }

    /// <summary>Ends all and waits until they have finished, or nobody waits any longer.</summary>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        StopAll();
        await Task.WhenAll(_unfinished.Values.Select(each => each.Running))
            .WaitAsync(cancellationToken)
            .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async Task FinishAsync(TRun run, Task begin, Func<TRun, Task> runAsync)
    {
        await begin;
        try
        {
            await runAsync(run);
        }
        finally
        {
            _unfinished.TryRemove(run.Id, out _);
            await run.DisposeAsync();
        }
    }
}
