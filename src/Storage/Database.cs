using System.Security.Cryptography;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Roomcast.Storage.Engines;
using Roomcast.Storage.Migrations;

namespace Roomcast.Storage;

/// <summary>Which database engine is in use.</summary>
public enum DatabaseEngine
{
    /// <summary>SQLite in the data folder, in this process.</summary>
    Sqlite,

    /// <summary>A PostgreSQL server.</summary>
    Postgres,
}

/// <summary>The database: transactions for the stores, the same on SQLite and PostgreSQL.</summary>
/// <remarks>Thread-safe. <see cref="OpenAsync"/> comes first; a host with <c>AddStorage</c> does it before it listens.</remarks>
public sealed class Database : IAsyncDisposable
{
    /// <summary>The file of the SQLite database in the data folder.</summary>
    public const string SqliteFileName = "roomcast.db";

    /// <summary>A failure that may pass is retried for this long: enough for rivals to finish and for a short restart of a server.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    private readonly StorageOptions _options;
    private readonly TimeProvider _clock;
    private readonly ILogger _logger;
    private readonly IReadOnlyList<Migration> _migrations;
    private readonly Engine _engine;
    private readonly SemaphoreSlim _opening = new(1, 1);

    /// <summary>Tells who is inside a transaction: a second one would wait for the first on SQLite, and that for ever.</summary>
    private readonly AsyncLocal<Attempt?> _running = new();

    private DataFolder? _folder;
    private volatile bool _isOpen;
    private bool _isDisposed;

    /// <summary>Prepares the database; nothing is touched before <see cref="OpenAsync"/>.</summary>
    /// <param name="options">Where it is.</param>
    /// <param name="clock">Times migrations and statements.</param>
    /// <param name="logger">Told of migrations, retries and slow statements.</param>
    public Database(IOptions<StorageOptions> options, TimeProvider clock, ILogger<Database> logger)
        : this(options?.Value ?? throw new ArgumentNullException(nameof(options)), clock, logger, Migration.All)
    {
    }

    internal Database(StorageOptions options, TimeProvider clock, ILogger logger, IReadOnlyList<Migration> migrations)
    {
        StoredTypes.Register();
        _options = options;
        _clock = clock;
        _logger = logger;
        _migrations = migrations;
        _engine = MakeEngine(options, logger);
    }

    /// <summary>Which engine is in use.</summary>
    public DatabaseEngine Engine => _engine.Kind;

    /// <summary>
    /// Locks the data folder against other processes, opens the database and migrates it to the newest schema. A second call
    /// does nothing.
    /// </summary>
    /// <exception cref="StorageException">It cannot be opened; the kind and the message say why.</exception>
    public async Task OpenAsync(CancellationToken cancellationToken)
    {
        await _opening.WaitAsync(cancellationToken);
        try
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            if (_isOpen)
            {
                return;
            }

            var folder = DataFolder.Hold(_options.DataFolder);
            try
            {
                var migrator = new Migrator(_migrations, _clock, _logger);
                await RetryAsync<object?>(
                    async _ =>
                    {
                        await _engine.OpenAsync(migrator, cancellationToken);
                        return null;
                    },
                    cancellationToken);
            }
            catch
            {
                folder.Dispose();
                throw;
            }

            _folder = folder;
            _isOpen = true;
            StorageLog.Opened(_logger, _options.ToString(), _migrations.Count);
        }
        finally
        {
            _opening.Release();
        }
    }

    /// <summary>Answers a trivial question, for a readiness check.</summary>
    /// <exception cref="StorageException">The database does not answer.</exception>
    public Task CheckAsync(CancellationToken cancellationToken) =>
        ReadAsync(static transaction => transaction.QueryValueAsync<int>("SELECT 1"), cancellationToken);

    /// <summary>Reads in one snapshot: all statements see the same state.</summary>
    /// <param name="read">The statements; it may run again when the connection was lost, so it must have no other effect.</param>
    /// <param name="cancellationToken">Stops waiting for a connection and the statements.</param>
    /// <exception cref="StorageException">It failed, retries included.</exception>
    public Task<T> ReadAsync<T>(Func<DatabaseTransaction, Task<T>> read, CancellationToken cancellationToken) =>
        StartAsync(writes: false, read, cancellationToken);

    /// <summary>Writes in one transaction, all or nothing. When this returns, the write survives a crash of the process and of the machine.</summary>
    /// <remarks>
    /// All statements see one snapshot, and a row they change that another transaction changed meanwhile makes the whole run
    /// again. That does not cover two transactions that each write what the other only reads: give such a rule a constraint.
    /// </remarks>
    /// <param name="write">The statements; it runs again when the database asks for a retry, so it must have no other effect.</param>
    /// <param name="cancellationToken">Stops waiting and the statements; nothing is written then.</param>
    /// <exception cref="StorageException">
    /// It failed, retries included. Nothing is written, unless the connection to a PostgreSQL server broke during the commit itself,
    /// when none can know.
    /// </exception>
    public Task<T> WriteAsync<T>(Func<DatabaseTransaction, Task<T>> write, CancellationToken cancellationToken) =>
        StartAsync(writes: true, write, cancellationToken);

    /// <summary>Writes in one transaction, with no result.</summary>
    /// <inheritdoc cref="WriteAsync{T}"/>
    public Task WriteAsync(Func<DatabaseTransaction, Task> write, CancellationToken cancellationToken) =>
        StartAsync<object?>(
            writes: true,
            async transaction =>
            {
                await write(transaction);
                return null;
            },
            cancellationToken);

    /// <summary>Waits for the writer at work, closes every connection and gives the data folder free.</summary>
    public async ValueTask DisposeAsync()
    {
        await _opening.WaitAsync();
        try
        {
            if (!_isDisposed)
            {
                _isDisposed = true;
                _isOpen = false;
                await _engine.DisposeAsync();
                _folder?.Dispose();
            }
        }
        finally
        {
            _opening.Release();
        }
    }

    private static Engine MakeEngine(StorageOptions options, ILogger logger)
    {
        if (string.IsNullOrWhiteSpace(options.DatabaseUrl))
        {
            return new SqliteEngine(Path.Combine(Path.GetFullPath(options.DataFolder), SqliteFileName), options.MaxConnections);
        }

        return PostgresAddress.TryParse(options.DatabaseUrl, out var address, out var fault)
            ? new PostgresEngine(address, options.MaxConnections, logger)
            : throw new StorageException(StorageFailure.AccessDenied, $"The database URL {fault}");
    }

    private Task<T> StartAsync<T>(bool writes, Func<DatabaseTransaction, Task<T>> body, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        if (!_isOpen)
        {
            throw new InvalidOperationException("The database is not open: call OpenAsync first.");
        }

        if (_running.Value is { IsOver: false })
        {
            throw new InvalidOperationException("A transaction is running here: use it, rather than begin another inside it.");
        }

        return RetryAsync(attempt => RunAsync(writes, body, attempt, cancellationToken), cancellationToken);
    }

    private async Task<T> RunAsync<T>(
        bool writes, Func<DatabaseTransaction, Task<T>> body, Attempt attempt, CancellationToken cancellationToken)
    {
        var kind = StorageMetrics.Kind(writes);
        var asked = _clock.GetTimestamp();
        var lease = await _engine.RentAsync(writes, cancellationToken).ConfigureAwait(false);
        await using var giveBack = lease.ConfigureAwait(false);
        var began = _clock.GetTimestamp();
        StorageMetrics.WaitSeconds.Record(_clock.GetElapsedTime(asked, began).TotalSeconds, kind);

        try
        {
            var transaction = await _engine.BeginAsync(lease.Connection, writes, cancellationToken);
            _running.Value = attempt;
            try
            {
                var result = await body(new DatabaseTransaction(
                    _engine.Kind, transaction.Connection, transaction.Driver, _clock, _options.SlowStatement, _logger, attempt.AfterCommit, cancellationToken));
                cancellationToken.ThrowIfCancellationRequested();
                attempt.IsCommitting = writes;
                await transaction.CommitAsync();
                return result;
            }
            finally
            {
                await transaction.DisposeAsync();
                lease.IsSuspect = transaction.IsBroken;
            }
        }
        catch (Exception e) when (_engine.Translate(e) is { Failure: not StorageFailure.Constraint })
        {
            lease.IsSuspect = true;
            throw;
        }
        finally
        {
            attempt.IsOver = true;
            StorageMetrics.TransactionSeconds.Record(_clock.GetElapsedTime(began).TotalSeconds, kind);
        }
    }

    private async Task<T> RetryAsync<T>(Func<Attempt, Task<T>> run, CancellationToken cancellationToken)
    {
        // These are waits for other processes, which do not live by our clock.
        var start = TimeProvider.System.GetTimestamp();
        for (var number = 1; ; number++)
        {
            var attempt = new Attempt();
            try
            {
                var result = await run(attempt);
                foreach (var step in attempt.AfterCommit)
                {
                    step();
                }

                return result;
            }
            catch (Exception e) when (_engine.Translate(e) is { } fault)
            {
                var isUnknown = attempt.IsCommitting && fault.Failure == StorageFailure.Unavailable;
                if (!fault.IsWorthRetrying || isUnknown || TimeProvider.System.GetElapsedTime(start) > Patience)
                {
                    StorageMetrics.Failures.Add(1, StorageMetrics.Of(fault.Failure));
                    throw new StorageException(fault.Failure, fault.Message, e);
                }

                StorageMetrics.Retries.Add(1, StorageMetrics.Of(fault.Failure));
                StorageLog.Retrying(
                    _logger,
                    fault.Failure == StorageFailure.Contended ? LogLevel.Debug : LogLevel.Warning,
                    number,
                    fault.Failure,
                    fault.Message);

                // From 5 ms to half a second, and never the same twice, so that rivals do not meet again.
                var longestMs = Math.Min(500, 5 << Math.Min(number, 10));
                await Task.Delay(
                    TimeSpan.FromMilliseconds(RandomNumberGenerator.GetInt32(longestMs / 2, longestMs + 1)), TimeProvider.System, cancellationToken);
            }
        }
    }

    /// <summary>How far an attempt came.</summary>
    private sealed class Attempt
    {
        public bool IsCommitting { get; set; }

        public bool IsOver { get; set; }

        public List<Action> AfterCommit { get; } = [];
    }
}
