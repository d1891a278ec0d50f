namespace Roomcast.Egress.Recording;

/// <summary>Something that ends a recording, in words for its owner.</summary>
internal sealed class RecordingFault(string message, Exception? innerException = null) : Exception(message, innerException);

/// <summary>A file that grows by whole pieces: after a fault it ends with the last whole one.</summary>
/// <remarks>Each piece is on the disk when the call returns, so that neither a killed process nor a power cut takes it back.</remarks>
internal sealed class RecordingFile : IDisposable
{
    private const int NoSpace = 28; // ENOSPC
    private const int QuotaExceeded = 122; // EDQUOT
    private const int FileTooLarge = 27; // EFBIG

    private readonly FileStream _file;
    private readonly DriveInfo _drive;
    private readonly long _minFreeBytes;
    private readonly RecordingMetrics _metrics;
    private long _length;

    /// <summary>Makes the file; its folder must exist.</summary>
    /// <exception cref="RecordingFault">It cannot be made.</exception>
    public RecordingFile(string path, long minFreeBytes, RecordingMetrics metrics)
    {
        _minFreeBytes = minFreeBytes;
        _metrics = metrics;
        try
        {
            _file = new FileStream(path, new FileStreamOptions
            {
                Mode = FileMode.CreateNew,
                Access = FileAccess.Write,
                Share = FileShare.Read,
                UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
                BufferSize = 0,
            });
            _drive = new DriveInfo(path);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw Translate(fault);
        }
    }

    /// <summary>Bytes in whole pieces.</summary>
    public long Length => _length;

    /// <summary>What a fault of the disk means to a recording.</summary>
    public static RecordingFault Translate(Exception fault) => fault.HResult is NoSpace or QuotaExceeded or FileTooLarge
        ? new RecordingFault("The disk of the server is full. What was recorded until then is kept.", fault)
        : new RecordingFault($"The disk of the server cannot be written: {fault.Message}", fault);

    /// <summary>Whether a fault says that there is no room.</summary>
    public static bool IsNoRoom(Exception fault) => fault.HResult is NoSpace or QuotaExceeded or FileTooLarge;

    /// <summary>Adds a piece.</summary>
    /// <exception cref="RecordingFault">The disk is full, or cannot be written. The file is as it was.</exception>
    public void Append(ReadOnlySpan<byte> piece)
    {
        try
        {
            // Others need the disk too: the database for one, which would stop the whole server.
            if (_drive.AvailableFreeSpace < _minFreeBytes + piece.Length)
            {
                throw new RecordingFault("The disk of the server is full. What was recorded until then is kept.");
            }

            _file.Write(piece);
            _file.Flush(flushToDisk: true);
            _length += piece.Length;
            _metrics.Wrote(piece.Length);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            TakeBack();
            throw Translate(fault);
        }
    }

    /// <summary>Writes over the beginning of the file.</summary>
    /// <exception cref="RecordingFault">The disk cannot be written.</exception>
    public void Replace(ReadOnlySpan<byte> front)
    {
        try
        {
            _file.Position = 0;
            _file.Write(front);
            _file.Flush(flushToDisk: true);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw Translate(fault);
        }
    }

    public void Dispose() => _file.Dispose();

    private void TakeBack()
    {
        try
        {
            _file.SetLength(_length);
        }
        catch (IOException)
        {
            // Whoever reads it cuts off the torn tail.
        }
    }
}
