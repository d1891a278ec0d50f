using Roomcast.Accounts;
using Roomcast.RealtimeKit.Tests.Hosting;

namespace Roomcast.RealtimeKit.Tests.Rest;

[Collection(SharedHostTests.Name)]
public sealed class AccessTests(SharedHost shared)
{
    private readonly ApiHost _host = shared.Host;

    private TestAccount One => _host.One;

    [Fact]
    public async Task Every_route_asks_for_credentials()
    {
        foreach (var route in EveryRoute.Of(_host, One, One.First))
        {
            var reply = await _host.Client.SendAsync(route.HttpMethod, route.Path, token: null, route.Body);

            Assert.Equal(401, reply.Status);
            Assert.Equal(40100, reply.Code);
            Assert.Equal("Bearer", reply.Header("WWW-Authenticate"));
        }
    }

    [Theory]
    [InlineData("Basic cm9vbWNhc3Q6cm9vbWNhc3Q=")]
    [InlineData("Bearer")]
    [InlineData("Bearer ")]
    [InlineData("Bearerrct_something")]
    [InlineData("Bearer two words")]
    public async Task Credentials_in_another_form_are_missing_credentials(string authorization)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri($"{One.Path}/apps", UriKind.Relative));
        request.Headers.TryAddWithoutValidation("Authorization", authorization);

        var reply = await _host.Client.SendAsync(request);

        Assert.Equal(401, reply.Status);
        Assert.Equal(40100, reply.Code);
    }

    [Fact]
    public async Task The_older_key_headers_are_no_credentials()
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri($"{One.Path}/apps", UriKind.Relative));
        request.Headers.Add("X-Auth-Email", "someone@example.org");
        request.Headers.Add("X-Auth-Key", One.WriteToken);
        request.Headers.Add("X-Auth-User-Service-Key", One.WriteToken);

        Assert.Equal(40100, (await _host.Client.SendAsync(request)).Code);
    }

    [Fact]
    public async Task Two_authorization_headers_are_missing_credentials()
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri($"{One.Path}/apps", UriKind.Relative));
        request.Headers.TryAddWithoutValidation("Authorization", [$"Bearer {One.WriteToken}", $"Bearer {One.ReadToken}"]);

        var reply = await _host.Client.SendAsync(request);

        Assert.Equal(401, reply.Status);
    }

    [Fact]
    public async Task The_scheme_is_read_whatever_its_case()
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri($"{One.Path}/apps", UriKind.Relative));
        request.Headers.TryAddWithoutValidation("Authorization", $"bearer {One.ReadToken}");

        Assert.Equal(200, (await _host.Client.SendAsync(request)).Status);
    }

    [Fact]
    public async Task Unknown_revoked_and_expired_tokens_are_refused()
    {
        var tokens = _host.Service<ApiTokenStore>();
        var revoked = await tokens.IssueAsync(One.Id, ApiTokenScope.Write, "revoked", null, CancellationToken.None);
        var expiring = await tokens.IssueAsync(
            One.Id, ApiTokenScope.Write, "expiring", _host.Clock.GetUtcNow() + TimeSpan.FromMinutes(1), CancellationToken.None);
        Assert.Equal(200, (await _host.Client.GetAsync($"{One.Path}/apps", revoked.Secret)).Status);
        Assert.Equal(200, (await _host.Client.GetAsync($"{One.Path}/apps", expiring.Secret)).Status);

        await tokens.RevokeAsync(One.Id, revoked.Token.Id, CancellationToken.None);
        _host.Clock.Advance(TimeSpan.FromMinutes(1));

        // A participant's token is a JWT; as an API token it is simply unknown.
        const string Jwt = "eyJhbGciOiJIUzI1NiJ9.e30.sig";
        foreach (var token in new[] { revoked.Secret, expiring.Secret, "rct_" + new string('x', 44), Jwt, new string('x', 4_000) })
        {
            var reply = await _host.Client.GetAsync($"{One.Path}/apps", token);
            Assert.Equal(401, reply.Status);
            Assert.Equal(40101, reply.Code);
        }
    }

    [Fact]
    public async Task A_token_gives_no_right_to_another_account_nor_tells_whether_it_exists()
    {
        var stranger = "0123456789abcdef0123456789abcdef";
        foreach (var account in new[] { _host.Other.Id.ToString(), stranger })
        {
            foreach (var route in EveryRoute.Of(_host.Description, account, _host.Other.First.Id.ToString()))
            {
                var reply = await _host.Client.SendAsync(route.HttpMethod, route.Path, One.WriteToken, route.Body);

                Assert.Equal(403, reply.Status);
                Assert.Equal(40300, reply.Code);
                Assert.Equal("the API token gives no right to this account", reply.Body["error"]!["message"]!.GetValue<string>());
            }
        }
    }

    [Theory]
    [InlineData("me")]
    [InlineData("023e105f4ecef8ad9ca31a8372d0c35")]
    [InlineData("023e105f4ecef8ad9ca31a8372d0c35g")]
    [InlineData("14a396e7-ca44-4937-bf1f-050a69118543")]
    public async Task A_malformed_account_id_is_not_found(string account)
    {
        var reply = await _host.Client.GetAsync($"/accounts/{account}/realtime/kit/apps", One.WriteToken);

        Assert.Equal(404, reply.Status);
        Assert.Equal(40401, reply.Code);
    }

    [Fact]
    public async Task An_account_id_is_read_whatever_its_case()
    {
        var path = $"/accounts/{One.Id.ToString().ToUpperInvariant()}/realtime/kit/apps";

        Assert.Equal(200, (await _host.Client.GetAsync(path, One.WriteToken)).Status);
    }

    [Fact]
    public async Task A_read_token_may_only_read()
    {
        foreach (var route in EveryRoute.Of(_host, One, One.First))
        {
            var reply = await _host.Client.SendAsync(route.HttpMethod, route.Path, One.ReadToken, route.Body);

            if (route.IsRead)
            {
                Assert.Contains(reply.Status, new[] { 200, 404 });
            }
            else
            {
                Assert.Equal(403, reply.Status);
                Assert.Equal(40300, reply.Code);
                Assert.Equal("the API token may only read", reply.Body["error"]!["message"]!.GetValue<string>());
            }
        }
    }

    [Fact]
    public async Task An_app_of_another_account_does_not_exist()
    {
        var unknown = new[] { _host.Other.First.Id.ToString(), Guid.NewGuid().ToString(), "not-an-id", One.First.Id.Value.ToString("N") };
        foreach (var app in unknown)
        {
            foreach (var route in EveryRoute.Of(_host.Description, One.Id.ToString(), app).Where(route => route.NeedsApp))
            {
                var reply = await _host.Client.SendAsync(route.HttpMethod, route.Path, One.WriteToken, route.Body);

                Assert.Equal(404, reply.Status);
                Assert.Equal(40401, reply.Code);
                Assert.Equal("app not found", reply.Body["error"]!["message"]!.GetValue<string>());
            }
        }
    }

    [Fact]
    public async Task An_id_is_read_whatever_its_case()
    {
        var path = $"{One.Path}/{One.First.Id.ToString().ToUpperInvariant()}/livestreams";

        Assert.Equal(200, (await _host.Client.GetAsync(path, One.WriteToken)).Status);
    }

    [Fact]
    public async Task Checks_come_in_their_order()
    {
        var account = _host.Other.Path;
        var unknownApp = Guid.NewGuid();
        var unknownLivestream = Guid.NewGuid();
        const string Faulty = """{"disabled":"maybe"}""";

        // Route, credentials, account, scope, app, input, resource: each request breaks everything from one check on.
        Assert.Equal(40400, (await _host.Client.PatchAsync($"{account}/{unknownApp}/livestream", "nonsense", Faulty)).Code);
        Assert.Equal(40101, (await _host.Client.PatchAsync($"{account}/{unknownApp}/livestreams/{unknownLivestream}", "nonsense", Faulty)).Code);
        Assert.Equal(40300, (await _host.Client.PatchAsync($"{account}/{unknownApp}/livestreams/{unknownLivestream}", One.ReadToken, Faulty)).Code);
        Assert.Equal(40300, (await _host.Client.PatchAsync($"{One.Path}/{unknownApp}/livestreams/{unknownLivestream}", One.ReadToken, Faulty)).Code);
        Assert.Equal(40401, (await _host.Client.PatchAsync($"{One.Path}/{unknownApp}/livestreams/{unknownLivestream}", One.WriteToken, Faulty)).Code);
        Assert.Equal(40001, (await _host.Client.PatchAsync($"{One.AppPath}/livestreams/{unknownLivestream}", One.WriteToken, Faulty)).Code);
        Assert.Equal(40401, (await _host.Client.PatchAsync($"{One.AppPath}/livestreams/{unknownLivestream}", One.WriteToken, "{}")).Code);
    }

    [Fact]
    public async Task A_token_can_be_tested()
    {
        foreach (var prefix in new[] { "/client/v4", "" })
        {
            var reply = await _host.Client.GetAsync($"{prefix}/user/tokens/verify", One.ReadToken);

            Assert.Equal(200, reply.Status);
            Assert.Equal("active", reply.Body["result"]!["status"]!.GetValue<string>());
            Assert.Equal(40100, (await _host.Client.GetAsync($"{prefix}/user/tokens/verify", null)).Code);
            Assert.Equal(40101, (await _host.Client.GetAsync($"{prefix}/user/tokens/verify", "rct_unknown")).Code);
        }
    }

    [Fact]
    public async Task Secrets_are_never_logged()
    {
        var livestream = await _host.NewLivestreamAsync(One.First);
        await _host.Client.GetAsync($"{One.AppPath}/livestreams/{livestream.Id}", One.WriteToken);
        var issued = await _host.Client.PostAsync($"{One.AppPath}/livestreams/{livestream.Id}/playback-tokens", One.WriteToken);
        await _host.Client.GetAsync($"{One.Path}/apps", "rct_" + new string('s', 44));

        var playbackToken = issued.Data["token"]!.GetValue<string>();
        foreach (var secret in new[] { One.WriteToken, livestream.StreamKey, playbackToken, "rct_sss" })
        {
            Assert.DoesNotContain(_host.Logbook.Lines, line => line.Contains(secret, StringComparison.Ordinal));
        }
    }
}
