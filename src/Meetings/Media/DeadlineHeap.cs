namespace Roomcast.Meetings.Media;

/// <summary>Something that is to be looked at when its time has come.</summary>
internal interface IDeadlined
{
    /// <summary>When it is due, as of now; <see cref="TimeSpan.MaxValue"/> for never.</summary>
    TimeSpan NextDeadline { get; }

    /// <summary>The deadline by which it has its place in the heap.</summary>
    TimeSpan KnownDeadline { get; set; }

    /// <summary>Its place in the heap; -1 when it has none.</summary>
    int HeapIndex { get; set; }
}

/// <summary>Which of many is due next, found without looking at the others.</summary>
/// <remarks>
/// A heap in which each knows its place. One whose deadline may have moved is noted, and put right when somebody asks: many
/// packets of one batch cost one look. Not thread-safe; nothing is allocated once it has grown.
/// </remarks>
internal sealed class DeadlineHeap<T>
    where T : class, IDeadlined
{
    private readonly List<T> _heap = [];
    private readonly List<T> _touched = [];

    /// <summary>Adds a entry.</summary>
    public void Add(T entry)
    {
        entry.HeapIndex = _heap.Count;
        entry.KnownDeadline = entry.NextDeadline;
        _heap.Add(entry);
        Rise(entry.HeapIndex);
    }

    /// <summary>Takes one out; one that is not in it is passed over.</summary>
    public void Remove(T entry)
    {
        var at = entry.HeapIndex;
        if (at < 0)
        {
            return;
        }

        _touched.Remove(entry);
        entry.HeapIndex = -1;
        var last = _heap[^1];
        _heap.RemoveAt(_heap.Count - 1);
        if (last != entry)
        {
            Place(last, at);
            Rise(at);
            Sink(last.HeapIndex);
        }
    }

    /// <summary>Notes that the deadline of one may have moved; more than once does no harm.</summary>
    public void Touch(T entry)
    {
        if (entry.HeapIndex >= 0)
        {
            _touched.Add(entry);
        }
    }

    /// <summary>When the first is due; null when none ever is.</summary>
    public TimeSpan? NextDeadline
    {
        get
        {
            Settle();
            return _heap.Count > 0 && _heap[0].KnownDeadline < TimeSpan.MaxValue ? _heap[0].KnownDeadline : null;
        }
    }

    /// <summary>Finds all that are due, and none of the others is looked at.</summary>
    /// <param name="now">The time.</param>
    /// <param name="due">Takes them, in no order.</param>
    public void FindDue(TimeSpan now, List<T> due)
    {
        Settle();
        FindDue(now, due, 0);
    }

    private void FindDue(TimeSpan now, List<T> due, int at)
    {
        // As deep as the heap is high: 20 for a million.
        if (at < _heap.Count && _heap[at].KnownDeadline <= now)
        {
            due.Add(_heap[at]);
            FindDue(now, due, (2 * at) + 1);
            FindDue(now, due, (2 * at) + 2);
        }
    }

    private void Settle()
    {
        foreach (var entry in _touched)
        {
            entry.KnownDeadline = entry.NextDeadline;
            Rise(entry.HeapIndex);
            Sink(entry.HeapIndex);
        }

        _touched.Clear();
    }

    private void Rise(int at)
    {
        var entry = _heap[at];
        while (at > 0 && _heap[(at - 1) / 2].KnownDeadline > entry.KnownDeadline)
        {
            Place(_heap[(at - 1) / 2], at);
            at = (at - 1) / 2;
        }

        Place(entry, at);
    }

    private void Sink(int at)
    {
        var entry = _heap[at];
        while ((2 * at) + 1 < _heap.Count)
        {
            var child = (2 * at) + 1;
            if (child + 1 < _heap.Count && _heap[child + 1].KnownDeadline < _heap[child].KnownDeadline)
            {
                child++;
            }

            if (_heap[child].KnownDeadline >= entry.KnownDeadline)
            {
                break;
            }

            Place(_heap[child], at);
            at = child;
        }

        Place(entry, at);
    }

    private void Place(T entry, int at)
    {
        _heap[at] = entry;
        entry.HeapIndex = at;
    }
}
