using System.Text.Json.Nodes;
using Roomcast.Accounts;
using Roomcast.RealtimeKit.Tests.Hosting;

namespace Roomcast.RealtimeKit.Tests.Rest;

[Collection(SharedHostTests.Name)]
public sealed class AppTests(SharedHost shared)
{
    private readonly ApiHost _host = shared.Host;

    [Fact]
    public async Task An_app_is_made_read_and_listed_with_the_same_fields()
    {
        var account = await _host.NewAccountAsync();

        var made = await _host.Client.PostAsync($"{account.Path}/apps", account.WriteToken, """{"name":"  Town hall "}""");
        var app = made.Data["app"]!;
        var read = await _host.Client.GetAsync($"{account.Path}/apps/{app["id"]}", account.ReadToken);
        var list = await _host.Client.GetAsync($"{account.Path}/apps", account.ReadToken);

        Assert.Equal(200, made.Status);
        Assert.Equal(["id", "name", "created_at", "playback"], app.AsObject().Select(field => field.Key));
        Assert.Equal("Town hall", app["name"]!.GetValue<string>());
        Assert.Equal("public", app["playback"]!.GetValue<string>());
        Assert.Equal(_host.Clock.GetUtcNow().ToString("yyyy-MM-ddTHH:mm:ss.fffZ", null), app["created_at"]!.GetValue<string>());
        Assert.True(JsonNode.DeepEquals(app, read.Data));
        Assert.Contains(list.Data.AsArray(), listed => JsonNode.DeepEquals(app, listed));
    }

    [Fact]
    public async Task Names_may_repeat()
    {
        var account = await _host.NewAccountAsync();

        Assert.Equal(200, (await _host.Client.PostAsync($"{account.Path}/apps", account.WriteToken, """{"name":"Same"}""")).Status);
        Assert.Equal(200, (await _host.Client.PostAsync($"{account.Path}/apps", account.WriteToken, """{"name":"Same"}""")).Status);
    }

    [Fact]
    public async Task Apps_are_listed_newest_first_by_page()
    {
        var account = await NewAccountWithAppsAsync("Alpha", "Beta", "Gamma");

        Assert.Equal(["Gamma", "Beta", "Alpha"], (await NamesAsync(account, "per_page=3")).Names);
        Assert.Equal(["First", "Second"], (await NamesAsync(account, "per_page=3&page_no=2")).Names.Order(StringComparer.Ordinal));
        Assert.Equal(["Alpha", "Beta", "Gamma"], (await NamesAsync(account, "sort_order=ASC&page_no=2&per_page=2")).Names
            .Concat((await NamesAsync(account, "sort_order=ASC&page_no=3&per_page=2")).Names));
        Assert.Equal((0, 0, 5), (await NamesAsync(account, "page_no=4&per_page=2")).Paging);
        Assert.Equal((5, 5, 5), (await NamesAsync(account, "page_no=3&per_page=2")).Paging);
        Assert.Equal((1, 5, 5), (await NamesAsync(account, "page_no=0&per_page=0")).Paging);
    }

    [Fact]
    public async Task A_page_has_a_hundred_rows_at_most_and_twenty_by_default()
    {
        var account = await NewAccountWithAppsAsync([.. Enumerable.Range(0, 101).Select(i => $"App {i}")]);

        Assert.Equal((1, 20, 103), (await NamesAsync(account, "")).Paging);
        Assert.Equal((1, 100, 103), (await NamesAsync(account, "per_page=101")).Paging);
        Assert.Equal((101, 103, 103), (await NamesAsync(account, "per_page=100000&page_no=2")).Paging);
    }

    [Theory]
    [InlineData("alp", new[] { "Alpha" })]
    [InlineData("A", new[] { "Alpha", "Gamma", "Beta" })]
    [InlineData("%25", new[] { "100%" })]
    [InlineData("_", new[] { "a_b" })]
    [InlineData("!", new string[0])]
    [InlineData("%C3%84", new[] { "Ärger" })]
    [InlineData("%20%20", new[] { "Alpha", "Beta", "Gamma", "100%", "a_b", "Ärger", "First", "Second" })]
    public async Task A_search_finds_names_by_what_they_contain(string search, string[] expected)
    {
        var account = await NewAccountWithAppsAsync("Alpha", "Beta", "Gamma", "100%", "a_b", "Ärger");

        var found = await NamesAsync(account, $"search={search}");

        Assert.Equal(expected.Concat(search == "A" ? ["a_b"] : []).Order(StringComparer.Ordinal), found.Names.Order(StringComparer.Ordinal));
        Assert.Equal(found.Names.Count, found.Paging.Total);
    }

    [Fact]
    public async Task A_change_leaves_alone_what_is_not_sent()
    {
        var account = await _host.NewAccountAsync();
        var path = $"{account.Path}/apps/{account.First.Id}";

        var signed = await _host.Client.PatchAsync(path, account.WriteToken, """{"playback":"signed"}""");
        var renamed = await _host.Client.PatchAsync(path, account.WriteToken, """{"name":"Renamed"}""");
        var unchanged = await _host.Client.PatchAsync(path, account.WriteToken);
        var kept = await _host.Service<AppStore>().FindAsync(account.Id, account.First.Id, CancellationToken.None);

        Assert.Equal(("First", "signed"), (signed.Data["name"]!.GetValue<string>(), signed.Data["playback"]!.GetValue<string>()));
        Assert.Equal(("Renamed", "signed"), (renamed.Data["name"]!.GetValue<string>(), renamed.Data["playback"]!.GetValue<string>()));
        Assert.True(JsonNode.DeepEquals(renamed.Data, unchanged.Data));
        Assert.Equal(("Renamed", PlaybackAccess.Signed), (kept!.Name, kept.Playback));
    }

    [Theory]
    [InlineData("""{"name":null}""", "/name")]
    [InlineData("""{"name":""}""", "/name")]
    [InlineData("""{"playback":null}""", "/playback")]
    [InlineData("""{"playback":"SIGNED"}""", "/playback")]
    [InlineData("""{"playback":["signed"]}""", "/playback")]
    [InlineData("""{"playback":"\udc00"}""", "/playback")]
    public async Task A_faulty_change_is_refused_whole(string json, string pointer)
    {
        var reply = await _host.Client.PatchAsync($"{_host.One.Path}/apps/{_host.One.First.Id}", _host.One.WriteToken, json);

        Assert.Equal(400, reply.Status);
        Assert.Equal([pointer], reply.Sources);
    }

    [Fact]
    public async Task An_app_of_another_account_can_neither_be_read_nor_changed_nor_listed()
    {
        var other = _host.Other;
        foreach (var id in new[] { other.First.Id.ToString(), Guid.NewGuid().ToString(), "apps", "x" })
        {
            Assert.Equal(40401, (await _host.Client.GetAsync($"{_host.One.Path}/apps/{id}", _host.One.WriteToken)).Code);
            Assert.Equal(40401, (await _host.Client.PatchAsync($"{_host.One.Path}/apps/{id}", _host.One.WriteToken, """{"name":"Taken"}""")).Code);
        }

        var list = await _host.Client.GetAsync($"{_host.One.Path}/apps?per_page=100", _host.One.WriteToken);
        Assert.DoesNotContain(list.Data.AsArray(), app => app!["id"]!.GetValue<string>() == other.First.Id.ToString());
        Assert.Equal("First", (await _host.Service<AppStore>().FindAsync(other.Id, other.First.Id, CancellationToken.None))!.Name);
    }

    private async Task<TestAccount> NewAccountWithAppsAsync(params string[] names)
    {
        var account = await _host.NewAccountAsync();
        foreach (var name in names)
        {
            _host.Clock.Advance(TimeSpan.FromMilliseconds(1));
            await _host.Service<AppStore>().CreateAsync(account.Id, name, CancellationToken.None);
        }

        return account;
    }

    private async Task<(IReadOnlyList<string> Names, (int Start, int End, int Total) Paging)> NamesAsync(TestAccount account, string query)
    {
        var reply = await _host.Client.GetAsync($"{account.Path}/apps?{query}", account.ReadToken);
        Assert.Equal(200, reply.Status);
        return ([.. reply.Data.AsArray().Select(app => app!["name"]!.GetValue<string>())], reply.Paging);
    }
}
