using Roomcast.Storage;
using Roomcast.TestKit;
using Roomcast.TestKit.Databases;

namespace Roomcast.Accounts.Tests;

public sealed class SqliteAppStoreTests() : AppStoreTests(DatabaseEngine.Sqlite);

public sealed class PostgresAppStoreTests() : AppStoreTests(DatabaseEngine.Postgres);

public abstract class AppStoreTests(DatabaseEngine engine) : DatabaseTests(engine)
{
    private static readonly PageRequest FirstPage = new(1, 100);

    private readonly ManualClock _clock = new();

    private AppStore Apps => new(Database, _clock);

    [Fact]
    public async Task An_app_is_found_as_it_was_made()
    {
        var account = await MakeAccountAsync();
        var made = await Apps.CreateAsync(account, "Ünïcödé 😀 'quoted'", CancellationToken.None);

        Assert.Equal(PlaybackAccess.Public, made.Playback);
        Assert.Equal(made, await Apps.FindAsync(account, made.Id, CancellationToken.None));
        Assert.Equal(made, await Apps.FindAsync(made.Id, CancellationToken.None));
    }

    [Fact]
    public async Task An_app_of_another_account_does_not_exist()
    {
        var (mine, other) = (await MakeAccountAsync(), await MakeAccountAsync());
        var app = await Apps.CreateAsync(mine, "mine", CancellationToken.None);

        Assert.Null(await Apps.FindAsync(other, app.Id, CancellationToken.None));
        Assert.Null(await Apps.UpdateAsync(other, app.Id, new AppPatch("taken", null), CancellationToken.None));
        Assert.Empty((await Apps.ListAsync(other, FirstPage, null, SortOrder.Descending, CancellationToken.None)).Items);
        Assert.Equal("mine", (await Apps.FindAsync(app.Id, CancellationToken.None))!.Name);
    }

    [Fact]
    public async Task An_app_needs_an_account()
    {
        var fault = await Assert.ThrowsAsync<StorageException>(
            () => Apps.CreateAsync(new AccountId(new string('a', 32)), "orphan", CancellationToken.None));

        Assert.Equal(StorageFailure.Constraint, fault.Failure);
    }

    [Fact]
    public async Task A_change_touches_only_what_it_names()
    {
        var account = await MakeAccountAsync();
        var app = await Apps.CreateAsync(account, "first", CancellationToken.None);

        var signed = await Apps.UpdateAsync(account, app.Id, new AppPatch(null, PlaybackAccess.Signed), CancellationToken.None);
        Assert.Equal(app with { Playback = PlaybackAccess.Signed }, signed);

        var renamed = await Apps.UpdateAsync(account, app.Id, new AppPatch("second", null), CancellationToken.None);
        Assert.Equal(app with { Playback = PlaybackAccess.Signed, Name = "second" }, renamed);

        var nameless = await Apps.UpdateAsync(account, app.Id, new AppPatch("", null), CancellationToken.None);
        Assert.Null(nameless!.Name);
        Assert.Equal(nameless, await Apps.FindAsync(account, app.Id, CancellationToken.None));
    }

    [Fact]
    public async Task A_renamed_app_is_searched_by_its_new_name()
    {
        var account = await MakeAccountAsync();
        var app = await Apps.CreateAsync(account, "Before", CancellationToken.None);
        await Apps.UpdateAsync(account, app.Id, new AppPatch("After", null), CancellationToken.None);

        Assert.Empty(await SearchAsync(account, "before"));
        Assert.Equal(["After"], await SearchAsync(account, "after"));
    }

    [Fact]
    public async Task Apps_are_listed_by_age_page_by_page()
    {
        var account = await MakeAccountAsync();
        var made = new List<App>();
        for (var i = 0; i < 7; i++)
        {
            made.Add(await Apps.CreateAsync(account, $"app {i}", CancellationToken.None));
            _clock.Advance(TimeSpan.FromMilliseconds(1));
        }

        await Apps.CreateAsync(await MakeAccountAsync(), "somebody else's", CancellationToken.None);

        var oldest = await Apps.ListAsync(account, new PageRequest(1, 3), null, SortOrder.Ascending, CancellationToken.None);
        Assert.Equal(7, oldest.TotalCount);
        Assert.Equal(made.Take(3), oldest.Items);

        var last = await Apps.ListAsync(account, new PageRequest(3, 3), null, SortOrder.Descending, CancellationToken.None);
        Assert.Equal([made[0]], last.Items);

        var beyond = await Apps.ListAsync(account, new PageRequest(4, 3), null, SortOrder.Descending, CancellationToken.None);
        Assert.Empty(beyond.Items);
        Assert.Equal(7, beyond.TotalCount);
    }

    [Fact]
    public async Task Apps_of_the_same_millisecond_are_each_on_exactly_one_page()
    {
        var account = await MakeAccountAsync();
        var made = new HashSet<AppId>();
        for (var i = 0; i < 25; i++)
        {
            made.Add((await Apps.CreateAsync(account, null, CancellationToken.None)).Id);
        }

        foreach (var order in Enum.GetValues<SortOrder>())
        {
            var listed = new List<AppId>();
            for (var page = 1; page <= 7; page++)
            {
                var rows = await Apps.ListAsync(account, new PageRequest(page, 4), null, order, CancellationToken.None);
                listed.AddRange(rows.Items.Select(app => app.Id));
            }

            Assert.Equal(25, listed.Count);
            Assert.True(made.SetEquals(listed));
        }
    }

    [Theory]
    [InlineData("show", "Evening Show", "the SHOW")]
    [InlineData("SHOW", "Evening Show", "the SHOW")]
    [InlineData("%", "100 % sure")]
    [InlineData("_", "snake_case")]
    [InlineData("!", "Hey!")]
    [InlineData("é", "É day")]
    [InlineData("'", "it's")]
    [InlineData("\0")]
    [InlineData("nothing like it")]
    public async Task Search_finds_a_part_of_the_name_whatever_its_case(string search, params string[] expected)
    {
        var account = await MakeAccountAsync();
        foreach (var name in new[] { "Evening Show", "100 % sure", "snake_case", "Hey!", "É day", "it's", "the SHOW", null })
        {
            await Apps.CreateAsync(account, name, CancellationToken.None);
            _clock.Advance(TimeSpan.FromMilliseconds(1));
        }

        Assert.Equal(expected, await SearchAsync(account, search));
    }

    [Fact]
    public async Task An_empty_search_lists_all()
    {
        var account = await MakeAccountAsync();
        await Apps.CreateAsync(account, "named", CancellationToken.None);
        await Apps.CreateAsync(account, null, CancellationToken.None);

        Assert.Equal(2, (await SearchAsync(account, "")).Count);
    }

    [Fact]
    public async Task A_page_that_cannot_be_is_refused()
    {
        var account = await MakeAccountAsync();
        foreach (var page in new[] { new PageRequest(0, 10), new PageRequest(1, 0), new PageRequest(1, 101), default })
        {
            await Assert.ThrowsAsync<ArgumentOutOfRangeException>(
                () => Apps.ListAsync(account, page, null, SortOrder.Descending, CancellationToken.None));
        }
    }

    [Fact]
    public async Task The_last_page_of_all_is_empty_and_not_an_error()
    {
        var account = await MakeAccountAsync();
        await Apps.CreateAsync(account, null, CancellationToken.None);

        var page = await Apps.ListAsync(
            account, new PageRequest(int.MaxValue, 100), null, SortOrder.Descending, CancellationToken.None);
        Assert.Empty(page.Items);
    }

    [Fact]
    public async Task Lists_walk_an_index()
    {
        var plan = await QueryPlan.OfAsync(Database, AppStore.ListQuery(await MakeAccountAsync(), "x%"));

        Assert.Equal(["apps_by_age"], plan.Indexes);
        Assert.Empty(plan.Faults);
    }

    private async Task<AccountId> MakeAccountAsync() => (await new AccountStore(Database, _clock).CreateAsync(null, CancellationToken.None)).Id;

    private async Task<IReadOnlyList<string?>> SearchAsync(AccountId account, string search) =>
        [.. (await Apps.ListAsync(account, FirstPage, search, SortOrder.Ascending, CancellationToken.None)).Items.Select(app => app.Name)];
}
