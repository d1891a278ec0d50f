using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using Roomcast.RealtimeKit.Tests.Schemas;

namespace Roomcast.RealtimeKit.Tests.Hosting;

/// <summary>Calls the API and holds every answer, whatever the test asks of it, against the envelope and the documents.</summary>
public sealed class ApiClient : IDisposable
{
    private readonly HttpClient _http;
    private readonly ApiDescription _ours;
    private readonly Version _version;

    internal ApiClient(Uri address, ApiDescription ours, Version? version = null)
    {
        _ours = ours;
        _version = version ?? HttpVersion.Version11;
        _http = new HttpClient { BaseAddress = address };
    }

    /// <summary>The client below, for what is no call of the API.</summary>
    public HttpClient Http => _http;

    public Task<Reply> GetAsync(string path, string? token) => SendAsync(HttpMethod.Get, path, token);

    public Task<Reply> PostAsync(string path, string? token, string? json = null) => SendAsync(HttpMethod.Post, path, token, json);

    public Task<Reply> PatchAsync(string path, string? token, string? json = null) => SendAsync(HttpMethod.Patch, path, token, json);

    public Task<Reply> DeleteAsync(string path, string? token) => SendAsync(HttpMethod.Delete, path, token);

    public Task<Reply> SendAsync(HttpMethod method, string path, string? token, string? json = null)
    {
        var content = json is null ? null : new ByteArrayContent(Encoding.UTF8.GetBytes(json));
        if (content is not null)
        {
            content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        }

        return SendAsync(method, path, token, content);
    }

    public async Task<Reply> SendAsync(HttpMethod method, string path, string? token, HttpContent? content)
    {
        ArgumentNullException.ThrowIfNull(method);
        using var request = new HttpRequestMessage(method, new Uri(path, UriKind.Relative)) { Content = content };
        if (token is not null)
        {
            request.Headers.TryAddWithoutValidation("Authorization", $"Bearer {token}");
        }

        return await SendAsync(request);
    }

    public async Task<Reply> SendAsync(HttpRequestMessage request)
    {
        ArgumentNullException.ThrowIfNull(request);
        request.Version = _version;
        request.VersionPolicy = HttpVersionPolicy.RequestVersionExact;
        using var response = await _http.SendAsync(request);
        var bytes = await response.Content.ReadAsByteArrayAsync();

        Assert.Equal("application/json", response.Content.Headers.ContentType?.MediaType);
        Assert.Equal("utf-8", response.Content.Headers.ContentType?.CharSet);
        Assert.True(response.Content.Headers.ContentLength > 0);
        Assert.Equal("no-store", response.Headers.CacheControl?.ToString());

        var body = request.Method == HttpMethod.Head ? [] : JsonNode.Parse(bytes)!.AsObject();
        var reply = new Reply((int)response.StatusCode, response.Headers, response.Content.Headers, body);
        if (request.Method != HttpMethod.Head)
        {
            Check(request.Method.Method, request.RequestUri!.AbsolutePath, reply);
        }

        return reply;
    }

    public void Dispose() => _http.Dispose();

    private void Check(string method, string path, Reply reply)
    {
        var isSuccess = reply.Status is >= 200 and < 300;
        Assert.Equal(isSuccess, reply.Body["success"]!.GetValue<bool>());
        Assert.True(JsonNode.DeepEquals(reply.Body["data"], reply.Body["result"]), "data and result differ");
        if (!isSuccess)
        {
            Assert.Equal(reply.Status, reply.Body["error"]!["code"]!.GetValue<int>());
            Assert.All(reply.Body["errors"]!.AsArray(), error => Assert.Equal(reply.Status, error!["code"]!.GetValue<int>() / 100));
            Assert.Equal(
                reply.Body["errors"]![0]!["message"]!.GetValue<string>(), reply.Body["error"]!["message"]!.GetValue<string>());
        }

        Assert.Equal(reply.Status is 409, reply.Header("x-should-retry") == "false");
        Assert.Equal(reply.Status is 429 or 503, reply.Headers.Contains("Retry-After"));
        Assert.Equal(reply.Status is 401, reply.Headers.Contains("WWW-Authenticate"));

        if (_ours.Find(method, path) is null)
        {
            Assert.True(reply.Status >= 400, "an answer that is documented nowhere succeeded");
            Assert.Empty(_ours.Schema.FaultsOf(reply.Body, _ours.Document["components"]!["schemas"]!["Error"]!.AsObject()));
            return;
        }

        Assert.Empty(_ours.FaultsOf(method, path, reply.Status, reply.Body));
        if (isSuccess && ApiDescription.Published.Find(method, path) is { } published)
        {
            var schema = ApiDescription.SchemaOf(published, reply.Status.ToString(CultureInfo.InvariantCulture));
            Assert.NotNull(schema);

            // The published example of the livestreams is an array of what its schema says is one object.
            var isExampleShape = reply.Data is JsonArray && schema["properties"]!["data"]!["type"]!.GetValue<string>() == "object";
            Assert.Empty(isExampleShape
                ? reply.Data.AsArray().SelectMany(item => ApiDescription.Published.Schema.FaultsOf(item, schema["properties"]!["data"]!.AsObject()))
                : ApiDescription.Published.Schema.FaultsOf(reply.Body, schema));
        }
    }
}
