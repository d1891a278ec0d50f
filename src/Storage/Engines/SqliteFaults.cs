using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Roomcast.Storage.Engines;

/// <summary>What SQLite's result codes mean to an operator.</summary>
internal static class SqliteFaults
{
    private const int ExtendedNoSpaceForIndex = raw.SQLITE_IOERR | (19 << 8); // SQLITE_IOERR_SHMSIZE: the WAL index cannot grow.

    public static Fault Translate(SqliteException exception, string file)
    {
        return exception.SqliteErrorCode switch
        {
            raw.SQLITE_BUSY or raw.SQLITE_LOCKED => new Fault(
                StorageFailure.Contended, $"The database {file} is held by another program.", IsWorthRetrying: true),
            raw.SQLITE_FULL => Full(file),
            raw.SQLITE_IOERR when exception.SqliteExtendedErrorCode == ExtendedNoSpaceForIndex || !HasSpaceBeside(file) => Full(file),
            raw.SQLITE_IOERR => new Fault(
                StorageFailure.Unavailable,
                $"The disk failed on the database {file} (SQLite code {exception.SqliteExtendedErrorCode}).",
                IsWorthRetrying: false),
            raw.SQLITE_READONLY or raw.SQLITE_PERM or raw.SQLITE_AUTH => new Fault(
                StorageFailure.AccessDenied,
                $"The database {file} may not be written. Check the permissions of the file and its folder, and that the disk is not mounted read-only.",
                IsWorthRetrying: false),
            raw.SQLITE_CANTOPEN => new Fault(
                StorageFailure.AccessDenied,
                $"The database {file} cannot be opened. Check the permissions of the file and its folder.",
                IsWorthRetrying: false),
            raw.SQLITE_CORRUPT or raw.SQLITE_NOTADB => new Fault(
                StorageFailure.Corrupted,
                $"The database {file} is damaged or is not a SQLite database. It was left as it is; restore it from a backup, or recover it with the sqlite3 command '.recover'.",
                IsWorthRetrying: false),
            raw.SQLITE_CONSTRAINT => new Fault(
                StorageFailure.Constraint, $"A row breaks a rule of the schema: {exception.Message}", IsWorthRetrying: false),
            _ => new Fault(
                StorageFailure.Unexpected, $"SQLite refused a statement: {exception.Message}", IsWorthRetrying: false),
        };
    }

    private static Fault Full(string file) => new(
        StorageFailure.DiskFull,
        $"The disk that holds {file} is full. Nothing stored so far is lost; free some space.",
        IsWorthRetrying: false);

    /// <summary>Some file systems answer a write without space with a plain I/O error.</summary>
    private static bool HasSpaceBeside(string file)
    {
        try
        {
            return new DriveInfo(Path.GetDirectoryName(Path.GetFullPath(file))!).AvailableFreeSpace > 1 << 20;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return true;
        }
    }
}
