using System.Security.Cryptography;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Roomcast.Storage.Keys;

/// <summary>Secrets of this installation, each a file of mode 0600 in the folder <c>keys</c> of the data folder.</summary>
/// <remarks>Thread-safe. A key is made once and is the same for the life of the data folder.</remarks>
public sealed class KeyFiles
{
    private const int MaxLength = 1 << 20;
    private const UnixFileMode OthersMayRead =
        UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.GroupExecute
        | UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute;

    private readonly Lock _lock = new();
    private readonly string _dataFolder;
    private readonly ILogger _logger;

    /// <summary>Keys in the data folder of the options; nothing is touched before a key is asked for.</summary>
    public KeyFiles(IOptions<StorageOptions> options, ILogger<KeyFiles> logger)
    {
        ArgumentNullException.ThrowIfNull(options);
        _dataFolder = options.Value.DataFolder;
        _logger = logger;
    }

    /// <summary>The key of this name; made of random bytes at the first call.</summary>
    /// <param name="name">1 to 64 lower-case letters, digits, dots and hyphens, beginning with a letter.</param>
    /// <param name="length">Bytes, 16 to 1,024.</param>
    /// <exception cref="StorageException">The folder cannot be written, or the file has another length.</exception>
    public byte[] GetOrCreate(string name, int length)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(length, 16);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, 1_024);
        var key = GetOrCreate(name, () => RandomNumberGenerator.GetBytes(length));
        return key.Length == length
            ? key
            : throw new StorageException(
                StorageFailure.Corrupted,
                $"The key file {PathOf(name)} holds {key.Length} bytes, not {length}. Restore it from a backup, or delete it to have a new key made, which makes everything signed with the old one invalid.");
    }

    /// <summary>The key of this name; made by <paramref name="make"/> at the first call, for example a private key in PEM.</summary>
    /// <param name="name">1 to 64 lower-case letters, digits, dots and hyphens, beginning with a letter.</param>
    /// <param name="make">Makes the content, 1 byte to 1 MiB.</param>
    /// <exception cref="StorageException">The folder cannot be written, or the file is empty or too long.</exception>
    public byte[] GetOrCreate(string name, Func<byte[]> make)
    {
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(make);
        if (name.Length is 0 or > 64
            || !char.IsAsciiLetterLower(name[0])
            || !name.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c is '.' or '-'))
        {
            throw new ArgumentException("A key's name is 1 to 64 lower-case letters, digits, dots and hyphens.", nameof(name));
        }

        lock (_lock)
        {
            var path = PathOf(name);
            DataFolder.Create(_dataFolder);
            DataFolder.Create(Path.GetDirectoryName(path)!);
            if (Read(path) is { } existing)
            {
                return existing;
            }

            var made = make();
            if (made is not { Length: > 0 and <= MaxLength })
            {
                throw new ArgumentException("A key is 1 byte to 1 MiB.", nameof(make));
            }

            if (SecretFile.TryCreate(path, made))
            {
                StorageLog.KeyFileMade(_logger, path);
                return made;
            }

            return Read(path)!; // Another process was quicker.
        }
    }

    private string PathOf(string name) => Path.Combine(Path.GetFullPath(_dataFolder), "keys", name);

    private byte[]? Read(string path)
    {
        try
        {
            var file = new FileInfo(path);
            if (!file.Exists)
            {
                return null;
            }

            if (file.Length is 0 or > MaxLength)
            {
                throw new StorageException(
                    StorageFailure.Corrupted,
                    $"The key file {path} holds {file.Length} bytes. Restore it from a backup, or delete it to have a new key made.");
            }

            if ((file.UnixFileMode & OthersMayRead) != 0)
            {
                file.UnixFileMode = SecretFile.OwnerOnly;
                StorageLog.KeyFileTightened(_logger, path);
            }

            return File.ReadAllBytes(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw DataFolder.Translate(e, path);
        }
    }
}
