using System.Data;
using System.Data.Common;
using Dapper;
using Microsoft.Extensions.Logging;
using Npgsql;
using Roomcast.Storage.Migrations;

namespace Roomcast.Storage.Engines;

/// <summary>A PostgreSQL server, reached through a pool of connections.</summary>
/// <remarks>
/// Writes run at repeatable read, which in PostgreSQL is snapshot isolation: a row that another transaction changed meanwhile is
/// an error that is retried. Serializable would also catch two transactions that each read what the other writes, but takes
/// whole small tables for read and would make the busy moments of a live server abort one another; where two such
/// transactions could meet, the schema has a constraint.
/// </remarks>
internal sealed class PostgresEngine : Engine
{
    private readonly NpgsqlDataSource _source;
    private readonly string _server;
    private readonly ILogger _logger;

    public PostgresEngine(NpgsqlConnectionStringBuilder address, int maxConnections, ILogger logger)
    {
        _server = PostgresAddress.Describe(address);
        _logger = logger;

        var settings = new NpgsqlConnectionStringBuilder(address.ConnectionString) { MaxPoolSize = maxConnections };
        settings.ApplicationName ??= "roomcast";
        if (!address.ContainsKey("Timeout"))
        {
            settings.Timeout = 5; // Seconds for a connection; the driver's 15 would hold requests too long.
        }

        _source = NpgsqlDataSource.Create(settings);
    }

    public override DatabaseEngine Kind => DatabaseEngine.Postgres;

    public override async Task OpenAsync(Migrator migrator, CancellationToken cancellationToken)
    {
        await using var connection = await _source.OpenConnectionAsync(cancellationToken);
        foreach (var setting in new[] { "fsync", "synchronous_commit", "full_page_writes" })
        {
            var value = await connection.ExecuteScalarAsync<string>($"SHOW {setting}");
            if (value == "off")
            {
                StorageLog.WeakDurability(_logger, setting);
            }
        }

        await migrator.ApplyAsync(connection, Kind, cancellationToken);
    }

    public override async ValueTask<Lease> RentAsync(bool writes, CancellationToken cancellationToken) =>
        new PostgresLease(await _source.OpenConnectionAsync(cancellationToken));

    public override async ValueTask<Transaction> BeginAsync(DbConnection connection, bool writes, CancellationToken cancellationToken) =>
        new PostgresWork(await connection.BeginTransactionAsync(IsolationLevel.RepeatableRead, cancellationToken));

    public override Fault? Translate(Exception exception) => exception switch
    {
        NpgsqlException error => PostgresFaults.Translate(error, _server),
        TimeoutException => new Fault(StorageFailure.Unavailable, $"The {_server} took too long.", IsWorthRetrying: true),
        _ => null,
    };

    public override ValueTask DisposeAsync() => _source.DisposeAsync();

    private sealed class PostgresWork(DbTransaction transaction) : Transaction
    {
        public override DbConnection Connection { get; } = transaction.Connection!;

        public override DbTransaction? Driver => transaction;

        // Not to be cancelled: a caller could not know then whether the write happened.
        public override Task CommitAsync() => transaction.CommitAsync(CancellationToken.None);

        public override async ValueTask DisposeAsync()
        {
            try
            {
                await transaction.DisposeAsync();
            }
            catch (Exception e) when (e is NpgsqlException or InvalidOperationException or IOException)
            {
                IsBroken = true;
            }
        }
    }

    private sealed class PostgresLease(NpgsqlConnection connection) : Lease
    {
        public override DbConnection Connection => connection;

        // The driver's pool notices broken connections by itself.
        public override ValueTask DisposeAsync() => connection.DisposeAsync();
    }
}
