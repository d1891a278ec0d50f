namespace Roomcast.Egress.Recording;

/// <summary>A file that is made of what was recorded. It gives way to everything else that wants the disk.</summary>
/// <remarks>
/// A quarter more stays free than recordings leave: where the disk runs full, it is this file that can be done without, and not a
/// recording under way, that finds no room first. What is not brought to its end is deleted.
/// </remarks>
internal sealed class DeliveredFile : Stream
{
    private const int LookEvery = 1 << 20;

    private readonly FileStream _file;
    private readonly DriveInfo _drive;
    private readonly long _leastFree;
    private int _sinceLook = LookEvery;

    private DeliveredFile(string path, long minFreeBytes)
    {
        _drive = new DriveInfo(path);
        _leastFree = minFreeBytes + (minFreeBytes / 4);
        _file = new FileStream(path, new FileStreamOptions
        {
            Mode = FileMode.Create,
            Access = FileAccess.Write,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
            BufferSize = 0,
        });
    }

    public override bool CanRead => false;

    public override bool CanSeek => true;

    public override bool CanWrite => true;

    public override long Length => _file.Length;

    public override long Position { get => _file.Position; set => _file.Position = value; }

    /// <summary>Makes a file, and brings it to the disk.</summary>
    /// <param name="path">Where; what is there is replaced.</param>
    /// <param name="minFreeBytes">Bytes that recordings leave to others.</param>
    /// <param name="write">Writes it.</param>
    /// <exception cref="IOException">There is no room (<see cref="RecordingFile.IsNoRoom"/>), or the disk does not take it. Nothing is left of it.</exception>
    public static T Make<T>(string path, long minFreeBytes, Func<DeliveredFile, T> write)
    {
        try
        {
            using var file = new DeliveredFile(path, minFreeBytes);
            var made = write(file);
            file._file.Flush(flushToDisk: true);
            return made;
        }
        catch
        {
            RecordingFiles.DeleteQuietly(path);
            throw;
        }
    }

    /// <summary>Says how long it becomes, before it is written: what will find no room is not begun.</summary>
    /// <exception cref="IOException">There is no room for so much.</exception>
    public void Begin(long length)
    {
        if (_drive.AvailableFreeSpace - length < _leastFree)
        {
            throw RecordingFile.NoRoom();
        }
    }

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        if ((_sinceLook += buffer.Length) >= LookEvery)
        {
            _sinceLook = 0;
            Begin(buffer.Length);
        }

        _file.Write(buffer);
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override void Flush() => _file.Flush();

    public override long Seek(long offset, SeekOrigin origin) => _file.Seek(offset, origin);

    public override void SetLength(long value) => _file.SetLength(value);

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _file.Dispose();
        }

        base.Dispose(disposing);
    }
}
