namespace Roomcast.Storage.Blobs;

/// <summary>Takes large files, for example into storage of an owner's own.</summary>
/// <remarks>Thread-safe. A blob appears whole or not at all; storing one again under its name replaces it.</remarks>
public interface IBlobDestination
{
    /// <summary>Stores a file.</summary>
    /// <param name="name">Where; see <see cref="BlobName"/>.</param>
    /// <param name="file">Its full path. On the disk of this server it is moved there, elsewhere it stays where it was.</param>
    /// <param name="contentType">Its media type.</param>
    /// <param name="cancellationToken">Stops it; nothing is stored then.</param>
    /// <exception cref="BlobException">It cannot be stored now; the kind says whether trying again may help.</exception>
    Task StoreAsync(BlobName name, string file, string contentType, CancellationToken cancellationToken);
}

/// <summary>Keeps large files and gives out addresses for them: on the disk of this server, or in a bucket.</summary>
public interface IBlobStore : IBlobDestination
{
    /// <summary>An address to download a blob from, absolute, that needs nothing else and holds for a time.</summary>
    /// <param name="name">The blob; whether there is one is not looked at.</param>
    /// <param name="expiresAt">The first moment it no longer holds, in whole seconds. A bucket's address holds for 7 days at most.</param>
    string AddressOf(BlobName name, DateTimeOffset expiresAt);

    /// <summary>Deletes a blob; one that is not there is none to delete.</summary>
    /// <exception cref="BlobException">It cannot be deleted now.</exception>
    Task DeleteAsync(BlobName name, CancellationToken cancellationToken);
}

/// <summary>A storage target that is open. What was begun of a file and did not get through is gone on with as long as it stays open, where its kind can.</summary>
public interface IOpenStorage : IBlobDestination, IDisposable;

/// <summary>Where a blob is: a shelf, and a file name on it under which browsers save it.</summary>
public readonly record struct BlobName
{
    /// <summary>Most characters of a file name.</summary>
    public const int MaxFileNameLength = 480;

    private BlobName(Guid shelf, string fileName) => (Shelf, FileName) = (shelf, fileName);

    /// <summary>What holds it, for example a recording.</summary>
    public Guid Shelf { get; }

    /// <summary>Letters, digits, <c>_</c>, <c>-</c> and <c>.</c>, of which the first is no dot.</summary>
    public string FileName { get; }

    /// <summary>Makes a name.</summary>
    /// <exception cref="ArgumentException">The file name is none.</exception>
    public static BlobName Of(Guid shelf, string fileName) => IsFileName(fileName)
        ? new BlobName(shelf, fileName)
        : throw new ArgumentException($"A file name is 1 to {MaxFileNameLength} letters, digits, '_', '-' and '.', and begins with no dot.", nameof(fileName));

    /// <summary>Reads the parts of a path. Nothing that passes can lead out of a folder.</summary>
    public static BlobName? Read(string? shelf, string? fileName) =>
        Guid.TryParseExact(shelf, "D", out var id) && IsFileName(fileName) ? new BlobName(id, fileName!) : null;

    /// <inheritdoc/>
    public override string ToString() => $"{Shelf:D}/{FileName}";

    private static bool IsFileName(string? name) =>
        name is { Length: > 0 and <= MaxFileNameLength } && name[0] != '.'
        && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-' or '.');
}

/// <summary>Why a blob cannot be stored or deleted.</summary>
public enum BlobFailure
{
    /// <summary>The disk, or the bucket's quota, is full.</summary>
    NoRoom,

    /// <summary>The store does not answer, or asks to try again later. Trying again may help.</summary>
    Unreachable,

    /// <summary>The store answers and refuses: wrong keys, no such bucket, no right.</summary>
    Refused,

    /// <summary>The file to be stored cannot be read.</summary>
    NoFile,
}

/// <summary>A blob cannot be stored or deleted. The message holds no secret and no path of the server, for owners of files read it.</summary>
public sealed class BlobException(BlobFailure failure, string message, Exception? innerException = null)
    : Exception(message, innerException)
{
    /// <summary>Why.</summary>
    public BlobFailure Failure => failure;

    /// <summary>Whether the same may well succeed later.</summary>
    public bool IsWorthRetrying => failure is BlobFailure.Unreachable;
}
