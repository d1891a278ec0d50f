using Roomcast.Accounts;
using Roomcast.Egress.Push.Records;
using Roomcast.Storage;
using Roomcast.TestKit;
using Roomcast.TestKit.Databases;

namespace Roomcast.Egress.Tests.Push;

public sealed class SqliteOutputStoreTests() : OutputStoreTests(DatabaseEngine.Sqlite);

public sealed class PostgresOutputStoreTests() : OutputStoreTests(DatabaseEngine.Postgres);

public abstract class OutputStoreTests(DatabaseEngine engine) : DatabaseTests(engine)
{
    private readonly ManualClock _clock = new();

    private OutputStore Store => new(Database, _clock);

    [Fact]
    public async Task An_output_is_found_as_it_was_made_and_only_below_its_livestream()
    {
        var (mine, other) = (await MakeLivestreamAsync(), await MakeLivestreamAsync());
        var made = await MakeAsync(mine, "Ein Ziel 📺", "rtmp://live.example/app?t=1", "key?x=ü");

        var found = (await Store.FindAsync(mine, made.Id, CancellationToken.None))!;
        Assert.Equal((made.Id, mine, made.Name, made.CreatedAt), (found.Id, found.LivestreamId, found.Name, found.CreatedAt));
        Assert.Equal(("rtmp://live.example/app?t=1", "key?x=ü"), (found.Address.Url, found.Address.StreamKey));
        Assert.DoesNotContain("key", $"{found}", StringComparison.Ordinal);
        Assert.Null(await Store.FindAsync(other, made.Id, CancellationToken.None));
        Assert.Null(await Store.DeleteAsync(other, made.Id, CancellationToken.None));
        Assert.Empty(await Store.ListAllAsync(other, CancellationToken.None));
    }

    [Fact]
    public async Task An_output_needs_a_livestream()
    {
        var fault = await Assert.ThrowsAsync<StorageException>(() => MakeAsync(Guid.NewGuid()));
        Assert.Equal(StorageFailure.Constraint, fault.Failure);
    }

    [Fact]
    public async Task A_livestream_has_at_most_so_many()
    {
        var livestream = await MakeLivestreamAsync();
        await MakeAsync(livestream);
        await MakeAsync(livestream);
        Assert.Null(await Store.CreateAsync(livestream, null, PushRun.Address(), most: 2, CancellationToken.None));
        Assert.NotNull(await Store.CreateAsync(await MakeLivestreamAsync(), null, PushRun.Address(), most: 2, CancellationToken.None));
    }

    [Fact]
    public async Task Outputs_are_listed_by_page_and_by_age()
    {
        var livestream = await MakeLivestreamAsync();
        for (var i = 0; i < 5; i++)
        {
            await MakeAsync(livestream, $"{i}");
        }

        var page = await Store.ListAsync(livestream, new PageRequest(2, 2), SortOrder.Descending, CancellationToken.None);
        Assert.Equal((5, "2 1"), (page.TotalCount, string.Join(' ', page.Items.Select(output => output.Name))));
        var all = await Store.ListAllAsync(livestream, CancellationToken.None);
        Assert.Equal("0 1 2 3 4", string.Join(' ', all.Select(output => output.Name)));
    }

    [Fact]
    public async Task The_list_is_led_to_by_an_index()
    {
        var plan = await Database.ReadAsync(
            transaction => OutputStore.ListQuery(Guid.NewGuid()).ExplainAsync(transaction, new PageRequest(1, 20), SortOrder.Descending),
            CancellationToken.None);
        Assert.All(plan, line => Assert.DoesNotContain("SCAN livestream_outputs", line, StringComparison.Ordinal));
    }

    [Fact]
    public async Task What_is_deleted_leaves_no_row_behind()
    {
        var livestream = await MakeLivestreamAsync();
        var first = await MakeAsync(livestream);
        await MakeAsync(livestream);
        Assert.Equal(first.Id, (await Store.DeleteAsync(livestream, first.Id, CancellationToken.None))!.Id);
        Assert.Null(await Store.DeleteAsync(livestream, first.Id, CancellationToken.None));
        Assert.Single(await Store.ListAllAsync(livestream, CancellationToken.None));

        await Store.DeleteAllAsync(livestream, CancellationToken.None);
        Assert.Equal(0, await Database.ReadAsync(transaction => transaction.QueryValueAsync<long>("SELECT count(*) FROM livestream_outputs"), CancellationToken.None));
    }

    private async Task<LivestreamOutput> MakeAsync(Guid livestream, string? name = null, string url = PushRun.Url, string? key = null)
    {
        _clock.Advance(TimeSpan.FromMilliseconds(10));
        return (await Store.CreateAsync(livestream, name, PushRun.Address(url, key), most: 10, CancellationToken.None))!;
    }

    private Task<Guid> MakeLivestreamAsync() => MakeLivestreamAsync(Database, _clock);

    internal static async Task<Guid> MakeLivestreamAsync(Database database, TimeProvider clock)
    {
        var account = await new AccountStore(database, clock).CreateAsync(null, CancellationToken.None);
        var app = await new AppStore(database, clock).CreateAsync(account.Id, null, CancellationToken.None);
        var id = Guid.NewGuid();
        await database.WriteAsync(
            transaction => transaction.ExecuteAsync(
                """
                INSERT INTO livestreams (id, app_id, status, is_disabled, created_at, updated_at)
                VALUES (@Id, @AppId, 'IDLE', @No, @Now, @Now)
                """,
                new { Id = id, AppId = app.Id.Value, No = false, Now = StoredTime.Now(clock) }),
            CancellationToken.None);
        return id;
    }
}
