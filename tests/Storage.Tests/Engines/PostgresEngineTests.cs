using System.Net;
using System.Net.Sockets;
using Npgsql;
using Roomcast.TestKit;
using Roomcast.TestKit.Databases;

namespace Roomcast.Storage.Tests.Engines;

public sealed class PostgresEngineTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_server_that_is_not_there_is_told_of()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;
        listener.Stop();

        var fault = await AssertRefusedAsync($"postgres://user:SECRET@127.0.0.1:{port}/db", StorageFailure.Unavailable);
        Assert.Equal($"The PostgreSQL database db on 127.0.0.1:{port} does not answer: the connection was refused.", fault.Message);
    }

    [Fact]
    public async Task A_host_that_is_not_known_is_told_of()
    {
        var fault = await AssertRefusedAsync("postgres://user:SECRET@nowhere.invalid/db", StorageFailure.Unavailable);
        Assert.Contains("nowhere.invalid", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_wrong_password_is_told_of()
    {
        var address = await AddressAsync();
        address.Password = "SECRET";

        var fault = await AssertRefusedAsync(address.ToString(), StorageFailure.AccessDenied);
        Assert.Contains("refuses the user name or the password", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_database_that_is_not_there_is_told_of()
    {
        var address = await AddressAsync();
        address.Database = "missing";

        var fault = await AssertRefusedAsync(address.ToString(), StorageFailure.AccessDenied);
        Assert.Contains("missing", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_database_that_is_read_only_is_told_of()
    {
        var address = await AddressAsync();
        address.Options = "-c default_transaction_read_only=on";

        await AssertRefusedAsync(address.ToString(), StorageFailure.AccessDenied);
    }

    [Fact]
    public async Task A_database_that_holds_something_else_is_told_of_and_left_as_it_is()
    {
        var address = await AddressAsync();
        await using var connection = new NpgsqlConnection(address.ToString());
        await connection.OpenAsync();
        await using var command = connection.CreateCommand();
        command.CommandText = "CREATE TABLE accounts (somebody_elses text)";
        await command.ExecuteNonQueryAsync();

        var fault = await AssertRefusedAsync(address.ToString(), StorageFailure.Unexpected);
        Assert.Contains("accounts", fault.Message, StringComparison.Ordinal);
        command.CommandText = "SELECT count(*) FROM information_schema.tables WHERE table_schema = current_schema()";
        Assert.Equal(1L, await command.ExecuteScalarAsync());
    }

    [Fact]
    public async Task Durability_that_is_switched_off_is_warned_of()
    {
        var log = new LogBook();
        var options = await TestDatabase.MakeOptionsAsync(DatabaseEngine.Postgres, _folder);
        await using var database = new Database(options, TimeProvider.System, log, Storage.Migrations.Migration.All);
        await database.OpenAsync(CancellationToken.None);

        Assert.Contains(log.Lines, line => line.StartsWith("Warning 1004 PostgreSQL runs with fsync=off", StringComparison.Ordinal));
    }

    private static async Task<NpgsqlConnectionStringBuilder> AddressAsync() =>
        new(await (await PostgresServer.SharedAsync()).CreateSchemaAsync());

    private async Task<StorageException> AssertRefusedAsync(string address, StorageFailure failure)
    {
        await using var database = TestDatabase.Open(new StorageOptions { DataFolder = _folder.Path, DatabaseUrl = address });
        var fault = await Assert.ThrowsAsync<StorageException>(() => database.OpenAsync(CancellationToken.None));

        Assert.Equal(failure, fault.Failure);
        Assert.DoesNotContain("SECRET", fault.ToString(), StringComparison.Ordinal);

        // A start that failed does not hold the data folder.
        await using var next = TestDatabase.Open(new StorageOptions { DataFolder = _folder.Path });
        await next.OpenAsync(CancellationToken.None);
        return fault;
    }
}
