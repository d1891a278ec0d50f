using System.Data;
using System.Data.Common;
using System.Reflection;
using Dapper;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging;

namespace Roomcast.Storage.Migrations;

/// <summary>Brings a database to the newest schema, one migration to a transaction.</summary>
/// <remarks>
/// Each transaction first takes a lock that a second starting process waits for, and looks anew at what is applied: on SQLite the
/// write lock, on PostgreSQL an advisory lock.
/// </remarks>
internal sealed class Migrator(IReadOnlyList<Migration> migrations, TimeProvider clock, ILogger logger)
{
    /// <summary>Any number that other programs in the same PostgreSQL database are unlikely to use: "roomcast" in ASCII.</summary>
    private const long AdvisoryLock = 0x726F6F6D63617374;

    /// <summary>Applies what is missing.</summary>
    /// <exception cref="StorageException">The database is newer than this program, or was made by other migrations.</exception>
    public async Task ApplyAsync(DbConnection connection, DatabaseEngine engine, CancellationToken cancellationToken)
    {
        while (await ApplyNextAsync(connection, engine, cancellationToken))
        {
        }
    }

    private async Task<bool> ApplyNextAsync(DbConnection connection, DatabaseEngine engine, CancellationToken cancellationToken)
    {
        var transaction = await BeginAsync(connection, engine, cancellationToken);
        try
        {
            return await ApplyNextAsync(connection, transaction, engine, cancellationToken);
        }
        finally
        {
            try
            {
                await transaction.DisposeAsync();
            }
            catch (DbException)
            {
                // The failure before it is the one to tell: SQLite has rolled back already when its disk is full.
            }
        }
    }

    private async Task<bool> ApplyNextAsync(
        DbConnection connection, DbTransaction transaction, DatabaseEngine engine, CancellationToken cancellationToken)
    {
        var start = clock.GetTimestamp();
        await connection.ExecuteAsync(
            """
            CREATE TABLE IF NOT EXISTS schema_migrations (
                version integer NOT NULL PRIMARY KEY,
                name text NOT NULL,
                checksum text NOT NULL,
                applied_at bigint NOT NULL,
                applied_by text NOT NULL
            )
            """,
            transaction: transaction);

        var applied = (await connection.QueryAsync<AppliedMigration>(
            "SELECT version, checksum, applied_by FROM schema_migrations ORDER BY version", transaction: transaction)).AsList();
        Check(applied);
        if (applied.Count == migrations.Count)
        {
            await transaction.CommitAsync(cancellationToken);
            return false;
        }

        var next = migrations[applied.Count];
        await connection.ExecuteAsync(next.SqlFor(engine), transaction: transaction, commandTimeout: TimeLimit(engine));
        await connection.ExecuteAsync(
            """
            INSERT INTO schema_migrations (version, name, checksum, applied_at, applied_by)
            VALUES (@Version, @Name, @Checksum, @AppliedAt, @AppliedBy)
            """,
            new { next.Version, next.Name, next.Checksum, AppliedAt = StoredTime.Now(clock), AppliedBy = ProgramVersion() },
            transaction);
        await transaction.CommitAsync(cancellationToken);

        StorageLog.Migrated(logger, next.Version, next.Name, clock.GetElapsedTime(start).TotalMilliseconds);
        return applied.Count + 1 < migrations.Count;
    }

    private static async Task<DbTransaction> BeginAsync(DbConnection connection, DatabaseEngine engine, CancellationToken cancellationToken)
    {
        if (engine == DatabaseEngine.Sqlite)
        {
            return ((SqliteConnection)connection).BeginTransaction(deferred: false);
        }

        // Read committed, so that the statement after the lock sees what the holder before us committed.
        var transaction = await connection.BeginTransactionAsync(IsolationLevel.ReadCommitted, cancellationToken);
        await connection.ExecuteAsync("SELECT pg_advisory_xact_lock(@AdvisoryLock)", new { AdvisoryLock }, transaction, TimeLimit(engine));
        return transaction;
    }

    // A large table takes as long as it takes, and so does the process that migrates before us: the driver's 30 s would undo the
    // work and begin it anew at each start. On SQLite the limit is about locks, of which we have the only one.
    private static int? TimeLimit(DatabaseEngine engine) => engine == DatabaseEngine.Postgres ? 0 : null;

    private void Check(List<AppliedMigration> applied)
    {
        if (applied.Count > 0 && applied[^1].Version > migrations.Count)
        {
            throw new StorageException(
                StorageFailure.NewerSchema,
                $"The database has schema version {applied[^1].Version}, made by Roomcast {applied[^1].AppliedBy}; this is Roomcast {ProgramVersion()}, which knows versions up to {migrations.Count}. Start the newer program, or restore a backup from before the upgrade.");
        }

        for (var i = 0; i < applied.Count; i++)
        {
            if (applied[i].Version != i + 1 || applied[i].Checksum != migrations[i].Checksum)
            {
                throw new StorageException(
                    StorageFailure.ChangedMigration,
                    $"Migration {i + 1} ({migrations[i].Name}) is not the one that was applied to this database, by Roomcast {applied[i].AppliedBy}. The database belongs to another build of the program.");
            }
        }
    }

    private static string ProgramVersion() =>
        typeof(Migrator).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "?";

    private sealed class AppliedMigration
    {
        public int Version { get; init; }

        public string Checksum { get; init; } = "";

        public string AppliedBy { get; init; } = "";
    }
}
