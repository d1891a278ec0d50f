using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Roomcast.Meetings.Records;
using Roomcast.Storage;
using Roomcast.Storage.Blobs;

namespace Roomcast.Meetings.History;

/// <summary>A file made of what a session left, and where it can be downloaded.</summary>
/// <param name="Address">Absolute; holds without any token until it expires.</param>
/// <param name="ExpiresAt">The first moment it no longer holds.</param>
public sealed record SessionFile(string Address, DateTimeOffset ExpiresAt);

/// <summary>Makes files of what sessions left, keeps them as blobs for a while, and gives out their addresses.</summary>
/// <remarks>Thread-safe. A file is made anew whenever it is asked for: what it is made of may have changed.</remarks>
public sealed class SessionFiles(
    Database database, IBlobStore blobs, IOptions<HistoryOptions> options, TimeProvider clock, ILogger<SessionFiles> logger)
{
    /// <summary>Makes a file, in place of an earlier one of its kind.</summary>
    /// <param name="sessionId">The session.</param>
    /// <param name="kind">What it holds, in capital letters; one file of a kind is kept for each session.</param>
    /// <param name="fileName">Under which name browsers save it.</param>
    /// <param name="contentType">Its media type.</param>
    /// <param name="expiresAt">When it is to be deleted at the latest; null for the time all files are kept.</param>
    /// <param name="write">Writes it.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <returns>Null when its time is over: what it would be made of is deleted soon.</returns>
    /// <exception cref="BlobException">It cannot be stored now.</exception>
    public async Task<SessionFile?> MakeAsync(
        SessionId sessionId,
        string kind,
        string fileName,
        string contentType,
        DateTimeOffset? expiresAt,
        Func<Stream, Task> write,
        CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(write);
        var now = StoredTime.Now(clock);
        var expiry = now + options.Value.FileRetention;
        expiry = expiresAt is { } bound && bound < expiry ? StoredTime.Of(bound) : expiry;
        if (expiry <= now)
        {
            return null;
        }

        // Known before it is there, so that nothing stays that nobody would delete.
        await database.WriteAsync(
            transaction => transaction.ExecuteAsync(
                """
                INSERT INTO session_files (session_id, kind, file_name, expires_at, created_at)
                VALUES (@SessionId, @Kind, @FileName, @ExpiresAt, @Now)
                ON CONFLICT (session_id, kind) DO UPDATE
                SET file_name = excluded.file_name, expires_at = excluded.expires_at, created_at = excluded.created_at
                """,
                new { SessionId = sessionId.Value, Kind = kind, FileName = fileName, ExpiresAt = expiry, Now = now }),
            cancellationToken);

        var name = BlobName.Of(sessionId.Value, fileName);
        Directory.CreateDirectory(options.Value.Folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var path = Path.Combine(options.Value.Folder, $"{Guid.NewGuid():N}.tmp");
        try
        {
            await using (var file = new FileStream(path, new FileStreamOptions
            {
                Mode = FileMode.CreateNew,
                Access = FileAccess.Write,
                Options = FileOptions.Asynchronous,
                UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
            }))
            {
                await write(file);
            }

            await blobs.StoreAsync(name, path, contentType, cancellationToken);
        }
        catch (IOException fault)
        {
            throw new BlobException(BlobFailure.NoRoom, "A file cannot be made on the disk of the server.", fault);
        }
        finally
        {
            File.Delete(path);
        }

        return new SessionFile(blobs.AddressOf(name, expiry), expiry);
    }

    /// <summary>Deletes files that a crash left half made. Called once the data folder is known to be this server's alone.</summary>
    internal void DeleteLeftovers()
    {
        if (!Directory.Exists(options.Value.Folder))
        {
            return;
        }

        foreach (var file in Directory.EnumerateFiles(options.Value.Folder, "*.tmp"))
        {
            try
            {
                File.Delete(file);
            }
            catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
            {
                HistoryLog.NotDeleted(logger, fault, file);
            }
        }
    }

    /// <summary>Deletes the files whose time is over. One that cannot be deleted holds up no other and is tried again by the next call.</summary>
    internal async Task DeleteOldAsync(CancellationToken cancellationToken)
    {
        var now = StoredTime.Now(clock);
        var last = new FileRow();
        var failed = new List<(FileRow File, BlobException Fault)>();
        IReadOnlyList<FileRow> old;
        do
        {
            // A bounded number at a time, and each once: those after the last that was tried.
            old = await database.ReadAsync(
                transaction => transaction.QueryAsync<FileRow>(
                    """
                    SELECT session_id, kind, file_name, expires_at FROM session_files
                    WHERE expires_at <= @Now AND (expires_at, session_id, kind) > (@ExpiresAt, @SessionId, @Kind)
                    ORDER BY expires_at, session_id, kind LIMIT 100
                    """,
                    new { Now = now, last.ExpiresAt, last.SessionId, last.Kind }),
                cancellationToken);
            foreach (var file in old)
            {
                last = file;
                if (await DeleteAsync(file, now, cancellationToken) is not { } fault)
                {
                    continue;
                }

                failed.Add((file, fault));
                if (fault.IsWorthRetrying)
                {
                    old = []; // The store is not to be reached, for whichever file.
                    break;
                }
            }
        }
        while (old.Count > 0);

        if (failed.Count > 0)
        {
            HistoryLog.SomeNotDeleted(logger, failed[0].Fault, failed.Count, failed[0].File.FileName);
        }
    }

    /// <returns>Why it cannot be deleted; null when it is gone.</returns>
    private async Task<BlobException?> DeleteAsync(FileRow file, DateTimeOffset now, CancellationToken cancellationToken)
    {
        try
        {
            await blobs.DeleteAsync(BlobName.Of(file.SessionId, file.FileName), cancellationToken);
        }
        catch (BlobException fault)
        {
            return fault;
        }

        // It may have been made anew meanwhile.
        await database.WriteAsync(
            transaction => transaction.ExecuteAsync(
                "DELETE FROM session_files WHERE session_id = @SessionId AND kind = @Kind AND expires_at <= @Now",
                new { file.SessionId, file.Kind, Now = now }),
            cancellationToken);
        return null;
    }

    private sealed class FileRow
    {
        public Guid SessionId { get; init; }

        public string Kind { get; init; } = "";

        public string FileName { get; init; } = "";

        /// <summary>In milliseconds since 1970.</summary>
        public long ExpiresAt { get; init; }
    }
}
