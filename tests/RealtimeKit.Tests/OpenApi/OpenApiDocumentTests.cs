using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Routing;
using Microsoft.OpenApi;
using Microsoft.OpenApi.Reader;
using Roomcast.RealtimeKit.Tests.Hosting;
using Roomcast.RealtimeKit.Tests.Schemas;

namespace Roomcast.RealtimeKit.Tests.OpenApi;

[Collection(SharedHostTests.Name)]
public sealed class OpenApiDocumentTests(SharedHost shared)
{
    private readonly ApiHost _host = shared.Host;

    [Fact]
    public async Task The_document_is_served_to_anyone_and_is_valid()
    {
        foreach (var path in new[] { "/openapi.json", "/client/v4/openapi.json" })
        {
            using var response = await _host.Client.Http.GetAsync(new Uri(path, UriKind.Relative));
            using var stream = new MemoryStream(await response.Content.ReadAsByteArrayAsync());
            var read = await OpenApiDocument.LoadAsync(stream, "json", new OpenApiReaderSettings());

            Assert.Equal("application/json", response.Content.Headers.ContentType!.MediaType);
            Assert.Equal(["*"], response.Headers.GetValues("Access-Control-Allow-Origin"));
            Assert.Empty(read.Diagnostic!.Errors);
            Assert.Empty(read.Diagnostic.Warnings);
            Assert.Equal(OpenApiSpecVersion.OpenApi3_1, read.Diagnostic.SpecificationVersion);
        }
    }

    [Fact]
    public void The_document_names_where_the_server_is() =>
        Assert.Equal(
            ["https://live.example.org/client/v4", "https://live.example.org"],
            _host.Description.Document["servers"]!.AsArray().Select(server => server!["url"]!.GetValue<string>()));

    [Fact]
    public void What_is_mapped_is_documented_and_what_is_documented_is_mapped()
    {
        var documented = _host.Description.Operations.Select(operation => $"{operation.Method} {operation.Path}");
        var routes = _host.Service<EndpointDataSource>().Endpoints
            .OfType<RouteEndpoint>()
            .Where(route => route.Metadata.GetMetadata<HttpMethodMetadata>() is not null
                && !route.RoutePattern.RawText!.EndsWith("/openapi.json", StringComparison.Ordinal)
                && !route.RoutePattern.RawText.StartsWith("/.well-known/", StringComparison.Ordinal)) // Neither prefix nor envelope.
            .SelectMany(route => route.Metadata.GetMetadata<HttpMethodMetadata>()!.HttpMethods
                .Where(method => method != "HEAD")
                .Select(method => $"{method} {route.RoutePattern.RawText!.TrimEnd('/')}"))
            .ToLookup(route => route.Contains(" /client/v4/", StringComparison.Ordinal));

        Assert.Equal(documented.Order(StringComparer.Ordinal), routes[false].Order(StringComparer.Ordinal));
        Assert.Equal(
            routes[false].Order(StringComparer.Ordinal),
            routes[true].Select(route => route.Replace(" /client/v4", " ", StringComparison.Ordinal)).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void What_a_plugin_may_and_both_forms_of_layers_are_described()
    {
        var presets = BodyOf("POST", "/presets");
        foreach (var preset in new[] { presets, BodyOf("PATCH", "/presets/{preset_id}"), BodyOf("PUT", "/presets/{preset_id}") })
        {
            var plugin = preset["properties"]!["permissions"]!["properties"]!["plugins"]!["properties"]!["config"]!["additionalProperties"]!.AsObject();
            Assert.Empty(_host.Description.Schema.FaultsOf(JsonNode.Parse("""{"access_control":"VIEW_ONLY","handles_view_only":true}"""), plugin));
            Assert.NotEmpty(_host.Description.Schema.FaultsOf(JsonNode.Parse("""{"access_control":"ALL"}"""), plugin));
        }

        var layers = BodyOf("POST", "/recordings/track")["properties"]!["layers"]!.AsObject();
        foreach (var right in new[] { """{"default":{"media_kind":"audio"}}""", """[{"media_kind":"video","file_name_prefix":"a"}]""" })
        {
            Assert.Empty(_host.Description.Schema.FaultsOf(JsonNode.Parse(right), layers));
        }

        Assert.NotEmpty(_host.Description.Schema.FaultsOf(JsonNode.Parse("""[{"media_kind":"music"}]"""), layers));
        Assert.Equal("object", (string?)layers["additionalProperties"]!["type"]);

        JsonObject BodyOf(string method, string path) =>
            _host.Description.Find(method, $"/accounts/{{account_id}}/realtime/kit/{{app_id}}{path}")!["requestBody"]!["content"]!["application/json"]!["schema"]!.AsObject();
    }

    [Fact]
    public void Every_operation_says_what_it_is_for()
    {
        foreach (var (method, path, operation) in _host.Description.Operations)
        {
            Assert.False(string.IsNullOrWhiteSpace(operation["summary"]?.GetValue<string>()), $"{method} {path} has no summary");
            Assert.NotNull(operation["operationId"]);
            Assert.All(["401", "429", "500"], status => Assert.NotNull(operation["responses"]![status]));
            Assert.All(operation["responses"]!.AsObject(), response => Assert.NotNull(response.Value!["description"]));
            foreach (var (status, response) in operation["responses"]!.AsObject())
            {
                var headers = response!["headers"]?.AsObject().Select(header => header.Key) ?? [];
                Assert.Equal(status switch { "409" => ["x-should-retry"], "429" or "503" => ["Retry-After"], _ => [] }, headers);
            }
        }

        var ids = _host.Description.Operations.Select(operation => operation.Operation["operationId"]!.GetValue<string>()).ToArray();
        Assert.Equal(ids.Distinct(), ids);
    }

    [Fact]
    public void Every_operation_shows_the_body_it_takes_and_what_it_answers()
    {
        foreach (var (method, path, operation) in _host.Description.Operations)
        {
            var body = operation["requestBody"]?["content"]?["application/json"]?.AsObject();
            Assert.True(body is null || body["example"] is JsonObject, $"{method} {path} shows no body");
            var success = Assert.Single(operation["responses"]!.AsObject(), response => response.Key.StartsWith('2'));
            Assert.True(success.Value!["content"]?["application/json"]?["example"] is JsonObject, $"{method} {path} shows no answer");
        }
    }

    [Fact]
    public void Every_example_keeps_to_its_schema()
    {
        foreach (var (method, path, operation) in _host.Description.Operations)
        {
            var contents = operation["responses"]!.AsObject().Select(response => response.Value!["content"]?["application/json"])
                .Append(operation["requestBody"]?["content"]?["application/json"])
                .OfType<JsonObject>();
            foreach (var content in contents.Where(content => content.ContainsKey("example")))
            {
                var faults = _host.Description.Schema.FaultsOf(content["example"], content["schema"]!.AsObject());
                Assert.Empty(faults.Select(fault => $"{method} {path}: {fault}"));
            }
        }

        var schemas = _host.Description.Document["components"]!["schemas"]!.AsObject();
        foreach (var (name, schema) in schemas.Where(schema => schema.Value!["example"] is not null))
        {
            var faults = _host.Description.Schema.FaultsOf(schema!["example"], schema.AsObject());
            Assert.Empty(faults.Select(fault => $"{name}: {fault}"));
        }
    }

    /// <summary>The envelope of an example says of its payload what the server would say.</summary>
    [Fact]
    public void Every_example_of_a_list_tells_the_place_of_the_rows_that_it_shows()
    {
        foreach (var (method, path, operation) in _host.Description.Operations)
        {
            var example = operation["responses"]!.AsObject().First(response => response.Key.StartsWith('2')).Value!["content"]!["application/json"]!["example"]!;
            Assert.True(JsonNode.DeepEquals(example["data"], example["result"]), $"{method} {path}");
            if (example["paging"] is { } paging)
            {
                var data = example["data"]!;
                var rows = (data as JsonArray ?? data.AsObject().Select(field => field.Value).OfType<JsonArray>().First()).Count;
                Assert.True((1, rows, rows) == ((int)paging["start_offset"]!, (int)paging["end_offset"]!, (int)paging["total_count"]!), $"{method} {path}");
                Assert.True(data is JsonArray || data["paging"] is not { } inner || JsonNode.DeepEquals(inner, paging), $"{method} {path}");
            }
        }
    }

    [Fact]
    public void Additions_are_marked_and_nothing_else_is()
    {
        var operations = _host.Description.Operations
            .Where(operation => operation.Path.StartsWith("/accounts/", StringComparison.Ordinal));
        foreach (var (method, path, operation) in operations)
        {
            var isAddition = operation["x-roomcast-addition"]?.GetValue<bool>() ?? false;
            Assert.True(isAddition == (ApiDescription.Published.Find(method, path) is null), $"{method} {path}");
        }
    }
}
