using System.Collections.Concurrent;

namespace Roomcast.Livestreams.Delivery;

/// <summary>Deletes things one after the other, on no thread of those who want them deleted: a disk may take its time.</summary>
/// <remarks>Thread-safe. Bounded by what there is to delete: everything is added once.</remarks>
internal sealed class DeletionQueue
{
    private readonly ConcurrentQueue<Action> _deletions = new();
    private int _isRunning;

    /// <summary>Has something deleted after what was added before. Returns at once.</summary>
    /// <param name="delete">Deletes it; must not throw.</param>
    public void Add(Action delete)
    {
        _deletions.Enqueue(delete);
        if (Interlocked.Exchange(ref _isRunning, 1) == 0)
        {
            _ = Task.Run(Run);
        }
    }

    private void Run()
    {
        do
        {
            while (_deletions.TryDequeue(out var delete))
            {
                delete();
            }

            Interlocked.Exchange(ref _isRunning, 0);
        }
        while (!_deletions.IsEmpty && Interlocked.Exchange(ref _isRunning, 1) == 0);
    }
}
