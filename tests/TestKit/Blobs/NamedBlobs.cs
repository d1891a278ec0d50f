using Roomcast.Storage.Blobs;

namespace Roomcast.TestKit.Blobs;

/// <summary>Blobs of which nothing is kept but the names of their files.</summary>
public sealed class NamedBlobs : IBlobStore
{
    /// <summary>What there is.</summary>
    public IList<string> Names { get; } = [];

    /// <summary>What was to be deleted, in this order.</summary>
    public IList<string> Asked { get; } = [];

    /// <summary>Why the blob of a name cannot be deleted now; null when it can.</summary>
    public Func<string, BlobFailure?> Refuses { get; set; } = _ => null;

    /// <inheritdoc/>
    public Task StoreAsync(BlobName name, string file, string contentType, CancellationToken cancellationToken)
    {
        Names.Add(name.FileName);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public string AddressOf(BlobName name, DateTimeOffset expiresAt) => $"http://127.0.0.1/{name}";

    /// <inheritdoc/>
    public Task DeleteAsync(BlobName name, CancellationToken cancellationToken)
    {
        Asked.Add(name.FileName);
        if (Refuses(name.FileName) is { } failure)
        {
            throw new BlobException(failure, "for this test");
        }

        Names.Remove(name.FileName);
        return Task.CompletedTask;
    }
}
