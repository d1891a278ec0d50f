using System.Globalization;
using System.Text;

namespace Roomcast.Storage;

/// <summary>The data folder, held against other processes by a lock that the system takes back when this process dies.</summary>
internal sealed class DataFolder : IDisposable
{
    private const string HolderFile = "roomcast.pid";
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
    private const int NoSpace = 28; // ENOSPC
    private const int QuotaExceeded = 122; // EDQUOT
    private const int ReadOnlyDisk = 30; // EROFS
    private const int WouldBlock = 11; // EWOULDBLOCK

    private readonly FileStream _lock;

    private DataFolder(FileStream held) => _lock = held;

    /// <summary>Makes the folder when it is missing.</summary>
    /// <exception cref="StorageException">It cannot be made.</exception>
    public static string Create(string path)
    {
        var full = Path.GetFullPath(path);
        try
        {
            // The mode holds only for a folder whose parent is there.
            Directory.CreateDirectory(Path.GetDirectoryName(full) ?? full);
            Directory.CreateDirectory(full, OwnerOnly);
            return full;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Translate(e, full);
        }
    }

    /// <summary>Makes the folder when it is missing and holds it until disposal.</summary>
    /// <exception cref="StorageException">It cannot be written, or another process holds it.</exception>
    public static DataFolder Hold(string path)
    {
        var full = Create(path);
        var file = Path.Combine(full, "roomcast.lock");
        FileStream held;
        try
        {
            // FileShare.None is an flock(2): advisory, which is enough among servers, and gone with the process however it dies.
            held = OpenPrivately(file, FileMode.OpenOrCreate);
        }
        catch (IOException e) when (e.HResult == WouldBlock)
        {
            throw new StorageException(
                StorageFailure.InUse,
                $"The data folder {full} is in use by another server{ReadHolder(full)}. Stop that one, or give this one its own folder.",
                e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Translate(e, full);
        }

        try
        {
            // In a file of its own, for the locked one cannot be opened.
            using var holder = OpenPrivately(Path.Combine(full, HolderFile), FileMode.Create);
            holder.Write(Encoding.ASCII.GetBytes(Environment.ProcessId.ToString(CultureInfo.InvariantCulture)));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The number is only for the other server's message; a full disk is told of by whoever needs its space.
        }

        return new DataFolder(held);
    }

    /// <summary>What an exception of the file system means.</summary>
    public static StorageException Translate(Exception exception, string path) => (exception, exception.HResult) switch
    {
        (_, NoSpace or QuotaExceeded) => new StorageException(
            StorageFailure.DiskFull,
            $"The disk that holds {path} is full. Nothing stored so far is lost; free some space.",
            exception),
        (_, ReadOnlyDisk) => new StorageException(
            StorageFailure.AccessDenied, $"{path} cannot be written: the disk is mounted read-only.", exception),
        (UnauthorizedAccessException, _) => new StorageException(
            StorageFailure.AccessDenied,
            $"{path} cannot be written by user {Environment.UserName}. Change its owner or its mode, or choose another data folder.",
            exception),
        _ => new StorageException(
            StorageFailure.AccessDenied, $"{path} cannot be used as a data folder: {exception.Message}", exception),
    };

    public void Dispose() => _lock.Dispose();

    private static FileStream OpenPrivately(string file, FileMode mode) => new(file, new FileStreamOptions
    {
        Mode = mode,
        Access = FileAccess.ReadWrite,
        Share = FileShare.None,
        UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        BufferSize = 0,
    });

    private static string ReadHolder(string folder)
    {
        try
        {
            var holder = File.ReadAllText(Path.Combine(folder, HolderFile));
            return int.TryParse(holder, NumberStyles.None, CultureInfo.InvariantCulture, out var id) ? $" (process {id})" : "";
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }
}
