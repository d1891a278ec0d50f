using Microsoft.Extensions.Logging.Abstractions;
using Roomcast.Storage.Migrations;
using Roomcast.TestKit;
using Roomcast.TestKit.Databases;

namespace Roomcast.Storage.Tests;

/// <summary>The blocks in which SQLite counts the lists that grow long: true whatever happens to the rows, and what pages are found by.</summary>
public sealed class ListBlocksTests : IDisposable
{
    private const int MostInBlock = 4_096;
    private const int Filled = 40_000;
    private const int Acts = 6_000;

    private static readonly Guid App = new("00000000-0000-4000-8000-00000000000a");
    private static readonly Guid Webhook = new("00000000-0000-4000-8000-00000000000b");

    private readonly TemporaryFolder _folder = new();
    private readonly StorageOptions _options;

    /// <summary>Every list that has blocks: its table, the owner's column, whose it is in the blocks, and what else its rows fulfil.</summary>
    public static TheoryData<string, string, string, string> Lists => new()
    {
        { "meetings", "app_id", $"{App}", "1 = 1" },
        { "meetings", "app_id", $"{App}/ACTIVE", "status = 'ACTIVE'" },
        { "meetings", "app_id", $"{App}/INACTIVE", "status = 'INACTIVE'" },
        { "meeting_sessions", "app_id", $"{App}", "1 = 1" },
        { "meeting_sessions", "app_id", $"{App}/ENDED", "ended_at IS NOT NULL" },
        { "webhook_deliveries", "webhook_id", $"{Webhook}", "1 = 1" },
        { "webhook_deliveries", "webhook_id", $"{Webhook}/DELIVERED", "status = 'DELIVERED'" },
        { "webhook_deliveries", "webhook_id", $"{Webhook}/FAILED", "status = 'FAILED'" },
    };

    public ListBlocksTests() => _options = new StorageOptions { DataFolder = _folder.Path };

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(Lists))]
    public async Task Blocks_are_true_after_whatever_happened_and_every_page_holds_its_rows(string table, string column, string owner, string filter)
    {
        await using var database = await OpenAsync(Migration.All);
        await ActAsync(database, table, new Random(7));

        Assert.InRange((await CheckAsync(database, table, column, owner, filter)).Blocks, 3, int.MaxValue);
        await CheckPagesAsync(database, table, column, owner, filter);
    }

    [Theory]
    [MemberData(nameof(Lists))]
    public Task Rows_from_before_there_were_blocks_are_in_them(string table, string column, string owner, string filter) =>
        CheckUpgradeAsync("list_blocks", table, column, owner, filter);

    [Theory]
    [MemberData(nameof(Lists))]
    public Task Blocks_that_were_smaller_are_joined(string table, string column, string owner, string filter) =>
        CheckUpgradeAsync("list_block_size", table, column, owner, filter);

    [Theory]
    [InlineData("meeting_sessions", "app_id", "/LIVE", "ended_at IS NULL")]
    [InlineData("webhook_deliveries", "webhook_id", "/PENDING", "status = 'PENDING'")]
    public async Task A_list_without_blocks_has_all_its_pages_too(string table, string column, string which, string filter)
    {
        await using var database = await OpenAsync(Migration.All);
        await ActAsync(database, table, new Random(7));

        await CheckPagesAsync(database, table, column, $"{(column == "app_id" ? App : Webhook)}{which}", filter);
    }

    [Theory]
    [InlineData(SortOrder.Ascending)]
    [InlineData(SortOrder.Descending)]
    public async Task A_page_far_from_both_ends_is_found_by_them(SortOrder order)
    {
        await using var database = await OpenAsync(Migration.All);
        await ActAsync(database, "meetings", new Random(7));
        var page = new PageRequest(200, 100);
        var right = await PageAsync(database, "meetings", "app_id", $"{App}", "1 = 1", page, order);

        // Were all rows passed over one by one, nobody would notice that the blocks are wrong.
        await database.WriteAsync(
            transaction => transaction.ExecuteAsync("UPDATE list_blocks SET total = total + 100 WHERE list = 'meetings' AND total > 200"), CancellationToken.None);

        Assert.NotEqual(right.Items, (await PageAsync(database, "meetings", "app_id", $"{App}", "1 = 1", page, order)).Items);
    }

    [Fact]
    public async Task A_list_that_is_swept_keeps_no_block_without_rows()
    {
        await using var database = await OpenAsync(Migration.All);
        await ActAsync(database, "webhook_deliveries", new Random(7));

        await database.WriteAsync(transaction => transaction.ExecuteAsync("DELETE FROM webhook_deliveries"), CancellationToken.None);

        Assert.Equal(
            [0],
            await database.ReadAsync(
                transaction => transaction.QueryAsync<long>("SELECT DISTINCT start FROM list_blocks WHERE list = 'webhook_deliveries'"), CancellationToken.None));
    }

    private async Task CheckUpgradeAsync(string migration, string table, string column, string owner, string filter)
    {
        await using (var before = await OpenAsync([.. Migration.All.TakeWhile(one => one.Name != migration)]))
        {
            await ActAsync(before, table, new Random(8));
        }

        await using var database = await OpenAsync(Migration.All);

        var (blocks, rows) = await CheckAsync(database, table, column, owner, filter);
        Assert.InRange(blocks, 3, 1 + (rows / (MostInBlock / 2)));
        await CheckPagesAsync(database, table, column, owner, filter);
        await ActAsync(database, table, new Random(9), acts: 500);
        await CheckAsync(database, table, column, owner, filter);
    }

    // As lists live: most rows come at the end, several in a millisecond, some late, and the oldest go.
    private static Task ActAsync(Database database, string table, Random random, int acts = Acts) => database.WriteAsync(
        async transaction =>
        {
            var now = 1 + await transaction.QueryValueAsync<long>($"SELECT coalesce(max(created_at), 0) FROM {table}");
            if (now == 1)
            {
                await AddAsync(transaction, table, now, random, Filled);
                now += Filled / 2;
            }

            for (var i = 0; i < acts; i++)
            {
                now += random.Next(2);
                var at = Math.Max(0, random.Next(10) == 0 ? now - random.Next(2_000) : now);
                switch (random.Next(10))
                {
                    case < 7:
                        await AddAsync(transaction, table, at, random);
                        break;

                    case < 9:
                        await ChangeAsync(transaction, table, random);
                        break;

                    default:
                        // Of meetings and sessions nothing is deleted.
                        await transaction.ExecuteAsync(
                            $"DELETE FROM {table} WHERE 'webhook_deliveries' = @Table AND rowid = (SELECT min(rowid) + @Near FROM {table})",
                            new { Table = table, Near = random.Next(3) == 0 ? random.Next(3_000) : 0 });
                        break;
                }
            }
        },
        CancellationToken.None);

    // So many, a millisecond for each two.
    private static Task<int> AddAsync(DatabaseTransaction transaction, string table, long at, Random random, int count = 1)
    {
        var number = $"(n.i + {random.Next(3)}) % 3";
        var meeting =
            $"""
            INSERT INTO meetings (id, app_id, title, title_folded, status, persists_chat, records_on_start, goes_live_on_start,
                summarizes_on_end, transcribes_on_end, keep_alive_seconds, created_at, updated_at)
            SELECT n.id, @App, '', '', iif({number} = 0, 'INACTIVE', 'ACTIVE'), 0, 0, 0, 0, 0, 60, @At + n.i / 2, 0 FROM added n;
            """;
        return transaction.ExecuteAsync(
            $"""
            CREATE TEMP TABLE added (i INTEGER PRIMARY KEY, id TEXT NOT NULL);
            WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < @Count)
                INSERT INTO added SELECT i, substr(@Id, 1, 24) || printf('%012d', @First + i) FROM n;
            {table switch
            {
                "meetings" => meeting,
                "meeting_sessions" =>
                    $"""
                    {meeting}
                    INSERT INTO meeting_sessions (id, app_id, meeting_id, meeting_title, started_at, ended_at, present_peers, most_peers, created_at, updated_at)
                    SELECT n.id, @App, n.id, '', 0, iif({number} = 0, 0, NULL), 0, 0, @At + n.i / 2, 0 FROM added n;
                    """,
                _ =>
                    $"""
                    INSERT INTO webhook_deliveries (id, webhook_id, event_sequence, event, lane, status, attempts, created_at, asked_at, updated_at)
                    SELECT n.id, @Webhook, 1, 'x', 'x', CASE {number} WHEN 0 THEN 'FAILED' WHEN 1 THEN 'DELIVERED' ELSE 'PENDING' END, 0,
                        @At + n.i / 2, 0, 0 FROM added n;
                    """,
            }}
            DROP TABLE added;
            """,
            new { Id = Guid.NewGuid().ToString(), First = random.Next(1_000_000), App, Webhook, At = at, Count = count });
    }

    // The rows that have come last change most.
    private static Task<int> ChangeAsync(DatabaseTransaction transaction, string table, Random random) => transaction.ExecuteAsync(
        $"""
        UPDATE {table} SET {table switch
        {
            "meetings" => "status = iif(status = 'ACTIVE', 'INACTIVE', 'ACTIVE')",
            "meeting_sessions" => "ended_at = iif(ended_at IS NULL, created_at + 5, NULL)",
            _ => "status = CASE status WHEN 'PENDING' THEN 'DELIVERED' WHEN 'DELIVERED' THEN 'FAILED' ELSE 'PENDING' END",
        }}
        WHERE rowid > (SELECT max(rowid) - @Last FROM {table}) AND rowid % 3 = 0
        """,
        new { Last = random.Next(20) == 0 ? 300 : 12 });

    private async Task<Database> OpenAsync(IReadOnlyList<Migration> migrations)
    {
        var database = new Database(_options, TimeProvider.System, NullLogger.Instance, migrations);
        await database.OpenAsync(CancellationToken.None);
        await database.WriteAsync(
            transaction => transaction.ExecuteAsync(
                """
                INSERT OR IGNORE INTO accounts (id, name, created_at) VALUES ('a', 'a', 0);
                INSERT OR IGNORE INTO apps (id, account_id, name, playback, created_at) VALUES (@App, 'a', 'a', '', 0);
                INSERT OR IGNORE INTO webhooks (id, app_id, name, url, events, is_enabled, created_at, updated_at) VALUES (@Webhook, @App, 'a', '', '', 0, 0, 0);
                """,
                new { App, Webhook }),
            CancellationToken.None);
        return database;
    }

    /// <returns>How many blocks there are, and rows in them.</returns>
    private static Task<(int Blocks, long Rows)> CheckAsync(Database database, string table, string column, string owner, string filter) => database.ReadAsync(
        async transaction =>
        {
            var blocks = await transaction.QueryAsync<BlockRow>(
                "SELECT start, newest, total FROM list_blocks WHERE list = @Table AND owner = @Owner ORDER BY start", new { Table = table, Owner = owner });
            for (var i = 0; i < blocks.Count; i++)
            {
                var rows = await transaction.QueryAsync<long>(
                    $"SELECT created_at FROM {table} WHERE {column} = @Whose AND {filter} AND created_at >= @From AND created_at < @To",
                    new { Whose = owner.Split('/')[0], From = blocks[i].Start, To = i + 1 < blocks.Count ? blocks[i + 1].Start : long.MaxValue });
                Assert.Equal(rows.Count, blocks[i].Total);
                Assert.InRange(blocks[i].Newest, rows.DefaultIfEmpty().Max(), long.MaxValue);
                // Late ones may make a block larger, by no more than there are late ones.
                Assert.InRange(rows.Count, 0, 2 * MostInBlock);
            }

            return (blocks.Count, blocks.Sum(static block => block.Total));
        },
        CancellationToken.None);

    private static async Task CheckPagesAsync(Database database, string table, string column, string owner, string filter)
    {
        foreach (var order in Enum.GetValues<SortOrder>())
        {
            var direction = order is SortOrder.Ascending ? "ASC" : "DESC";
            var expected = await database.ReadAsync(
                transaction => transaction.QueryAsync<Guid>(
                    $"SELECT id FROM {table} WHERE {column} = @Whose AND {filter} ORDER BY created_at {direction}, id {direction}", new { Whose = owner.Split('/')[0] }),
                CancellationToken.None);
            Assert.InRange(expected.Count, 2 * MostInBlock, int.MaxValue);
            for (var number = 1; number <= (expected.Count / 97) + 1; number++)
            {
                var page = await PageAsync(database, table, column, owner, filter, new PageRequest(number, 97), order);
                Assert.Equal(expected.Count, page.TotalCount);
                Assert.Equal(expected.Skip((number - 1) * 97).Take(97), page.Items);
            }
        }
    }

    private static Task<Page<Guid>> PageAsync(
        Database database, string table, string column, string owner, string filter, PageRequest page, SortOrder order) => database.ReadAsync(
        transaction => new PagedQuery("id", table)
            .Where($"{column} = @Whose", "Whose", Guid.Parse(owner.Split('/')[0]))
            .Where(filter)
            .CountedFor(owner)
            .ReadAsync<IdRow, Guid>(transaction, page, order, row => row.Id),
        CancellationToken.None);

    private sealed class IdRow
    {
        public Guid Id { get; init; }
    }

    private sealed class BlockRow
    {
        public long Start { get; init; }

        public long Newest { get; init; }

        public long Total { get; init; }
    }
}
