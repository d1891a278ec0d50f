using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Roomcast.Storage.Blobs;
using Roomcast.Storage.Keys;
using Roomcast.TestKit;

namespace Roomcast.Storage.Tests.Blobs;

/// <summary>Files on a disk of their own, to which they are copied.</summary>
public sealed class DiskBlobStoreTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly BlobSource _files = new();

    public void Dispose()
    {
        _files.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task Nothing_is_left_of_a_file_that_the_disk_has_no_room_for()
    {
        using var disk = SmallDisk.Mount(sizeKiB: 1_024);
        var keys = new KeyFiles(Options.Create(new StorageOptions { DataFolder = _folder.Path }), NullLogger<KeyFiles>.Instance);
        var store = new DiskBlobStore(new BlobOptions { Folder = disk.Path }, keys, TimeProvider.System);
        var (file, _) = _files.Make(2 << 20);
        var fault = await Assert.ThrowsAsync<BlobException>(
            () => store.StoreAsync(BlobName.Of(Guid.NewGuid(), "a.mp4"), file, "video/mp4", CancellationToken.None));
        Assert.Equal(BlobFailure.NoRoom, fault.Failure);
        Assert.True(File.Exists(file));
        Assert.Empty(Directory.GetFiles(disk.Path, "*", SearchOption.AllDirectories));

        var (less, content) = _files.Make(900 << 10);
        var name = BlobName.Of(Guid.NewGuid(), "b.mp4");
        await store.StoreAsync(name, less, "video/mp4", CancellationToken.None);
        Assert.Equal(content, await File.ReadAllBytesAsync(store.Find(name)!.FullName));
    }
}
