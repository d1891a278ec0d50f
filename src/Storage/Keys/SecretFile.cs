namespace Roomcast.Storage.Keys;

/// <summary>Writes a file that only its owner may read, whole or not at all.</summary>
public static class SecretFile
{
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

            if (!overwrite && File.Exists(path))
            {
                return false;
            }

            File.Move(temporary, path, overwrite);
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
