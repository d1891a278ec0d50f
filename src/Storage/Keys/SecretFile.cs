using System.Runtime.InteropServices;

namespace Roomcast.Storage.Keys;

/// <summary>Writes a file that only its owner may read, whole or not at all.</summary>
public static partial class SecretFile
{
    private const int AlreadyThere = 17; // EEXIST

    internal const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>Replaces the file: a temporary file of mode 0600 is written, flushed to the disk and renamed over it.</summary>
    /// <param name="path">The file; its folder must exist.</param>
    /// <param name="content">What it shall hold.</param>
    /// <exception cref="StorageException">The folder cannot be written, or the disk is full. The file is as it was.</exception>
    public static void Write(string path, ReadOnlySpan<byte> content) => Write(path, content, overwrite: true);

    /// <summary>Writes the file unless it is there by now.</summary>
    /// <returns>False when it was there.</returns>
    internal static bool TryCreate(string path, ReadOnlySpan<byte> content) => Write(path, content, overwrite: false);

    private static bool Write(string path, ReadOnlySpan<byte> content, bool overwrite)
    {
        var temporary = $"{path}.{Guid.NewGuid():N}.tmp";
        try
        {
            using (var file = new FileStream(temporary, new FileStreamOptions
            {
                Mode = FileMode.CreateNew,
                Access = FileAccess.Write,
                UnixCreateMode = OwnerOnly,
                BufferSize = 0,
            }))
            {
                file.Write(content);
                file.Flush(flushToDisk: true); // Or a power cut could leave the new name with no content.
            }

            // To move a file where there is none is to look and then to move: whoever came in between would be replaced. A link is one step.
            if (!overwrite && Link(temporary, path) == 0)
            {
                return true;
            }

            if (!overwrite && (Marshal.GetLastPInvokeError() == AlreadyThere || File.Exists(path)))
            {
                return false;
            }

            File.Move(temporary, path, overwrite); // Also where the file system knows no links.
            return true;
        }
        catch (IOException) when (!overwrite && File.Exists(path))
        {
            return false;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw DataFolder.Translate(e, path);
        }
        finally
        {
            TryDelete(temporary);
        }
    }

    [LibraryImport("libc", EntryPoint = "link", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Link(string existing, string name);

    private static void TryDelete(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The failure that matters is on its way already; the name of the left-over says what it is.
        }
    }
}
