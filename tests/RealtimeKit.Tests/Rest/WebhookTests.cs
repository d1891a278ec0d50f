using System.Text.Json.Nodes;
using Roomcast.RealtimeKit.Tests.Hosting;

namespace Roomcast.RealtimeKit.Tests.Rest;

[Collection(SharedHostTests.Name)]
public sealed class WebhookTests(SharedHost shared) : IAsyncLifetime
{
    private readonly ApiHost _host = shared.Host;
    private TestAccount _account = null!;

    private string Path => $"{_account.AppPath}/webhooks";

    public async Task InitializeAsync() => _account = await _host.NewAccountAsync();

    public Task DisposeAsync() => Task.CompletedTask;

    [Fact]
    public async Task A_webhook_is_made_found_changed_replaced_and_deleted()
    {
        var made = await PostAsync("""{"name":" All ","url":"https://hooks.example.org/a?b=c","events":["meeting.started","meeting.summary"]}""");
        var id = made.Data["id"]!.GetValue<string>();
        var found = await _host.Client.GetAsync($"{Path}/{id}", _account.ReadToken);
        var listed = await _host.Client.GetAsync(Path, _account.ReadToken);
        _host.Clock.Advance(TimeSpan.FromSeconds(1));
        var patched = await _host.Client.PatchAsync($"{Path}/{id}", _account.WriteToken, """{"enabled":false}""");
        var replaced = await _host.Client.SendAsync(
            HttpMethod.Put, $"{Path}/{id}", _account.WriteToken, """{"url":"http://other.example.org/","events":["meeting.ended"]}""");
        var deleted = await _host.Client.DeleteAsync($"{Path}/{id}", _account.WriteToken);
        var again = await _host.Client.DeleteAsync($"{Path}/{id}", _account.WriteToken);

        Assert.Equal(201, made.Status);
        Assert.Equal(["id", "name", "url", "enabled", "events", "created_at", "updated_at"], made.Data.AsObject().Select(field => field.Key));
        Assert.Equal("All", made.Data["name"]!.GetValue<string>());
        Assert.Equal("https://hooks.example.org/a?b=c", made.Data["url"]!.GetValue<string>());
        Assert.True(made.Data["enabled"]!.GetValue<bool>());
        Assert.True(JsonNode.DeepEquals(made.Data, found.Data));
        Assert.True(JsonNode.DeepEquals(made.Data, Assert.Single(listed.Data.AsArray())));
        Assert.Null(listed.Body["paging"]);
        Assert.Equal((false, "All"), (patched.Data["enabled"]!.GetValue<bool>(), patched.Data["name"]!.GetValue<string>()));
        Assert.NotEqual(made.Data["updated_at"]!.GetValue<string>(), patched.Data["updated_at"]!.GetValue<string>());
        Assert.Equal(
            ("other.example.org", true, "meeting.ended"),
            (replaced.Data["name"]!.GetValue<string>(), replaced.Data["enabled"]!.GetValue<bool>(), replaced.Data["events"]![0]!.GetValue<string>()));
        Assert.Equal((200, id), (deleted.Status, deleted.Data["id"]!.GetValue<string>()));
        Assert.Equal((404, 40401), (again.Status, again.Code));
        Assert.Empty((await _host.Client.GetAsync(Path, _account.ReadToken)).Data.AsArray());
    }

    [Fact]
    public async Task The_events_are_nine_and_two_have_another_spelling()
    {
        var all = await _host.Client.GetAsync($"{Path}/all", _account.ReadToken);
        var made = await PostAsync("""{"url":"https://h.example.org","events":["session.started","meeting.started","session.ended"]}""");

        Assert.Equal(9, all.Data["events"]!.AsArray().Count);
        Assert.Equal(["meeting.started", "meeting.ended"], made.Data["events"]!.AsArray().Select(name => name!.GetValue<string>()));
    }

    [Theory]
    [InlineData("{}", "/url /events")]
    [InlineData("""{"url":"https://h.example.org"}""", "/events")]
    [InlineData("""{"url":"https://h.example.org","events":[]}""", "/events")]
    [InlineData("""{"url":"https://h.example.org","events":["meeting.started","meeting.stopped",7]}""", "/events/1 /events/2")]
    [InlineData("""{"url":"https://h.example.org","events":"meeting.started"}""", "/events")]
    [InlineData("""{"url":"ftp://h.example.org","events":["meeting.started"]}""", "/url")]
    [InlineData("""{"url":"hooks.example.org","events":["meeting.started"]}""", "/url")]
    [InlineData("""{"url":"https://user:s3cr3t@h.example.org","events":["meeting.started"]}""", "/url")]
    [InlineData("""{"url":"http://127.0.0.1:9000/","events":["meeting.started"]}""", "/url")]
    [InlineData("""{"url":"http://localhost:9000/","events":["meeting.started"]}""", "/url")]
    [InlineData("""{"url":"http://[::1]/","events":["meeting.started"]}""", "/url")]
    [InlineData("""{"url":"http://169.254.169.254/latest","events":["meeting.started"]}""", "/url")]
    [InlineData("""{"url":"http://2130706433/","events":["meeting.started"]}""", "/url")]
    [InlineData("""{"url":"https://h.example.org","events":["meeting.started"],"name":"","enabled":"yes"}""", "/name /enabled")]
    public async Task Every_fault_is_named(string json, string pointers)
    {
        var reply = await PostAsync(json);

        Assert.Equal((400, 40001), (reply.Status, reply.Code));
        Assert.Equal(pointers.Split(' ').Order(StringComparer.Ordinal), reply.Sources.Order(StringComparer.Ordinal));
        Assert.DoesNotContain("s3cr3t", reply.Body.ToJsonString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_app_has_at_most_25()
    {
        for (var i = 0; i < 25; i++)
        {
            Assert.Equal(201, (await PostAsync("""{"url":"https://h.example.org","events":["meeting.started"]}""")).Status);
        }

        var refused = await PostAsync("""{"url":"https://h.example.org","events":["meeting.started"]}""");

        Assert.Equal((409, 40903), (refused.Status, refused.Code));
        Assert.Equal(25, (await _host.Client.GetAsync(Path, _account.ReadToken)).Data.AsArray().Count);
    }

    [Fact]
    public async Task A_webhook_and_its_deliveries_do_not_exist_through_another_app()
    {
        var id = (await PostAsync("""{"url":"https://h.example.org","events":["livestreaming.statusUpdate"]}""")).Data["id"]!.GetValue<string>();
        await _host.NewLivestreamAsync(_account.First);
        var delivery = (await _host.Client.GetAsync($"{Path}/{id}/deliveries", _account.ReadToken)).Data[0]!["id"]!.GetValue<string>();
        var stranger = await _host.NewAccountAsync();
        var ids = new Dictionary<string, string> { ["webhook_id"] = id, ["delivery_id"] = delivery };

        foreach (var (account, app) in new[] { (_account, _account.Second), (stranger, stranger.First) })
        {
            foreach (var route in EveryRoute.Of(_host, account, app, ids).Where(route => route.Pattern.Contains("{webhook_id}", StringComparison.Ordinal)))
            {
                var reply = await _host.Client.SendAsync(route.HttpMethod, route.Path, account.WriteToken, route.Body);

                Assert.Equal((404, 40401), (reply.Status, reply.Code));
            }
        }

        Assert.Equal(200, (await _host.Client.GetAsync($"{Path}/{id}", _account.ReadToken)).Status);
    }

    private Task<Reply> PostAsync(string json)
    {
        _host.Clock.Advance(TimeSpan.FromMilliseconds(10));
        return _host.Client.PostAsync(Path, _account.WriteToken, json);
    }
}
