namespace Roomcast.Client.Wire;

/// <summary>Raises events one after another, on the application's context or on one of its own.</summary>
/// <remarks>
/// <para>Whoever raises has changed the state before, and does not wait: a slow handler delays other handlers and nothing else. Where the
/// context is its own, what a handler does after an await runs in this order too, and what it throws then is met like what it throws
/// before.</para>
/// <para>What waits is bounded. From <see cref="MergeFrom"/> waiting events on, one that tells of a change takes the place of one that
/// waits about the same thing: the last state is told, and those in between are not. At <see cref="MaxWaiting"/> the oldest is left
/// out for each that comes: of those that tell of no state first, such as messages; the application is told how many before the next
/// one. What handlers go on with after an await is never left out; there is as much of that as they have begun.</para>
/// </remarks>
internal sealed class EventQueue
{
    /// <summary>How many events wait before changes of the same thing are merged.</summary>
    public const int MergeFrom = 256;

    /// <summary>Most events that wait.</summary>
    public const int MaxWaiting = 8_192;

    private readonly SynchronizationContext? _context;
    private readonly OwnContext _own;
    private readonly Action<Exception> _onFault;
    private readonly Action<int> _onMissed;
    private readonly Lock _lock = new();

    // Each in its order; among each other they have one by their numbers.
    private readonly Queue<(long Number, Action Act)> _happenings = new();
    private readonly LinkedList<(long Number, Action Act, (object, string) About)> _changes = new();
    private readonly Queue<(long Number, Action Act)> _continuations = new();
    private readonly Dictionary<(object, string), LinkedListNode<(long Number, Action Act, (object, string) About)>> _lastAbout = [];
    private long _nextNumber;
    private int _missed;
    private bool _isRunning;
    private bool _isOver;

    /// <summary>Makes one.</summary>
    /// <param name="context">Where events are raised; null for a context of its own.</param>
    /// <param name="onFault">Takes what handlers throw.</param>
    /// <param name="onMissed">Takes how many events were left out; called like a handler.</param>
    public EventQueue(SynchronizationContext? context, Action<Exception> onFault, Action<int> onMissed)
    {
        _context = context;
        _own = new OwnContext(this);
        _onFault = onFault;
        _onMissed = onMissed;
    }

    /// <summary>Events that wait.</summary>
    public int Waiting
    {
        get
        {
            lock (_lock)
            {
                return _happenings.Count + _changes.Count;
            }
        }
    }

    /// <summary>Raises an event that tells of something that happened once, after those that wait.</summary>
    public void Raise(Action raise)
    {
        bool isFirst;
        lock (_lock)
        {
            if (_isOver)
            {
                return;
            }

            _happenings.Enqueue((_nextNumber++, raise));
            Bound();
            isFirst = Begin();
        }

        Schedule(isFirst);
    }

    /// <summary>Raises an event that tells how something is now, after those that wait.</summary>
    /// <param name="whose">Whose state it is.</param>
    /// <param name="what">What of it.</param>
    /// <param name="raise">Raises the event.</param>
    public void Raise(object whose, string what, Action raise)
    {
        bool isFirst;
        lock (_lock)
        {
            if (_isOver)
            {
                return;
            }

            var about = (whose, what);
            if (_happenings.Count + _changes.Count >= MergeFrom && _lastAbout.TryGetValue(about, out var before))
            {
                _changes.Remove(before);
            }

            _lastAbout[about] = _changes.AddLast((_nextNumber++, raise, about));
            Bound();
            isFirst = Begin();
        }

        Schedule(isFirst);
    }

    /// <summary>Completes when all that waits has been raised.</summary>
    public Task DrainAsync()
    {
        var drained = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        GoOn(drained.SetResult);
        return drained.Task;
    }

    /// <summary>Raises nothing any more, after what waits.</summary>
    public void Complete()
    {
        lock (_lock)
        {
            _isOver = true;
        }
    }

    private void GoOn(Action act)
    {
        bool isFirst;
        lock (_lock)
        {
            _continuations.Enqueue((_nextNumber++, act));
            isFirst = Begin();
        }

        Schedule(isFirst);
    }

    /// <summary>Leaves the oldest out when there is one too many: a state before others is still to be told when the rest is forgotten.</summary>
    private void Bound()
    {
        if (_happenings.Count + _changes.Count > MaxWaiting)
        {
            _missed++;
            if (!_happenings.TryDequeue(out _))
            {
                TakeChange();
            }
        }
    }

    private bool Begin()
    {
        var isFirst = !_isRunning;
        _isRunning = true;
        return isFirst;
    }

    // Not within the lock: a context may run at once what is posted to it.
    private void Schedule(bool isWanted)
    {
        if (!isWanted)
        {
            return;
        }

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
        int missed;
        Action next;
        lock (_lock)
        {
            (missed, _missed) = (_missed, 0);
            next = TakeNext();
        }

        if (missed > 0)
        {
            Run(() => _onMissed(missed));
        }

        Run(next);
        bool isMore;
        lock (_lock)
        {
            isMore = _isRunning = _happenings.Count + _changes.Count + _continuations.Count > 0;
        }

        Schedule(isMore);
    }

    private Action TakeNext()
    {
        var happened = _happenings.TryPeek(out var happening) ? happening.Number : long.MaxValue;
        var changed = _changes.First?.Value.Number ?? long.MaxValue;
        var goesOn = _continuations.TryPeek(out var continuation) ? continuation.Number : long.MaxValue;
        return goesOn < happened && goesOn < changed ? _continuations.Dequeue().Act
            : happened < changed ? _happenings.Dequeue().Act
            : TakeChange();
    }

    private Action TakeChange()
    {
        var (_, act, about) = _changes.First!.Value;
        if (_lastAbout[about] == _changes.First)
        {
            _lastAbout.Remove(about);
        }

        _changes.RemoveFirst();
        return act;
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
        foreach (var each in fault is HandlersFailedException several ? several.Faults : [fault])
        {
            try
            {
                _onFault(each);
            }
            catch (Exception)
            {
                // So has the one for this, and there is nobody else to tell.
            }
        }
    }

    /// <summary>Where handlers go on that await something. What they have begun goes on even when nothing is raised any more.</summary>
    private sealed class OwnContext(EventQueue queue) : SynchronizationContext
    {
        public override void Post(SendOrPostCallback d, object? state) => queue.GoOn(() => d(state));

        public override void Send(SendOrPostCallback d, object? state) => throw new NotSupportedException("Waiting for the context of events could wait for itself.");

        public override SynchronizationContext CreateCopy() => this;
    }
}
