using System.Collections.Concurrent;
using System.Data.Common;
using Dapper;
using Microsoft.Data.Sqlite;
using Roomcast.Storage.Migrations;
using SQLitePCL;

namespace Roomcast.Storage.Engines;

/// <summary>SQLite in this process: one writer at a time, in the order they came, and readers beside it.</summary>
/// <remarks>
/// The write-ahead log is flushed to the disk at every commit (<c>synchronous=FULL</c>). With NORMAL a killed process would lose
/// nothing either, but a power cut would lose everything since the last checkpoint, which on a quiet server can be hours: a
/// price not worth the flush, since a livestream costs a handful of transactions and all figures of all livestreams share one.
/// </remarks>
internal sealed class SqliteEngine : Engine
{
    /// <summary>Only another program can hold us up, for our own writers take turns; beyond this the transaction is tried anew.</summary>
    private const int BusyTimeoutMs = 1_000;

    private const long LargestCheckedAtStart = 256L << 20;

    private readonly string _connectionString;
    private readonly SemaphoreSlim _writerTurn = new(1, 1);
    private readonly SemaphoreSlim _readerTurns;
    private readonly ConcurrentBag<SqliteConnection> _idleReaders = [];
    private SqliteConnection? _writer;
    private volatile bool _isClosed;

    public SqliteEngine(string file, int maxConnections)
    {
        File = file;
        _readerTurns = new SemaphoreSlim(maxConnections - 1, maxConnections - 1);
        _connectionString = new SqliteConnectionStringBuilder
        {
            DataSource = file,
            Mode = SqliteOpenMode.ReadWrite, // The file is made by us, with the right mode, and never by accident.
            ForeignKeys = true,
            Pooling = false,

            // The driver's own loop on a busy database sleeps 150 ms at a time; SQLite's busy handler has waited by then.
            DefaultTimeout = 1,
        }.ToString();
    }

    public string File { get; }

    public override DatabaseEngine Kind => DatabaseEngine.Sqlite;

    public override async Task OpenAsync(Migrator migrator, CancellationToken cancellationToken)
    {
        SystemSqlite.Use();
        CreateFile();

        await using var lease = await RentAsync(writes: true, cancellationToken);
        var connection = lease.Connection;
        try
        {
            await CheckAsync(connection);
            await migrator.ApplyAsync(connection, Kind, cancellationToken);
        }
        catch
        {
            lease.IsSuspect = true;
            throw;
        }
    }

    public override async ValueTask<Lease> RentAsync(bool writes, CancellationToken cancellationToken)
    {
        var turn = writes ? _writerTurn : _readerTurns;

        // The driver's asynchronous calls are not: from here on a thread of the pool is used, never that of a caller who, like
        // the owner of a livestream, must not be held up by a disk. Turns are given in the order of asking.
        await turn.WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        try
        {
            ObjectDisposedException.ThrowIf(_isClosed, typeof(Database));
            if (!writes)
            {
                return new SqliteLease(this, _idleReaders.TryTake(out var reader) ? reader : Connect(), writes);
            }

            return new SqliteLease(this, _writer ??= Connect(), writes);
        }
        catch
        {
            turn.Release();
            throw;
        }
    }

    public override ValueTask<Transaction> BeginAsync(DbConnection connection, bool writes, CancellationToken cancellationToken)
    {
        // A writer takes its lock at once, so that it never has to be told at its first write that another came between.
        Run((SqliteConnection)connection, writes ? "BEGIN IMMEDIATE" : "BEGIN");
        return ValueTask.FromResult<Transaction>(new SqliteWork((SqliteConnection)connection));
    }

    public override Fault? Translate(Exception exception) =>
        exception is SqliteException sqlite ? SqliteFaults.Translate(sqlite, File) : null;

    public override async ValueTask DisposeAsync()
    {
        _isClosed = true;
        await _writerTurn.WaitAsync(); // The last write finishes first; whoever waits behind us finds the database closed.
        while (_idleReaders.TryTake(out var reader))
        {
            await reader.DisposeAsync();
        }

        // The last connection to close writes the log back into the database and removes it.
        if (_writer is not null)
        {
            await _writer.DisposeAsync();
            _writer = null;
        }

        _writerTurn.Release();
    }

#pragma warning disable CA2100 // Statements of this class only.
    private static void Run(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }
#pragma warning restore CA2100

    private SqliteConnection Connect()
    {
        var connection = new SqliteConnection(_connectionString);
        try
        {
            connection.Open();
            Run(
                connection,
                $"""
                PRAGMA busy_timeout = {BusyTimeoutMs};
                PRAGMA journal_mode = WAL;
                PRAGMA synchronous = FULL;
                PRAGMA journal_size_limit = 67108864;
                PRAGMA temp_store = MEMORY;
                PRAGMA trusted_schema = OFF;
                PRAGMA cell_size_check = ON;
                """);
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>Makes the file readable by its owner only: it holds stream keys. SQLite gives its log files the same mode.</summary>
    private void CreateFile()
    {
        var log = new FileInfo(File + "-wal");
        if (!System.IO.File.Exists(File) && log is { Exists: true, Length: > 0 })
        {
            // SQLite would begin an empty database and throw the log away.
            throw new StorageException(
                StorageFailure.Corrupted,
                $"The database {File} is missing, but its log {log.FullName} is there. Put the database back, or move the log away to begin anew.");
        }

        try
        {
            using var file = new FileStream(File, new FileStreamOptions
            {
                Mode = FileMode.OpenOrCreate,
                Access = FileAccess.ReadWrite,
                Share = FileShare.ReadWrite,
                UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
            });
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw DataFolder.Translate(e, File);
        }
    }

    /// <summary>Refuses a damaged database before anything is written to it.</summary>
    private async Task CheckAsync(DbConnection connection)
    {
        if (new FileInfo(File).Length > LargestCheckedAtStart)
        {
            await connection.ExecuteScalarAsync<long>("SELECT count(*) FROM sqlite_schema");
            return;
        }

        var answer = await connection.ExecuteScalarAsync<string>("PRAGMA quick_check(1)");
        if (answer != "ok")
        {
            throw new StorageException(
                StorageFailure.Corrupted,
                $"The database {File} is damaged ({answer}). It was left as it is; restore it from a backup, or recover it with the sqlite3 command '.recover'.");
        }
    }

    /// <remarks>
    /// Not the driver's transaction: SQLite itself rolls back when the disk is full, after which that one can be neither rolled
    /// back nor disposed of, and takes its connection along.
    /// </remarks>
    private sealed class SqliteWork(SqliteConnection connection) : Transaction
    {
        public override DbConnection Connection => connection;

        public override DbTransaction? Driver => null;

        public override Task CommitAsync()
        {
            Run(connection, "COMMIT");
            return Task.CompletedTask;
        }

        public override ValueTask DisposeAsync()
        {
            try
            {
                var isActive = raw.sqlite3_get_autocommit(connection.Handle) == 0;
                if (isActive)
                {
                    Run(connection, "ROLLBACK");
                }
            }
            catch (SqliteException)
            {
                IsBroken = true;
            }

            return ValueTask.CompletedTask;
        }
    }

    private sealed class SqliteLease(SqliteEngine engine, SqliteConnection connection, bool writes) : Lease
    {
        public override DbConnection Connection => connection;

        public override async ValueTask DisposeAsync()
        {
            try
            {
                if (IsSuspect || (!writes && engine._isClosed))
                {
                    if (writes)
                    {
                        engine._writer = null;
                    }

                    await connection.DisposeAsync();
                }
                else if (!writes)
                {
                    engine._idleReaders.Add(connection);
                }
            }
            catch (SqliteException)
            {
                // Closing rolls back, which fails when SQLite has done so already, as it does on a full disk.
            }
            finally
            {
                (writes ? engine._writerTurn : engine._readerTurns).Release();
            }
        }
    }
}
