using Microsoft.Extensions.Logging.Abstractions;
using Roomcast.Storage.Engines;
using Roomcast.Storage.Migrations;
using Roomcast.TestKit;
using Roomcast.TestKit.Databases;

namespace Roomcast.Storage.Tests.Migrations;

public sealed class SqliteMigrationTests() : MigrationTests(DatabaseEngine.Sqlite);

public sealed class PostgresMigrationTests() : MigrationTests(DatabaseEngine.Postgres)
{
    [Fact]
    public async Task A_migration_may_take_longer_than_a_statement_may()
    {
        using var folder = new TemporaryFolder();
        var options = await TestDatabase.MakeOptionsAsync(DatabaseEngine.Postgres, folder);
        options.DatabaseUrl = new Npgsql.NpgsqlConnectionStringBuilder(options.DatabaseUrl) { CommandTimeout = 1 }.ToString();
        await using var database = Make(options, [new(1, "slow", "SELECT pg_sleep(1.5);")]);
        await database.OpenAsync(CancellationToken.None);
    }
}

#pragma warning disable CA1001 // The folder is disposed of by xunit's DisposeAsync.
public abstract class MigrationTests(DatabaseEngine engine) : IAsyncLifetime
{
    private static readonly Migration First = new(1, "first", "CREATE TABLE a (id {uuid} NOT NULL PRIMARY KEY, at {time}) {strict};");
    private static readonly Migration Second = new(2, "second", "ALTER TABLE a ADD COLUMN name text; CREATE INDEX a_by_name ON a (name);");
    private static readonly Migration Broken = new(2, "broken", "CREATE TABLE b (id {time}) {strict}; CREATE TABLE a (id {time}) {strict};");

    private readonly TemporaryFolder _folder = new();
    private StorageOptions _options = new();

    public async Task InitializeAsync() => _options = await TestDatabase.MakeOptionsAsync(engine, _folder);

    public Task DisposeAsync()
    {
        _folder.Dispose();
        return Task.CompletedTask;
    }

    [Fact]
    public async Task A_database_of_every_earlier_version_is_brought_to_the_newest_with_its_rows()
    {
        var fresh = await SchemaOfAsync(_options, Migration.All);
        for (var version = 1; version <= Migration.All.Count; version++)
        {
            using var folder = new TemporaryFolder();
            var options = await TestDatabase.MakeOptionsAsync(engine, folder);
            await using (var old = Make(options, [.. Migration.All.Take(version)]))
            {
                await old.OpenAsync(CancellationToken.None);
                await old.WriteAsync(
                    transaction => transaction.ExecuteAsync("INSERT INTO accounts (id, name, created_at) VALUES ('kept', 'é', 7)"),
                    CancellationToken.None);
            }

            Assert.Equal(fresh, await SchemaOfAsync(options, Migration.All));
            await using var database = Make(options, Migration.All);
            await database.OpenAsync(CancellationToken.None);
            Assert.Equal("é", await database.ReadAsync(
                transaction => transaction.QueryValueAsync<string>("SELECT name FROM accounts WHERE id = 'kept'"), CancellationToken.None));
        }
    }

    [Fact]
    public async Task Sessions_from_before_their_number_was_kept_are_counted()
    {
        var ids = new { App = Guid.NewGuid(), First = Guid.NewGuid(), Second = Guid.NewGuid(), Third = Guid.NewGuid(), No = false };
        await using (var old = Make(_options, [.. Migration.All.Take(14)]))
        {
            await old.OpenAsync(CancellationToken.None);
            await old.WriteAsync(
                transaction => transaction.ExecuteAsync(
                    """
                    INSERT INTO accounts (id, name, created_at) VALUES ('account', 'x', 1);
                    INSERT INTO apps (id, account_id, playback, created_at) VALUES (@App, 'account', 'PUBLIC', 1);
                    INSERT INTO meetings
                        (id, app_id, title, title_folded, status, persists_chat, records_on_start, goes_live_on_start, summarizes_on_end,
                         transcribes_on_end, keep_alive_seconds, created_at, updated_at)
                    VALUES (@First, @App, 'x', 'x', 'ACTIVE', @No, @No, @No, @No, @No, 60, 1, 1);
                    INSERT INTO meeting_sessions
                        (id, app_id, meeting_id, meeting_title, started_at, ended_at, present_peers, most_peers, created_at, updated_at)
                    VALUES (@First, @App, @First, 'x', 1, 2, 0, 0, 1, 2), (@Second, @App, @First, 'x', 3, 4, 0, 0, 3, 4),
                        (@Third, @App, @First, 'x', 5, NULL, 0, 0, 5, 5)
                    """,
                    ids),
                CancellationToken.None);
        }

        await using var database = Make(_options, Migration.All);
        await database.OpenAsync(CancellationToken.None);
        Assert.Equal(3, await CountAsync($"{ids.App}", "app_id = @App"));
        Assert.Equal(1, await CountAsync($"{ids.App}/LIVE", "app_id = @App AND ended_at IS NULL"));
        Assert.Equal(2, await CountAsync($"{ids.App}/ENDED", "app_id = @App AND ended_at IS NOT NULL"));

        Task<long> CountAsync(string owner, string filter) => database.ReadAsync(
            async transaction => (await new PagedQuery("id", "meeting_sessions").Where(filter, "App", ids.App).CountedFor(owner)
                .ReadAsync<Guid, Guid>(transaction, new PageRequest(1, 1), SortOrder.Ascending, id => id)).TotalCount,
            CancellationToken.None);
    }

    [Fact]
    public async Task A_newer_database_is_refused_naming_both_versions_and_left_as_it_is()
    {
        var before = await SchemaOfAsync(_options, [First, Second]);

        var fault = await AssertRefusedAsync(StorageFailure.NewerSchema, [First]);

        Assert.Contains("schema version 2", fault.Message, StringComparison.Ordinal);
        Assert.Contains("knows versions up to 1", fault.Message, StringComparison.Ordinal);
        Assert.Equal(before, await SchemaOfAsync(_options, [First, Second]));
    }

    [Fact]
    public async Task A_migration_that_was_edited_after_it_was_applied_is_noticed()
    {
        await SchemaOfAsync(_options, [First, Second]);

        var fault = await AssertRefusedAsync(StorageFailure.ChangedMigration, [First, new Migration(2, "second", "SELECT 1;")]);

        Assert.Contains("Migration 2 (second)", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_migration_that_fails_leaves_the_database_at_the_version_before_it()
    {
        await AssertRefusedAsync(StorageFailure.Unexpected, [First, Broken]);

        var schema = await SchemaOfAsync(_options, [First]);
        Assert.Contains("table a", schema, StringComparison.Ordinal);
        Assert.DoesNotContain("table b", schema, StringComparison.Ordinal);

        // A corrected second migration goes on from there.
        Assert.Contains("a_by_name", await SchemaOfAsync(_options, [First, Second]), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Servers_that_start_at_once_on_one_empty_database_migrate_it_once()
    {
        if (engine == DatabaseEngine.Sqlite)
        {
            // The data folder lets only one in: the migrator itself is set on one file from several connections.
            await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(async () =>
            {
                await using var sqlite = new SqliteEngine(_folder.PathOf("shared.db"), 4);
                await sqlite.OpenAsync(new Migrator(Migration.All, TimeProvider.System, NullLogger.Instance), CancellationToken.None);
            })));
            return;
        }

        var folders = Enumerable.Range(0, 4).Select(_ => new TemporaryFolder()).ToArray();
        try
        {
            await Task.WhenAll(folders.Select(async folder =>
            {
                await using var database = Make(new StorageOptions { DataFolder = folder.Path, DatabaseUrl = _options.DatabaseUrl }, Migration.All);
                await database.OpenAsync(CancellationToken.None);
            }));
        }
        finally
        {
            foreach (var folder in folders)
            {
                folder.Dispose();
            }
        }
    }

    private protected static Database Make(StorageOptions options, IReadOnlyList<Migration> migrations) =>
        new(options, TimeProvider.System, NullLogger.Instance, migrations);

    private async Task<StorageException> AssertRefusedAsync(StorageFailure failure, IReadOnlyList<Migration> migrations)
    {
        await using var database = Make(_options, migrations);
        var fault = await Assert.ThrowsAsync<StorageException>(() => database.OpenAsync(CancellationToken.None));
        Assert.Equal(failure, fault.Failure);
        return fault;
    }

    /// <summary>Tables, columns and indexes as the engine tells them, one to a line.</summary>
    private async Task<string> SchemaOfAsync(StorageOptions options, IReadOnlyList<Migration> migrations)
    {
        await using var database = Make(options, migrations);
        await database.OpenAsync(CancellationToken.None);
        var lines = await database.ReadAsync(
            transaction => transaction.QueryAsync<string>(
                engine == DatabaseEngine.Sqlite
                    ? "SELECT type || ' ' || name || ' ' || coalesce(sql, '') FROM sqlite_schema ORDER BY 1"
                    : """
                      SELECT 'table ' || table_name || ' ' || column_name || ' ' || data_type || ' ' || is_nullable AS line
                      FROM information_schema.columns WHERE table_schema = current_schema()
                      UNION ALL
                      SELECT 'index ' || replace(indexdef, current_schema() || '.', '') FROM pg_indexes WHERE schemaname = current_schema()
                      ORDER BY 1
                      """),
            CancellationToken.None);
        return string.Join('\n', lines);
    }
}
