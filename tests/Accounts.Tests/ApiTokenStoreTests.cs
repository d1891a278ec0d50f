using System.Text;
using Roomcast.Storage;
using Roomcast.TestKit;
using Roomcast.TestKit.Databases;

namespace Roomcast.Accounts.Tests;

public sealed class SqliteApiTokenStoreTests() : ApiTokenStoreTests(DatabaseEngine.Sqlite);

public sealed class PostgresApiTokenStoreTests() : ApiTokenStoreTests(DatabaseEngine.Postgres);

public abstract class ApiTokenStoreTests : DatabaseTests
{
    private readonly ManualClock _clock = new();
    private readonly Lazy<ApiTokenStore> _tokens;

    protected ApiTokenStoreTests(DatabaseEngine engine)
        : base(engine) => _tokens = new Lazy<ApiTokenStore>(() => new ApiTokenStore(Database, _clock));

    private ApiTokenStore Tokens => _tokens.Value;

    [Theory]
    [InlineData(ApiTokenScope.Read)]
    [InlineData(ApiTokenScope.Write)]
    public async Task A_bearer_of_the_secret_is_recognised(ApiTokenScope scope)
    {
        var account = await MakeAccountAsync();
        var issued = await Tokens.IssueAsync(account, scope, "back end", null, CancellationToken.None);

        var fromDatabase = await Tokens.AuthenticateAsync(issued.Secret, CancellationToken.None);
        var fromCache = await Tokens.AuthenticateAsync(issued.Secret, CancellationToken.None);

        Assert.Equal(issued.Token, fromDatabase);
        Assert.Equal(issued.Token, fromCache);
        Assert.Equal(scope, fromDatabase!.Scope);
        Assert.Equal(account, fromDatabase.AccountId);
    }

    [Fact]
    public async Task Whether_a_token_still_holds_is_told_by_its_digest_until_it_expires_or_is_revoked()
    {
        var account = await MakeAccountAsync();
        var lasting = await Tokens.IssueAsync(account, ApiTokenScope.Read, "a", null, CancellationToken.None);
        var expiring = await Tokens.IssueAsync(account, ApiTokenScope.Read, "b", _clock.GetUtcNow().AddSeconds(5), CancellationToken.None);
        Task<bool> HoldsAsync(IssuedApiToken token) => Tokens.HoldsAsync(ApiTokenStore.DigestOf(token.Secret), CancellationToken.None);
        Assert.True(await HoldsAsync(lasting));
        Assert.True(await HoldsAsync(expiring));
        _clock.Advance(TimeSpan.FromSeconds(5));
        Assert.True(await HoldsAsync(lasting));
        Assert.False(await HoldsAsync(expiring));
        await Tokens.RevokeAsync(account, lasting.Token.Id, CancellationToken.None);
        Assert.False(await HoldsAsync(lasting));
    }

    [Fact]
    public async Task A_secret_is_long_random_and_safe_in_a_URL()
    {
        var account = await MakeAccountAsync();
        var first = await Tokens.IssueAsync(account, ApiTokenScope.Read, "a", null, CancellationToken.None);
        var second = await Tokens.IssueAsync(account, ApiTokenScope.Read, "b", null, CancellationToken.None);

        Assert.Matches("^rct_[A-Za-z0-9]{44}$", first.Secret);
        Assert.NotEqual(first.Secret, second.Secret);
        Assert.DoesNotContain(first.Secret, first.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_secret_is_nowhere_in_the_database()
    {
        var issued = await Tokens.IssueAsync(await MakeAccountAsync(), ApiTokenScope.Read, "a", null, CancellationToken.None);

        var row = await Database.ReadAsync(
            transaction => transaction.QueryAsync<TokenText>(
                "SELECT name || scope || account_id || CAST(id AS text) AS texts, secret_hash FROM api_tokens"),
            CancellationToken.None);

        var kept = Assert.Single(row);
        Assert.DoesNotContain(issued.Secret, kept.Texts, StringComparison.Ordinal);
        Assert.Equal(32, kept.SecretHash.Length);
        Assert.DoesNotContain(issued.Secret[4..], Encoding.Latin1.GetString(kept.SecretHash), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("rct_")]
    [InlineData("Bearer")]
    [InlineData("rct_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    [InlineData("RCT_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    [InlineData("rct_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\0")]
    [InlineData("rct_ÄAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    public async Task Anything_else_is_not_recognised(string? secret)
    {
        await Tokens.IssueAsync(await MakeAccountAsync(), ApiTokenScope.Write, "a", null, CancellationToken.None);

        Assert.Null(await Tokens.AuthenticateAsync(secret, CancellationToken.None));
    }

    [Fact]
    public async Task A_secret_with_one_character_changed_is_not_recognised()
    {
        var issued = await Tokens.IssueAsync(await MakeAccountAsync(), ApiTokenScope.Write, "a", null, CancellationToken.None);
        var last = issued.Secret[^1] == 'x' ? 'y' : 'x';

        Assert.Null(await Tokens.AuthenticateAsync(issued.Secret[..^1] + last, CancellationToken.None));
        Assert.Null(await Tokens.AuthenticateAsync(issued.Secret + last, CancellationToken.None));
    }

    [Fact]
    public async Task A_token_ends_at_its_expiry_also_when_it_is_cached()
    {
        var expiry = _clock.GetUtcNow().AddSeconds(5);
        var issued = await Tokens.IssueAsync(await MakeAccountAsync(), ApiTokenScope.Read, "a", expiry, CancellationToken.None);

        _clock.Advance(TimeSpan.FromSeconds(4.999));
        Assert.NotNull(await Tokens.AuthenticateAsync(issued.Secret, CancellationToken.None));

        _clock.Advance(TimeSpan.FromSeconds(0.002));
        Assert.Null(await Tokens.AuthenticateAsync(issued.Secret, CancellationToken.None));
    }

    [Fact]
    public async Task A_revoked_token_is_refused_at_once_also_when_it_was_cached()
    {
        var account = await MakeAccountAsync();
        var issued = await Tokens.IssueAsync(account, ApiTokenScope.Read, "a", null, CancellationToken.None);
        Assert.NotNull(await Tokens.AuthenticateAsync(issued.Secret, CancellationToken.None));

        Assert.True(await Tokens.RevokeAsync(account, issued.Token.Id, CancellationToken.None));

        Assert.Null(await Tokens.AuthenticateAsync(issued.Secret, CancellationToken.None));
        Assert.False(await Tokens.RevokeAsync(account, issued.Token.Id, CancellationToken.None));
    }

    [Fact]
    public async Task A_revocation_on_another_node_holds_within_the_cache_time()
    {
        var account = await MakeAccountAsync();
        var issued = await Tokens.IssueAsync(account, ApiTokenScope.Read, "a", null, CancellationToken.None);
        Assert.NotNull(await Tokens.AuthenticateAsync(issued.Secret, CancellationToken.None));

        await new ApiTokenStore(Database, _clock).RevokeAsync(account, issued.Token.Id, CancellationToken.None);

        _clock.Advance(TimeSpan.FromSeconds(10));
        Assert.Null(await Tokens.AuthenticateAsync(issued.Secret, CancellationToken.None));
    }

    [Fact]
    public async Task A_token_of_another_account_can_neither_be_seen_nor_revoked()
    {
        var (mine, other) = (await MakeAccountAsync(), await MakeAccountAsync());
        var issued = await Tokens.IssueAsync(mine, ApiTokenScope.Read, "a", null, CancellationToken.None);

        Assert.False(await Tokens.RevokeAsync(other, issued.Token.Id, CancellationToken.None));
        Assert.Empty((await Tokens.ListAsync(other, new PageRequest(1, 10), CancellationToken.None)).Items);
        Assert.NotNull(await Tokens.AuthenticateAsync(issued.Secret, CancellationToken.None));
    }

    [Fact]
    public async Task Tokens_are_listed_newest_first_revoked_ones_too()
    {
        var account = await MakeAccountAsync();
        var first = await Tokens.IssueAsync(account, ApiTokenScope.Read, "first", null, CancellationToken.None);
        _clock.Advance(TimeSpan.FromSeconds(1));
        var second = await Tokens.IssueAsync(
            account, ApiTokenScope.Write, "second", _clock.GetUtcNow().AddDays(1), CancellationToken.None);
        await Tokens.RevokeAsync(account, first.Token.Id, CancellationToken.None);

        var list = await Tokens.ListAsync(account, new PageRequest(1, 10), CancellationToken.None);

        Assert.Equal(
            [second.Token, first.Token with { RevokedAt = StoredTime.Now(_clock) }],
            list.Items);
    }

    [Fact]
    public async Task Lists_walk_an_index()
    {
        var plan = await QueryPlan.OfAsync(Database, ApiTokenStore.ListQuery(await MakeAccountAsync()));

        Assert.Equal(["api_tokens_by_age"], plan.Indexes);
        Assert.Empty(plan.Faults);
    }

    private async Task<AccountId> MakeAccountAsync() => (await new AccountStore(Database, _clock).CreateAsync(null, CancellationToken.None)).Id;

    private sealed class TokenText
    {
        public string Texts { get; init; } = "";

        public byte[] SecretHash { get; init; } = [];
    }
}
