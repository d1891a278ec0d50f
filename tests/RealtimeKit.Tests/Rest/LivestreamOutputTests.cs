using System.Text.Json.Nodes;
using Roomcast.Livestreams.Records;
using Roomcast.RealtimeKit.Tests.Hosting;
using Roomcast.Storage;

namespace Roomcast.RealtimeKit.Tests.Rest;

[Collection(SharedHostTests.Name)]
public sealed class LivestreamOutputTests(SharedHost shared) : IAsyncLifetime
{
    // RFC 6761, section 6.4: a name that never has an address.
    private const string Unreachable = "rtmp://nowhere.invalid/app/s3cr3t-key?sig=s3cr3t";

    private readonly ApiHost _host = shared.Host;
    private TestAccount _account = null!;
    private Livestream _livestream = null!;

    private string Path => $"{_account.AppPath}/livestreams/{_livestream.Id}/outputs";

    public async Task InitializeAsync()
    {
        _account = await _host.NewAccountAsync();
        _livestream = await _host.NewLivestreamAsync(_account.First);
    }

    public Task DisposeAsync() => Task.CompletedTask;

    [Fact]
    public async Task An_output_is_made_found_and_deleted_and_never_tells_its_key()
    {
        var made = await CreateAsync($$"""{"url":"{{Unreachable}}","name":" Second audience "}""");
        var id = made.Data["id"]!.GetValue<string>();
        var found = await _host.Client.GetAsync($"{Path}/{id}", _account.ReadToken);
        var listed = await _host.Client.GetAsync(Path, _account.WriteToken);
        var deleted = await _host.Client.DeleteAsync($"{Path}/{id}", _account.WriteToken);
        var again = await _host.Client.DeleteAsync($"{Path}/{id}", _account.WriteToken);

        Assert.Equal(201, made.Status);
        Assert.Equal("Second audience", made.Data["name"]!.GetValue<string>());
        Assert.Equal("rtmp://nowhere.invalid/app/***", made.Data["url"]!.GetValue<string>());
        Assert.Equal("waiting", made.Data["state"]!.GetValue<string>());
        Assert.Equal((0, 0), (made.Data["attempt"]!.GetValue<int>(), made.Data["bytes_sent"]!.GetValue<int>()));
        Assert.Null(made.Data["reason"]);
        Assert.Null(made.Data["since"]);
        Assert.True(JsonNode.DeepEquals(made.Data, found.Data));
        Assert.True(JsonNode.DeepEquals(made.Data, listed.Data[0]));
        Assert.Equal((1, 1, 1), listed.Paging);
        Assert.Equal((200, id), (deleted.Status, deleted.Data["id"]!.GetValue<string>()));
        Assert.Equal(40401, again.Code);
        Assert.All(new[] { made, found, listed, deleted }, reply => Assert.DoesNotContain("s3cr3t", reply.Body.ToJsonString(), StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_key_may_stand_beside_the_address()
    {
        var made = await CreateAsync("""{"url":"rtmps://nowhere.invalid:443/rtmp/","stream_key":"s3cr3t?a=b"}""");

        Assert.Equal("rtmps://nowhere.invalid:443/rtmp/***", made.Data["url"]!.GetValue<string>());
        Assert.DoesNotContain("s3cr3t", made.Body.ToJsonString(), StringComparison.Ordinal);
        Assert.Equal(["id", "name", "url", "state", "reason", "detail", "attempt", "until", "since", "bytes_sent", "dropped_seconds", "created_at"], made.Data.AsObject().Select(field => field.Key));
    }

    [Theory]
    [InlineData(null, "/url")]
    [InlineData("{}", "/url")]
    [InlineData("""{"url":null}""", "/url")]
    [InlineData("""{"url":""}""", "/url")]
    [InlineData("""{"url":7}""", "/url")]
    [InlineData("""{"url":"http://h/app/s3cr3t"}""", "/url")]
    [InlineData("""{"url":"rtmp://h/app/"}""", "/url")]
    [InlineData("""{"url":"rtmp://user:s3cr3t@h.example/app/k"}""", "/url")]
    [InlineData("""{"url":"rtmp://h.example/app/s3cr3t key"}""", "/url")]
    [InlineData("""{"url":"rtmp://h.example/app","stream_key":7}""", "/stream_key")]
    [InlineData("""{"url":"rtmp://h.example/app/k","stream_key":""}""", "/stream_key")]
    [InlineData("""{"url":"rtmp://h.example/app/k","name":""}""", "/name")]
    [InlineData("""{"url":"rtmp://127.0.0.1/app/s3cr3t"}""", "/url")]
    [InlineData("""{"url":"rtmp://[::1]/app/s3cr3t"}""", "/url")]
    [InlineData("""{"url":"rtmp://169.254.169.254/app/s3cr3t"}""", "/url")]
    [InlineData("""{"url":"rtmps://192.168.0.7:443/app/s3cr3t"}""", "/url")]
    public async Task A_faulty_output_is_refused_and_the_fault_named(string? json, string pointer)
    {
        var reply = await _host.Client.PostAsync(Path, _account.WriteToken, json);

        Assert.Equal((400, 40001), (reply.Status, reply.Code));
        Assert.Equal([pointer], reply.Sources);
        Assert.DoesNotContain("s3cr3t", reply.Body.ToJsonString(), StringComparison.Ordinal);
        Assert.Equal((0, 0, 0), (await _host.Client.GetAsync(Path, _account.WriteToken)).Paging);
    }

    [Fact]
    public async Task There_are_as_many_outputs_as_the_setting_says_and_they_are_listed_by_page()
    {
        for (var i = 0; i < 10; i++)
        {
            Assert.Equal(201, (await CreateAsync($$"""{"url":"{{Unreachable}}","name":"{{i}}"}""")).Status);
            _host.Clock.Advance(TimeSpan.FromMilliseconds(10));
        }

        var refused = await CreateAsync($$"""{"url":"{{Unreachable}}"}""");
        var page = await _host.Client.GetAsync($"{Path}?page_no=2&per_page=4", _account.WriteToken);
        var ascending = await _host.Client.GetAsync($"{Path}?per_page=2&sort_order=ASC", _account.WriteToken);
        var faulty = await _host.Client.GetAsync($"{Path}?page_no=x", _account.WriteToken);

        Assert.Equal((409, 40903), (refused.Status, refused.Code));
        Assert.Equal(["5", "4", "3", "2"], page.Data.AsArray().Select(output => output!["name"]!.GetValue<string>()));
        Assert.Equal((5, 8, 10), page.Paging);
        Assert.Equal(["0", "1"], ascending.Data.AsArray().Select(output => output!["name"]!.GetValue<string>()));
        Assert.Equal((400, "page_no"), (faulty.Status, faulty.Sources[0]));
    }

    [Fact]
    public async Task An_output_of_another_livestream_does_not_exist()
    {
        var id = (await CreateAsync($$"""{"url":"{{Unreachable}}"}""")).Data["id"]!.GetValue<string>();
        var other = await _host.NewLivestreamAsync(_account.First);
        var elsewhere = $"{_account.AppPath}/livestreams/{other.Id}/outputs";

        Assert.Equal(40401, (await _host.Client.GetAsync($"{elsewhere}/{id}", _account.WriteToken)).Code);
        Assert.Equal(40401, (await _host.Client.DeleteAsync($"{elsewhere}/{id}", _account.WriteToken)).Code);
        Assert.Equal((0, 0, 0), (await _host.Client.GetAsync(elsewhere, _account.WriteToken)).Paging);
        Assert.Equal(200, (await _host.Client.GetAsync($"{Path}/{id}", _account.WriteToken)).Status);
    }

    [Fact]
    public async Task Outputs_start_when_the_livestream_goes_live_and_end_with_it()
    {
        var before = (await CreateAsync($$"""{"url":"{{Unreachable}}"}""")).Data["id"]!.GetValue<string>();
        await _host.GoLiveAsync(_livestream);
        var added = (await CreateAsync($$"""{"url":"{{Unreachable}}"}""")).Data["id"]!.GetValue<string>();
        foreach (var id in new[] { before, added })
        {
            var tried = await UntilAsync(id, output => output["state"]!.GetValue<string>() == "backoff");
            Assert.Equal("name_not_found", tried["reason"]!.GetValue<string>());
            Assert.NotNull(tried["until"]);
            Assert.NotNull(tried["since"]);
        }

        await _host.Client.PatchAsync($"{_account.AppPath}/livestreams/{_livestream.Id}", _account.WriteToken, """{"disabled":true}""");
        foreach (var id in new[] { before, added })
        {
            var ended = await UntilAsync(id, output => output["state"]!.GetValue<string>() == "ended");
            Assert.Equal("livestream_ended", ended["reason"]!.GetValue<string>());
        }
    }

    [Fact]
    public async Task With_its_livestream_an_output_and_its_key_are_gone()
    {
        var id = (await CreateAsync($$"""{"url":"{{Unreachable}}"}""")).Data["id"]!.GetValue<string>();
        await _host.GoLiveAsync(_livestream);
        await UntilAsync(id, output => output["state"]!.GetValue<string>() == "backoff");
        Assert.Equal(200, (await _host.Client.DeleteAsync($"{_account.AppPath}/livestreams/{_livestream.Id}", _account.WriteToken)).Status);

        var kept = await _host.Service<Database>().ReadAsync(
            transaction => transaction.QueryValueAsync<long>(
                "SELECT count(*) FROM livestream_outputs WHERE livestream_id = @Id", new { Id = _livestream.Id.Value }),
            CancellationToken.None);
        Assert.Equal(0, kept);
    }

    private Task<Reply> CreateAsync(string json) => _host.Client.PostAsync(Path, _account.WriteToken, json);

    private async Task<JsonNode> UntilAsync(string id, Func<JsonNode, bool> holds)
    {
        for (var tries = 0; ; tries++)
        {
            var output = (await _host.Client.GetAsync($"{Path}/{id}", _account.WriteToken)).Data;
            if (holds(output))
            {
                return output;
            }

            Assert.True(tries < 6_000, output.ToJsonString());
            // No faster than the time that passes, or what waits for the network is given up before it could be there.
            _host.Clock.Advance(TimeSpan.FromMilliseconds(1));
            await Task.Delay(TimeSpan.FromMilliseconds(5));
        }
    }
}
