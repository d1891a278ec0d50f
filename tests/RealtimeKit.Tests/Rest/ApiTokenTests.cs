using Roomcast.RealtimeKit.Tests.Hosting;

namespace Roomcast.RealtimeKit.Tests.Rest;

[Collection(SharedHostTests.Name)]
public sealed class ApiTokenTests(SharedHost shared)
{
    private readonly ApiHost _host = shared.Host;

    [Fact]
    public async Task A_token_is_issued_listed_and_revoked_and_its_secret_is_told_once()
    {
        var account = await _host.NewAccountAsync();
        var path = $"{account.Path}/api-tokens";
        _host.Clock.Advance(TimeSpan.FromMilliseconds(10));
        var issued = await _host.Client.PostAsync(path, account.WriteToken, """{"name":" the back end ","scope":"write"}""");
        Assert.Equal(201, issued.Status);
        var secret = (string)issued.Data["token"]!;
        Assert.Equal(("the back end", "write", null), ((string)issued.Data["name"]!, (string)issued.Data["scope"]!, issued.Data["expires_at"]));
        Assert.Equal(201, (await _host.Client.PostAsync($"{account.AppPath}/meetings", secret)).Status);

        var listed = await _host.Client.GetAsync($"{path}?per_page=1", account.ReadToken);
        Assert.Equal((1, 1, 3), listed.Paging);
        Assert.Equal((string)issued.Data["id"]!, (string)listed.Data[0]!["id"]!);
        Assert.DoesNotContain(secret, listed.Body.ToJsonString(), StringComparison.Ordinal);

        var gone = await _host.Client.DeleteAsync($"{path}/{(string)issued.Data["id"]!}", account.WriteToken);
        Assert.Equal(200, gone.Status);
        Assert.NotNull(gone.Data["revoked_at"]);
        Assert.Equal((401, 40101), Codes(await _host.Client.GetAsync(path, secret)));
        var again = await _host.Client.DeleteAsync($"{path}/{(string)issued.Data["id"]!}", account.WriteToken);
        Assert.Equal((200, (string)gone.Data["revoked_at"]!), (again.Status, (string)again.Data["revoked_at"]!));
    }

    [Fact]
    public async Task Without_a_scope_a_token_may_only_read_and_with_an_expiry_it_ends()
    {
        var account = await _host.NewAccountAsync();
        var path = $"{account.Path}/api-tokens";
        var expiry = _host.Clock.GetUtcNow().AddMinutes(1);
        var issued = await _host.Client.PostAsync(
            path, account.WriteToken, $$"""{"name":"x","expires_at":"{{expiry:yyyy-MM-ddTHH:mm:ss.fffZ}}"}""");
        var secret = (string)issued.Data["token"]!;
        Assert.Equal(200, (await _host.Client.GetAsync(path, secret)).Status);
        Assert.Equal((403, 40300), Codes(await _host.Client.PostAsync(path, secret, """{"name":"y"}""")));
        _host.Clock.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal((401, 40101), Codes(await _host.Client.GetAsync(path, secret)));
    }

    [Fact]
    public async Task Every_fault_is_named_and_nothing_is_issued()
    {
        var account = await _host.NewAccountAsync();
        var path = $"{account.Path}/api-tokens";
        var refused = await _host.Client.PostAsync(path, account.WriteToken, """{"scope":"admin","expires_at":"2001-01-01"}""");
        Assert.Equal((400, 40001), Codes(refused));
        Assert.Equal(["/expires_at", "/name", "/scope"], refused.Sources.Order(StringComparer.Ordinal));
        Assert.Equal(2, (await _host.Client.GetAsync(path, account.ReadToken)).Paging.Total);
    }

    [Fact]
    public async Task A_token_of_another_account_is_neither_seen_nor_revoked()
    {
        var (owner, stranger) = (await _host.NewAccountAsync(), await _host.NewAccountAsync());
        var issued = await _host.Client.PostAsync($"{owner.Path}/api-tokens", owner.WriteToken, """{"name":"theirs"}""");
        var id = (string)issued.Data["id"]!;
        Assert.Equal((404, 40401), Codes(await _host.Client.DeleteAsync($"{stranger.Path}/api-tokens/{id}", stranger.WriteToken)));
        Assert.Equal((404, 40401), Codes(await _host.Client.DeleteAsync($"{stranger.Path}/api-tokens/nonsense", stranger.WriteToken)));
        Assert.DoesNotContain(id, (await _host.Client.GetAsync($"{stranger.Path}/api-tokens", stranger.WriteToken)).Body.ToJsonString(), StringComparison.Ordinal);
        Assert.Equal(200, (await _host.Client.GetAsync($"{owner.Path}/apps", (string)issued.Data["token"]!)).Status);
    }

    private static (int Status, int Code) Codes(Reply reply) => (reply.Status, reply.Code);
}
