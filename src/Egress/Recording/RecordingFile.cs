using Microsoft.Win32.SafeHandles;

namespace Roomcast.Egress.Recording;

/// <summary>Something that ends a recording, in words for its owner.</summary>
internal sealed class RecordingFault(string message, Exception? innerException = null) : Exception(message, innerException);

/// <summary>A file that grows by whole pieces: after a fault it ends with the last whole one.</summary>
/// <remarks>
/// A piece has left the process when the call returns, so that a killed process takes none back. It follows to the disk at once but
/// by itself: how long that takes is up to everybody who writes there, and media that waited for it would be lost with the process.
/// </remarks>
internal sealed class RecordingFile : IDisposable
{
    private const int NoSpace = 28; // ENOSPC
    private const int QuotaExceeded = 122; // EDQUOT
    private const int FileTooLarge = 27; // EFBIG

    private readonly FileStream _stream;
    private readonly SafeFileHandle _file;
    private readonly DriveInfo _drive;
    private readonly RecordingDisk _disk;

    // Held while the disk takes what was written: the system tells a fault of it to one caller only.
    private readonly Lock _syncing = new();
    private bool _isWaiting;
    private volatile Exception? _syncFault;
    private long _length;

    /// <summary>Makes the file; its folder must exist.</summary>
    /// <exception cref="RecordingFault">It cannot be made.</exception>
    public RecordingFile(string path, RecordingDisk disk)
    {
        _disk = disk;
        try
        {
            _stream = new FileStream(path, new FileStreamOptions
            {
                Mode = FileMode.CreateNew,
                Access = FileAccess.Write,
                Share = FileShare.Read,
                UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
                BufferSize = 0,
            });
            _file = _stream.SafeFileHandle;
            _drive = new DriveInfo(path);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw Translate(fault);
        }
    }

    /// <summary>Bytes in whole pieces.</summary>
    public long Length => _length;

    /// <summary>What a fault of the disk means to a recording. What the system says of it names paths, and is for the server's owner.</summary>
    public static RecordingFault Translate(Exception fault) => IsNoRoom(fault)
        ? new RecordingFault("The disk of the server is full. What was recorded until then is kept.", fault)
        : new RecordingFault("The disk of the server cannot be written.", fault);

    /// <summary>Whether a fault says that there is no room.</summary>
    public static bool IsNoRoom(Exception fault) => fault.HResult is NoSpace or QuotaExceeded or FileTooLarge;

    /// <summary>The fault that says that there is no room, for who looked before writing.</summary>
    public static IOException NoRoom() => new("No room is left for it on the disk.", NoSpace);

    /// <summary>Adds a piece.</summary>
    /// <exception cref="RecordingFault">The disk is full, cannot be written, or did not take an earlier piece. The file is as it was.</exception>
    public void Append(ReadOnlySpan<byte> piece)
    {
        ThrowOnSyncFault();
        try
        {
            // Others need the disk too: the database for one, which would stop the whole server.
            if (_drive.AvailableFreeSpace < _disk.MinFreeBytes + piece.Length)
            {
                throw new RecordingFault("The disk of the server is full. What was recorded until then is kept.");
            }

            RandomAccess.Write(_file, piece, _length);
            _length += piece.Length;
            _disk.Metrics.Wrote(piece.Length);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            TakeBack();
            throw Translate(fault);
        }

        if (!Interlocked.Exchange(ref _isWaiting, true))
        {
            _disk.SyncSoon(this);
        }
    }

    /// <summary>Writes over the beginning of the file.</summary>
    /// <exception cref="RecordingFault">The disk cannot be written.</exception>
    public void Replace(ReadOnlySpan<byte> front)
    {
        try
        {
            RandomAccess.Write(_file, front, 0);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw Translate(fault);
        }
    }

    /// <summary>Ends it: all of it is on the disk when the call returns.</summary>
    /// <exception cref="RecordingFault">The disk did not take it.</exception>
    public void Finish()
    {
        Sync();
        ThrowOnSyncFault();
    }

    /// <summary>Brings what was written to the disk, and keeps a fault for the next piece or the end.</summary>
    internal void Sync()
    {
        Volatile.Write(ref _isWaiting, false);
        lock (_syncing)
        {
            try
            {
                _disk.Sync(_file);
            }
            catch (ObjectDisposedException)
            {
                // It was given up; whoever wants it whole calls Finish before.
            }
            catch (Exception fault)
            {
                _syncFault ??= fault;
            }
        }
    }

    public void Dispose() => _stream.Dispose();

    private void ThrowOnSyncFault()
    {
        if (_syncFault is { } fault)
        {
            throw Translate(fault);
        }
    }

    private void TakeBack()
    {
        try
        {
            RandomAccess.SetLength(_file, _length);
        }
        catch (IOException)
        {
            // Whoever reads it cuts off the torn tail.
        }
    }
}
