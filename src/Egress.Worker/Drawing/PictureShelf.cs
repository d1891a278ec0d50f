using Roomcast.Egress.Worker.Running;

namespace Roomcast.Egress.Worker.Drawing;

/// <summary>A picture of a file at a size.</summary>
/// <param name="File">Its path.</param>
/// <param name="Width">Pixels; 0 to follow from the other side, both 0 for its own size. Not 0 where it fills.</param>
/// <param name="Height">Pixels, likewise.</param>
/// <param name="Fills">Whether its middle fills the size; otherwise it is shown whole, no larger than it may be.</param>
/// <param name="Widest">Most pixels in width of one that is shown whole.</param>
/// <param name="Highest">Most pixels in height, likewise.</param>
/// <param name="IsLaid">Whether it is laid over the composition as it is, and is to be ready for that.</param>
internal readonly record struct PictureWish(string File, int Width, int Height, bool Fills, int Widest = 0, int Highest = 0, bool IsLaid = false)
{
    /// <summary>Reads it; null when it cannot be read.</summary>
    public ReadPicture? Read()
    {
        var raster = Fills ? PictureFile.ReadToFill(File, Width, Height) : PictureFile.ReadAt(File, Width, Height, Widest, Highest);
        return raster is null ? null : new ReadPicture(raster, IsLaid ? Overlay.Of(raster) : null);
    }
}

/// <summary>A picture that was read. Immutable, and itself alone.</summary>
internal sealed class ReadPicture(Raster raster, Overlay? overlay)
{
    /// <summary>The picture.</summary>
    public Raster Raster => raster;

    /// <summary>The same, ready to be laid over another, where that was wished for.</summary>
    public Overlay? Overlay => overlay;
}

/// <summary>
/// Pictures of files, each read and decoded once as long as it is in use: on a thread of its own, for a large one takes longer than
/// a tick. Owned by the composing thread.
/// </summary>
/// <param name="isAside">Whether there is that thread; otherwise pictures are read when they are asked for.</param>
internal sealed class PictureShelf(bool isAside) : IDisposable
{
    private const int NiceOfReading = 15;

    private static readonly TimeSpan EndPatience = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private readonly Queue<PictureWish> _wanted = new();
    private readonly AutoResetEvent _hasWork = new(false);
    private readonly HashSet<PictureWish> _used = [];
    private readonly Dictionary<PictureWish, Entry> _entries = [];
    private Thread? _reader;
    private volatile bool _hasNews;
    private volatile bool _isOver;

    /// <summary>Finds a picture, and has it read if it was not asked for before.</summary>
    /// <param name="wish">The picture.</param>
    /// <param name="isPending">Whether it is still to be read.</param>
    /// <param name="isBad">Whether it cannot be read; said once.</param>
    /// <returns>The picture; null when it cannot be read, or not yet.</returns>
    public ReadPicture? Find(PictureWish wish, out bool isPending, out bool isBad)
    {
        _used.Add(wish);
        lock (_lock)
        {
            if (!_entries.TryGetValue(wish, out var entry))
            {
                _entries.Add(wish, entry = isAside ? default : Read(wish));
                if (isAside)
                {
                    Want(wish);
                }
            }

            isPending = !entry.IsRead;
            isBad = entry is { IsRead: true, Picture: null, IsTold: false };
            if (isBad)
            {
                _entries[wish] = entry with { IsTold = true };
            }

            return entry.Picture;
        }
    }

    /// <summary>Whether pictures have come that were asked for and not there; said once.</summary>
    public bool TakeNews()
    {
        if (!_hasNews)
        {
            return false;
        }

        _hasNews = false;
        return true;
    }

    /// <summary>What was not asked for since the last call is forgotten.</summary>
    public void Sweep()
    {
        lock (_lock)
        {
            foreach (var wish in _entries.Keys)
            {
                if (!_used.Contains(wish))
                {
                    _entries.Remove(wish);
                }
            }
        }

        _used.Clear();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _isOver = true;
        _hasWork.Set();
        if (_reader is null || _reader.Join(EndPatience))
        {
            _hasWork.Dispose(); // Otherwise a disk hangs, and the thread is left to the end of the process.
        }
    }

    private void Want(PictureWish wish)
    {
        _wanted.Enqueue(wish);
        _hasWork.Set();
        if (_reader is null)
        {
            _reader = new Thread(ReadAll) { IsBackground = true, Name = "pictures" };
            _reader.Start();
        }
    }

    private void ReadAll()
    {
        Niceness.Set(NiceOfReading);
        while (!_isOver)
        {
            if (!TryTakeWish(out var wish))
            {
                _hasWork.WaitOne();
                continue;
            }

            var entry = Read(wish);
            lock (_lock)
            {
                // Unless nobody wants it any more.
                if (_entries.ContainsKey(wish))
                {
                    _entries[wish] = entry;
                    _hasNews = true;
                }
            }
        }
    }

    private bool TryTakeWish(out PictureWish wish)
    {
        lock (_lock)
        {
            while (_wanted.TryDequeue(out wish))
            {
                if (_entries.ContainsKey(wish))
                {
                    return true;
                }
            }

            return false;
        }
    }

    private static Entry Read(PictureWish wish) => new(wish.Read(), IsRead: true, IsTold: false);

    /// <summary>What became of a wish: whether it was read, and whether it was said that it cannot be.</summary>
    private readonly record struct Entry(ReadPicture? Picture, bool IsRead, bool IsTold);
}
