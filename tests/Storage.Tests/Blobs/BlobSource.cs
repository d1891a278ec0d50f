using Roomcast.TestKit;

namespace Roomcast.Storage.Tests.Blobs;

/// <summary>Files to be stored.</summary>
internal sealed class BlobSource : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    /// <summary>Makes one of so many bytes; those of different lengths differ from the first.</summary>
    public (string File, byte[] Content) Make(int length)
    {
        var file = _folder.PathOf($"{Guid.NewGuid():N}.bin");
        var content = new byte[length];
        new Random(length).NextBytes(content);
        File.WriteAllBytes(file, content);
        return (file, content);
    }

    public void Dispose() => _folder.Dispose();
}
