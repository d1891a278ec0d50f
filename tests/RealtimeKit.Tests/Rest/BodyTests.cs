using System.Net.Http.Headers;
using System.Text;
using Roomcast.RealtimeKit.Tests.Hosting;

namespace Roomcast.RealtimeKit.Tests.Rest;

[Collection(SharedHostTests.Name)]
public sealed class BodyTests(SharedHost shared)
{
    private readonly ApiHost _host = shared.Host;

    private string Apps => $"{_host.One.Path}/apps";

    private string Livestreams => $"{_host.One.AppPath}/livestreams";

    private string Token => _host.One.WriteToken;

    [Theory]
    [InlineData("{")]
    [InlineData("{\"name\":\"x\"")]
    [InlineData("{'name':'x'}")]
    [InlineData("{\"name\":\"x\",}")]
    [InlineData("{\"name\":\"x\"} {}")]
    [InlineData("name=x")]
    [InlineData("// comment\n{}")]
    [InlineData(" ")]
    [InlineData("{\"name\":\"x\",\"\\ud800\":1}")] // Half a surrogate pair.
    public async Task What_is_no_json_is_malformed(string body)
    {
        var reply = await _host.Client.PostAsync(Apps, Token, body);

        Assert.Equal(400, reply.Status);
        Assert.Equal(40000, reply.Code);
    }

    [Fact]
    public async Task What_is_no_utf8_is_malformed()
    {
        using var content = new ByteArrayContent([.. "{\"name\":\""u8, 0xC3, 0x28, .. "\"}"u8]);
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");

        Assert.Equal(40000, (await _host.Client.SendAsync(HttpMethod.Post, Apps, Token, content)).Code);
    }

    [Fact]
    public async Task A_thousand_fields_are_read_and_no_more()
    {
        Assert.Equal(200, (await _host.Client.PostAsync(Apps, Token, Body(999))).Status);
        var reply = await _host.Client.PostAsync(Apps, Token, Body(1_000));
        Assert.Equal(400, reply.Status);

        static string Body(int more) => $"{{\"name\":\"x\"{string.Concat(Enumerable.Range(0, more).Select(i => $",\"f{i}\":0"))}}}";
    }

    [Fact]
    public async Task Deep_nesting_is_malformed()
    {
        var deep = $$"""{"name":"x","more":{{new string('[', 100)}}{{new string(']', 100)}}}""";

        Assert.Equal(40000, (await _host.Client.PostAsync(Apps, Token, deep)).Code);
    }

    [Theory]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("\"name\"")]
    [InlineData("12")]
    public async Task A_body_that_is_no_object_is_refused(string body)
    {
        var reply = await _host.Client.PostAsync(Apps, Token, body);

        Assert.Equal(400, reply.Status);
        Assert.Equal(40001, reply.Code);
        Assert.Equal([""], reply.Sources);
    }

    [Theory]
    [InlineData("{}", "name is required")]
    [InlineData("{\"name\":null}", "name must be a string")]
    [InlineData("{\"name\":7}", "name must be a string")]
    [InlineData("{\"name\":{}}", "name must be a string")]
    [InlineData("{\"name\":\"\"}", "name must be 1 to 256 characters long")]
    [InlineData("{\"name\":\" \\t\\u00a0 \"}", "name must be 1 to 256 characters long")]
    [InlineData("{\"name\":\"a\\u0000b\"}", "name must be well-formed text without NUL characters")]
    [InlineData("{\"name\":\"a\\ud800b\"}", "name must be well-formed text without NUL characters")]
    public async Task A_faulty_name_is_pointed_at(string body, string message)
    {
        var reply = await _host.Client.PostAsync(Apps, Token, body);

        Assert.Equal(400, reply.Status);
        Assert.Equal(40001, reply.Code);
        Assert.Equal(["/name"], reply.Sources);
        Assert.Equal(message, reply.Body["error"]!["message"]!.GetValue<string>());
    }

    [Fact]
    public async Task A_name_has_256_characters_at_most_after_trimming()
    {
        // Characters of two UTF-16 units and four bytes in UTF-8 count as one.
        var longest = string.Concat(Enumerable.Repeat("𝄞", 256));

        var kept = await _host.Client.PostAsync(Apps, Token, $$"""{"name":"  {{longest}} "}""");
        var refused = await _host.Client.PostAsync(Apps, Token, $$"""{"name":"{{longest}}a"}""");

        Assert.Equal(200, kept.Status);
        Assert.Equal(longest, kept.Data["app"]!["name"]!.GetValue<string>());
        Assert.Equal(400, refused.Status);
    }

    [Fact]
    public async Task Every_faulty_field_is_named_at_once()
    {
        var reply = await _host.Client.PatchAsync($"{Apps}/{_host.One.First.Id}", Token, """{"name":5,"playback":"private"}""");

        Assert.Equal(400, reply.Status);
        Assert.Equal(["/name", "/playback"], reply.Sources);
        Assert.All(reply.Body["errors"]!.AsArray(), error => Assert.Equal(40001, error!["code"]!.GetValue<int>()));
    }

    [Fact]
    public async Task Unknown_fields_are_ignored_and_the_last_of_a_repeated_key_counts()
    {
        var reply = await _host.Client.PostAsync(Apps, Token, """{"title":"y","name":5,"nested":{"name":[1]},"name":"kept"}""");

        Assert.Equal(200, reply.Status);
        Assert.Equal("kept", reply.Data["app"]!["name"]!.GetValue<string>());
    }

    [Theory]
    [InlineData(null, 200)]
    [InlineData("application/json", 200)]
    [InlineData("Application/JSON;charset=UTF-8", 200)]
    [InlineData("application/json; charset=iso-8859-1; v=2", 200)]
    [InlineData("text/plain", 415)]
    [InlineData("application/x-www-form-urlencoded", 415)]
    [InlineData("multipart/form-data; boundary=x", 415)]
    [InlineData("application/json5", 415)]
    [InlineData("application/merge-patch+json", 415)]
    [InlineData("json", 415)]
    public async Task A_body_is_json_by_its_content_type_or_by_itself(string? contentType, int status)
    {
        using var content = new ByteArrayContent("""{"name":"x"}"""u8.ToArray());
        if (contentType is not null)
        {
            content.Headers.TryAddWithoutValidation("Content-Type", contentType);
        }

        var reply = await _host.Client.SendAsync(HttpMethod.Post, Apps, Token, content);

        Assert.Equal(status, reply.Status);
        if (status == 415)
        {
            Assert.Equal(41500, reply.Code);
        }
    }

    [Theory]
    [InlineData(null)]
    [InlineData("text/plain")]
    [InlineData("application/x-www-form-urlencoded")]
    public async Task No_body_reads_as_an_empty_object_whatever_is_said_of_it(string? contentType)
    {
        using var content = new ByteArrayContent([]);
        if (contentType is not null)
        {
            content.Headers.TryAddWithoutValidation("Content-Type", contentType);
        }

        var withHeader = await _host.Client.SendAsync(HttpMethod.Post, Livestreams, Token, content);
        var without = await _host.Client.PostAsync(Livestreams, Token);
        var nameless = await _host.Client.PostAsync(Apps, Token);

        Assert.Equal(201, withHeader.Status);
        Assert.Equal(201, without.Status);
        Assert.Equal(["/name"], nameless.Sources);
    }

    [Fact]
    public async Task Routes_without_a_body_take_none_and_take_any()
    {
        var livestream = await _host.NewLivestreamAsync(_host.One.First);
        var path = $"{Livestreams}/{livestream.Id}/rotate-key";
        using var noise = new StringContent("no json", Encoding.UTF8, "text/plain");

        Assert.Equal(200, (await _host.Client.PostAsync(path, Token)).Status);
        Assert.Equal(200, (await _host.Client.PostAsync(path, Token, "{}")).Status);
        Assert.Equal(200, (await _host.Client.SendAsync(HttpMethod.Post, path, Token, noise)).Status);
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public async Task A_body_has_one_mebibyte_at_most(bool isChunked, bool isHttp2)
    {
        using var client = new ApiClient(
            isHttp2 ? _host.Http2Address : _host.Address, _host.Description, isHttp2 ? new Version(2, 0) : new Version(1, 1));

        var largest = await SendAsync(1 << 20);
        var tooLarge = await SendAsync((1 << 20) + 1);

        Assert.Equal(201, largest.Status);
        Assert.Equal(413, tooLarge.Status);
        Assert.Equal(41300, tooLarge.Code);

        async Task<Reply> SendAsync(int bytes)
        {
            const string Start = """{"name":"x","more":" """;
            const string End = "\"}";
            var json = Encoding.UTF8.GetBytes(Start + new string('m', bytes - Start.Length - End.Length) + End);
            Assert.Equal(bytes, json.Length);
            using HttpContent content = isChunked ? new StreamContent(new UnknownLengthStream(json)) : new ByteArrayContent(json);
            content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
            return await client.SendAsync(HttpMethod.Post, Livestreams, Token, content);
        }
    }

    [Fact]
    public async Task Headers_that_the_official_client_sends_are_ignored()
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(Livestreams, UriKind.Relative));
        request.Headers.TryAddWithoutValidation("Authorization", $"Bearer {Token}");
        request.Headers.TryAddWithoutValidation("Accept", "application/json");
        request.Headers.TryAddWithoutValidation("User-Agent", "Cloudflare/JS 7.3.0");
        request.Headers.TryAddWithoutValidation("api-version", "2026-06-03");
        request.Headers.TryAddWithoutValidation("X-Stainless-Retry-Count", "0");

        Assert.Equal(201, (await _host.Client.SendAsync(request)).Status);
    }

    private sealed class UnknownLengthStream(byte[] content) : MemoryStream(content)
    {
        public override bool CanSeek => false;
    }
}
