using Roomcast.Accounts;
using Roomcast.Egress.Push.Records;
using Roomcast.Storage;
using Roomcast.TestKit;
using Roomcast.TestKit.Databases;

namespace Roomcast.Egress.Tests.Push;

public sealed class SqliteMeetingTargetStoreTests() : MeetingTargetStoreTests(DatabaseEngine.Sqlite);

public sealed class PostgresMeetingTargetStoreTests() : MeetingTargetStoreTests(DatabaseEngine.Postgres);

public abstract class MeetingTargetStoreTests(DatabaseEngine engine) : DatabaseTests(engine)
{
    private readonly ManualClock _clock = new();

    private MeetingTargetStore Store => new(Database, _clock);

    [Fact]
    public async Task A_target_is_found_as_it_was_made_and_by_its_app_alone()
    {
        var (app, meeting) = await MakeMeetingAsync();
        var (otherApp, other) = await MakeMeetingAsync();
        var made = await MakeAsync(app, meeting, "rtmp://live.example/app/key?x=1");
        var found = (await Store.FindAsync(app, made.Id, CancellationToken.None))!;
        Assert.Equal(
            (made.Id, app, meeting, made.CreatedAt, made.CreatedAt, "rtmp://live.example/app/key?x=1"),
            (found.Id, found.AppId, found.MeetingId, found.CreatedAt, found.UpdatedAt, found.Address.Url));
        Assert.DoesNotContain("key", $"{found}", StringComparison.Ordinal);
        Assert.Null(await Store.FindAsync(otherApp, made.Id, CancellationToken.None));
        Assert.Null(await Store.UpdateAsync(otherApp, made.Id, PushRun.Address(), CancellationToken.None));
        Assert.Null(await Store.DeleteAsync(otherApp, made.Id, CancellationToken.None));
        Assert.Empty(await Store.ListAsync(other, CancellationToken.None));
        Assert.Equal(made.Id, Assert.Single(await Store.ListAsync(meeting, CancellationToken.None)).Id);
    }

    [Fact]
    public async Task A_target_needs_a_meeting_and_a_meeting_has_at_most_so_many()
    {
        var (app, meeting) = await MakeMeetingAsync();
        var fault = await Assert.ThrowsAsync<StorageException>(() => MakeAsync(app, Guid.NewGuid()));
        Assert.Equal(StorageFailure.Constraint, fault.Failure);
        await MakeAsync(app, meeting);
        await MakeAsync(app, meeting);
        Assert.Null(await Store.CreateAsync(app, meeting, PushRun.Address(), most: 2, CancellationToken.None));
        var (_, another) = await MakeMeetingAsync();
        Assert.NotNull(await Store.CreateAsync(app, another, PushRun.Address(), most: 2, CancellationToken.None));
    }

    [Fact]
    public async Task A_target_gets_another_address_and_goes_without_leaving_a_row()
    {
        var (app, meeting) = await MakeMeetingAsync();
        var (first, second) = (await MakeAsync(app, meeting), await MakeAsync(app, meeting));
        var now = StoredTime.Now(_clock) + TimeSpan.FromSeconds(1);
        _clock.Advance(TimeSpan.FromSeconds(1));
        var address = PushRun.Address("rtmps://else.example/app/other");
        var changed = (await Store.UpdateAsync(app, first.Id, address, CancellationToken.None))!;
        Assert.Equal((first.CreatedAt, now), (changed.CreatedAt, changed.UpdatedAt));
        var listed = await Store.ListAsync(meeting, CancellationToken.None);
        Assert.Equal([(first.Id, address.Url, changed.UpdatedAt), (second.Id, second.Address.Url, second.CreatedAt)], listed.Select(each => (each.Id, each.Address.Url, each.UpdatedAt)));

        Assert.Equal(first.Id, (await Store.DeleteAsync(app, first.Id, CancellationToken.None))!.Id);
        Assert.Null(await Store.DeleteAsync(app, first.Id, CancellationToken.None));
        Assert.Equal(1, await Database.ReadAsync(transaction => transaction.QueryValueAsync<long>("SELECT count(*) FROM meeting_targets"), CancellationToken.None));
    }

    private async Task<MeetingTarget> MakeAsync(AppId app, Guid meeting, string url = PushRun.Url)
    {
        _clock.Advance(TimeSpan.FromMilliseconds(10));
        return (await Store.CreateAsync(app, meeting, PushRun.Address(url), most: 10, CancellationToken.None))!;
    }

    private async Task<(AppId App, Guid Meeting)> MakeMeetingAsync()
    {
        var account = await new AccountStore(Database, _clock).CreateAsync(null, CancellationToken.None);
        var app = await new AppStore(Database, _clock).CreateAsync(account.Id, null, CancellationToken.None);
        var id = Guid.NewGuid();
        await Database.WriteAsync(
            transaction => transaction.ExecuteAsync(
                """
                INSERT INTO meetings (
                    id, app_id, title, title_folded, status, persists_chat, records_on_start, goes_live_on_start, summarizes_on_end, transcribes_on_end,
                    keep_alive_seconds, created_at, updated_at)
                VALUES (@Id, @AppId, '', '', 'ACTIVE', @No, @No, @No, @No, @No, 60, @Now, @Now)
                """,
                new { Id = id, AppId = app.Id.Value, No = false, Now = StoredTime.Now(_clock) }),
            CancellationToken.None);
        return (app.Id, id);
    }
}
