using Microsoft.Extensions.Logging;

namespace Roomcast.Storage;

internal static partial class StorageLog // Event ids 1000-1099.
{
    [LoggerMessage(1000, LogLevel.Information, "Storage is open: {Database}, schema version {SchemaVersion}.")]
    public static partial void Opened(ILogger logger, string database, int schemaVersion);

    [LoggerMessage(1001, LogLevel.Information, "Migration {Version} ({Name}) was applied in {DurationMs} ms.")]
    public static partial void Migrated(ILogger logger, int version, string name, double durationMs);

    [LoggerMessage(1002, LogLevel.Warning, "A statement took {DurationMs} ms: {Sql}")]
    public static partial void SlowStatement(ILogger logger, double durationMs, string sql);

    [LoggerMessage(EventId = 1003, Message = "A transaction is tried again, attempt {Attempt}, because of {Failure}: {Reason}")]
    public static partial void Retrying(ILogger logger, LogLevel level, int attempt, StorageFailure failure, string reason);

    [LoggerMessage(
        1004,
        LogLevel.Warning,
        "PostgreSQL runs with {Setting}=off: what was acknowledged can be lost when the database server or its machine fails.")]
    public static partial void WeakDurability(ILogger logger, string setting);

    [LoggerMessage(1005, LogLevel.Warning, "The key file {File} could be read by others; its mode is 0600 now.")]
    public static partial void KeyFileTightened(ILogger logger, string file);

    [LoggerMessage(1006, LogLevel.Information, "The key file {File} was made.")]
    public static partial void KeyFileMade(ILogger logger, string file);

    [LoggerMessage(1007, LogLevel.Trace, "A statement is run: {Sql}")]
    public static partial void Statement(ILogger logger, string sql);
}
