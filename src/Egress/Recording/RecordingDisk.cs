using Microsoft.Win32.SafeHandles;

namespace Roomcast.Egress.Recording;

/// <summary>
/// The disk that recordings are written to. What was written is brought to it by one thread for all files, which is there while
/// there is something to bring: however slow the disk is, it holds up no other thread. Thread-safe.
/// </summary>
/// <param name="metrics">Where bytes are counted.</param>
/// <param name="minFreeBytes">Bytes that recordings leave to others.</param>
/// <param name="sync">Brings a file to the disk; null for the way of the system.</param>
internal sealed class RecordingDisk(RecordingMetrics metrics, long minFreeBytes, Action<SafeFileHandle>? sync = null)
{
    private readonly Lock _lock = new();
    private readonly Queue<RecordingFile> _waiting = new(); // Each file once at most.
    private bool _isBusy;

    /// <summary>Where bytes are counted.</summary>
    public RecordingMetrics Metrics => metrics;

    /// <summary>Bytes that recordings leave to others.</summary>
    public long MinFreeBytes => minFreeBytes;

    /// <summary>Brings a file to the disk as soon as those before it are there.</summary>
    public void SyncSoon(RecordingFile file)
    {
        lock (_lock)
        {
            _waiting.Enqueue(file);
            if (_isBusy)
            {
                return;
            }

            _isBusy = true;
        }

        // No thread of the pool, which has to serve everybody.
        new Thread(Work) { IsBackground = true, Name = "Recordings to disk" }.Start();
    }

    /// <summary>Brings what was written to a file to the disk.</summary>
    /// <exception cref="IOException">The disk does not take it.</exception>
    public void Sync(SafeFileHandle file)
    {
        if (sync is null)
        {
            RandomAccess.FlushToDisk(file);
        }
        else
        {
            sync(file);
        }
    }

    private void Work()
    {
        while (true)
        {
            RecordingFile? file;
            lock (_lock)
            {
                if (!_waiting.TryDequeue(out file))
                {
                    _isBusy = false;
                    return;
                }
            }

            file.Sync();
        }
    }
}
