using System.Security.Cryptography;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Roomcast.Storage.Keys;

namespace Roomcast.Meetings.Blobs;

/// <summary>What became of an upload.</summary>
public enum ChatFileUpload
{
    /// <summary>The file is there, whole.</summary>
    Stored,

    /// <summary>It is larger than is allowed.</summary>
    TooLarge,

    /// <summary>Its name ends like a picture's, and it is none of that kind.</summary>
    NotThatPicture,

    /// <summary>Another file was put there before.</summary>
    Taken,

    /// <summary>The disk has no room to spare, or too many uploads are under way.</summary>
    NoRoom,
}

/// <summary>The addresses of a file that may be uploaded.</summary>
/// <param name="PutAddress">Where to put its bytes, absolute; once, and not for long.</param>
/// <param name="GetAddress">Where they can be fetched afterwards, absolute; not guessable.</param>
public readonly record struct ReservedChatFile(string PutAddress, string GetAddress);

/// <summary>Files sent in a chat: on the disk of this server, under addresses that are signed and cannot be guessed.</summary>
/// <remarks>
/// Nothing is kept about a file but the file itself: its address says until when it holds, and the shelf it stands on when it is
/// deleted. A file appears whole or not at all. Thread-safe.
/// </remarks>
public sealed class ChatFiles
{
    private const string KeyFile = "chat-files.key";
    private const int KeyLength = 32;
    private const int MaxUploads = 64;
    private const int BufferLength = 64 << 10;
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    private readonly Lazy<byte[]> _key;
    private readonly ChatFileOptions _options;
    private readonly IReadOnlySet<string> _endings;
    private readonly TimeProvider _clock;
    private readonly ILogger _logger;
    private readonly string _base;
    private int _uploads;

    /// <summary>Files in the folder of the options; nothing is touched before the first upload.</summary>
    public ChatFiles(IOptions<ChatFileOptions> options, KeyFiles keys, TimeProvider clock, ILogger<ChatFiles> logger)
    {
        ArgumentNullException.ThrowIfNull(options);
        _options = options.Value;
        _endings = _options.Endings;
        _base = _options.BaseAddress.TrimEnd('/');
        _clock = clock;
        _logger = logger;
        _key = new Lazy<byte[]>(() => keys.GetOrCreate(KeyFile, KeyLength));
    }

    /// <summary>Largest file in bytes.</summary>
    public long MaxFileBytes => _options.MaxFileBytes;

    private string Incoming => Path.Combine(_options.Folder, "incoming");

    /// <summary>Makes the addresses of a file to come.</summary>
    /// <param name="fileName">Its own name, as a browser tells it; anything at all.</param>
    /// <param name="isLasting">Whether it is kept for good, as in the chat of a meeting that persists it.</param>
    /// <param name="lifetime">How long it shall be there; null, and at most, the retention of the options. Means nothing for a lasting file.</param>
    /// <returns>The addresses; null when files with such a name are not taken.</returns>
    public ReservedChatFile? Reserve(string fileName, bool isLasting, TimeSpan? lifetime = null)
    {
        ArgumentNullException.ThrowIfNull(fileName);
        var now = _clock.GetUtcNow();
        DateTimeOffset? end = null;
        if (!isLasting)
        {
            var wanted = lifetime is { } asked && asked < _options.Retention ? asked : _options.Retention;
            end = now + (wanted > _options.UploadTime ? wanted : _options.UploadTime);
        }

        var address = ChatFileAddress.Make(fileName, end);
        return _endings.Count > 0 && !_endings.Contains(ChatFileName.EndingOf(address.FileName))
            ? null
            : new ReservedChatFile(
                _base + address.ToPath(_key.Value, ChatFileUse.Put, now + _options.UploadTime),
                _base + address.ToPath(_key.Value, ChatFileUse.Get, end));
    }

    /// <summary>Whether an address is ours and holds now.</summary>
    internal bool IsSigned(ChatFileAddress address, ChatFileUse use, string? expires, string? signature) =>
        address.IsSigned(_key.Value, use, expires, signature, _clock.GetUtcNow());

    /// <summary>The file on disk; null when nothing was put there, or it was deleted.</summary>
    internal FileInfo? Find(ChatFileAddress address) => new FileInfo(PathOf(address)) is { Exists: true } file ? file : null;

    /// <summary>Takes in a file. The same bytes once more are stored too, since a browser may not have heard of the first time.</summary>
    /// <param name="address">An address that was signed for it.</param>
    /// <param name="content">Its bytes; reading it may throw when the uploader goes away, and then nothing is stored.</param>
    /// <param name="cancellationToken">Stops it.</param>
    internal async Task<ChatFileUpload> StoreAsync(ChatFileAddress address, Stream content, CancellationToken cancellationToken)
    {
        if (Interlocked.Increment(ref _uploads) > MaxUploads)
        {
            Interlocked.Decrement(ref _uploads);
            return ChatFileUpload.NoRoom;
        }

        var temporary = Path.Combine(Incoming, $"{address.Name}-{Guid.NewGuid():N}.tmp");
        try
        {
            Directory.CreateDirectory(_options.Folder, OwnerOnly);
            Directory.CreateDirectory(Incoming, OwnerOnly);
            if (new DriveInfo(Incoming).AvailableFreeSpace < _options.MinFreeBytes)
            {
                return ChatFileUpload.NoRoom;
            }

            return await WriteAsync(temporary, address, content, cancellationToken) is { } refusal ? refusal : Show(temporary, address);
        }
        catch (Exception fault) when (fault is UnauthorizedAccessException || (fault is IOException && IsDiskFault(fault)))
        {
            ChatFileLog.NotStored(_logger, fault, _options.Folder);
            return ChatFileUpload.NoRoom;
        }
        finally
        {
            Interlocked.Decrement(ref _uploads);
            TryDelete(temporary);
        }
    }

    /// <summary>Deletes uploads that a crash cut off. Called once the data folder is known to be this server's alone.</summary>
    internal void DeleteLeftovers()
    {
        if (Directory.Exists(Incoming))
        {
            Delete(() => Directory.Delete(Incoming, recursive: true));
        }
    }

    /// <summary>Deletes the files whose day is over.</summary>
    /// <returns>How many shelves were deleted.</returns>
    internal int DeleteOld()
    {
        if (!Directory.Exists(_options.Folder))
        {
            return 0;
        }

        var today = ChatFileAddress.ShelfOf(_clock.GetUtcNow());
        var deleted = 0;
        foreach (var shelf in Directory.EnumerateDirectories(_options.Folder))
        {
            var name = Path.GetFileName(shelf);
            if (ChatFileAddress.IsDay(name) && string.CompareOrdinal(name, today) < 0)
            {
                deleted += Delete(() => Directory.Delete(shelf, recursive: true)) ? 1 : 0;
            }
        }

        return deleted;
    }

    private static bool IsDiskFault(Exception fault) => fault is DirectoryNotFoundException || (fault.HResult is 28 or 122 or 30 or 5); // ENOSPC, EDQUOT, EROFS, EIO

    private async Task<ChatFileUpload?> WriteAsync(
        string path, ChatFileAddress address, Stream content, CancellationToken cancellationToken)
    {
        var file = new FileStream(path, new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.Write,
            Options = FileOptions.Asynchronous,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
            BufferSize = 0,
        });
        await using (file)
        {
            var buffer = new byte[BufferLength];
            long length = 0;
            while (true)
            {
                // A first piece that is long enough to tell a picture.
                var read = length == 0
                    ? await content.ReadAtLeastAsync(buffer, PictureType.HeadLength, throwOnEndOfStream: false, cancellationToken)
                    : await content.ReadAsync(buffer, cancellationToken);
                if (length == 0 && !MayBegin(address, buffer.AsSpan(0, Math.Min(read, PictureType.HeadLength))))
                {
                    return ChatFileUpload.NotThatPicture;
                }

                if (read == 0)
                {
                    break;
                }

                length += read;
                if (length > _options.MaxFileBytes)
                {
                    return ChatFileUpload.TooLarge;
                }

                await file.WriteAsync(buffer.AsMemory(0, read), cancellationToken);
            }

            file.Flush(flushToDisk: true); // Or a power cut could leave the name with no content.
            return null;
        }
    }

    private bool MayBegin(ChatFileAddress address, ReadOnlySpan<byte> head) =>
        !_options.ChecksPictures
        || PictureType.PromisedBy(ChatFileName.EndingOf(address.FileName)) is not { } promised
        || PictureType.Of(head) == promised;

    private ChatFileUpload Show(string temporary, ChatFileAddress address)
    {
        var path = PathOf(address);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!, OwnerOnly);
        try
        {
            File.Move(temporary, path, overwrite: false);
            return ChatFileUpload.Stored;
        }
        catch (IOException) when (File.Exists(path))
        {
            return AreEqual(temporary, path) ? ChatFileUpload.Stored : ChatFileUpload.Taken;
        }
    }

    private static bool AreEqual(string one, string other)
    {
        using var first = File.OpenRead(one);
        using var second = File.OpenRead(other);
        return first.Length == second.Length && SHA256.HashData(first).AsSpan().SequenceEqual(SHA256.HashData(second));
    }

    private string PathOf(ChatFileAddress address) => Path.Combine(_options.Folder, address.Shelf, address.Name);

    private bool Delete(Action delete)
    {
        try
        {
            delete();
            return true;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            ChatFileLog.NotDeleted(_logger, fault, _options.Folder);
            return false;
        }
    }

    private static void TryDelete(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            // It goes at the next start.
        }
    }
}
