using Microsoft.Extensions.Logging;

namespace Roomcast.Storage.Blobs;

/// <summary>A container of Azure Blob Storage, or of a server that speaks its protocol, and the key to it.</summary>
public sealed record AzureTarget : StorageTarget
{
    /// <summary>The name of the storage account: letters, digits and hyphens.</summary>
    public required string Account { get; init; }

    /// <summary>One of the account's keys, in Base64.</summary>
    public required string Key { get; init; }

    /// <summary>The container.</summary>
    public required string Container { get; init; }

    /// <summary>
    /// Where the server is, absolute and without the container; null for that of the account at Azure. Its host begins with the
    /// account's name, or else its path is to end with it.
    /// </summary>
    public string? Endpoint { get; init; }

    /// <summary>Put before the names of all files; empty for none.</summary>
    public string Prefix { get; init; } = "";

    /// <inheritdoc/>
    public override IOpenStorage Open(TimeProvider clock, ILogger logger) => new AzureBlobs(this, clock, logger);

    /// <summary>Names the container, without the key.</summary>
    public override string ToString() => $"container {Container} at {Endpoint ?? $"Azure account {Account}"}";
}
