using System.Collections.Concurrent;
using Roomcast.TestKit.Databases;

namespace Roomcast.Storage.Tests;

public sealed class SqliteDatabaseTests() : DatabaseTests(DatabaseEngine.Sqlite);

public sealed class PostgresDatabaseTests() : DatabaseTests(DatabaseEngine.Postgres);

public abstract class DatabaseTests(DatabaseEngine engine) : TestKit.Databases.DatabaseTests(engine)
{
    public override async Task InitializeAsync()
    {
        await base.InitializeAsync();
        await WriteAsync("CREATE TABLE counters (name text NOT NULL PRIMARY KEY, value bigint NOT NULL)");
    }

    [Fact]
    public void The_engine_is_known() => Assert.Equal(Engine, Database.Engine);

    [Fact]
    public async Task A_write_that_throws_leaves_nothing_behind()
    {
        await Assert.ThrowsAsync<InvalidTimeZoneException>(() => Database.WriteAsync<int>(
            async transaction =>
            {
                await transaction.ExecuteAsync("INSERT INTO counters (name, value) VALUES ('a', 1)");
                throw new InvalidTimeZoneException();
            },
            CancellationToken.None));

        Assert.Equal(0, await CountAsync());
        await AddAsync("a"); // And the next one is not hindered.
    }

    [Fact]
    public async Task A_write_that_breaks_a_rule_is_refused_whole()
    {
        await AddAsync("a");

        var fault = await Assert.ThrowsAsync<StorageException>(() => Database.WriteAsync(
            async transaction =>
            {
                await transaction.ExecuteAsync("INSERT INTO counters (name, value) VALUES ('b', 1)");
                await transaction.ExecuteAsync("INSERT INTO counters (name, value) VALUES ('a', 2)");
            },
            CancellationToken.None));

        Assert.Equal(StorageFailure.Constraint, fault.Failure);
        Assert.Equal(1, await CountAsync());
    }

    [Fact]
    public async Task A_statement_the_database_does_not_understand_is_our_own_fault()
    {
        var fault = await Assert.ThrowsAsync<StorageException>(() => WriteAsync("SELEKT 1"));

        Assert.Equal(StorageFailure.Unexpected, fault.Failure);
    }

    [Fact]
    public async Task A_reader_sees_one_state_however_many_statements_it_runs()
    {
        await AddAsync("a");

        var counts = await Database.ReadAsync(
            async transaction =>
            {
                const string sql = "SELECT count(*) FROM counters";
                var before = await transaction.QueryValueAsync<long>(sql);
                await ElsewhereAsync(() => AddAsync("b"));
                return (Before: before, After: await transaction.QueryValueAsync<long>(sql));
            },
            CancellationToken.None);

        Assert.Equal((1, 1), counts);
        Assert.Equal(2, await CountAsync());
    }

    [Fact]
    public async Task Writers_who_change_the_same_row_at_once_all_count()
    {
        await AddAsync("a");

        await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => Database.WriteAsync(
            async transaction =>
            {
                var value = await transaction.QueryValueAsync<long>("SELECT value FROM counters WHERE name = 'a'");
                await Task.Yield();
                await transaction.ExecuteAsync("UPDATE counters SET value = @Value WHERE name = 'a'", new { Value = value + 1 });
            },
            CancellationToken.None)));

        Assert.Equal(17, await Database.ReadAsync(
            transaction => transaction.QueryValueAsync<long>("SELECT value FROM counters"), CancellationToken.None));
    }

    [Fact]
    public async Task Many_readers_and_writers_go_on_beside_each_other()
    {
        var seen = new ConcurrentBag<long>();
        await Task.WhenAll(Enumerable.Range(0, 100).Select(async i =>
        {
            if (i % 2 == 0)
            {
                await AddAsync($"{i}");
            }
            else
            {
                seen.Add(await CountAsync());
            }
        }));

        Assert.Equal(50, await CountAsync());
        Assert.All(seen, count => Assert.InRange(count, 0, 50));
    }

    [Fact]
    public async Task A_cancelled_write_leaves_nothing_behind()
    {
        using var cancellation = new CancellationTokenSource();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Database.WriteAsync(
            async transaction =>
            {
                await transaction.ExecuteAsync("INSERT INTO counters (name, value) VALUES ('a', 1)");
                await cancellation.CancelAsync();
            },
            cancellation.Token));

        Assert.Equal(0, await CountAsync());
    }

    [Fact]
    public async Task A_transaction_inside_another_is_refused_rather_than_waited_for()
    {
        await Assert.ThrowsAsync<InvalidOperationException>(() => Database.WriteAsync(_ => AddAsync("a"), CancellationToken.None));
        await Assert.ThrowsAsync<InvalidOperationException>(() => Database.ReadAsync(_ => CountAsync(), CancellationToken.None));

        await AddAsync("a"); // After one another they are welcome.
        Assert.Equal(1, await CountAsync());
    }

    [Fact]
    public async Task What_is_started_inside_a_transaction_may_begin_its_own_after_it()
    {
        var over = new TaskCompletionSource();
        Task? later = null;
        await Database.WriteAsync(
            transaction =>
            {
                later = Task.Run(async () =>
                {
                    await over.Task;
                    await AddAsync("later");
                });
                return Task.CompletedTask;
            },
            CancellationToken.None);

        over.SetResult();
        await later!;
        Assert.Equal(1, await CountAsync());
    }

    [Fact]
    public async Task A_readiness_check_answers() => await Database.CheckAsync(CancellationToken.None);

    [Fact]
    public async Task Opening_twice_does_nothing()
    {
        await AddAsync("a");
        await Database.OpenAsync(CancellationToken.None);
        Assert.Equal(1, await CountAsync());
    }

    [Fact]
    public async Task What_was_written_is_there_after_opening_again()
    {
        await AddAsync("a");
        await Database.DisposeAsync();

        await using var again = TestDatabase.Open(Options);
        await again.OpenAsync(CancellationToken.None);
        Assert.Equal(1, await again.ReadAsync(
            transaction => transaction.QueryValueAsync<long>("SELECT count(*) FROM counters"), CancellationToken.None));
    }

    [Fact]
    public async Task Nothing_works_before_opening_and_after_disposal()
    {
        await using var unopened = TestDatabase.Open(Options);
        await Assert.ThrowsAsync<InvalidOperationException>(() => unopened.CheckAsync(CancellationToken.None));

        await Database.DisposeAsync();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => CountAsync());
        await Assert.ThrowsAsync<ObjectDisposedException>(() => Database.OpenAsync(CancellationToken.None));
    }

    [Fact]
    public async Task Times_ids_and_texts_come_back_as_they_went_in()
    {
        await WriteAsync(Engine == DatabaseEngine.Sqlite
            ? "CREATE TABLE kept (id TEXT, at INTEGER, text TEXT, bytes BLOB, flag INTEGER, seconds REAL, none TEXT) STRICT"
            : "CREATE TABLE kept (id uuid, at bigint, text text, bytes bytea, flag boolean, seconds double precision, none text)");
        var row = new KeptRow
        {
            Id = Guid.NewGuid(),
            At = new DateTimeOffset(1969, 12, 31, 23, 59, 59, 999, TimeSpan.Zero),
            Text = "quote ' and \" and ; and \n and 😀 and \u202E",
            Bytes = [0, 1, 255],
            Flag = true,
            Seconds = 0.1 + 0.2,
        };

        await Database.WriteAsync(
            transaction => transaction.ExecuteAsync("INSERT INTO kept VALUES (@Id, @At, @Text, @Bytes, @Flag, @Seconds, @None)", row),
            CancellationToken.None);
        var read = await Database.ReadAsync(
            transaction => transaction.QueryRowAsync<KeptRow>("SELECT * FROM kept WHERE id = @Id AND flag", new { row.Id }), CancellationToken.None);

        Assert.Equal(row.Bytes, read!.Bytes);
        Assert.Equal(
            (row.Id, row.At, row.Text, row.Flag, row.Seconds, row.None),
            (read.Id, read.At, read.Text, read.Flag, read.Seconds, read.None));
    }

    [Fact]
    public async Task A_list_without_an_index_is_noticed()
    {
        await WriteAsync($"CREATE TABLE unindexed (id {(Engine is DatabaseEngine.Postgres ? "uuid" : "text")}, app bigint, created_at bigint)");
        var query = new PagedQuery("id", "unindexed").Where("app = @App", "App", 1L);

        Assert.NotEmpty((await QueryPlan.OfAsync(Database, query)).Faults);

        await WriteAsync("CREATE INDEX by_app ON unindexed (app)");
        var sorted = await QueryPlan.OfAsync(Database, query);
        Assert.Equal(["by_app"], sorted.Indexes);
        Assert.NotEmpty(sorted.Faults); // It finds the rows, but has to sort them.

        await WriteAsync("DROP INDEX by_app");
        await WriteAsync("CREATE INDEX by_age ON unindexed (app, created_at, id)");
        Assert.Empty((await QueryPlan.OfAsync(Database, query)).Faults);
    }

    /// <summary>Runs something as another caller would, who is not inside our transaction.</summary>
    private static Task ElsewhereAsync(Func<Task> run)
    {
        using (ExecutionContext.SuppressFlow())
        {
            return Task.Run(run);
        }
    }

    private async Task WriteAsync(string sql) => await Database.WriteAsync(transaction => transaction.ExecuteAsync(sql), CancellationToken.None);

    private async Task AddAsync(string name) => await Database.WriteAsync(
        transaction => transaction.ExecuteAsync("INSERT INTO counters (name, value) VALUES (@Name, 1)", new { Name = name }),
        CancellationToken.None);

    private Task<long> CountAsync() => Database.ReadAsync(
        transaction => transaction.QueryValueAsync<long>("SELECT count(*) FROM counters"), CancellationToken.None);

    private sealed class KeptRow
    {
        public Guid Id { get; init; }

        public DateTimeOffset At { get; init; }

        public string Text { get; init; } = "";

        public byte[] Bytes { get; init; } = [];

        public bool Flag { get; init; }

        public double Seconds { get; init; }

        public string? None { get; init; }
    }
}
