using Roomcast.TestKit;

namespace Roomcast.Accounts.Tests;

public sealed class ApiTokenCacheTests
{
    private readonly ManualClock _clock = new();

    [Fact]
    public void The_cache_never_grows_beyond_its_bound_and_drops_the_oldest()
    {
        var cache = new ApiTokenCache(_clock, capacity: 3, TimeSpan.FromSeconds(10));
        for (var i = 0; i < 100; i++)
        {
            cache.Add($"digest {i}", MakeToken(), cache.Revocations);
        }

        Assert.Equal(3, cache.Count);
        Assert.NotNull(cache.Find("digest 99"));
        Assert.NotNull(cache.Find("digest 97"));
        Assert.Null(cache.Find("digest 96"));
    }

    [Fact]
    public void The_same_token_added_again_does_not_push_out_itself()
    {
        var cache = new ApiTokenCache(_clock, capacity: 2, TimeSpan.FromSeconds(10));
        for (var i = 0; i < 10; i++)
        {
            cache.Add("same", MakeToken(), cache.Revocations);
            Assert.NotNull(cache.Find("same"));
        }

        Assert.Equal(1, cache.Count);
    }

    [Fact]
    public void An_entry_ends_with_its_lifetime()
    {
        var cache = new ApiTokenCache(_clock, capacity: 3, TimeSpan.FromSeconds(10));
        cache.Add("digest", MakeToken(), cache.Revocations);

        _clock.Advance(TimeSpan.FromSeconds(9));
        Assert.NotNull(cache.Find("digest"));
        _clock.Advance(TimeSpan.FromSeconds(2));
        Assert.Null(cache.Find("digest"));
    }

    [Fact]
    public void A_token_read_before_a_revocation_is_not_remembered_after_it()
    {
        var cache = new ApiTokenCache(_clock, capacity: 3, TimeSpan.FromSeconds(10));
        var token = MakeToken();

        var before = cache.Revocations;
        cache.Forget(token.Id); // While the query is under way.
        cache.Add("digest", token, before);

        Assert.Null(cache.Find("digest"));
    }

    private ApiToken MakeToken() => new(
        new ApiTokenId(Guid.NewGuid()), new AccountId(new string('0', 32)), "a", ApiTokenScope.Read, _clock.GetUtcNow(), null, null);
}
