using System.Buffers;

namespace Roomcast.Egress.Worker.Converting;

/// <summary>A file that is written from its beginning on, and at last over its beginning. It leaves room on the disk to others.</summary>
/// <remarks>
/// What was written goes to the disk piece by piece, so that the end does not wait for hours of it. Owned by one thread.
/// </remarks>
internal sealed class OutputFile : IDisposable
{
    private const int PieceBytes = 1 << 20;
    private const int SyncBytes = 64 << 20;
    private const int NoSpace = 28; // ENOSPC
    private const int QuotaExceeded = 122; // EDQUOT
    private const int FileTooLarge = 27; // EFBIG

    private readonly FileStream _file;
    private readonly DriveInfo _drive;
    private readonly long _minFreeBytes;
    private readonly ArrayBufferWriter<byte> _buffer = new(PieceBytes);
    private long _unsynced;

    /// <summary>Makes the file, in place of one that another attempt left.</summary>
    public OutputFile(string path, long minFreeBytes)
    {
        _minFreeBytes = minFreeBytes;
        _drive = new DriveInfo(path);
        try
        {
            var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write, Share = FileShare.Read, BufferSize = 0 };
            if (!OperatingSystem.IsWindows())
            {
                options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            }

            _file = new FileStream(path, options);
        }
        catch (IOException fault) when (IsNoRoom(fault))
        {
            throw new NoRoomException();
        }
    }

    /// <summary>Takes what is to be written next.</summary>
    public IBufferWriter<byte> Output => _buffer;

    /// <summary>Bytes so far.</summary>
    public long Length => _file.Position + _buffer.WrittenCount;

    /// <summary>To be called now and then: writes what has come together.</summary>
    /// <exception cref="NoRoomException">There is no room for it.</exception>
    public void Flush()
    {
        if (_buffer.WrittenCount >= PieceBytes)
        {
            Write();
        }
    }

    /// <summary>Ends the file: all of it is on the disk.</summary>
    /// <param name="front">What stands at its beginning, of the length of what is there; empty to leave that as it is.</param>
    /// <exception cref="NoRoomException">There is no room for it.</exception>
    public void Finish(ReadOnlySpan<byte> front)
    {
        Write();
        Guard(front, static (file, bytes) =>
        {
            file.Position = 0;
            file.Write(bytes);
            file.Flush(flushToDisk: true);
        });
    }

    public void Dispose() => _file.Dispose();

    private static bool IsNoRoom(IOException fault) => fault.HResult is NoSpace or QuotaExceeded or FileTooLarge;

    private void Write()
    {
        // Others need the disk too: the database for one, which would stop the whole server.
        if (_drive.AvailableFreeSpace < _minFreeBytes + _buffer.WrittenCount)
        {
            throw new NoRoomException();
        }

        Guard(_buffer.WrittenSpan, static (file, bytes) => file.Write(bytes));
        _unsynced += _buffer.WrittenCount;
        _buffer.ResetWrittenCount();
        if (_unsynced >= SyncBytes)
        {
            _unsynced = 0;
            Guard([], static (file, _) => file.Flush(flushToDisk: true));
        }
    }

    private delegate void FileAct(FileStream file, ReadOnlySpan<byte> bytes);

    private void Guard(ReadOnlySpan<byte> bytes, FileAct act)
    {
        try
        {
            act(_file, bytes);
        }
        catch (IOException fault) when (IsNoRoom(fault))
        {
            throw new NoRoomException();
        }
    }
}
