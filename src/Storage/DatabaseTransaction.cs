using System.Data.Common;
using Dapper;
using Microsoft.Extensions.Logging;

namespace Roomcast.Storage;

/// <summary>Statements inside one transaction of <see cref="Database"/>. Parameters are an object's properties, named <c>@Name</c> in the SQL.</summary>
/// <remarks>Valid only while the delegate runs; one statement at a time.</remarks>
public sealed class DatabaseTransaction
{
    private readonly DbConnection _connection;
    private readonly DbTransaction? _transaction;
    private readonly TimeProvider _clock;
    private readonly TimeSpan _slowStatement;
    private readonly ILogger _logger;
    private readonly CancellationToken _cancellationToken;
    private readonly ICollection<Action> _afterCommit;

    internal DatabaseTransaction(
        DatabaseEngine engine,
        DbConnection connection,
        DbTransaction? transaction,
        TimeProvider clock,
        TimeSpan slowStatement,
        ILogger logger,
        ICollection<Action> afterCommit,
        CancellationToken cancellationToken)
    {
        Engine = engine;
        _connection = connection;
        _transaction = transaction;
        _clock = clock;
        _slowStatement = slowStatement;
        _logger = logger;
        _afterCommit = afterCommit;
        _cancellationToken = cancellationToken;
    }

    /// <summary>Which engine runs it, for the rare statement that must differ.</summary>
    public DatabaseEngine Engine { get; }

    /// <summary>Runs a statement.</summary>
    /// <returns>How many rows it changed.</returns>
    public Task<int> ExecuteAsync(string sql, object? parameters = null) =>
        RunAsync(sql, parameters, static (connection, command) => connection.ExecuteAsync(command));

    /// <summary>Reads all rows.</summary>
    public async Task<IReadOnlyList<T>> QueryAsync<T>(string sql, object? parameters = null) =>
        (await RunAsync(sql, parameters, static (connection, command) => connection.QueryAsync<T>(command))).AsList();

    /// <summary>Reads the only row, or null when there is none.</summary>
    public Task<T?> QueryRowAsync<T>(string sql, object? parameters = null)
        where T : class =>
        RunAsync(sql, parameters, static (connection, command) => connection.QuerySingleOrDefaultAsync<T>(command));

    /// <summary>Reads the first column of the first row; the default when there is no row or it is null.</summary>
    public Task<T?> QueryValueAsync<T>(string sql, object? parameters = null) =>
        RunAsync(sql, parameters, static (connection, command) => connection.ExecuteScalarAsync<T>(command));

    /// <summary>Does something once this transaction is committed, and never when it is not.</summary>
    /// <param name="step">Must neither block nor throw; a process that is killed in between does not come to it.</param>
    public void AfterCommit(Action step)
    {
        ArgumentNullException.ThrowIfNull(step);
        _afterCommit.Add(step);
    }

    private async Task<T> RunAsync<T>(string sql, object? parameters, Func<DbConnection, CommandDefinition, Task<T>> run)
    {
        _cancellationToken.ThrowIfCancellationRequested();
        StorageLog.Statement(_logger, sql); // As below: the text holds no values.
        var start = _clock.GetTimestamp();
        try
        {
            return await run(_connection, new CommandDefinition(sql, parameters, _transaction, cancellationToken: _cancellationToken));
        }
        finally
        {
            var took = _clock.GetElapsedTime(start);
            if (took >= _slowStatement)
            {
                // The text holds no values: every value is a parameter.
                StorageMetrics.SlowStatements.Add(1);
                StorageLog.SlowStatement(_logger, took.TotalMilliseconds, sql);
            }
        }
    }
}
