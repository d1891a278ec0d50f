using Roomcast.Storage;
using Roomcast.TestKit;
using Roomcast.TestKit.Databases;

namespace Roomcast.Accounts.Tests;

public sealed class SqliteAccountStoreTests() : AccountStoreTests(DatabaseEngine.Sqlite);

public sealed class PostgresAccountStoreTests() : AccountStoreTests(DatabaseEngine.Postgres);

public abstract class AccountStoreTests(DatabaseEngine engine) : DatabaseTests(engine)
{
    private readonly ManualClock _clock = new();

    private AccountStore Accounts => new(Database, _clock);

    [Fact]
    public async Task An_account_is_found_as_it_was_made()
    {
        _clock.Advance(TimeSpan.FromTicks(12_345_678));
        var made = await Accounts.CreateAsync("Première", CancellationToken.None);

        Assert.True(AccountId.TryParse(made.Id.Value, out var id));
        Assert.Equal(made.Id, id);
        Assert.Equal(0, made.CreatedAt.Ticks % TimeSpan.TicksPerMillisecond);
        Assert.Equal(made, await Accounts.FindAsync(made.Id, CancellationToken.None));
    }

    [Fact]
    public async Task An_account_may_have_no_name()
    {
        var made = await Accounts.CreateAsync(null, CancellationToken.None);

        Assert.Equal(made, await Accounts.FindAsync(made.Id, CancellationToken.None));
    }

    [Fact]
    public async Task Whether_there_is_any_account_is_known()
    {
        Assert.False(await Accounts.AnyAsync(CancellationToken.None));
        await Accounts.CreateAsync(null, CancellationToken.None);
        Assert.True(await Accounts.AnyAsync(CancellationToken.None));
    }

    [Fact]
    public async Task An_unknown_account_is_not_found() =>
        Assert.Null(await Accounts.FindAsync(new AccountId(new string('0', 32)), CancellationToken.None));
}
