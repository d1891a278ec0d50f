using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Roomcast.Storage.Keys;

namespace Roomcast.Storage.Blobs;

/// <summary>Blobs on the disk of this server, under addresses that are signed.</summary>
internal sealed class DiskBlobStore : IBlobStore
{
    private const string KeyFile = "blobs.key";
    private const int KeyLength = 32;
    private const int NoSpace = 28; // ENOSPC
    private const int QuotaExceeded = 122; // EDQUOT
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    private readonly string _folder;
    private readonly string _base;
    private readonly byte[] _key;
    private readonly TimeProvider _clock;

    /// <summary>
    /// Blobs in the folder of the options, which is not touched before the first. The key is made at once: later the disk may be
    /// full, and addresses must be told even then.
    /// </summary>
    /// <exception cref="StorageException">The key can neither be read nor made.</exception>
    public DiskBlobStore(BlobOptions options, KeyFiles keys, TimeProvider clock)
    {
        _folder = options.Folder;
        _base = options.BaseAddress.TrimEnd('/');
        _key = keys.GetOrCreate(KeyFile, KeyLength);
        _clock = clock;
    }

    public Task StoreAsync(BlobName name, string file, string contentType, CancellationToken cancellationToken) => Task.Run(
        () =>
        {
            try
            {
                if (!File.Exists(file))
                {
                    throw new BlobException(
                        BlobFailure.NoFile, "The file that is to be kept is not there.", new FileNotFoundException("There is no such file.", file));
                }

                var path = PathOf(name);
                Directory.CreateDirectory(_folder, OwnerOnly);
                Directory.CreateDirectory(Path.GetDirectoryName(path)!, OwnerOnly);

                // Within one disk a move is a change of name; from another disk the bytes are copied under a name that nobody asks for, and
                // that is short: the name of the file may be as long as the disk takes.
                var incoming = Path.Combine(Path.GetDirectoryName(path)!, $"{Guid.NewGuid():N}.tmp");
                try
                {
                    File.Move(file, incoming);
                }
                catch
                {
                    File.Delete(incoming); // What was copied until the disk was full.
                    throw;
                }

                File.Move(incoming, path, overwrite: true);
            }
            catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
            {
                throw new BlobException(
                    fault.HResult is NoSpace or QuotaExceeded ? BlobFailure.NoRoom : BlobFailure.Refused,
                    fault.HResult is NoSpace or QuotaExceeded
                        ? "The disk that files are kept on is full."
                        : "The file cannot be kept on the disk of the server.",
                    fault);
            }
        },
        cancellationToken);

    public string AddressOf(BlobName name, DateTimeOffset expiresAt)
    {
        var expiry = expiresAt.ToUnixTimeSeconds();
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{_base}{BlobEndpoints.Prefix}/{name}?expires={expiry}&signature={Sign(name, expiry)}");
    }

    public Task DeleteAsync(BlobName name, CancellationToken cancellationToken)
    {
        try
        {
            var path = PathOf(name);
            if (File.Exists(path))
            {
                File.Delete(path);
            }

            var shelf = Path.GetDirectoryName(path)!;
            if (Directory.Exists(shelf) && !Directory.EnumerateFileSystemEntries(shelf).Any())
            {
                Directory.Delete(shelf);
            }

            return Task.CompletedTask;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new BlobException(BlobFailure.Refused, "A file on the disk of the server cannot be deleted.", fault);
        }
    }

    /// <summary>The file of an address; null when there is none.</summary>
    public FileInfo? Find(BlobName name) => new FileInfo(PathOf(name)) is { Exists: true } file ? file : null;

    /// <summary>Checks a signature in constant time, and the time.</summary>
    public bool IsSigned(BlobName name, string? expires, string? signature)
    {
        if (!long.TryParse(expires, NumberStyles.None, CultureInfo.InvariantCulture, out var expiry) || signature is not { Length: <= 64 })
        {
            return false;
        }

        var isOurs = CryptographicOperations.FixedTimeEquals(
            Encoding.UTF8.GetBytes(signature), Encoding.ASCII.GetBytes(Sign(name, expiry)));
        return isOurs && _clock.GetUtcNow().ToUnixTimeSeconds() < expiry;
    }

    private string PathOf(BlobName name) => Path.Combine(_folder, name.Shelf.ToString("D"), name.FileName);

    private string Sign(BlobName name, long expiry)
    {
        // A name holds no line break.
        var text = string.Create(CultureInfo.InvariantCulture, $"blob\n{name}\n{expiry}");
        Span<byte> signature = stackalloc byte[HMACSHA256.HashSizeInBytes];
        HMACSHA256.HashData(_key, Encoding.UTF8.GetBytes(text), signature);
        return Base64Url.EncodeToString(signature);
    }
}
