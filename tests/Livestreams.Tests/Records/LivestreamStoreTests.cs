using System.Text;
using Roomcast.Accounts;
using Roomcast.Livestreams.Records;
using Roomcast.Storage;
using Roomcast.TestKit.Databases;

namespace Roomcast.Livestreams.Tests.Records;

public sealed class SqliteLivestreamStoreTests() : LivestreamStoreTests(DatabaseEngine.Sqlite);

public sealed class PostgresLivestreamStoreTests() : LivestreamStoreTests(DatabaseEngine.Postgres);

public abstract class LivestreamStoreTests(DatabaseEngine engine) : RecordsTests(engine)
{
    private static readonly LivestreamQuery All = new(
        new PageRequest(1, 100), Status: null, default, ExcludeMeetings: false, SortOrder.Descending);

    [Fact]
    public async Task A_livestream_is_found_as_it_was_made()
    {
        var app = await MakeAppAsync();
        var made = await MakeLivestreamAsync(app, "Ein Strom 📺", Guid.NewGuid());

        Assert.Equal(LivestreamStatus.Invoked, made.Status);
        Assert.False(made.IsDisabled);
        Assert.Equal(made, await Livestreams.FindAsync(app, made.Id, CancellationToken.None));
        Assert.Equal(made, await Livestreams.FindAsync(made.Id, CancellationToken.None));
    }

    [Fact]
    public async Task A_stream_key_is_32_random_bytes_in_hex()
    {
        var app = await MakeAppAsync();
        var keys = new HashSet<string>();
        for (var i = 0; i < 20; i++)
        {
            var livestream = await MakeLivestreamAsync(app);
            Assert.Matches("^[0-9a-f]{64}$", livestream.StreamKey);
            Assert.True(keys.Add(livestream.StreamKey));
            Assert.DoesNotContain(livestream.StreamKey, livestream.ToString(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_livestream_is_found_by_its_stream_key_and_by_no_other()
    {
        var app = await MakeAppAsync();
        var wanted = await MakeLivestreamAsync(app, "wanted");
        await MakeLivestreamAsync(app, "other");
        var key = wanted.StreamKey;

        Assert.Equal(wanted, await Livestreams.FindByStreamKeyAsync(key, CancellationToken.None));
        foreach (var wrong in new[]
        {
            "", "x", key[..^1], key + "0", key.ToUpperInvariant(), new string('0', 64), key[..^1] + '\0', new string('é', 64),
            "' OR 1=1 --", new string('x', 100_000), key[..63] + (key[63] == '0' ? '1' : '0'),
        })
        {
            // Sixty-four digits and no letter would be their own upper case.
            if (wrong != key)
            {
                Assert.Null(await Livestreams.FindByStreamKeyAsync(wrong, CancellationToken.None));
            }
        }
    }

    [Fact]
    public async Task A_livestream_of_another_app_does_not_exist()
    {
        var (mine, other) = (await MakeAppAsync(), await MakeAppAsync());
        var livestream = await MakeLivestreamAsync(mine, "mine");

        Assert.Null(await Livestreams.FindAsync(other, livestream.Id, CancellationToken.None));
        Assert.Null(await Livestreams.UpdateAsync(other, livestream.Id, new LivestreamPatch("x", true), CancellationToken.None));
        Assert.Null(await Livestreams.RotateStreamKeyAsync(other, livestream.Id, CancellationToken.None));
        Assert.Null(await Livestreams.DeleteAsync(other, livestream.Id, CancellationToken.None));
        Assert.Equal(0, (await Livestreams.ListAsync(other, All, CancellationToken.None)).TotalCount);
        Assert.Equal(livestream, await Livestreams.FindAsync(mine, livestream.Id, CancellationToken.None));
    }

    [Fact]
    public async Task A_livestream_needs_an_app()
    {
        var fault = await Assert.ThrowsAsync<StorageException>(() => MakeLivestreamAsync(new AppId(Guid.NewGuid())));

        Assert.Equal(StorageFailure.Constraint, fault.Failure);
    }

    [Fact]
    public async Task A_change_touches_only_what_it_names()
    {
        var app = await MakeAppAsync();
        var made = await MakeLivestreamAsync(app, "first");
        Clock.Advance(TimeSpan.FromSeconds(1));

        var disabled = await Livestreams.UpdateAsync(app, made.Id, new LivestreamPatch(null, true), CancellationToken.None);
        Assert.Equal(made with { IsDisabled = true, UpdatedAt = Now }, disabled);

        var renamed = await Livestreams.UpdateAsync(app, made.Id, new LivestreamPatch("second", null), CancellationToken.None);
        Assert.Equal(made with { IsDisabled = true, Name = "second", UpdatedAt = Now }, renamed);

        var cleared = await Livestreams.UpdateAsync(app, made.Id, new LivestreamPatch("", false), CancellationToken.None);
        Assert.Equal(made with { Name = null, UpdatedAt = Now }, cleared);
        Assert.Equal(cleared, await Livestreams.FindAsync(made.Id, CancellationToken.None));
    }

    [Fact]
    public async Task A_rotated_stream_key_replaces_the_old_one()
    {
        var app = await MakeAppAsync();
        var made = await MakeLivestreamAsync(app);

        var rotated = await Livestreams.RotateStreamKeyAsync(app, made.Id, CancellationToken.None);

        Assert.NotEqual(made.StreamKey, rotated!.StreamKey);
        Assert.Null(await Livestreams.FindByStreamKeyAsync(made.StreamKey, CancellationToken.None));
        Assert.Equal(rotated, await Livestreams.FindByStreamKeyAsync(rotated.StreamKey, CancellationToken.None));
    }

    [Theory]
    [InlineData(LivestreamStatus.Invoked)]
    [InlineData(LivestreamStatus.Live)]
    [InlineData(LivestreamStatus.Idle)]
    [InlineData(LivestreamStatus.Errored)]
    public async Task A_status_is_kept(LivestreamStatus status)
    {
        var made = await MakeLivestreamAsync(await MakeAppAsync());
        Clock.Advance(TimeSpan.FromSeconds(1));

        Assert.True(await Livestreams.SetStatusAsync(made.Id, status, CancellationToken.None));

        Assert.Equal(made with { Status = status, UpdatedAt = Now }, await Livestreams.FindAsync(made.Id, CancellationToken.None));
    }

    [Fact]
    public async Task The_status_of_a_livestream_that_does_not_exist_is_not_set() =>
        Assert.False(await Livestreams.SetStatusAsync(new LivestreamId(Guid.NewGuid()), LivestreamStatus.Live, CancellationToken.None));

    [Fact]
    public async Task A_deleted_livestream_does_not_exist_any_more()
    {
        var app = await MakeAppAsync();
        var made = await MakeLivestreamAsync(app, "gone");

        var deleted = await Livestreams.DeleteAsync(app, made.Id, CancellationToken.None);

        Assert.Equal(made, deleted! with { UpdatedAt = made.UpdatedAt });
        Assert.Null(await Livestreams.FindAsync(app, made.Id, CancellationToken.None));
        Assert.Null(await Livestreams.FindAsync(made.Id, CancellationToken.None));
        Assert.Null(await Livestreams.FindByStreamKeyAsync(made.StreamKey, CancellationToken.None));
        Assert.Empty((await Livestreams.ListAsync(app, All, CancellationToken.None)).Items);
        Assert.Null(await Livestreams.UpdateAsync(app, made.Id, new LivestreamPatch("x", null), CancellationToken.None));
        Assert.False(await Livestreams.SetStatusAsync(made.Id, LivestreamStatus.Live, CancellationToken.None));
        Assert.Null(await Livestreams.DeleteAsync(app, made.Id, CancellationToken.None));
    }

    [Fact]
    public async Task A_deleted_livestream_leaves_no_stream_key_behind()
    {
        var app = await MakeAppAsync();
        var first = await MakeLivestreamAsync(app);
        var second = await MakeLivestreamAsync(app); // Two, since an empty key must not count as the same key.
        await Livestreams.DeleteAsync(app, first.Id, CancellationToken.None);
        await Livestreams.DeleteAsync(app, second.Id, CancellationToken.None);

        var kept = await Database.ReadAsync(
            transaction => transaction.QueryValueAsync<long>(
                "SELECT count(*) FROM livestreams WHERE stream_key IS NOT NULL OR stream_key_hash IS NOT NULL"),
            CancellationToken.None);
        Assert.Equal(0, kept);
    }

    [Fact]
    public async Task Livestreams_are_listed_by_status_time_and_meeting()
    {
        var app = await MakeAppAsync();
        var start = Now;
        var made = new List<Livestream>();
        for (var i = 0; i < 6; i++)
        {
            var livestream = await MakeLivestreamAsync(app, $"{i}", i % 3 == 0 ? Guid.NewGuid() : null);
            if (i % 2 == 0)
            {
                await Livestreams.SetStatusAsync(livestream.Id, LivestreamStatus.Live, CancellationToken.None);
            }

            made.Add(livestream);
            Clock.Advance(TimeSpan.FromSeconds(1));
        }

        await MakeLivestreamAsync(await MakeAppAsync(), "another app's");

        Assert.Equal("543210", await NamesAsync(app, All));
        Assert.Equal("012345", await NamesAsync(app, All with { Order = SortOrder.Ascending }));
        Assert.Equal("420", await NamesAsync(app, All with { Status = LivestreamStatus.Live }));
        Assert.Equal("531", await NamesAsync(app, All with { Status = LivestreamStatus.Invoked }));
        Assert.Equal("", await NamesAsync(app, All with { Status = LivestreamStatus.Errored }));
        Assert.Equal("5421", await NamesAsync(app, All with { ExcludeMeetings = true }));
        Assert.Equal("42", await NamesAsync(app, All with { ExcludeMeetings = true, Status = LivestreamStatus.Live }));
        Assert.Equal("32", await NamesAsync(app, All with { Created = new TimeRange(start.AddSeconds(2), start.AddSeconds(4)) }));
        Assert.Equal("10", await NamesAsync(app, All with { Created = new TimeRange(null, start.AddSeconds(2)) }));
        Assert.Equal("54", await NamesAsync(app, All with { Created = new TimeRange(start.AddSeconds(3).AddTicks(1), null) }));
        Assert.Equal("43", await NamesAsync(app, All with { Page = new PageRequest(1, 3), Created = new TimeRange(null, start.AddSeconds(5)) }, 2));
    }

    [Fact]
    public async Task Paging_counts_what_matches_the_filters()
    {
        var app = await MakeAppAsync();
        for (var i = 0; i < 9; i++)
        {
            await MakeLivestreamAsync(app, $"{i}", i < 4 ? Guid.NewGuid() : null);
        }

        var page = await Livestreams.ListAsync(
            app, All with { Page = new PageRequest(2, 3), ExcludeMeetings = true }, CancellationToken.None);

        Assert.Equal(5, page.TotalCount);
        Assert.Equal(2, page.Items.Count);
        Assert.Equal(new PageRequest(2, 3), page.Request);
    }

    [Fact]
    public async Task Changes_at_the_same_time_are_all_kept()
    {
        var app = await MakeAppAsync();
        var livestream = await MakeLivestreamAsync(app, "before");

        await Task.WhenAll(Enumerable.Range(0, 20).Select(i => (i % 3) switch
        {
            0 => (Task)Livestreams.UpdateAsync(app, livestream.Id, new LivestreamPatch("after", null), CancellationToken.None),
            1 => Livestreams.UpdateAsync(app, livestream.Id, new LivestreamPatch(null, true), CancellationToken.None),
            _ => Livestreams.SetStatusAsync(livestream.Id, LivestreamStatus.Live, CancellationToken.None),
        }));

        var found = await Livestreams.FindAsync(livestream.Id, CancellationToken.None);
        Assert.Equal("after", found!.Name);
        Assert.True(found.IsDisabled);
        Assert.Equal(LivestreamStatus.Live, found.Status);
        Assert.Equal(livestream.StreamKey, found.StreamKey);
    }

    [Fact]
    public async Task Lists_walk_an_index_whatever_the_filters()
    {
        var app = await MakeAppAsync();
        var range = new TimeRange(Now, Now.AddDays(1));
        foreach (var status in new LivestreamStatus?[] { null, LivestreamStatus.Live })
        {
            foreach (var created in new[] { default, range })
            {
                foreach (var excludesMeetings in new[] { false, true })
                {
                    var query = new LivestreamQuery(new PageRequest(1, 20), status, created, excludesMeetings, SortOrder.Descending);
                    var plan = await QueryPlan.OfAsync(Database, LivestreamStore.ListQuery(app, query));

                    Assert.Contains(status is null ? "livestreams_by_age" : "livestreams_by_status", plan.Indexes);
                    Assert.Empty(plan.Faults);
                }
            }
        }
    }

    private async Task<string> NamesAsync(AppId app, LivestreamQuery query, int count = 100)
    {
        var page = await Livestreams.ListAsync(app, query, CancellationToken.None);
        var names = new StringBuilder();
        foreach (var livestream in page.Items.Take(count))
        {
            names.Append(livestream.Name);
        }

        return names.ToString();
    }
}
