using System.Collections.Concurrent;

namespace Roomcast.Client.Wire;

/// <summary>Raises events one after another, on the application's context or on one of its own.</summary>
/// <remarks>
/// Whoever raises has changed the state before, and does not wait: a slow handler delays other handlers and nothing else. Where the
/// context is its own, what a handler does after an await runs in this order too, and what it throws then is met like what it throws
/// before.
/// </remarks>
internal sealed class EventQueue
{
    private readonly SynchronizationContext? _context;
    private readonly OwnContext _own;
    private readonly ConcurrentQueue<Action> _waiting = new();
    private readonly Action<Exception> _onFault;
    private int _count;
    private volatile bool _isOver;

    /// <summary>Makes one.</summary>
    /// <param name="context">Where events are raised; null for a context of its own.</param>
    /// <param name="onFault">Takes what handlers throw.</param>
    public EventQueue(SynchronizationContext? context, Action<Exception> onFault)
    {
        _context = context;
        _own = new OwnContext(this);
        _onFault = onFault;
    }

    /// <summary>Raises an event after those that wait.</summary>
    public void Raise(Action raise)
    {
        if (!_isOver)
        {
            Add(raise);
        }
    }

    /// <summary>Completes when all that waits has been raised.</summary>
    public Task DrainAsync()
    {
        var drained = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Add(drained.SetResult);
        return drained.Task;
    }

    /// <summary>Raises nothing any more, after what waits.</summary>
    public void Complete() => _isOver = true;

    private void Add(Action act)
    {
        _waiting.Enqueue(act);
        if (Interlocked.Increment(ref _count) == 1)
        {
            Schedule();
        }
    }

    private void Schedule()
    {
        if (_context is null)
        {
            ThreadPool.UnsafeQueueUserWorkItem(static queue => queue.RunNext(), this, preferLocal: false);
        }
        else
        {
            _context.Post(static queue => ((EventQueue)queue!).RunNext(), this);
        }
    }

    // One at a time, so that a context with more to do gets to it, and one that runs many at once does not with these.
    private void RunNext()
    {
        if (_waiting.TryDequeue(out var next))
        {
            Run(next);
        }

        if (Interlocked.Decrement(ref _count) > 0)
        {
            Schedule();
        }
    }

    private void Run(Action act)
    {
        var before = SynchronizationContext.Current;
        try
        {
            if (_context is null)
            {
                SynchronizationContext.SetSynchronizationContext(_own);
            }

            act();
        }
        catch (Exception fault)
        {
            Report(fault);
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(before);
        }
    }

    /// <summary>A handler of the application has thrown: it must not keep the others from hearing theirs.</summary>
    private void Report(Exception fault)
    {
        try
        {
            _onFault(fault);
        }
        catch (Exception)
        {
            // So has the one for this, and there is nobody else to tell.
        }
    }

    /// <summary>Where handlers go on that await something. What they have begun goes on even when nothing is raised any more.</summary>
    private sealed class OwnContext(EventQueue queue) : SynchronizationContext
    {
        public override void Post(SendOrPostCallback d, object? state) => queue.Add(() => d(state));

        public override void Send(SendOrPostCallback d, object? state) => throw new NotSupportedException("Waiting for the context of events could wait for itself.");

        public override SynchronizationContext CreateCopy() => this;
    }
}
