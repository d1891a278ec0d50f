using Microsoft.Extensions.Logging;

namespace Roomcast.Storage.Blobs;

/// <summary>A bucket of an S3-compatible server, and the keys to it.</summary>
public sealed record S3Target : StorageTarget
{
    /// <summary>The bucket.</summary>
    public required string Bucket { get; init; }

    /// <summary>Where the server is, absolute; null for that of AWS in the region.</summary>
    public string? Endpoint { get; init; }

    /// <summary>The region.</summary>
    public required string Region { get; init; }

    /// <summary>The access key.</summary>
    public required string AccessKey { get; init; }

    /// <summary>Its secret.</summary>
    public required string SecretKey { get; init; }

    /// <summary>Put before the names of all files; empty for none.</summary>
    public string Prefix { get; init; } = "";

    /// <summary>Whether the bucket stands in the path rather than in the host's name.</summary>
    public bool UsesPathStyle { get; init; }

    /// <inheritdoc/>
    public override IOpenStorage Open(TimeProvider clock, ILogger logger) => new S3BlobStore(this, clock, logger);

    /// <summary>Names the bucket, without the keys.</summary>
    public override string ToString() => $"bucket {Bucket} at {Endpoint ?? $"AWS {Region}"}";
}
