using Roomcast.TestKit.Databases;

namespace Roomcast.Storage.Tests;

/// <summary>Long lists, read page by page from both ends.</summary>
public abstract class PagedQueryTests(DatabaseEngine engine) : TestKit.Databases.DatabaseTests(engine)
{
    private const int Rows = 2_600;

    [Theory]
    [InlineData(SortOrder.Ascending, 100)]
    [InlineData(SortOrder.Descending, 100)]
    [InlineData(SortOrder.Ascending, 37)]
    [InlineData(SortOrder.Descending, 83)]
    public async Task Every_page_holds_its_rows_however_far_it_is_from_both_ends(SortOrder order, int size)
    {
        var own = await FillAsync();
        var expected = own.OrderBy(row => row.CreatedAt).ThenBy(row => IdOrder(row.Id), StringComparer.Ordinal).Select(row => row.Id).ToArray();
        if (order is SortOrder.Descending)
        {
            Array.Reverse(expected);
        }

        for (var number = 1; number <= (own.Count / size) + 2; number++)
        {
            var page = await ReadAsync(new PageRequest(number, size), order);
            Assert.Equal(own.Count, page.TotalCount);
            Assert.Equal(expected.Skip((number - 1) * size).Take(size), page.Items);
        }
    }

    [Theory]
    [InlineData(SortOrder.Ascending)]
    [InlineData(SortOrder.Descending)]
    public async Task A_page_in_the_middle_walks_an_index_and_no_table(SortOrder order)
    {
        await FillAsync();
        var plan = await QueryPlan.OfAsync(Database, Query());
        Assert.Equal(["by_age"], plan.Indexes);
        Assert.Empty(plan.Faults);

        // Counting, and the walk to the middle from the list's or a block's end, ask for the index alone; what is listed is looked up for the page and no more.
        var lines = await Database.ReadAsync(
            async transaction =>
            {
                if (Engine is DatabaseEngine.Postgres)
                {
                    await transaction.ExecuteAsync("SET LOCAL enable_seqscan = off");
                    await transaction.ExecuteAsync("SET LOCAL enable_bitmapscan = off");
                    await transaction.ExecuteAsync("SET LOCAL enable_sort = off");
                }

                return await Query().ExplainAsync(transaction, new PageRequest(Rows / 200, 100), order);
            },
            CancellationToken.None);
        var alone = Engine is DatabaseEngine.Postgres ? "Index Only Scan" : "USING COVERING INDEX by_age";
        Assert.Equal(3, lines.Count(line => line.Contains(alone, StringComparison.Ordinal)));
    }

    // SQLite keeps UUIDs as text; PostgreSQL orders them by their bytes as written, which is the same order.
    private static string IdOrder(Guid id) => id.ToString("D");

    private static PagedQuery Query() => new PagedQuery("id, note", "listed").Where("app = @App", "App", 1L);

    private async Task<List<(Guid Id, long CreatedAt)>> FillAsync()
    {
        var random = new Random(7);
        var own = new List<(Guid Id, long CreatedAt)>();
        await Database.WriteAsync(
            async transaction =>
            {
                var uuid = Engine is DatabaseEngine.Postgres ? "uuid" : "text";
                await transaction.ExecuteAsync($"CREATE TABLE listed (id {uuid} PRIMARY KEY, app bigint, note text, created_at bigint)");
                await transaction.ExecuteAsync("CREATE INDEX by_age ON listed (app, created_at, id)");
                for (var i = 0; i < Rows; i++)
                {
                    // Several in one millisecond, and some of somebody else's.
                    var (id, at, app) = (Guid.NewGuid(), (long)random.Next(Rows / 3), random.Next(20) == 0 ? 2L : 1L);
                    await transaction.ExecuteAsync(
                        "INSERT INTO listed (id, app, note, created_at) VALUES (@Id, @App, 'x', @At)", new { Id = id, App = app, At = at });
                    if (app == 1)
                    {
                        own.Add((id, at));
                    }
                }
            },
            CancellationToken.None);
        return own;
    }

    private Task<Page<Guid>> ReadAsync(PageRequest page, SortOrder order) => Database.ReadAsync(
        transaction => Query().ReadAsync<Row, Guid>(transaction, page, order, row => row.Id), CancellationToken.None);

    private sealed class Row
    {
        public Guid Id { get; init; }
    }
}

public sealed class SqlitePagedQueryTests() : PagedQueryTests(DatabaseEngine.Sqlite);

public sealed class PostgresPagedQueryTests() : PagedQueryTests(DatabaseEngine.Postgres);
