namespace Roomcast.Storage.Blobs;

/// <summary>Files on the way to where they are stored.</summary>
internal static class BlobFile
{
    /// <summary>Opens one for reading.</summary>
    /// <exception cref="BlobException">There is none.</exception>
    public static FileStream Open(string path)
    {
        if (!File.Exists(path))
        {
            throw new BlobException(
                BlobFailure.NoFile, "The file that is to be kept is not there.", new FileNotFoundException("There is no such file.", path));
        }

        return new FileStream(path, new FileStreamOptions { Options = FileOptions.Asynchronous, BufferSize = 0 });
    }
}
