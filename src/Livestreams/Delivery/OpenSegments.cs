using Microsoft.Win32.SafeHandles;

namespace Roomcast.Livestreams.Delivery;

/// <summary>Keeps the segment files open that were read last, for a viewer reads one in many pieces, and many viewers the same.</summary>
/// <remarks>Bounded: a window of hours is thousands of files. Thread-safe.</remarks>
/// <param name="most">Files that are kept open while nobody reads them.</param>
internal sealed class OpenSegments(int most)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, LinkedListNode<OpenFile>> _byPath = new(StringComparer.Ordinal);
    private readonly LinkedList<OpenFile> _byUse = new();

    /// <summary>Files that are kept open.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _byPath.Count;
            }
        }
    }

    /// <summary>Opens a file, or takes it as it is open. Throws what opening throws. To be given back by <see cref="Return"/>.</summary>
    public OpenFile Rent(string path)
    {
        lock (_lock)
        {
            if (Find(path) is { } known)
            {
                return known;
            }
        }

        // Opened outside the lock: a slow disk holds up only those who want this file.
        var handle = File.OpenHandle(path, options: FileOptions.Asynchronous);
        lock (_lock)
        {
            if (Find(path) is { } known)
            {
                handle.Dispose();
                return known;
            }

            var opened = new OpenFile(path, handle) { Readers = 1 };
            _byPath.Add(path, _byUse.AddFirst(opened));
            if (_byPath.Count > most)
            {
                Remove(_byUse.Last!);
            }

            return opened;
        }
    }

    /// <summary>Its reader is done with it.</summary>
    public void Return(OpenFile file)
    {
        lock (_lock)
        {
            file.Readers--;
            CloseIfUnused(file);
        }
    }

    /// <summary>The file is deleted: it is closed as soon as nobody reads it, which frees its room on the disk.</summary>
    public void Forget(string path)
    {
        lock (_lock)
        {
            if (_byPath.TryGetValue(path, out var node))
            {
                Remove(node);
            }
        }
    }

    private OpenFile? Find(string path)
    {
        if (!_byPath.TryGetValue(path, out var node))
        {
            return null;
        }

        _byUse.Remove(node);
        _byUse.AddFirst(node);
        node.Value.Readers++;
        return node.Value;
    }

    private void Remove(LinkedListNode<OpenFile> node)
    {
        _byUse.Remove(node);
        _byPath.Remove(node.Value.Path);
        node.Value.IsKept = false;
        CloseIfUnused(node.Value);
    }

    private static void CloseIfUnused(OpenFile file)
    {
        if (file is { IsKept: false, Readers: 0 })
        {
            file.Handle.Dispose();
        }
    }

    /// <summary>One open file.</summary>
    internal sealed class OpenFile(string path, SafeFileHandle handle)
    {
        public string Path { get; } = path;

        public SafeFileHandle Handle { get; } = handle;

        public int Readers { get; set; }

        public bool IsKept { get; set; } = true;
    }
}
