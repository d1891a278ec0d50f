using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Roomcast.Hls.Packaging;

namespace Roomcast.Livestreams.Delivery;

/// <summary>The folder of older segments: a subfolder for each stream, emptied at the start of the server.</summary>
/// <remarks>
/// A segment that leaves the window is deleted, and so is a stream's folder at its end. What a crash leaves behind goes at the
/// next start. Neither writing nor deleting blocks the media: both run on the thread pool, and memory is let go when a segment
/// is written. Others need the disk too, the database for one: below a floor of free space nothing is written.
/// </remarks>
internal sealed class SegmentFiles
{
    private const int KeptOpen = 128;
    private const string StreamFolderPrefix = "stream-";

    private readonly OpenSegments _open = new(KeptOpen);
    private readonly DeletionQueue _deletions = new();
    private readonly string? _folder;
    private readonly long _minFreeBytes;
    private readonly DeliveryMetrics _metrics;
    private readonly ILogger _logger;
    private long _underWay;
    private int _hasLoggedFailure;
    private int _hasLoggedFloor;

    public SegmentFiles(IOptions<DeliveryOptions> options, DeliveryMetrics metrics, ILogger<SegmentFiles> logger)
    {
        _folder = options.Value.SegmentFolder;
        _minFreeBytes = options.Value.MinFreeBytes;
        _metrics = metrics;
        _logger = logger;
    }

    /// <summary>Deletes without holding up those who ask for it.</summary>
    internal DeletionQueue Deletions => _deletions;

    /// <summary>Bytes of the segments that are being written.</summary>
    internal long BytesUnderWay => Interlocked.Read(ref _underWay);

    /// <summary>Opens a place for one stream; null when no folder is set.</summary>
    /// <param name="runTag">The stream's own tag.</param>
    public Shelf? Open(string runTag) => _folder is null ? null : new Shelf(this, Path.Combine(_folder, StreamFolderPrefix + runTag));

    /// <summary>
    /// Deletes what an earlier run has left. Called once the data folder is known to be this server's alone: before, it might be
    /// the segments of a server that runs.
    /// </summary>
    public void DeleteLeftovers()
    {
        if (_folder is null || !Directory.Exists(_folder))
        {
            return;
        }

        try
        {
            foreach (var leftover in Directory.EnumerateDirectories(_folder, StreamFolderPrefix + "*"))
            {
                Directory.Delete(leftover, recursive: true);
            }
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            DeliveryLog.FolderNotEmptied(_logger, fault, _folder);
        }
    }

    private void Failed(Exception fault)
    {
        _metrics.SegmentWriteFailed();
        if (Interlocked.Exchange(ref _hasLoggedFailure, 1) == 0)
        {
            DeliveryLog.SegmentNotWritten(_logger, fault, _folder!);
        }
    }

    private void Succeeded() => Volatile.Write(ref _hasLoggedFailure, 0);

    // What is being written counts as taken, for all writers look at the disk before any of them has written.
    private bool HasRoom(string folder)
    {
        var free = new DriveInfo(folder).AvailableFreeSpace;
        var left = free - BytesUnderWay;
        if (left < _minFreeBytes)
        {
            _metrics.SegmentWriteFailed();
            if (Interlocked.Exchange(ref _hasLoggedFloor, 1) == 0)
            {
                DeliveryLog.DiskNearlyFull(_logger, _folder!, free >> 20, _minFreeBytes >> 20);
            }

            return false;
        }

        // At the floor each segment that is deleted makes room for another, which is not worth a line each time.
        if (left >= _minFreeBytes + (_minFreeBytes / 4))
        {
            Volatile.Write(ref _hasLoggedFloor, 0);
        }

        return true;
    }

    /// <summary>The segments of one stream on disk.</summary>
    internal sealed class Shelf(SegmentFiles files, string folder) : ISegmentSpill, IDisposable
    {
        private readonly ConcurrentDictionary<SegmentFile, bool> _segments = new();
        private volatile bool _isDisposed;

        private OpenSegments Open => files._open;

        public Task<ISpilledSegment?> PutAwayAsync(string name, IReadOnlyList<ReadOnlyMemory<byte>> pieces)
        {
            var length = pieces.Sum(piece => (long)piece.Length);
            Interlocked.Add(ref files._underWay, length);
            return Task.Run(() => WriteAsync(Path.Combine(folder, name), pieces, length));
        }

        /// <summary>Has everything deleted.</summary>
        public void Dispose()
        {
            _isDisposed = true;
            foreach (var (segment, _) in _segments)
            {
                segment.Delete();
            }

            files._deletions.Add(TryDelete);
        }

        private async Task<ISpilledSegment?> WriteAsync(string path, IReadOnlyList<ReadOnlyMemory<byte>> pieces, long length)
        {
            try
            {
                Directory.CreateDirectory(folder);
                if (!files.HasRoom(folder))
                {
                    return null;
                }

                using (var handle = File.OpenHandle(path, FileMode.Create, FileAccess.Write, FileShare.None, FileOptions.Asynchronous))
                {
                    await RandomAccess.WriteAsync(handle, pieces, 0);
                }

                var segment = new SegmentFile(this, path, length);
                _segments.TryAdd(segment, true);
                files.Succeeded();
                if (_isDisposed)
                {
                    segment.Delete();
                    files._deletions.Add(TryDelete);
                }

                return segment;
            }
            catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
            {
                // A full or lost disk: the stream keeps within its memory by a shorter window.
                TryDelete(path);
                files.Failed(fault);
                return null;
            }
            finally
            {
                Interlocked.Add(ref files._underWay, -length);
            }
        }

        private void Forget(SegmentFile segment) => _segments.TryRemove(segment, out _);

        // A file that is open takes up its room until it is closed, which may wait for the disk as well.
        private void DeleteSoon(string path) => files._deletions.Add(() =>
        {
            TryDelete(path);
            Open.Forget(path);
        });

        private void TryDelete()
        {
            try
            {
                if (Directory.Exists(folder))
                {
                    Directory.Delete(folder, recursive: true);
                }
            }
            catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
            {
                DeliveryLog.FolderNotEmptied(files._logger, fault, folder);
            }
        }

        private static void TryDelete(string path)
        {
            try
            {
                File.Delete(path);
            }
            catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
            {
                // It goes with the folder.
            }
        }

        /// <summary>One segment.</summary>
        private sealed class SegmentFile(Shelf shelf, string path, long length) : ISpilledSegment
        {
            private int _isDeleted;

            public async ValueTask<bool> TryReadAsync(long offset, Memory<byte> into, CancellationToken cancellationToken)
            {
                if (offset + into.Length > length)
                {
                    return false;
                }

                OpenSegments.OpenFile? file = null;
                try
                {
                    file = shelf.Open.Rent(path);
                    if (Volatile.Read(ref _isDeleted) != 0)
                    {
                        // Deleted while it was being opened: nobody else would close it.
                        shelf.Open.Forget(path);
                    }

                    while (!into.IsEmpty)
                    {
                        var read = await RandomAccess.ReadAsync(file.Handle, into, offset, cancellationToken);
                        if (read == 0)
                        {
                            return false;
                        }

                        into = into[read..];
                        offset += read;
                    }

                    return true;
                }
                catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or OperationCanceledException)
                {
                    return false;
                }
                finally
                {
                    if (file is not null)
                    {
                        shelf.Open.Return(file);
                    }
                }
            }

            public void Delete()
            {
                if (Interlocked.Exchange(ref _isDeleted, 1) == 0)
                {
                    shelf.Forget(this);
                    shelf.DeleteSoon(path);
                }
            }
        }
    }
}
