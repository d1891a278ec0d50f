using Microsoft.Data.Sqlite;
using Roomcast.Storage.Engines;
using Roomcast.TestKit.Databases;

namespace Roomcast.Storage.Tests.Engines;

public sealed class SqliteEngineTests : IAsyncLifetime
{
    private TestDatabase? _database;

    private Database Database => _database!.Database;

    public async Task InitializeAsync() => _database = await TestDatabase.OpenAsync(DatabaseEngine.Sqlite);

    public async Task DisposeAsync() => await _database!.DisposeAsync();

    [Theory]
    [InlineData("journal_mode", "wal")]
    [InlineData("synchronous", "2")] // FULL: each commit is on the disk.
    [InlineData("foreign_keys", "1")]
    [InlineData("trusted_schema", "0")]
    public async Task Every_connection_is_set_as_it_must_be(string pragma, string expected)
    {
        Assert.Equal(expected, await Database.ReadAsync(
            transaction => transaction.QueryValueAsync<string>($"PRAGMA {pragma}"), CancellationToken.None));
        Assert.Equal(expected, await Database.WriteAsync(
            transaction => transaction.QueryValueAsync<string>($"PRAGMA {pragma}"), CancellationToken.None));
    }

    [Fact]
    public void The_library_is_the_distributions() => Assert.True(SystemSqlite.Use() >= new Version(3, 37, 0));

    [Fact]
    public async Task Writers_take_turns_in_the_order_they_came()
    {
        var begun = new TaskCompletionSource();
        var release = new TaskCompletionSource();
        var first = Database.WriteAsync(
            async _ =>
            {
                begun.SetResult();
                await release.Task;
            },
            CancellationToken.None);
        await begun.Task;

        var order = new List<int>();
        var others = Enumerable.Range(0, 20).Select(i => Database.WriteAsync(
            _ =>
            {
                order.Add(i); // One writer at a time.
                return Task.CompletedTask;
            },
            CancellationToken.None)).ToArray();
        release.SetResult();
        await Task.WhenAll([first, .. others]);

        Assert.Equal(Enumerable.Range(0, 20), order);
    }

    [Fact]
    public async Task A_writer_who_gives_up_waiting_lets_the_others_through()
    {
        var begun = new TaskCompletionSource();
        var release = new TaskCompletionSource();
        using var impatience = new CancellationTokenSource();
        var first = Database.WriteAsync(
            async _ =>
            {
                begun.SetResult();
                await release.Task;
            },
            CancellationToken.None);
        await begun.Task;
        var second = Database.WriteAsync(_ => Task.CompletedTask, impatience.Token);
        var third = Database.WriteAsync(_ => Task.CompletedTask, CancellationToken.None);

        await impatience.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => second);
        release.SetResult();
        await Task.WhenAll(first, third);
    }

    [Fact]
    public async Task Readers_do_not_wait_for_a_writer()
    {
        await Database.WriteAsync(
            async transaction =>
            {
                await transaction.ExecuteAsync("INSERT INTO accounts (id, created_at) VALUES ('a', 0)");
                Assert.Equal(0, await ElsewhereAsync(() => Writer.Rows.CountAsync(Database)));
            },
            CancellationToken.None);

        Assert.Equal(1, await Writer.Rows.CountAsync(Database));
    }

    [Fact]
    public async Task Another_program_that_writes_for_a_moment_is_waited_for()
    {
        await using var other = await LockAsync();
        var write = Writer.Rows.InsertAsync(Database, "patient");
        await Task.Delay(200);
        Assert.False(write.IsCompleted);

        await UnlockAsync(other);
        await write;
        Assert.Equal(2, await Writer.Rows.CountAsync(Database));
    }

    [Fact]
    public async Task Another_program_that_does_not_let_go_is_told_of()
    {
        await using var other = await LockAsync();

        var fault = await Assert.ThrowsAsync<StorageException>(() => Writer.Rows.InsertAsync(Database, "refused"));
        Assert.Equal(StorageFailure.Contended, fault.Failure);
        Assert.Equal(0, await Writer.Rows.CountAsync(Database)); // Readers are not hindered.

        await UnlockAsync(other);
        await Writer.Rows.InsertAsync(Database, "welcome");
        Assert.Equal(2, await Writer.Rows.CountAsync(Database));
    }

    [Fact]
    public async Task A_database_that_may_not_grow_is_told_of_loses_nothing_and_goes_on()
    {
        await Writer.Rows.InsertAsync(Database, "before");
        var fault = await Assert.ThrowsAsync<StorageException>(() => Database.WriteAsync(
            async transaction =>
            {
                await transaction.ExecuteAsync("PRAGMA max_page_count = 1"); // Which SQLite reads as: not one page more.
                await transaction.ExecuteAsync(
                    "INSERT INTO accounts (id, name, created_at) VALUES ('big', @Name, 0)", new { Name = new string('x', 1_000_000) });
            },
            CancellationToken.None));

        Assert.Equal(StorageFailure.DiskFull, fault.Failure);
        Assert.Equal(2, await Writer.Rows.CountAsync(Database));
        await Writer.Rows.InsertAsync(Database, "after", new string('x', 1_000_000)); // The limit went with its connection.
        Assert.Equal(4, await Writer.Rows.CountAsync(Database));
    }

    /// <summary>Runs something as another caller would, who is not inside our transaction.</summary>
    private static Task<T> ElsewhereAsync<T>(Func<Task<T>> run)
    {
        using (ExecutionContext.SuppressFlow())
        {
            return Task.Run(run);
        }
    }

    private async Task<SqliteConnection> LockAsync()
    {
        var other = new SqliteConnection($"Data Source={Path.Combine(_database!.Options.DataFolder, Storage.Database.SqliteFileName)};Pooling=False");
        await other.OpenAsync();
        await RunAsync(other, "BEGIN IMMEDIATE");
        return other;
    }

    private static Task UnlockAsync(SqliteConnection other) => RunAsync(other, "ROLLBACK");

    private static async Task RunAsync(SqliteConnection other, string sql)
    {
        await using var command = other.CreateCommand();
#pragma warning disable CA2100 // Statements of this class only.
        command.CommandText = sql;
#pragma warning restore CA2100
        await command.ExecuteNonQueryAsync();
    }
}
